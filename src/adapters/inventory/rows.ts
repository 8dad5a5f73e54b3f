import { rentalKey } from "../../core/cost/rental.ts";
import type { Rental } from "../../core/cost/rental.ts";
import type { DrillRecord } from "../../core/drills/record.ts";
import type { OneOffRecord } from "../../core/one-offs/record.ts";
import type {
  DeployRecord,
  InventoryState,
  MachineRecord,
  ReleaseRecord,
  RevisionRecord,
  RoleRecord,
  ServerRecord,
  Settings,
} from "../../core/inventory.ts";
import type {
  DeployTable,
  DrillTable,
  OneOffTable,
  MachineTable,
  ReleaseTable,
  RentalTable,
  RevisionTable,
  RoleTable,
  ServerTable,
} from "./schema.ts";

/** Records to rows and back. Rows were written by us: their JSON and unions are taken at their word. */
export function settingsFrom(content: string): Settings {
  return JSON.parse(content) as Settings;
}

export function roleToRow(role: RoleRecord): RoleTable {
  return {
    role: role.role,
    target: role.target,
    target_reason: role.targetReason,
    target_at: role.targetAt,
    pin: role.pin === null ? null : JSON.stringify(role.pin),
    revision: role.revision,
    next_machine_number: role.nextMachineNumber,
    boots_ms: JSON.stringify(role.bootsMs),
    spend_told: role.spendTold === null ? null : JSON.stringify(role.spendTold),
  };
}

function roleFromRow(row: RoleTable): RoleRecord {
  return {
    role: row.role,
    target: row.target,
    targetReason: row.target_reason,
    targetAt: row.target_at,
    pin: row.pin === null ? null : (JSON.parse(row.pin) as RoleRecord["pin"]),
    revision: row.revision,
    nextMachineNumber: row.next_machine_number,
    bootsMs: row.boots_ms === null ? [] : (JSON.parse(row.boots_ms) as RoleRecord["bootsMs"]),
    spendTold:
      row.spend_told === null ? null : (JSON.parse(row.spend_told) as RoleRecord["spendTold"]),
  };
}

export function machineToRow(machine: MachineRecord): MachineTable {
  const { stateAt, createdAt, calledHomeAt, launchedAt, servingAt, ...same } = machine;
  return {
    ...same,
    state_at: stateAt,
    created_at: createdAt,
    called_home_at: calledHomeAt,
    launched_at: launchedAt,
    serving_at: servingAt,
  };
}

function machineFromRow(row: MachineTable): MachineRecord {
  const { state_at, created_at, called_home_at, launched_at, serving_at, ...same } = row;
  return {
    ...same,
    state: row.state as MachineRecord["state"],
    mark: row.mark as MachineRecord["mark"],
    stateAt: state_at,
    createdAt: created_at,
    calledHomeAt: called_home_at,
    launchedAt: launched_at,
    servingAt: serving_at,
  };
}

export function serverToRow(server: ServerRecord): ServerTable {
  const { stateAt, createdAt, ...same } = server;
  return { ...same, state_at: stateAt, created_at: createdAt };
}

function serverFromRow(row: ServerTable): ServerRecord {
  const { state_at, created_at, ...same } = row;
  const state = row.state as ServerRecord["state"];
  return { ...same, state, stateAt: state_at, createdAt: created_at };
}

export function releaseToRow(release: ReleaseRecord): ReleaseTable {
  const { archiveSha256, createdAt, ...same } = release;
  return { ...same, archive_sha256: archiveSha256, created_at: createdAt };
}

function releaseFromRow(row: ReleaseTable): ReleaseRecord {
  const { archive_sha256, created_at, ...same } = row;
  return { ...same, archiveSha256: archive_sha256, createdAt: created_at };
}

export function revisionToRow(revision: RevisionRecord): RevisionTable {
  const { id, role, release, createdAt, ...content } = revision;
  return { id, role, release, created_at: createdAt, content: JSON.stringify(content) };
}

function revisionFromRow(row: RevisionTable): RevisionRecord {
  const { id, role, release, created_at } = row;
  type Content = Omit<RevisionRecord, "id" | "role" | "release" | "createdAt">;
  const content = JSON.parse(row.content) as Content;
  return { id, role, release, createdAt: created_at, ...content };
}

export function deployToRow(deploy: DeployRecord): DeployTable {
  const { id, state, by, kind, startedAt, finishedAt, requests, failed, ...content } = deploy;
  return {
    id,
    state,
    started_by: by,
    kind,
    started_at: startedAt,
    finished_at: finishedAt,
    requests,
    failed,
    content: JSON.stringify(content),
  };
}

function deployFromRow(row: DeployTable): DeployRecord {
  const content = JSON.parse(row.content) as Pick<
    DeployRecord,
    "changes" | "totalsBefore" | "failure"
  >;
  return {
    id: row.id,
    state: row.state as DeployRecord["state"],
    by: row.started_by,
    kind: row.kind as DeployRecord["kind"],
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    requests: row.requests,
    failed: row.failed,
    ...content,
  };
}

export function drillToRow(drill: DrillRecord): DrillTable {
  const { id, kind, state, role, machine, by, startedAt, finishedAt, ...content } = drill;
  const times = { started_by: by, started_at: startedAt, finished_at: finishedAt };
  return { id, kind, state, role, machine, ...times, content: JSON.stringify(content) };
}

function drillFromRow(row: DrillTable): DrillRecord {
  const { id, role, machine, started_by: by, started_at: startedAt, finished_at: finishedAt } = row;
  type Columns = "id" | "kind" | "state" | "role" | "machine" | "by" | "startedAt" | "finishedAt";
  const content = JSON.parse(row.content) as Omit<DrillRecord, Columns>;
  const kind = row.kind as DrillRecord["kind"];
  const state = row.state as DrillRecord["state"];
  return { id, kind, state, role, machine, by, startedAt, finishedAt, ...content };
}

export function oneOffToRow(oneOff: OneOffRecord): OneOffTable {
  const { id, state, role, machine, by, startedAt, finishedAt, ...content } = oneOff;
  const times = { started_by: by, started_at: startedAt, finished_at: finishedAt };
  return { id, state, role, machine, ...times, content: JSON.stringify(content) };
}

function oneOffFromRow(row: OneOffTable): OneOffRecord {
  const { id, role, machine, started_by: by, started_at: startedAt, finished_at: finishedAt } = row;
  type Columns = "id" | "state" | "role" | "machine" | "by" | "startedAt" | "finishedAt";
  const content = JSON.parse(row.content) as Omit<OneOffRecord, Columns>;
  const state = row.state as OneOffRecord["state"];
  return { id, state, role, machine, by, startedAt, finishedAt, ...content };
}

export function rentalToRow({ from, to, leftAt, ...same }: Rental): RentalTable {
  return { ...same, started_at: from, ended_at: to, left_at: leftAt };
}

export function rentalFromRow({ started_at, ended_at, left_at, ...same }: RentalTable): Rental {
  return { ...same, from: started_at, to: ended_at, leftAt: left_at };
}

/** The whole inventory from its rows. */
export function stateFrom(
  settings: Settings,
  rows: {
    readonly roles: readonly RoleTable[];
    readonly machines: readonly MachineTable[];
    readonly servers: readonly ServerTable[];
    readonly releases: readonly ReleaseTable[];
    readonly revisions: readonly RevisionTable[];
    readonly deploys: readonly DeployTable[];
    readonly drills: readonly DrillTable[];
    readonly oneOffs: readonly OneOffTable[];
    /** Oldest first. */
    readonly rentals: readonly RentalTable[];
  },
): InventoryState {
  return {
    settings,
    roles: new Map(rows.roles.map((row) => [row.role, roleFromRow(row)])),
    machines: new Map(rows.machines.map((row) => [row.name, machineFromRow(row)])),
    servers: new Map(rows.servers.map((row) => [row.id, serverFromRow(row)])),
    releases: new Map(rows.releases.map((row) => [row.id, releaseFromRow(row)])),
    revisions: new Map(rows.revisions.map((row) => [row.id, revisionFromRow(row)])),
    deploys: new Map(rows.deploys.map((row) => [row.id, deployFromRow(row)])),
    drills: new Map(rows.drills.map((row) => [row.id, drillFromRow(row)])),
    oneOffs: new Map(rows.oneOffs.map((row) => [row.id, oneOffFromRow(row)])),
    rentals: new Map(rows.rentals.map(rentalFromRow).map((rental) => [rentalKey(rental), rental])),
  };
}

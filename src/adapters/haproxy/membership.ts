import type { BalancerDocument, PoolDocument, ServerDocument } from "../../core/document.ts";
import { statNumber, type ServerStateRow, type StatRow } from "./answers.ts";
import { addServerCommand } from "./config.ts";

/** One change that makes the running process more like the document. */
export type MembershipStep =
  | {
      readonly kind: "command";
      readonly key: string;
      readonly command: string;
      readonly why: string;
    }
  | { readonly kind: "join"; readonly key: string; readonly command: string; readonly why: string }
  /** The server is dead or foreign: its sessions are cut and it leaves. */
  | { readonly kind: "cut"; readonly key: string; readonly why: string }
  /** Only a new process can change it; the file has it right already. */
  | { readonly kind: "reload"; readonly key: string; readonly why: string };

/** A server of the running process. */
export interface RunningServer extends ServerStateRow {
  readonly limit: number | null;
  readonly isBackup: boolean;
}

const forcedMaintenance = 0x01;
const forcedDrain = 0x08;
const checkConfigured = 0x02;
const checkEnabled = 0x04;

/** Joins what two commands say of the same servers. */
export function runningServers(
  states: readonly ServerStateRow[],
  stats: readonly StatRow[],
): readonly RunningServer[] {
  const rows = new Map(stats.map((row) => [`${row["pxname"]}/${row["svname"]}`, row]));
  return states.map((state) => {
    const row = rows.get(`${state.pool}/${state.name}`) ?? {};
    const limit = statNumber(row, "slim");
    return {
      ...state,
      limit: limit === 0 ? null : limit,
      isBackup: statNumber(row, "bck") === 1,
    };
  });
}

/** What must change in the running process, pool by pool; empty when it is what the document says. */
export function planMembership(
  document: BalancerDocument,
  running: readonly RunningServer[],
): readonly MembershipStep[] {
  return document.pools.flatMap((pool) => {
    const present = running.filter((server) => server.pool === pool.name);
    const wanted = new Map(pool.servers.map((server) => [server.name, server]));
    const leaving = present.flatMap((server) =>
      leavingSteps(pool, server, wanted.get(server.name)),
    );
    const cut = new Set(leaving.filter((step) => step.kind === "cut").map((step) => step.key));
    const kept = new Map(
      present
        .filter((server) => !cut.has(`${pool.name}/${server.name}`))
        .map((server) => [server.name, server]),
    );
    return [
      ...leaving,
      ...pool.servers.flatMap((server) => stayingSteps(pool, server, kept.get(server.name))),
    ];
  });
}

function leavingSteps(
  pool: PoolDocument,
  running: RunningServer,
  wanted: ServerDocument | undefined,
): readonly MembershipStep[] {
  const key = `${pool.name}/${running.name}`;
  if (wanted === undefined) return [{ kind: "cut", key, why: `${key} is in no document` }];
  const isSame =
    running.id === wanted.id && running.address === wanted.address && running.port === wanted.port;
  if (isSame) return [];
  const is = `${running.address}:${running.port} with id ${running.id}`;
  return [{ kind: "cut", key, why: `${key} was ${is}` }];
}

function stayingSteps(
  pool: PoolDocument,
  wanted: ServerDocument,
  running: RunningServer | undefined,
): readonly MembershipStep[] {
  const key = `${pool.name}/${wanted.name}`;
  if (running === undefined) {
    if (wanted.state === "drain") return [];
    const command = addServerCommand(pool, wanted);
    return [{ kind: "join", key, command, why: `${key} was missing` }];
  }
  if (wanted.state === "drain") return drainSteps(key, running);
  if (running.isBackup !== wanted.isBackup) {
    return [{ kind: "reload", key, why: `${key} changed between backup and active` }];
  }
  return readySteps(pool, wanted, running);
}

function drainSteps(key: string, running: RunningServer): readonly MembershipStep[] {
  if ((running.admin & (forcedMaintenance | forcedDrain)) !== 0) return [];
  const command = `set server ${key} state drain`;
  return [{ kind: "command", key, command, why: `${key} was not draining` }];
}

function readySteps(
  pool: PoolDocument,
  wanted: ServerDocument,
  running: RunningServer,
): readonly MembershipStep[] {
  const key = `${pool.name}/${wanted.name}`;
  const step = (command: string, why: string): MembershipStep => ({
    kind: "command",
    key,
    command,
    why,
  });
  const steps: MembershipStep[] = [];
  if ((running.admin & (forcedMaintenance | forcedDrain)) !== 0) {
    const was = (running.admin & forcedMaintenance) === 0 ? "draining" : "in maintenance";
    steps.push(step(`set server ${key} state ready`, `${key} was ${was}`));
  }
  const isCheckOff =
    (running.check & checkConfigured) !== 0 && (running.check & checkEnabled) === 0;
  if (pool.check.kind !== "none" && isCheckOff) {
    steps.push(step(`enable health ${key}`, `${key} was not checked`));
  }
  if (running.weight !== wanted.weight) {
    const command = `set weight ${key} ${wanted.weight}`;
    steps.push(step(command, `${key} had weight ${running.weight}`));
  }
  if (running.limit !== wanted.limit) {
    const command = `set maxconn server ${key} ${wanted.limit ?? 0}`;
    steps.push(step(command, `${key} had the limit ${running.limit ?? "none"}`));
  }
  return steps;
}

import type {
  Check,
  DeploySettings,
  ProvisioningSettings,
  SecretReference,
  Site,
  SupervisionSettings,
} from "./desired.ts";
import type { Rental } from "./cost/rental.ts";
import type { DrillRecord } from "./drills/record.ts";
import type { OneOffRecord } from "./one-offs/record.ts";
import type { Instant } from "./instant.ts";

/** Everything on record, as one immutable value. The plan reads it; only applied changes make the next one. */
export interface InventoryState {
  readonly settings: Settings;
  readonly roles: ReadonlyMap<string, RoleRecord>;
  readonly machines: ReadonlyMap<string, MachineRecord>;
  readonly servers: ReadonlyMap<number, ServerRecord>;
  readonly releases: ReadonlyMap<string, ReleaseRecord>;
  readonly revisions: ReadonlyMap<string, RevisionRecord>;
  readonly deploys: ReadonlyMap<number, DeployRecord>;
  readonly drills: ReadonlyMap<number, DrillRecord>;
  readonly oneOffs: ReadonlyMap<number, OneOffRecord>;
  /** Machines off the record, the newest last: what they cost is known. At most `rentalsKept`. */
  readonly rentals: ReadonlyMap<string, Rental>;
}

export interface Settings {
  /** Null before the first `up`. */
  readonly site: Site | null;
  /** `down`: every machine is drained and given back. */
  readonly phase: "up" | "down";
  readonly isMaintenanceOn: boolean;
  readonly balancerPort: number | null;
  readonly stickyKey: string;
  /** Counters; ids are never reused. */
  readonly nextServerId: number;
  readonly nextDeployId: number;
  /** Grows with every commit that changes what a machine should be. */
  readonly generation: number;
}

export interface RoleRecord {
  readonly role: string;
  /** Machines wanted now. */
  readonly target: number;
  readonly targetReason: string;
  readonly targetAt: Instant;
  /** Set by `scale pin`; `until` null: until `scale auto`. */
  readonly pin: { readonly machines: number; readonly until: Instant | null } | null;
  /** The revision a machine must run to serve; null before the first deploy. */
  readonly revision: string | null;
  readonly nextMachineNumber: number;
  /** How long its last machines took from their launch to serving, oldest first; at most 20. */
  readonly bootsMs: readonly number[];
  /** The last mark of its spending that was told; null: none ever. */
  readonly spendTold: { readonly month: string; readonly percent: number } | null;
}

/**
 * `launching`: on record, asked of the provider. `running`: the provider says it exists.
 * `draining`: leaves its pools. `terminating`: being given back. A machine that is gone has no record.
 */
export type MachineState = "launching" | "running" | "draining" | "terminating";

export interface MachineRecord {
  readonly name: string;
  readonly role: string;
  readonly number: number;
  readonly provider: string;
  /** What it was ordered as, e.g. `t3.micro`; null where nothing says so. */
  readonly type: string | null;
  readonly state: MachineState;
  readonly stateAt: Instant;
  readonly createdAt: Instant;
  /** Null until the provider has said it. */
  readonly address: string | null;
  readonly calledHomeAt: Instant | null;
  /** When the provider was asked for it; null once it had to be asked again, so that nobody learns from it. */
  readonly launchedAt: Instant | null;
  /** When it first took requests, or its processes were healthy. */
  readonly servingAt: Instant | null;
  readonly reason: string;
  /** Set by hand: `drain` keeps it out of the pools, `replace` launches another first, `remove` gives it back. */
  readonly mark: "drain" | "replace" | "remove" | null;
}

/** One process of a role on a machine, as the balancer sees it. */
export interface ServerRecord {
  readonly id: number;
  readonly machine: string;
  readonly role: string;
  readonly instance: number;
  readonly revision: string;
  /** `starting`: process wanted. `ready`: in the pool. `draining`: leaving it. `stopping`: process no longer wanted. */
  readonly state: "starting" | "ready" | "draining" | "stopping";
  readonly stateAt: Instant;
  readonly createdAt: Instant;
  readonly address: string | null;
  readonly port: number | null;
  readonly reason: string;
}

export interface ReleaseRecord {
  readonly id: string;
  readonly archiveSha256: string;
  readonly bytes: number;
  readonly files: number;
  /** Where it came from, for people: a directory, or a git ref with its commit. */
  readonly origin: string;
  readonly createdAt: Instant;
}

/** Code and how to run it: what a server runs. Immutable; the id is a hash of the content. */
export interface RevisionRecord {
  readonly id: string;
  readonly role: string;
  readonly release: string;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, RevisionSecret>>;
  readonly check: Check;
  readonly supervision: SupervisionSettings;
  readonly provisioning: ProvisioningSettings;
  readonly createdAt: Instant;
}

/** `sealed` is ciphertext; `fingerprint` tells a changed value without revealing it. */
export interface RevisionSecret {
  readonly reference: SecretReference;
  readonly sealed: string;
  readonly fingerprint: string;
}

/**
 * `running`: goes forward in waves. `reverting`: the fleet goes back. `done`, `reverted`: ended as they say.
 * `failed`: nothing to go back to (a first deploy) or going back failed.
 */
export type DeployState = "running" | "reverting" | "done" | "reverted" | "failed";

export interface DeployRecord {
  readonly id: number;
  readonly state: DeployState;
  readonly by: string;
  readonly kind: "deploy" | "rollback" | "settings";
  readonly changes: readonly DeployChange[];
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  /** Balancer totals per balancer machine and epoch when it began: the difference is the deploy's own count. */
  readonly totalsBefore: Readonly<
    Record<string, { readonly requests: number; readonly failed: number }>
  >;
  readonly requests: number | null;
  readonly failed: number | null;
  readonly failure: DeployFailure | null;
}

export interface DeployChange {
  readonly role: string;
  readonly from: string | null;
  readonly to: string;
  readonly settings: DeploySettings;
  readonly before: HookRun;
  readonly after: HookRun;
}

/** `none`: no such hook. The machine is chosen when the hook starts and kept, so that it runs once. */
export interface HookRun {
  readonly state: "none" | "waiting" | "running" | "done" | "failed";
  readonly machine: string | null;
  /** By the controller's clock; absent before it starts. */
  readonly startedAt?: Instant;
  /** What it printed last, when it failed. */
  readonly lastLines: readonly string[];
}

export interface DeployFailure {
  readonly machine: string | null;
  readonly message: string;
  readonly lastLines: readonly string[];
}

/** One write to the inventory. A list of them is committed together or not at all. */
export type Change =
  | { readonly kind: "settings"; readonly settings: Settings }
  | { readonly kind: "role"; readonly role: RoleRecord }
  | { readonly kind: "role-gone"; readonly role: string }
  | { readonly kind: "machine"; readonly machine: MachineRecord }
  | {
      readonly kind: "machine-gone";
      readonly name: string;
      readonly at: Instant;
      /** False: it was given up, and may still be there and cost. */
      readonly isSeenGone: boolean;
    }
  | { readonly kind: "rental"; readonly rental: Rental }
  | { readonly kind: "server"; readonly server: ServerRecord }
  | { readonly kind: "server-gone"; readonly id: number }
  | { readonly kind: "release"; readonly release: ReleaseRecord }
  | { readonly kind: "release-gone"; readonly id: string }
  | { readonly kind: "revision"; readonly revision: RevisionRecord }
  | { readonly kind: "revision-gone"; readonly id: string }
  | { readonly kind: "deploy"; readonly deploy: DeployRecord }
  | { readonly kind: "drill"; readonly drill: DrillRecord }
  | { readonly kind: "drill-gone"; readonly id: number }
  | { readonly kind: "one-off"; readonly oneOff: OneOffRecord }
  | { readonly kind: "one-off-gone"; readonly id: number };

/** One line of the site's history. */
export interface SiteEvent {
  readonly at: Instant;
  /** E.g. `launch`, `drain`, `deploy`, `guard`, `failure`. */
  readonly kind: string;
  /** Machine, role or deploy it is about. */
  readonly subject: string;
  readonly reason: string;
}

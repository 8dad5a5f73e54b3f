import type { Balance, Check, ProvisioningSettings, SupervisionSettings } from "./desired.ts";

/**
 * What one machine should be: the whole truth its agent converges to, with or without the controller.
 * An agent refuses a document whose generation is below the one it holds.
 */
export interface MachineDocument {
  readonly generation: number;
  readonly machine: string;
  readonly role: string;
  readonly processes: readonly ProcessDocument[];
  readonly tasks: readonly TaskDocument[];
  /** Null on every machine that is not a balancer. */
  readonly balancer: BalancerDocument | null;
}

/** A release to fetch: content-addressed, so an agent can prove what it got. */
export interface ReleaseReference {
  /** First characters of the content's SHA-256, as people see it. */
  readonly id: string;
  /** SHA-256 (hex) over the archive's bytes. */
  readonly archiveSha256: string;
  readonly bytes: number;
}

/** One supervised process; `id` is the server's id in the inventory and never reused. */
export interface ProcessDocument {
  readonly id: number;
  /** For people and log files, e.g. `web-3.17`. */
  readonly name: string;
  readonly release: ReleaseReference;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  /** Secret values by environment name. They are sealed before the document is written to a disk. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly check: Check;
  readonly supervision: SupervisionSettings;
  readonly provisioning: ProvisioningSettings;
}

/** A one-off command in a release, run once per id; its outcome is reported until the task leaves the document. */
export interface TaskDocument {
  readonly id: string;
  readonly release: ReleaseReference;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly provisioning: ProvisioningSettings;
  readonly timeoutMs: number;
}

export interface BalancerDocument {
  readonly bind: { readonly host: string; readonly port: number };
  readonly connectTimeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly serverTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maintenance: { readonly isOn: boolean; readonly page: string };
  /** Sorted by name. */
  readonly pools: readonly PoolDocument[];
  readonly routes: readonly PoolRoute[];
  readonly defaultPool: string | null;
}

/** `host` null matches every host; `path` is a prefix of whole segments. */
export interface PoolRoute {
  readonly host: string | null;
  readonly path: string;
  readonly pool: string;
}

/** HAProxy's backend. */
export interface PoolDocument {
  readonly name: string;
  readonly balance: Balance;
  readonly check: Check;
  readonly stickyCookie: string | null;
  /** Secret of the sticky cookie's values: the same on every balancer. */
  readonly stickyKey: string;
  /** Whether its servers have a limit, so that requests can have to wait. */
  readonly hasQueue: boolean;
  readonly queueTimeoutMs: number;
  readonly drainMs: number;
  /** Sorted by id. */
  readonly servers: readonly ServerDocument[];
}

export interface ServerDocument {
  /** Unique in the whole site: the same on every balancer, hence the same hash ring. */
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly limit: number | null;
  readonly slowStartMs: number;
  readonly isBackup: boolean;
  /**
   * `ready`: takes requests once it passes its check. `drain`: finishes what it has, then leaves the pool;
   * the report says `drained` when the machine may stop the process. Gone from the document: it is dead,
   * its sessions are cut and it leaves at once.
   */
  readonly state: "ready" | "drain";
}

import type { Prices } from "./cost/prices.ts";
import type { Rules } from "./scaling/rules/rules.ts";

/**
 * What should be: the site file after validation and defaults. Every duration is in milliseconds, every
 * size in bytes, every share a fraction of 1; nothing here is parsed again.
 */
export interface Site {
  readonly name: string;
  /** Host names the site answers to, lower case, without a port. The first is the canonical one. */
  readonly domains: readonly string[];
  readonly provider: ProviderName;
  readonly balancer: BalancerSettings;
  /** Sorted by name. */
  readonly roles: readonly Role[];
  /** In the order of the site file. The role that takes what no route matches is `defaultRole`. */
  readonly routes: readonly Route[];
  /** Null when no role listens, e.g. a site of workers only. */
  readonly defaultRole: string | null;
  /** Absent in sites of before: none are given. */
  readonly prices?: Prices | null;
}

/** `local`: processes on loopback addresses. `netns`: network namespaces with addresses of their own. */
export type ProviderName = "local" | "netns";

export interface BalancerSettings {
  readonly machines: number;
  /** `port` null: the first free port from 8080 is taken at the first `up` and kept. */
  readonly bind: { readonly host: string; readonly port: number | null };
  readonly connectTimeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly serverTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** HTML shown with status 503 while maintenance is on. */
  readonly maintenancePage: string;
  /** Of each balancer's machine. */
  readonly limits: MachineLimits;
}

/** What a machine may use; null: as much as there is. */
export interface MachineLimits {
  /** Cores: 0.5 is half of one. */
  readonly cpuMax: number | null;
  readonly memoryBytesMax: number | null;
}

/** `host` null matches every host. `path` is a prefix of whole segments: `/api` matches `/api` and `/api/x`. */
export interface Route {
  readonly host: string | null;
  readonly path: string;
  readonly role: string;
}

export interface Role {
  readonly name: string;
  /** A shell command line; it gets HOST, PORT and the role's environment. */
  readonly run: string;
  /** Directory of the code, relative to the site file. Roles with the same source and build share a release. */
  readonly source: string;
  /** Paths left out of a release, in .gitignore's form. */
  readonly ignore: readonly string[];
  readonly build: string | null;
  readonly machines: { readonly min: number; readonly max: number };
  /** Of each of its machines. */
  readonly limits: MachineLimits;
  readonly instances: number;
  readonly env: Readonly<Record<string, string>>;
  /** Environment name → reference. The value never enters this record. */
  readonly secrets: Readonly<Record<string, SecretReference>>;
  readonly check: Check;
  readonly traffic: TrafficSettings;
  readonly scaling: ScalingSettings;
  readonly deploy: DeploySettings;
  readonly supervision: SupervisionSettings;
  readonly provisioning: ProvisioningSettings;
}

export type SecretReference =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

/** `none`: the role does not listen; it is alive while its process runs, and it is in no pool. */
export type Check =
  | ({ readonly kind: "http"; readonly path: string; readonly host: string | null } & CheckTiming)
  | ({ readonly kind: "tcp" } & CheckTiming)
  | { readonly kind: "none" };

export interface CheckTiming {
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
}

export type Balance =
  | "roundrobin"
  | "leastconn"
  | "first"
  | "random"
  | "source"
  | "uri"
  | `url_param(${string})`
  | `hdr(${string})`;

export interface TrafficSettings {
  readonly balance: Balance;
  /** 1–256; 100 is the usual one. */
  readonly weight: number;
  /** Name of the cookie that keeps a visitor on one server; null: not sticky. */
  readonly stickyCookie: string | null;
  /** Requests in flight per server before others wait in the balancer's queue; null: no limit. */
  readonly limit: number | null;
  readonly queueTimeoutMs: number;
  readonly slowStartMs: number;
  /** How long a server that leaves may finish its requests before they are cut off. */
  readonly drainMs: number;
  /** Role whose servers take over when no server of this role is up. */
  readonly backupRole: string | null;
}

export interface ScalingSettings {
  /** Requests in flight one machine should carry; above it the role scales out. */
  readonly inFlightPerMachine: number;
  /** How long the need must have been lower before a machine is given back. */
  readonly holdMs: number;
  /** What the site file says beyond that; left out: nothing. */
  readonly rules?: Rules | null;
}

export interface DeploySettings {
  /** Machines per wave: a count (≥ 1) or a fraction of the role's machines (0–1, exclusive). */
  readonly batch: number;
  /** A new process that is not healthy after this time fails the deploy. */
  readonly timeoutMs: number;
  /** Command run once, in the new release on one machine, before the first wave; failure stops the deploy. */
  readonly before: string | null;
  /** Command run once after the last wave; failure is reported, the release stays. */
  readonly after: string | null;
  /** Share of 5xx answers of the new servers, above that of the old ones, which fails the deploy. */
  readonly errorsMax: number;
  /** How long each wave is watched after its servers have joined. */
  readonly settleMs: number;
}

export interface SupervisionSettings {
  /** After a first start, checks that fail are ignored this long. */
  readonly startGraceMs: number;
  readonly restartGraceMs: number;
  readonly memoryBytesMax: number | null;
  /** Share of one core: 1 = a whole core. */
  readonly cpuMax: number | null;
  /** SIGTERM, then after this time SIGKILL to the whole process group. */
  readonly stopTimeoutMs: number;
}

export interface ProvisioningSettings {
  /** Debian packages that must be installed. */
  readonly packages: readonly string[];
  readonly files: readonly ProvisionedFile[];
  /** Shell commands, run in order in the release, each once per content of command and files. */
  readonly setup: readonly string[];
}

/** `path` is relative to the machine's home, or absolute where the machine is a host of its own. */
export interface ProvisionedFile {
  readonly path: string;
  readonly content: string;
  /** File permissions, e.g. 0o644. */
  readonly mode: number;
}

import type { MachineLimits } from "./desired.ts";
import type { Instant } from "./instant.ts";
import type { InventoryState } from "./inventory.ts";
import type { AgentReport, Latency } from "./report.ts";
import type { Decision } from "./scaling/decision.ts";
import type { RoleFigures } from "./scaling/figures.ts";
import type { Earlier } from "./scaling/view.ts";

/** What was last seen, when and by whom. A failed observation is `null`, never an empty one. */
export interface Observed {
  readonly inventory: InventoryState;
  /** What the provider last listed; null while it has not answered since the controller started. */
  readonly provider: ProviderListing | null;
  readonly agents: ReadonlyMap<string, AgentObservation>;
  /** When this controller started to listen: silence before it means nothing. */
  readonly watchingSince: Instant;
  /** Effects by machine: under way, or how often they have failed in a row. */
  readonly effects: ReadonlyMap<string, EffectObservation>;
  /** By machine: what this controller told it last that it may use. Of what a former one told it knows nothing. */
  readonly limits: ReadonlyMap<string, LimitsObservation>;
  /** Load per role over the last minutes, oldest first, one sample a second while the balancers report. */
  readonly load: ReadonlyMap<string, readonly LoadSample[]>;
  /** The same by second, with what else is known of each role. */
  readonly figures: ReadonlyMap<string, RoleFigures>;
  /** What was decided last about the size of each role, for the next decision to go on from. */
  readonly scaling: ReadonlyMap<string, Decision>;
  /** By role: what came on earlier days, from the site's own history. */
  readonly earlier: ReadonlyMap<string, Earlier>;
}

export interface ProviderListing {
  readonly at: Instant;
  readonly machines: ReadonlyMap<string, ProvidedMachine>;
}

/** `running`: it exists and its agent lives. `agentless`: it exists, its agent does not. `gone`: only remains. */
export interface ProvidedMachine {
  readonly name: string;
  readonly address: string;
  readonly condition: "running" | "agentless" | "gone";
}

export interface EffectObservation {
  readonly state: "under-way" | "failed";
  readonly failures: number;
  readonly at: Instant;
  readonly message: string | null;
}

export interface LimitsObservation {
  /** Where the machine was. */
  readonly address: string | null;
  readonly limits: MachineLimits;
  readonly state: "under-way" | "given" | "refused";
  readonly at: Instant;
  /** Why they could not be given. */
  readonly message: string | null;
}

export interface AgentObservation {
  readonly isConnected: boolean;
  /** When the connection was made, or lost. */
  readonly since: Instant;
  readonly report: AgentReport | null;
  readonly reportedAt: Instant | null;
}

export interface LoadSample {
  readonly at: Instant;
  readonly inFlight: number;
  readonly queue: number;
  readonly requestsPerSecond: number;
  /** Servers that were up when it was taken. */
  readonly serversUp: number;
  readonly latency: Latency | null;
  /** By name: what the role's machines say of themselves, as means over them. `cpu` and `memory` are shares of 1. */
  readonly metrics: Readonly<Record<string, number>>;
}

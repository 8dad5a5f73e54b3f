import type { MachineLimits } from "../core/desired.ts";
import type { ProvidedMachine } from "../core/observed.ts";

/** Makes machines and gives them back. Every call is idempotent by the machine's name. */
export interface Provider {
  /**
   * Makes the machine, or, where it exists without an agent, starts its agent again. One that exists has the
   * order's limits from now on.
   * Throws `Failure`: `throttled` no capacity, `rejected` refused, `unavailable` no answer.
   */
  launch(order: LaunchOrder, signal: AbortSignal): Promise<ProvidedMachine>;
  /** Gives a machine that runs other limits. Unknown names are no error. Throws `Failure` (`rejected`) where it cannot. */
  limit(name: string, limits: MachineLimits, signal: AbortSignal): Promise<void>;
  /** Ends everything that runs on it and removes what it left. Unknown names are no error. */
  terminate(name: string, signal: AbortSignal): Promise<void>;
  /** Everything of this site that exists, whether or not the inventory knows it. */
  list(signal: AbortSignal): Promise<readonly ProvidedMachine[]>;
}

export interface LaunchOrder {
  readonly name: string;
  readonly role: string;
  /** Unique among the site's living machines of the role. */
  readonly number: number;
  /** Throws `Failure` (`rejected`) where the provider cannot set them. */
  readonly limits: MachineLimits;
  /** Good for one machine, one key and a quarter of an hour: the agent joins by it. */
  readonly token: string;
  /** WebSocket address of the controller, e.g. `wss://127.0.0.1:7432/v1/agent`. */
  readonly controllerUrl: string;
  /** PEM of the authority that names the controller: the agent trusts no other from its first byte on. */
  readonly authority: string;
}

import type { ProvidedMachine } from "../core/observed.ts";

/** Makes machines and gives them back. Every call is idempotent by the machine's name. */
export interface Provider {
  /**
   * Makes the machine, or, where it exists without an agent, starts its agent again.
   * Throws `Failure`: `throttled` no capacity, `rejected` refused, `unavailable` no answer.
   */
  launch(order: LaunchOrder, signal: AbortSignal): Promise<ProvidedMachine>;
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
  /** The agent shows it when it calls home. */
  readonly token: string;
  /** WebSocket address of the controller, e.g. `ws://127.0.0.1:7431/v1/agent`. */
  readonly controllerUrl: string;
}

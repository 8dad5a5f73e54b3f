import type { AgentMessage, ControllerMessage } from "../core/messages.ts";
import type { Readable } from "node:stream";

/** The agent's way home. */
export interface ControllerLink {
  /** Connects and says hello. Throws `Failure`: `unavailable` no answer, `rejected` this machine is not let in. */
  connect(
    onMessage: (message: ControllerMessage) => void,
    signal: AbortSignal,
  ): Promise<ControllerConnection>;
  /** The archive of a release. Throws `Failure` (`not_found`, `unavailable`, `rejected`). */
  fetchRelease(id: string, signal: AbortSignal): Promise<Readable>;
}

export interface ControllerConnection {
  /** False when the message was not taken: the connection has ended, or the other side does not read. */
  send(message: Exclude<AgentMessage, { kind: "hello" }>): boolean;
  /** Resolves with the reason when the connection has ended; never rejects. */
  readonly ended: Promise<string>;
  /** How long nothing has come from the other side, which answers at least once a second. */
  silentMs(): number;
  close(): void;
}

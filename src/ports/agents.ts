import type { MachineDocument } from "../core/document.ts";
import type { AgentObservation } from "../core/observed.ts";

/** The agents that have called home. */
export interface Agents {
  observe(): ReadonlyMap<string, AgentObservation>;
  /** Hands the document to the machine's agent if it is connected; else it gets it when it calls home. */
  send(document: MachineDocument): void;
  /** Drops the connection and what was seen: the machine is gone. */
  forget(machine: string): void;
  /** Called when an agent connects, leaves, or reports something new. */
  onNews(listener: () => void): void;
  onLines(listener: (lines: readonly LogLine[]) => void): void;
}

export interface LogLine {
  readonly at: number;
  readonly machine: string;
  /** Name of the process, `agent` or `haproxy`. */
  readonly process: string;
  readonly text: string;
}

/** What can be done to a machine on purpose, by tests and drills. Throws `Failure` (`not_found`: no such machine). */
export interface MachineFaults {
  /** No packet to it or from it any more; `reconnect` ends that. */
  cutOff(machine: string, signal: AbortSignal): Promise<void>;
  reconnect(machine: string, signal: AbortSignal): Promise<void>;
  /** Resolves when everything on it stands still; `thaw` lets it go on. */
  freeze(machine: string): Promise<void>;
  thaw(machine: string): Promise<void>;
  /** Ends everything on it at once, as a power cut would. */
  kill(machine: string): Promise<void>;
  /** Leaves it this share of one core; null: as much as before. */
  slow(machine: string, cpuMax: number | null): Promise<void>;
  /** Drops this share of the packets that come to it; null: none. */
  lose(machine: string, share: number | null, signal: AbortSignal): Promise<void>;
}

/** The faults that drills make. Throws `Failure` (`not_found`: no such machine). */
export interface DrillFaults extends Pick<MachineFaults, "kill" | "cutOff" | "reconnect"> {
  /** Ends the balancer's own processes on the machine; its agent lives. */
  killBalancer(machine: string): Promise<void>;
  /** Ends this controller at once, soon after the answer: it says nothing any more. */
  killController(): void;
  /** Why machines cannot be cut off here; null when they can. */
  objectionToCut(): string | null;
}

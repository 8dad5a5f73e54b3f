import type { MachineLimits } from "../core/desired.ts";

/** What machines of this computer stand on: their addresses, and what keeps them apart. */
export interface MachineGround {
  /** So many machines have room. */
  readonly machinesMax: number;
  /** Address and ports of the machine with this number; the same while the site has a machine. */
  place(number: number): Promise<GroundPlace>;
  /**
   * Makes it ready for an agent. Idempotent: one that stands only gets its limits; what a launch that was broken
   * off has left is made anew. Tells whether it stood: nothing runs on one that was made.
   */
  prepare(machine: GroundMachine, signal: AbortSignal): Promise<"made" | "stood">;
  /** Gives a machine that stands other limits. Unknown names are no error. */
  limit(name: string, limits: MachineLimits): void;
  /** Starts the command on a prepared machine, so that it outlives us. */
  start(name: string, command: GroundCommand): Promise<void>;
  /** Ends everything that stands on it and removes it. Unknown names are no error. */
  clear(name: string, signal: AbortSignal): Promise<void>;
  /** Machines of which something is there. */
  names(): readonly string[];
  /** Removes what the site's machines shared; called when there is none left. */
  close(): Promise<void>;
}

export interface GroundPlace {
  readonly address: string;
  readonly ports: { readonly first: number; readonly last: number };
}

export interface GroundMachine {
  readonly name: string;
  readonly number: number;
  readonly limits: MachineLimits;
}

export interface GroundCommand {
  /** Program and arguments. */
  readonly words: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** File descriptor its output goes to. */
  readonly log: number;
}

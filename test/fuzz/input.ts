import type { Random } from "./random.ts";

/** Something that others write and we read. */
export interface FuzzInput {
  readonly name: string;
  /** Once per run of the input. */
  open(): Promise<Fuzzer>;
}

export interface Fuzzer {
  /** Makes one hostile input and reads it. Throws when what reads it did what it must never do. */
  run(random: Random): void | Promise<void>;
  close?(): Promise<void>;
}

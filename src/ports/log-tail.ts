import type { AgentLine } from "../core/messages.ts";

/** The log files of this machine's processes: followed, shown and kept small. */
export interface LogTail {
  /** `from` `end`: what is in the file was shown before. Following twice is no error. */
  follow(process: string, path: string, from: "start" | "end"): void;
  /** What is written by then is still read. */
  unfollow(process: string): void;
  /** Whole lines written since the last call, and how many were left out. */
  read(now: number): LogBatch;
  /** The last lines of a file; none when it does not exist. */
  lastLines(path: string, count: number): readonly string[];
}

export interface LogBatch {
  readonly lines: readonly AgentLine[];
  readonly dropped: number;
}

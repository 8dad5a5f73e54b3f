import type { Instant } from "../instant.ts";

/** A command that somebody had run once on a machine, beside its servers, in their release and environment. */
export interface OneOffRecord {
  readonly id: number;
  readonly by: string;
  readonly role: string;
  readonly machine: string;
  readonly revision: string;
  /** As a shell reads it. */
  readonly run: string;
  readonly timeoutMs: number;
  readonly state: "running" | "done" | "failed" | "stopped";
  /** Null while it runs, and when it could not tell. */
  readonly exitCode: number | null;
  /** What it printed last, once it has ended. */
  readonly lastLines: readonly string[];
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
}

/** What its agent knows it by. */
export function oneOffTaskId(id: number): string {
  return `run-${id}`;
}

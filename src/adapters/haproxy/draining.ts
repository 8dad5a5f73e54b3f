import type { BalancerDocument } from "../../core/document.ts";
import type { Instant } from "../../core/instant.ts";
import { statNumber, type StatRow } from "./answers.ts";

/** A server on its way out. */
export interface Drain {
  readonly key: string;
  readonly since: Instant;
  /** Workers which may still send it requests or wait for its answers: they know nothing of the drain. */
  readonly workers: ReadonlySet<number>;
  readonly isDrained: boolean;
}

/** What to do next with a server that drains. */
export type DrainStep =
  | { readonly kind: "wait" }
  /** Visitors whose cookie names it keep coming: only maintenance sends them elsewhere. */
  | { readonly kind: "turn away" }
  | { readonly kind: "delete" }
  /** Its time is up: what still runs is cut off, in old workers too. */
  | { readonly kind: "cut" };

/** Sticky visitors may finish their burst of requests before they are sent elsewhere. */
const stickyMs = 500;

/**
 * Drains by key after a look at the document: new ones begin, those the document no longer drains are
 * forgotten. `workers` are the old workers of this moment.
 */
export function updateDrains(
  drains: ReadonlyMap<string, Drain>,
  document: BalancerDocument,
  workers: readonly number[],
  now: Instant,
): ReadonlyMap<string, Drain> {
  const leaving = document.pools.flatMap((pool) =>
    pool.servers
      .filter((server) => server.state === "drain")
      .map((server) => `${pool.name}/${server.name}`),
  );
  return new Map(
    leaving.map((key) => [
      key,
      drains.get(key) ?? { key, since: now, workers: new Set(workers), isDrained: false },
    ]),
  );
}

/** After a reload the former worker knows of no drain that is not finished either. */
export function addOldWorker(
  drains: ReadonlyMap<string, Drain>,
  worker: number,
): ReadonlyMap<string, Drain> {
  return new Map(
    [...drains].map(([key, drain]) => [
      key,
      drain.isDrained ? drain : { ...drain, workers: new Set([...drain.workers, worker]) },
    ]),
  );
}

/** Decides from the server's row in the running process (null: it is not there) and the living old workers. */
export function nextDrainStep(
  drain: Drain,
  pool: { readonly drainMs: number; readonly stickyCookie: string | null },
  row: StatRow | null,
  oldWorkers: readonly number[],
  now: Instant,
): DrainStep {
  if (now - drain.since >= pool.drainMs) return { kind: "cut" };
  const isKnownElsewhere = oldWorkers.some((pid) => drain.workers.has(pid));
  const inFlight = row === null ? 0 : statNumber(row, "scur") + statNumber(row, "qcur");
  if (inFlight === 0 && !isKnownElsewhere) return { kind: "delete" };
  const isOpen = row !== null && !(row["status"] ?? "").startsWith("MAINT");
  if (pool.stickyCookie !== null && isOpen && now - drain.since >= stickyMs) {
    return { kind: "turn away" };
  }
  return { kind: "wait" };
}

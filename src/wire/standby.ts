import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { checkPostgresUrl, preparePostgres } from "../adapters/inventory/postgres.ts";
import { createPostgresLease } from "../adapters/inventory/postgres-lease.ts";
import { standBy } from "../controller/leadership.ts";
import type { Term } from "../controller/leadership.ts";
import { leaseRules } from "../core/lease.ts";
import { record, text } from "../core/received/shape.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { readKeptJson } from "./kept-file.ts";

const PREPARE_AGAIN_MS = 500;

/** A database that several controllers share; null: the inventory is a file of this one. */
export function readDatabaseUrl(places: StateDirectory, given: string | undefined): string | null {
  const isGiven = given !== undefined && given !== "";
  if (isGiven && existsSync(places.database)) {
    // An empty inventory would take the machines of the site for strangers, and end them.
    const words = "this site's is still in a file: `tidemill migrate` moves it";
    throw new Failure("rejected", `Cannot use the inventory in the database: ${words}`);
  }
  if (isGiven) return given;
  const advice = 'it holds the database\'s address: write it again as {"url": "postgres://…"}';
  return readKeptJson(places.databaseUrl, urlShape, advice)?.url ?? null;
}

const urlShape = record({ url: text(4_000) });

export interface SharedSite {
  readonly databaseUrl: string;
  /** Where this controller answers people and programs. */
  readonly url: string;
  /** Where agents call it. */
  readonly agentUrl: string;
  readonly clock: Clock;
  readonly onFollow: (leaderUrl: string | null) => void;
  readonly say: (text: string) => void;
}

/** Takes its turn at leading until the signal aborts or a turn ends by itself. */
export async function serveInTurn(
  site: SharedSite,
  serve: (
    term: Term,
    onMembers: (listener: (urls: readonly string[]) => void) => void,
  ) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  checkPostgresUrl(site.databaseUrl);
  await prepare(site, signal);
  const lease = createPostgresLease(site.databaseUrl);
  let members: readonly string[] = [];
  let listener: (urls: readonly string[]) => void = () => undefined;
  const parts = {
    lease,
    clock: site.clock,
    elapsedMs: () => performance.now(),
    newId: randomUUID,
    url: site.url,
    agentUrl: site.agentUrl,
    rules: leaseRules,
    onFollow: site.onFollow,
    onMembers(urls: readonly string[]) {
      members = urls;
      listener(urls);
    },
    say: site.say,
  };
  const term = (own: Term): Promise<void> =>
    serve(own, (next) => {
      listener = next;
      next(members);
    });
  await standBy(parts, term, signal);
  await lease.close();
}

/** A controller that is started before its database waits for it. */
async function prepare(
  { databaseUrl, clock, say }: SharedSite,
  signal: AbortSignal,
): Promise<void> {
  let lastWords = "";
  while (!signal.aborted) {
    try {
      return await preparePostgres(databaseUrl);
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
      if (cause.message !== lastWords) say(cause.message);
      lastWords = cause.message;
      await clock.sleep(PREPARE_AGAIN_MS, signal);
    }
  }
}

import { randomBytes } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createSystemClock } from "../adapters/clock/clock.ts";
import { openPostgresInventory } from "../adapters/inventory/postgres.ts";
import { openSqliteInventory } from "../adapters/inventory/sqlite.ts";
import { takeLock } from "../adapters/lock/lock.ts";
import type { Term } from "../controller/leadership.ts";
import type { Instant } from "../core/instant.ts";
import type { SiteEvent } from "../core/inventory.ts";
import { Failure } from "../ports/failure.ts";
import { stateDirectory } from "../ports/state-directory.ts";
import { readMachineHome, removeIfEmpty } from "./machine-home.ts";
import { takePosts } from "./posts.ts";
import { say } from "./say.ts";
import { serve } from "./serve.ts";
import type { Site } from "./serve.ts";
import { readDatabaseUrl, serveInTurn } from "./standby.ts";

/** The controller of the site whose state is in this directory, until SIGTERM, SIGINT, or the site is down. */
export async function runControllerProcess(directory: string): Promise<void> {
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  process.once("SIGINT", () => stop.abort());
  mkdirSync(join(directory, "inventory"), { recursive: true, mode: 0o700 });
  const places = stateDirectory(realpathSync(directory));
  const home = readMachineHome(places);
  mkdirSync(home.runtimeDirectory, { recursive: true, mode: 0o700 });
  try {
    await serveSite({ places, home, clock: createSystemClock() }, stop);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    say(cause.message);
    process.exitCode = 1;
  }
  removeIfEmpty(home.runtimeDirectory);
  process.exit(process.exitCode);
}

async function serveSite(site: Site, stop: AbortController): Promise<void> {
  const databaseUrl = readDatabaseUrl(site.places, process.env["TIDEMILL_DATABASE_URL"]);
  if (databaseUrl === null) await serveAlone(site, stop);
  else await serveShared(site, databaseUrl, stop);
}

/** One SQLite file has one controller: the system's lock keeps others away. */
async function serveAlone(site: Site, stop: AbortController): Promise<void> {
  const lockPath = join(site.home.runtimeDirectory, "controller.sock");
  const lock = await takeLock(lockPath);
  if (lock === null) {
    say("another controller runs this site already");
    process.exitCode = 5;
    return;
  }
  const inventory = await openSqliteInventory(site.places.database, newStickyKey());
  const { epoch } = inventory;
  const onMembers = (): void => undefined;
  try {
    await serve(site, { inventory, epoch, posts: null, term: null, onMembers }, stop);
  } finally {
    await inventory.close();
    lock.release();
    rmSync(lockPath, { force: true });
  }
}

/** Several controllers share a database: this one leads when it has the lease. */
async function serveShared(site: Site, databaseUrl: string, stop: AbortController): Promise<void> {
  const posts = await takePosts(site.places);
  await posts.hold();
  const { ports } = posts;
  const url = `http://127.0.0.1:${ports.api}`;
  const shared = {
    databaseUrl,
    url,
    agentUrl: `wss://127.0.0.1:${ports.door}/v1/agent`,
    clock: site.clock,
    onFollow: (leaderUrl: string | null) => posts.follow(leaderUrl),
    say,
  };
  const lead: Parameters<typeof serveInTurn>[1] = async (term, onMembers) => {
    const inventory = await openPostgresInventory(databaseUrl, newStickyKey(), term);
    const own = new AbortController();
    const end = (): void => own.abort();
    term.signal.addEventListener("abort", end, { once: true });
    if (term.signal.aborted) end();
    try {
      await inventory.commit([], [eventOfTerm(term, url, site.clock.now())]);
      await serve(site, { inventory, epoch: term.epoch, posts, term, onMembers }, own);
    } finally {
      await posts.hold();
      await inventory.close();
    }
  };
  await serveInTurn(shared, lead, stop.signal);
}

function eventOfTerm({ epoch, isTakeover }: Term, url: string, at: Instant): SiteEvent {
  const why = isTakeover ? "the one before let go or was not heard of in time" : "nobody led";
  const reason = `${url} leads in epoch ${epoch}: ${why}`;
  return { at, kind: "lead", subject: "controller", reason };
}

function newStickyKey(): string {
  return randomBytes(24).toString("hex");
}

import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import {
  openPostgresDatabase,
  openPostgresInventory,
} from "../../src/adapters/inventory/postgres.ts";
import { createPostgresLease } from "../../src/adapters/inventory/postgres-lease.ts";
import type { OpenInventory } from "../../src/ports/access-records.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

/** The password is a word that is easily searched for where it must not be. */
export const POSTGRES_PASSWORD = "ebb-and-flow-4711";
const START_MS = 30_000;

/** A PostgreSQL server of its own, in a temporary directory on a free port. */
export interface PostgresServer {
  readonly port: number;
  /** Address of an empty database; each call makes another. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-postgres-"));
  const user = unprivileged();
  if (user !== null) chownSync(directory, user.uid, user.gid);
  const run = { ...user, env: { PATH: process.env["PATH"], LC_ALL: "C" }, cwd: directory };
  const data = join(directory, "data");
  const passwordFile = join(directory, "password");
  writeFileSync(passwordFile, POSTGRES_PASSWORD, { mode: 0o600 });
  if (user !== null) chownSync(passwordFile, user.uid, user.gid);
  const initial = ["-D", data, "-U", "tide", "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
  execFileSync(program("initdb"), [...initial, "--no-sync"], { ...run, stdio: "ignore" });
  const port = await freePort();
  const log = openSync(join(directory, "log"), "a");
  const settings = ["-p", `${port}`, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
  const places = ["-D", data, "-k", directory];
  const child = spawn(program("postgres"), [...places, ...settings], {
    ...run,
    stdio: ["ignore", log, log],
  });
  const address = (database: string): string =>
    `postgres://tide:${POSTGRES_PASSWORD}@127.0.0.1:${port}/${database}`;
  await until(
    () => `PostgreSQL starts: ${readFileSync(join(directory, "log"), "utf8")}`,
    () => isThere(address("postgres")),
    START_MS,
  );
  let databases = 0;
  return {
    port,
    async createDatabase() {
      databases += 1;
      await ask(address("postgres"), `create database site${databases}`);
      return address(`site${databases}`);
    },
    async stop() {
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One statement on a connection of its own. */
export async function ask<Row>(url: string, text: string): Promise<readonly Row[]> {
  const db = openPostgresDatabase(url);
  try {
    return (await sql.raw<Row>(text).execute(db)).rows;
  } finally {
    await db.destroy();
  }
}

async function isThere(url: string): Promise<boolean> {
  return ask(url, "select 1").then(
    () => true,
    () => false,
  );
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (flag: string): number =>
    Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

/** Debian keeps the server's programs apart, by version. */
function program(name: string): string {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error("PostgreSQL is missing: apt-get install postgresql-15");
  return join(root, newest, "bin", name);
}

/** SIGINT: at once, without waiting for those who are connected. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  await ended;
}

/** The inventory in that database, as a controller opens it that takes over from the one before it. */
export async function openAsNewLeader(url: string): Promise<OpenInventory> {
  const lease = createPostgresLease(url);
  const holder = crypto.randomUUID();
  const signal = AbortSignal.timeout(5_000);
  const answer = await lease.take({ holder, url: "http://127.0.0.1:1", holdMs: -1 }, signal);
  await lease.close();
  if (answer.kind !== "held") throw new Error("the lease is not to be had");
  return openPostgresInventory(url, "key", { holder, epoch: answer.epoch });
}

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stateDirectory } from "../../src/ports/state-directory.ts";
import type { ControllerAddress } from "../../src/ports/state-directory.ts";
import { ask, startPostgres } from "./postgres.ts";
import type { PostgresServer } from "./postgres.ts";
import { kill9, processesOf } from "./processes.ts";
import { createTestSite } from "./site.ts";
import type { TestSite } from "./site.ts";
import { startTcpProxy } from "./tcp-proxy.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { until } from "./until.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));

/** A site whose controllers share a PostgreSQL database, each over a wire of its own. */
export interface SharedSite {
  readonly site: TestSite;
  readonly databaseUrl: string;
  /** Resolves when it leads, or stands by. */
  startController(): Promise<SharedController>;
  /** The one whose address people find; null while there is none. */
  leader(): SharedController | null;
  /** Of each term, in order: when it began. */
  terms(): Promise<readonly { readonly at: number; readonly reason: string }[]>;
  dispose(): Promise<void>;
}

export interface SharedController {
  readonly pid: number;
  readonly wire: TcpProxy;
  /** What it has printed. */
  log(): string;
  isAlive(): boolean;
}

export async function createSharedSite(siteFile: (port: number) => string): Promise<SharedSite> {
  const server: PostgresServer = await startPostgres();
  const databaseUrl = await server.createDatabase();
  const site = await createTestSite(siteFile);
  const places = stateDirectory(site.state);
  mkdirSync(join(places.root, "inventory"), { recursive: true, mode: 0o700 });
  writeFileSync(places.databaseUrl, JSON.stringify({ url: databaseUrl }), { mode: 0o600 });
  const controllers: (SharedController & { readonly child: ChildProcess })[] = [];

  function leader(): SharedController | null {
    if (!existsSync(places.controller)) return null;
    const { pid } = JSON.parse(readFileSync(places.controller, "utf8")) as ControllerAddress;
    return controllers.find((controller) => controller.pid === pid) ?? null;
  }

  return {
    site,
    databaseUrl,
    leader,
    async startController() {
      const wire = await startTcpProxy(server.port);
      const url = new URL(databaseUrl);
      url.port = `${wire.port}`;
      const logPath = join(places.logs, `controller-${controllers.length + 1}.log`);
      const log = openSync(logPath, "a");
      const child = spawn(process.execPath, [program, "controller", site.state], {
        env: { ...process.env, TIDEMILL_DATABASE_URL: url.href },
        stdio: ["ignore", log, log],
      });
      const { pid = 0 } = child;
      const read = (): string => readFileSync(logPath, "utf8");
      const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
      const controller = { pid, wire, child, isAlive, log: read };
      controllers.push(controller);
      const isUp = (): boolean => leader()?.pid === pid || / stands by at http/.test(read());
      await until(() => `a controller starts\n${read()}`, isUp, 20_000);
      return controller;
    },
    terms: () =>
      ask(databaseUrl, "select at, reason from event where kind = 'lead' order by number"),
    async dispose() {
      for (const { wire } of controllers) wire.mend();
      try {
        if (controllers.some((controller) => controller.isAlive())) await takeDown(site, leader);
      } finally {
        for (const { child, wire } of controllers) {
          await end(child);
          await wire.close();
        }
        // Nothing is left of a site that was taken down; of one that could not be, everything.
        if (existsSync(join(places.root, "machines"))) kill9(processesOf(site));
        await site.dispose();
        await server.stop();
      }
    },
  };
}

/** By whoever leads when it is heard: a leader may be about to change. */
async function takeDown(site: TestSite, leader: () => SharedController | null): Promise<void> {
  const order = (): Promise<boolean> =>
    site.call("POST", "/v1/down").then(
      () => true,
      () => false,
    );
  await until("somebody takes the site down", order, 15_000);
  await until("the site is down", () => leader() === null, 60_000);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

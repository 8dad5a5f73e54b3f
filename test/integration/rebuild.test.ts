import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Status } from "../../src/cli/client.ts";
import { ask, POSTGRES_PASSWORD, startPostgres } from "../harness/postgres.ts";
import type { PostgresServer } from "../harness/postgres.ts";
import { until } from "../harness/until.ts";
import { startLoad } from "../harness/visitors.ts";
import type { Load } from "../harness/visitors.ts";
import { addressOf, collect, createCliSite, processesUnder } from "./cli-site.ts";
import type { CliSite, Ran } from "./cli-site.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));

describe("a site on the move", () => {
  let site: CliSite;
  let home = "";
  let url = "";
  let machines: readonly string[] = [];
  let server: PostgresServer;

  before(async () => {
    server = await startPostgres();
    site = createCliSite();
    home = site.directory;
    const init = await site.run("init");
    assert.equal(init.code, 0, init.stderr);
    const up = await site.run("up");
    assert.equal(up.code, 0, up.stderr);
    url = up.stdout.trim();
    machines = machineProcesses();
  });
  after(async () => {
    await run(["down", "--yes"]);
    await site.dispose();
    await server.stop();
  });

  /** In the directory where the site is at home by now. */
  function run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const runtime = { XDG_RUNTIME_DIR: join(site.directory, "..", "run") };
    const options = { cwd: home, env: { ...process.env, ...runtime, ...env }, timeout: 60_000 };
    return collect(spawn(process.execPath, [program, ...words], options));
  }

  /** Agents, and what they started; without the controller. */
  function machineProcesses(): readonly string[] {
    return processesUnder(site).filter((line) => !/mjs controller /.test(line));
  }

  async function status(): Promise<Status> {
    const { stdout, stderr } = await run(["status", "--json"]);
    assert.notEqual(stdout, "", stderr);
    return JSON.parse(stdout) as Status;
  }

  function visit(): Load {
    const { port, hostname } = new URL(url);
    const crowd = { keepAlive: 4, fresh: 1, post: 0, long: 0 };
    const pace = { thinkMs: 10, longMs: 0, timeMsMax: 60_000 };
    return startLoad({
      host: addressOf(hostname),
      port: Number(port),
      hostHeader: hostname,
      crowd,
      ...pace,
    });
  }

  async function assertNobodyNoticed(load: Load): Promise<void> {
    const { keepAlive, fresh } = await load.stop();
    assert.deepEqual([...keepAlive.failures, ...fresh.failures], []);
    assert.ok(keepAlive.requests > 100);
    assert.deepEqual(machineProcesses(), machines);
  }

  function controllerPid(): number {
    const text = readFileSync(join(home, ".tidemill/default/controller.json"), "utf8");
    return (JSON.parse(text) as { pid: number }).pid;
  }

  it("is in one file, which only its owner and the passphrase open", async () => {
    const path = join(home, "..", "shop.export");
    const secret = join(home, "..", "passphrase");
    writeFileSync(secret, "spring tide\n", { mode: 0o600 });
    const exported = await run(["export", path, "--passphrase-file", secret, "--json"]);
    assert.equal(exported.code, 0, exported.stderr);
    assert.match(exported.stderr, /encrypted and opens the whole site/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const other = join(home, "..", "other");
    mkdirSync(other);
    home = other;
    const wrong = await run(["rebuild", path], { TIDEMILL_EXPORT_PASSPHRASE: "neap tide" });
    home = site.directory;
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /another passphrase, or it is damaged/);
    assert.throws(() => statSync(join(other, ".tidemill/default/inventory")), { code: "ENOENT" });
    const none = await run(["rebuild", path]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /there is an inventory already/);
  });

  it("gets a new controller from that file when the old one and its inventory are lost", async () => {
    const load = visit();
    const before = await status();
    process.kill(controllerPid(), "SIGKILL");
    rmSync(join(home, ".tidemill/default/inventory"), { recursive: true });
    home = join(home, "..", "other");
    const rebuilt = await run(["rebuild", join(home, "..", "shop.export")], {
      TIDEMILL_EXPORT_PASSPHRASE: "spring tide",
    });
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
    assert.equal(rebuilt.stdout.trim(), url);
    const after = await status();
    assert.deepEqual(
      after.machines.map(({ machine, state }) => ({ machine, state })),
      before.machines.map(({ machine, state }) => ({ machine, state })),
    );
    await assertNobodyNoticed(load);
    const events = await run(["events", "-n", "500"]);
    assert.equal(events.stdout.match(/ launch /g)?.length, before.machines.length);
  });

  it("is run by it as before: it deploys and launches from the releases of the file", async () => {
    const load = visit();
    const scaled = await run(["scale", "web=2"]);
    assert.equal(scaled.code, 0, scaled.stderr);
    assert.equal((await status()).roles.find(({ role }) => role === "web")?.serving, 2);
    machines = machineProcesses();
    await assertNobodyNoticed(load);
  });

  it("moves to PostgreSQL by one command while it serves", async () => {
    const load = visit();
    const database = await server.createDatabase();
    const before = await status();
    const shown = await run(["migrate", "--to", database]);
    assert.equal(shown.code, 2);
    assert.match(shown.stderr, /Everybody can read a command line/);
    const moved = await run(["migrate"], { TIDEMILL_DATABASE_URL: database });
    assert.equal(moved.code, 0, moved.stderr);
    assert.ok(!`${moved.stdout}${moved.stderr}`.includes(POSTGRES_PASSWORD));
    const places = join(home, ".tidemill/default/inventory");
    assert.equal(statSync(join(places, "database.json")).mode & 0o777, 0o600);
    assert.throws(() => statSync(join(places, "inventory.db")), { code: "ENOENT" });
    const served = before.machines.map(({ machine }) => machine);
    await until("the same machines serve", async () => {
      const serving = (await status()).machines.filter(({ state }) => state === "serving");
      return serving.map(({ machine }) => machine).join() === served.join();
    });
    await assertNobodyNoticed(load);
    const numbers = "select count(*)::int as all, max(number) as last from event";
    const [events] = await ask<{ all: number; last: number }>(database, numbers);
    assert.ok(events !== undefined && events.last >= events.all);
    const again = await run(["migrate"], { TIDEMILL_DATABASE_URL: database });
    assert.equal(again.code, 2, again.stdout);
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Decisions } from "../../src/cli/client.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import { startLoad } from "../harness/visitors.ts";
import { collect } from "./cli-site.ts";
import type { Ran } from "./cli-site.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
const siteFile = (port: number): string => `site: shop
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, machines: 1..3, scale: { in_flight: 2, hold: 10m } }
`;
/** Longer than a new controller needs to see figures, and to decide by them. */
const WATCH_MS = 8_000;

describe("what was decided", () => {
  let site: TestSite;
  let grown = 0;

  before(async () => {
    site = await createTestSite(siteFile);
    site.writeApplication("v1");
    site.writeSiteFile(siteFile(site.port));
    await site.startController();
    await site.apply();
    await site.until(({ roles }) => roles.every((r) => r.serving === r.target), "all serves");
  });
  after(() => site.dispose());

  const explain = (...words: readonly string[]): Promise<Ran> => {
    const env = { ...process.env, NO_COLOR: "1" };
    const place = ["--file", join(site.directory, "tidemill.yaml")];
    return collect(
      spawn(process.execPath, [program, "explain", ...words, ...place], {
        cwd: site.directory,
        env,
        timeout: 30_000,
      }),
    );
  };
  const decisions = (query: string): Promise<Decisions> =>
    site.call<Decisions>("GET", `/v1/decisions?${query}`);
  const targetOf = async (): Promise<number> =>
    (await site.status()).roles.find(({ role }) => role === "web")?.target ?? 0;

  async function restart(signal: NodeJS.Signals): Promise<void> {
    process.kill(site.controllerPid(), signal);
    await until("the controller has ended", () => !site.isControllerAlive(), 10_000);
    await site.startController();
  }

  /** The least that the target was while a new controller watched. */
  async function leastTarget(): Promise<number> {
    let least = Infinity;
    for (const end = Date.now() + WATCH_MS; Date.now() < end;) {
      least = Math.min(least, await targetOf());
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return least;
  }

  it("is held by a controller that is started again, and by one that was killed", async () => {
    const load = startLoad({
      host: site.host,
      port: site.port,
      hostHeader: "shop.localhost",
      crowd: { keepAlive: 2, fresh: 0, post: 0, long: 8 },
      thinkMs: 10,
      longMs: 400,
      timeMsMax: 60_000,
    });
    await site.until(
      ({ roles }) => roles.some((r) => r.role === "web" && r.serving === 3),
      "grows",
    );
    await load.stop();
    grown = await targetOf();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await restart(signal);
      assert.equal(await leastTarget(), grown, signal);
    }
  });

  it("is held by the memory alone, and not because a new controller knows nothing", async () => {
    const told = await until("a decision that saw something", async () => {
      const { decisions: newest } = await decisions("role=web&limit=1");
      return newest.find(({ inputs }) => inputs.arrivals !== null) ?? null;
    });
    const sentence = told.steps.find(({ rule }) => rule === "aim")?.sentence ?? "";
    // The aim holds what it needed, also beyond the bounds.
    const held = Number(/up to (\d+) machines were needed/.exec(sentence)?.[1] ?? 0);
    assert.ok(held >= grown, sentence);
    assert.notEqual(told.inputs.serviceS, null);
  });

  it("a pin outlives the controller, and is told as what decides", async () => {
    await site.call("POST", "/v1/roles/web/scale", { kind: "pin", machines: 2, forMs: null });
    await site.until(
      ({ roles }) => roles.some((r) => r.role === "web" && r.target === 2),
      "pinned",
    );
    await restart("SIGKILL");
    assert.equal(await leastTarget(), 2);
    const { decisions: newest } = await decisions("role=web&limit=1");
    assert.deepEqual([newest[0]?.by, newest[0]?.to], ["pin", 2]);
  });

  it("explain tells it now, then, and since", async () => {
    const now = await explain("web");
    assert.equal(now.code, 0, now.stderr);
    const all = await explain();
    assert.equal(all.stdout, now.stdout);
    const then = await until("what the rules want is seen", async () => {
      const ran = await explain("web", "--at", "1s ago");
      return ran.stdout.includes("the rules wanted") ? ran : null;
    });
    const first = /^At .* UTC:\nweb: 2 machines, as before, decided .* UTC: pinned to 2\n/;
    assert.match(then.stdout, first);
    assert.match(then.stdout, /the rules wanted \d; the pin decides\nseen: .* requests\/s/);
    const since = await explain("--since", "1h");
    assert.match(since.stdout, /web +\d → 3 +.*requests a second are expected/);
    const rows = since.stdout.split("\n").length;
    assert.ok(rows < 40, `${rows} lines in about a minute:\n${since.stdout}`);
    const json = await explain("web", "--at", "now", "--json");
    assert.equal((JSON.parse(json.stdout) as Decisions).decisions[0]?.to, 2);
  });

  it("explain says what it does not know", async () => {
    const long = await explain("web", "--at", "2020-01-01");
    assert.equal(long.code, 1);
    assert.match(long.stderr, /No decision is on record at 2020-01-01 00:00:00 UTC or before/);
    assert.equal((await explain("nobody", "--at", "1s ago")).code, 1);
    assert.equal((await explain("nobody")).code, 1);
    const future = await explain("web", "--at", "2999-01-01");
    assert.equal(future.code, 2);
    assert.match(future.stderr, /in the future/);
    assert.equal((await explain("--at", "noon")).code, 2);
    assert.equal((await explain("--at", "now", "--since", "1h")).code, 2);
  });
});

import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Cost } from "../../src/api/cost-routes.ts";
import type { SiteStatus } from "../../src/core/status.ts";
import { collect, createCliSite, fetchPage, processesUnder, processesWith } from "./cli-site.ts";
import { testProvider } from "../harness/site.ts";
import { until } from "../harness/until.ts";

const site = createCliSite();
let url = "";

async function readStatus(): Promise<SiteStatus> {
  const { code, stdout } = await site.run("status", "--json");
  assert.equal(code, 0, stdout);
  return JSON.parse(stdout) as SiteStatus;
}

function releases(status: SiteStatus): readonly (string | null)[] {
  return status.machines.filter(({ role }) => role === "web").map(({ release }) => release);
}

/** Asks again and again until stopped; gives what was answered otherwise than with 200. */
function visit(address: string): { readonly stop: () => Promise<readonly string[]> } {
  const faults: string[] = [];
  const over = new AbortController();
  const visitor = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const answer = await fetchPage(address).catch((error: Error) => error);
      if (answer instanceof Error) faults.push(answer.message);
      else if (answer.status !== 200) faults.push(`${answer.status}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const visitors = [visitor(), visitor()];
  return {
    async stop() {
      over.abort();
      await Promise.all(visitors);
      return faults;
    },
  };
}

describe("a site's life by the command line", () => {
  after(() => site.dispose());

  it("init writes three lines that check accepts, and never over a file", async () => {
    const init = await site.run("init");
    assert.equal(init.code, 0, init.stderr);
    assert.match(
      readFileSync(join(site.directory, "tidemill.yaml"), "utf8"),
      /run: node server\.js/,
    );
    assert.equal((await site.run("check")).code, 0);
    assert.equal((await site.run("init")).code, 2);
  });

  it("plans before anything runs, and says so by its exit code when asked", async () => {
    const plan = await site.run("plan", "--exit-code", "--json");
    assert.equal(plan.code, 3, plan.stderr);
    const { steps } = JSON.parse(plan.stdout) as { steps: readonly { subject: string }[] };
    assert.deepEqual(
      steps.map(({ subject }) => subject),
      ["lb-1", "web-1"],
    );
    assert.equal((await site.run("status")).code, 1);
    assert.ok(!existsSync(site.state));
  });

  it("a broken file changes nothing: every issue, exit 2", async () => {
    const path = join(site.directory, "broken.yaml");
    writeFileSync(path, "site: shop\nweb: { run: node server.js, chek: /up, machines: 3..1 }\n");
    const up = await site.run("up", "--file", "broken.yaml");
    assert.equal(up.code, 2);
    assert.match(up.stderr, /broken\.yaml:2:\d+: web\.chek: unknown key; did you mean check\?/);
    assert.match(up.stderr, /web\.machines/);
    assert.ok(!existsSync(site.state));
  });

  it("up ends with the address alone on stdout, and the site answers there", async () => {
    const up = await site.run("up");
    assert.equal(up.code, 0, up.stderr);
    assert.match(
      up.stdout,
      testProvider === "local" ? /^http:\/\/shop\.localhost:\d+\n$/ : /^http:\/\/10\.[\d.]+:\d+\n$/,
    );
    assert.match(up.stderr, /plan +1 balancer, 1 web machine/);
    assert.match(up.stderr, /lb-1 +HAProxy \S+ ready on [\d.]+:\d+ +\d/);
    assert.match(up.stderr, /web-1 +called home, release [0-9a-f]{7}, \/ 200 +\d/);
    url = up.stdout.trim();
    const page = await fetchPage(url);
    assert.equal(page.status, 200);
    assert.match(page.text, /web-1/);
    assert.equal(statSync(join(site.state, "inventory", "token")).mode & 0o777, 0o600);
    assert.equal((await site.run("plan", "--exit-code")).code, 0);
    assert.equal((await site.run("status", "--check")).code, 0);
  });

  it("tells what it costs, from the machines' own time, and what is missing for that", async () => {
    const told = await site.run("cost");
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /machine-hours; what they cost is not known\nROLE +TYPE/);
    assert.match(told.stdout, /\nnext: add prices: \{ machines: \{ balancer: /);
    const { roles } = JSON.parse((await site.run("cost", "--json")).stdout) as Cost;
    assert.deepEqual(
      roles.map(({ role, machines, cents }) => [role, machines, cents]),
      [
        ["balancer", 1, null],
        ["web", 1, null],
      ],
    );
    assert.ok(roles.every(({ machineHours }) => machineHours >= 1 / 60));
    assert.equal((await site.run("cost", "--month", "2020-13")).code, 2);
  });

  it("scales, within the bounds only", async () => {
    const scaled = await site.run("scale", "web=2");
    assert.equal(scaled.code, 0, scaled.stderr);
    assert.equal(releases(await readStatus()).length, 2);
    const refused = await site.run("scale", "web=30", "--json");
    assert.equal(refused.code, 7);
    assert.match(refused.stdout, /"code":"refused"/);
  });

  it("deploys under load without losing a request, one deploy at a time", async () => {
    const [before] = releases(await readStatus());
    const visitors = visit(url);
    appendFileSync(join(site.directory, "server.js"), "// second\n");
    const first = site.start("deploy");
    const ended = collect(first);
    let deploying = await readStatus();
    await until("the deploy to run", async () => {
      deploying = await readStatus();
      return deploying.deploy?.state === "running";
    });
    const second = await site.run("deploy", "--json");
    const { code, stdout, stderr } = await ended;
    const faults = await visitors.stop();
    assert.equal(second.code, 5, second.stdout);
    assert.match(second.stdout, /"code":"locked","message":"Deploy 2, begun by/);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^0 failed of [\d,]+ requests\n$/);
    assert.notEqual(stdout, "0 failed of 0 requests\n");
    assert.deepEqual(faults, []);
    const after = releases(await readStatus());
    assert.equal(new Set(after).size, 1);
    assert.notEqual(after[0], before);
    const again = await site.run("deploy");
    assert.match(again.stdout, /^Nothing to deploy: release [0-9a-f]{7} is the one that runs\n$/);
    assert.equal(again.code, 0);
  });

  it("runs a command once where the role runs, and shows what it prints", async () => {
    const ran = await site.run(
      "run",
      "web",
      "--",
      "sh",
      "-c",
      "cat server.js; echo $TIDEMILL_ROLE",
    );
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /^\/\/ second$/m);
    assert.match(ran.stdout, /^web$/m);
    const failed = await site.run("run", "web-1", "echo so; exit 7", "--json");
    assert.equal(failed.code, 1);
    assert.match(failed.stdout, /"state":"failed","exitCode":7,"lastLines":\["so"\]/);
    const sleep = `sleep 1000.${process.pid}`;
    const begun = await site.run("run", "--detach", "web-2", sleep);
    assert.equal(begun.code, 0, begun.stderr);
    await until("it runs", () => processesWith(sleep).length > 0);
    assert.equal((await site.run("run", "--stop", "3")).code, 0);
    await until("it has ended", () => processesWith(sleep).length === 0);
    assert.equal((await site.run("run", "lb-1", "ls")).code, 7);
  });

  it("rolls back without an argument", async () => {
    const before = releases(await readStatus());
    const back = await site.run("rollback");
    assert.equal(back.code, 0, back.stderr);
    assert.match(back.stdout, /^0 failed of [\d,]+ requests\n$/);
    const after = releases(await readStatus());
    assert.equal(new Set(after).size, 1);
    assert.notDeepEqual(after, before);
  });

  it("a release that crashes goes back by itself: exit 1, its last lines, what still serves", async () => {
    const before = releases(await readStatus());
    const good = readFileSync(join(site.directory, "server.js"), "utf8");
    writeFileSync(
      join(site.directory, "server.js"),
      "console.log('no such table');process.exit(3)\n",
    );
    const failed = await site.run("deploy");
    writeFileSync(join(site.directory, "server.js"), good);
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /ended with code 3/);
    assert.match(failed.stderr, /no such table/);
    assert.match(failed.stderr, /still serving: 2 web machines on release [0-9a-f]{7}/);
    assert.match(failed.stderr, /next: tidemill logs --machine web-\d/);
    assert.deepEqual(releases(await readStatus()), before);
    assert.equal((await fetchPage(url)).status, 200);
  });

  it("shows logs and events, and ends quietly when their reader leaves", async () => {
    const logs = await site.run("logs", "--json");
    assert.match(logs.stdout, /listens on \d+\./);
    const following = site.start("events", "-f", "-n", "5000");
    const ended = new Promise<number | null>((resolve) => following.once("close", resolve));
    following.stdout?.once("data", () => following.stdout?.destroy());
    let stderr = "";
    following.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    await site.run("maintenance", "on");
    await until("the maintenance page", async () => (await fetchPage(url)).status === 503);
    await site.run("maintenance", "off");
    assert.equal(await ended, 0);
    assert.equal(stderr, "");
  });

  it("down leaves no process, and no file but the inventory and the logs", async () => {
    const down = await site.run("down", "--yes");
    assert.equal(down.code, 0, down.stderr);
    assert.deepEqual(readdirSync(site.state).toSorted(), ["inventory", "logs"]);
    assert.deepEqual(processesUnder(site), []);
    assert.deepEqual(readdirSync(join(site.directory, "..", "run")), []);
    assert.equal((await site.run("down")).code, 0);
  });
});

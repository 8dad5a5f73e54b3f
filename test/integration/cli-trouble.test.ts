import assert from "node:assert/strict";
import { appendFileSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { SiteStatus } from "../../src/core/status.ts";
import { collect, createCliSite, fetchPage, processesUnder } from "./cli-site.ts";
import { until } from "../harness/until.ts";

const site = createCliSite();
let url = "";

function controllerPid(): number {
  const text = readFileSync(join(site.state, "controller.json"), "utf8");
  return (JSON.parse(text) as { pid: number }).pid;
}

async function killController(): Promise<void> {
  process.kill(controllerPid(), "SIGKILL");
  await until("the controller to be gone", async () => (await site.run("status")).code === 1);
}

async function machines(): Promise<readonly string[]> {
  const { stdout } = await site.run("status", "--json");
  const { machines: seen } = JSON.parse(stdout) as SiteStatus;
  return seen.map(({ machine, state, address }) => `${machine} ${state} ${address}`);
}

describe("the command line in trouble", () => {
  before(async () => {
    await site.run("init");
    const up = await site.run("up");
    assert.equal(up.code, 0, up.stderr);
    url = up.stdout.trim();
  });
  after(() => site.dispose());

  it("without its controller the site serves, status says what to type, and up adopts what runs", async () => {
    const adopted = await machines();
    await killController();
    assert.equal((await fetchPage(url)).status, 200);
    const status = await site.run("status");
    assert.match(status.stderr, /No controller runs for this site/);
    assert.match(status.stderr, /still serving: the machines that run/);
    assert.match(status.stderr, /next: tidemill up/);
    const up = await site.run("up");
    assert.equal(up.code, 0, up.stderr);
    assert.equal(up.stdout.trim(), url);
    assert.deepEqual(await machines(), adopted);
  });

  it("a time-out ends with 6 and the deploy goes on", async () => {
    appendFileSync(join(site.directory, "server.js"), "// second\n");
    const early = await site.run("deploy", "--timeout", "1ms");
    assert.equal(early.code, 6, early.stderr);
    assert.match(early.stderr, /deploy 2 goes on in the controller/);
    const waited = await site.run("deploy", "--wait");
    assert.equal(waited.code, 0, waited.stderr);
    assert.match(waited.stdout, /^Nothing to deploy/);
  });

  it("Ctrl-C only stops watching", async () => {
    appendFileSync(join(site.directory, "server.js"), "// third\n");
    const watching = site.start("deploy");
    const ended = collect(watching);
    await until("the deploy to run", async () => {
      const { stdout } = await site.run("status", "--json");
      return (JSON.parse(stdout) as SiteStatus).deploy?.state === "running";
    });
    watching.kill("SIGINT");
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /Stopped watching; deploy 3 goes on/);
    const waited = await site.run("deploy", "--wait");
    assert.match(waited.stdout, /^Nothing to deploy/);
  });

  it("machines are drained, replaced and removed by hand, never below the minimum", async () => {
    const removed = await site.run("machine", "rm", "web-1");
    assert.equal(removed.code, 7, removed.stderr);
    assert.match(removed.stderr, /minimum/);
    const replaced = await site.run("machine", "replace", "web-1");
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.match((await machines()).join(), /web-2 serving/);
    assert.doesNotMatch((await machines()).join(), /web-1 /);
    assert.equal((await site.run("machine", "drain", "web-9")).code, 1);
    assert.equal((await site.run("machine", "paint", "web-2")).code, 2);
  });

  it("the doctor finds what the first step needs", async () => {
    const { code, stdout } = await site.run("doctor", "--json");
    assert.equal(code, 0, stdout);
    assert.match(stdout, /"subject":"HAProxy"/);
    assert.match(stdout, /"subject":"token","message":"mode 600"/);
  });

  it("down after a kill -9 of the controller starts one to clean up", async () => {
    await killController();
    const down = await site.run("down", "--yes");
    assert.equal(down.code, 0, down.stderr);
    assert.deepEqual(readdirSync(site.state).toSorted(), ["inventory", "logs"]);
    assert.deepEqual(processesUnder(site), []);
    const status = await site.run("status");
    assert.match(status.stderr, /This site is not up/);
  });
});

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { netnsObjection } from "../../src/adapters/netns/objection.ts";
import type { Drill } from "../../src/cli/client.ts";
import type { SiteStatus } from "../../src/core/status.ts";
import { until } from "../harness/until.ts";
import { collect, createCliSite } from "./cli-site.ts";
import type { CliSite } from "./cli-site.ts";

interface Ended {
  readonly code: number | null;
  readonly drill: Drill;
  readonly stderr: string;
}

/** A site on machines of the provider, with one web machine more than it must have. */
async function raise(provider: string): Promise<CliSite> {
  const site = createCliSite();
  const text = `site: shop\nprovider: ${provider}\nweb: { run: node server.js, machines: 1..3 }\n`;
  writeFileSync(join(site.directory, "tidemill.yaml"), text);
  const up = await site.run("up");
  assert.equal(up.code, 0, up.stderr);
  const scaled = await site.run("scale", "pin", "web=2");
  assert.equal(scaled.code, 0, scaled.stderr);
  return site;
}

async function drill(site: CliSite, ...words: readonly string[]): Promise<Ended> {
  const watched = words.includes("--for") ? [] : ["--for", "1500ms"];
  const ran = await site.run("drill", ...words, ...watched, "--rate", "50", "--yes", "--json");
  const said = JSON.parse(ran.stdout) as { readonly drill?: Drill };
  assert.ok(said.drill !== undefined, `${ran.stdout}${ran.stderr}`);
  return { code: ran.code, drill: said.drill, stderr: ran.stderr };
}

async function refusal(site: CliSite, ...words: readonly string[]): Promise<string> {
  const { code, stdout } = await site.run("drill", ...words, "--yes", "--json");
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  assert.equal(code, 7, stdout);
  assert.equal(error.code, "refused");
  return error.message;
}

async function statusOf(site: CliSite): Promise<SiteStatus> {
  return JSON.parse((await site.run("status", "--json")).stdout) as SiteStatus;
}

/** Every goal met, no GET lost, and as many machines as before. */
async function assertPassed(site: CliSite, { code, drill, stderr }: Ended): Promise<void> {
  const told = `${JSON.stringify(drill)}\n${stderr}`;
  assert.equal(drill.state, "passed", told);
  assert.equal(code, 0);
  assert.ok((drill.probes?.requests ?? 0) > 50, told);
  assert.ok(drill.capacityMs !== null && drill.capacityMs < 30_000, told);
  assert.deepEqual(drill.shortfalls, []);
  const { machines, problems } = await statusOf(site);
  assert.deepEqual(problems, []);
  assert.equal(machines.length, 3, told);
}

function describeDrills(provider: string, skip: string | false): void {
  describe(`drills on ${provider} machines`, { skip }, () => {
    let site: CliSite;
    before(async () => {
      site = await raise(provider);
    });
    after(() => site.dispose());

    it("machine: it is noticed and replaced, and no GET is lost", async () => {
      const ended = await drill(site, "machine");
      await assertPassed(site, ended);
      const { drill: it } = ended;
      assert.equal(it.machine, "web-1");
      assert.ok(it.detectedMs !== null && it.replacedMs !== null && it.capacityMs !== null);
      assert.ok(it.detectedMs <= it.replacedMs && it.replacedMs <= it.capacityMs);
      assert.ok(it.replacedMs > 0 && it.replacedMs < 10_000, it.sentence);
      assert.equal(it.probes?.failed, 0, it.sentence);
      assert.equal(it.balancer?.failed, 0, it.sentence);
      // The last moments are in it: whatever the probes got, the balancer has counted.
      assert.ok((it.balancer?.requests ?? 0) >= (it.probes?.requests ?? 0), it.sentence);
      const machines = (await statusOf(site)).machines.map(({ machine }) => machine);
      assert.deepEqual(machines, ["lb-1", "web-2", "web-3"]);
    });

    it("balancer: HAProxy is back in a moment, with all its servers", async () => {
      const ended = await drill(site, "balancer");
      await assertPassed(site, ended);
      const { drill: it } = ended;
      assert.equal(it.machine, "lb-1");
      assert.ok(it.replacedMs !== null && it.replacedMs < 5_000, it.sentence);
      assert.ok((it.probes?.outageMs ?? 0) < 3_000, it.sentence);
    });

    it("controller: the site goes on without it, and it is started again", async () => {
      const before = (await statusOf(site)).machines.map(({ machine }) => machine);
      const ended = await drill(site, "controller");
      await assertPassed(site, ended);
      assert.equal(ended.drill.successor, "starter");
      assert.match(ended.stderr, /the controller is gone: it is started, as `up` does/);
      assert.ok((ended.drill.replacedMs ?? 0) > 0, ended.drill.sentence);
      assert.equal(ended.drill.probes?.failed, 0, ended.drill.sentence);
      const after = (await statusOf(site)).machines.map(({ machine }) => machine);
      assert.deepEqual(after, before);
    });

    it("deploy: every server is replaced beside the old one, and none is lost", async () => {
      const before = (await statusOf(site)).machines.flatMap(({ endpoints }) => endpoints);
      const ended = await drill(site, "deploy");
      await assertPassed(site, ended);
      assert.equal(ended.drill.probes?.failed, 0, ended.drill.sentence);
      assert.equal(ended.drill.balancer?.failed, 0, ended.drill.sentence);
      const after = (await statusOf(site)).machines.flatMap(({ endpoints }) => endpoints);
      assert.equal(after.length, 2);
      assert.ok(
        after.every((endpoint) => !before.includes(endpoint)),
        `${before.join()} ${after.join()}`,
      );
      const plan = await site.run("plan", "--exit-code");
      assert.equal(plan.code, 0, "it is the same release as before");
    });

    if (provider === "netns") describeNetwork(() => site);
    else describeRefusals(() => site);

    it("are kept in the history, oldest first", async () => {
      const { stdout } = await site.run("drill", "history", "--json");
      const { drills } = JSON.parse(stdout) as { drills: readonly Drill[] };
      const kinds = drills.map(({ kind }) => kind);
      assert.deepEqual(kinds.slice(0, 4), ["machine", "balancer", "controller", "deploy"]);
      assert.ok(
        drills.every(({ state, finishedAt }) => state !== "running" && finishedAt !== null),
      );
      const shown = await site.run("drill", "history");
      assert.match(
        shown.stdout,
        /^DRILL +AT +KIND .*RESULT\n1 +\S+ \S+ +machine +web-1 .* passed\n/,
      );
      const events = await site.run("events", "-n", "500");
      assert.match(events.stdout, /drill +web-1 +drill 1 by \S+: the machine web-1 is killed/);
      assert.match(events.stdout, /drill +web-1 +drill 1 passed: /);
      const audit = await site.run("audit", "-n", "500");
      assert.match(audit.stdout, /POST \/v1\/drills +done/);
    });
  });
}

function describeNetwork(siteOf: () => CliSite): void {
  it("network: a machine that is cut off is taken out, and comes back alone", async () => {
    const ended = await drill(siteOf(), "network", "--for", "5s");
    await assertPassed(siteOf(), ended);
    const { drill: it } = ended;
    assert.ok(it.detectedMs !== null && it.detectedMs < 5_000, it.sentence);
    assert.ok(it.reconnectedMs !== null && it.reconnectedMs >= 5_000, it.sentence);
    assert.equal(it.probes?.failed, 0, it.sentence);
  });

  it("network: Ctrl-C connects the machine again at once", async () => {
    const site = siteOf();
    const namesOf = ({ machines }: SiteStatus): string => machines.map((m) => m.machine).join();
    const before = namesOf(await statusOf(site));
    const child = site.start("drill", "network", "--for", "50s", "--yes");
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = collect(child);
    await until("it is noticed", () => /noticed/.test(said), 20_000);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /Put back what the drill had changed/);
    const { stdout } = await site.run("drill", "history", "-n", "1", "--json");
    const [last] = (JSON.parse(stdout) as { drills: readonly Drill[] }).drills;
    assert.equal(last?.state, "stopped");
    assert.ok((last?.reconnectedMs ?? Infinity) < 30_000);
    await until(
      "all serves",
      async () => {
        const status = await statusOf(site);
        return status.roles.every((r) => r.serving === r.target);
      },
      30_000,
    );
    assert.equal(namesOf(await statusOf(site)), before, "the machine itself is back");
  });
}

function describeRefusals(siteOf: () => CliSite): void {
  it("network: refused where nothing can be cut off, naming the provider that can", async () => {
    assert.match(await refusal(siteOf(), "network"), /provider local .*provider netns can/);
  });

  it("do nothing when nobody can be asked, and say how to go on", async () => {
    const { code, stderr } = await siteOf().run("drill", "machine");
    assert.equal(code, 2);
    assert.match(stderr, /the machine web-\d is killed.*--yes/);
  });

  it("end with 1 when the goal is missed", async () => {
    const { code, drill: it } = await drill(siteOf(), "balancer", "--goal", "whole=1ms");
    assert.equal(code, 1);
    assert.equal(it.state, "missed");
    assert.match(it.shortfalls.join(), /whole again after .* where 1 ms are allowed/);
  });

  it("are refused when a role would fall below its minimum, while maintenance is on", async () => {
    const site = siteOf();
    assert.match(await refusal(site, "machine", "--role", "balancer"), /only balancer/);
    assert.equal((await site.run("scale", "pin", "web=1")).code, 0);
    assert.match(await refusal(site, "machine"), /web would serve with 0, its minimum is 1/);
    assert.equal((await site.run("maintenance", "on")).code, 0);
    assert.match(await refusal(site, "balancer"), /maintenance is on/);
    assert.equal((await site.run("maintenance", "off")).code, 0);
  });
}

describeDrills("local", false);
describeDrills("netns", netnsObjection() ?? false);

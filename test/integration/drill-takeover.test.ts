import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Drill } from "../../src/cli/client.ts";
import { createSharedSite } from "../harness/shared-site.ts";
import type { SharedSite } from "../harness/shared-site.ts";
import { until } from "../harness/until.ts";
import { collect } from "./cli-site.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
const siteFile = (port: number): string => `site: shop
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, machines: 2 }
`;

describe("drills where several controllers share a database", () => {
  let shared: SharedSite;
  before(async () => {
    shared = await createSharedSite(siteFile);
    await shared.startController();
    await shared.site.apply();
    await shared.site.until(
      ({ roles }) => roles.every((r) => r.serving === r.target && r.machines === r.target),
      "all serves",
    );
    await shared.startController();
  });
  after(() => shared.dispose());

  it("controller: another takes over, goes on with the drill, and no GET is lost", async () => {
    const former = shared.leader();
    assert.ok(former !== null);
    const goal = { failedMax: 0, detectedMs: null, replacedMs: null, capacityMs: null };
    const times = { cutMs: 1_000, limitMs: 60_000 };
    const wish = { kind: "controller", role: null, goal, ...times, startsController: false };
    const plan = () => shared.site.call<Drill>("POST", "/v1/drills/plan", wish);
    await until(
      "the leader knows of the standby",
      () =>
        plan().then(
          ({ successor }) => successor === "standby",
          () => false,
        ),
      15_000,
    );
    const words = [program, "drill", "controller", "--for", "1500ms", "--yes", "--json"];
    const options = { cwd: shared.site.directory, timeout: 60_000 };
    const { stdout, stderr } = await collect(spawn(process.execPath, words, options));
    const { drill } = JSON.parse(stdout) as { drill?: Drill };
    assert.ok(drill !== undefined, `${stdout}${stderr}`);
    assert.equal(drill.successor, "standby", stderr);
    assert.equal(drill.state, "passed", drill.sentence);
    assert.ok((drill.replacedMs ?? Infinity) <= 5_500, drill.sentence);
    assert.equal(drill.probes?.failed, 0, drill.sentence);
    assert.ok((drill.probes?.requests ?? 0) > 20, drill.sentence);
    assert.doesNotMatch(stderr, /it is started, as `up` does/);
    assert.ok(!former.isAlive());
    assert.notEqual(shared.leader()?.pid, former.pid);
  });
});

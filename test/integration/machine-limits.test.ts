import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createNetnsFaults } from "../../src/adapters/netns/faults.ts";
import { netnsObjection } from "../../src/adapters/netns/objection.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";
import { stateDirectory } from "../../src/ports/state-directory.ts";
import { cgroupFigures } from "../harness/cgroup-figures.ts";
import { processesOf } from "../harness/processes.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";
import { until } from "../harness/until.ts";

/** Asked for /grow, it takes memory without end. */
const application = `
const { createServer } = require("node:http");
const all = [];
createServer((request, response) => {
  if (request.url === "/grow") for (;;) all.push(Buffer.alloc(1 << 20, 1));
  response.end("ok");
}).listen(process.env.PORT, process.env.HOST);
`;
const memoryBytesMax = 192 * 2 ** 20;

describe("what a role's machines may use", { skip: netnsObjection() ?? false }, () => {
  let site: TestSite;
  let siteId = "";

  before(async () => {
    site = await createTestSite((port) => `site: shop\nweb: { run: "true" }\n# ${port}`);
    writeSite("cpu: 0.5, memory: 192MiB");
    site.writeApplication("v1", application);
    await site.startController();
    await site.apply();
    await allServe();
    const home = readFileSync(stateDirectory(site.state).machineHome, "utf8");
    siteId = (JSON.parse(home) as { siteId: string }).siteId;
  });
  after(() => site.dispose());

  function writeSite(resources: string): void {
    const web = `{ run: node server.js, source: code, check: /up, resources: { ${resources} } }`;
    const text = `site: shop\nprovider: netns\nbalancer: { bind: "127.0.0.1:${site.port}" }\nweb: ${web}\n`;
    writeFileSync(join(site.directory, "tidemill.yaml"), text);
  }

  function allServe(): Promise<unknown> {
    return site.until(
      ({ roles }) => roles.every((role) => role.serving === role.target && role.serving > 0),
      "the site is up",
    );
  }

  function limits(machine = "web-1"): {
    readonly cpuMax: unknown;
    readonly memoryBytesMax: unknown;
  } {
    const { cpuMax, memoryBytesMax } = cgroupFigures(siteId, machine);
    return { cpuMax, memoryBytesMax };
  }

  function agentPid(): number | undefined {
    const agents = processesOf(site).filter(({ command }) => command.includes("mjs agent"));
    return agents.find(({ machine }) => machine === "web-1")?.pid;
  }

  it("is what the site file says, from the start", async () => {
    assert.deepEqual(limits(), { cpuMax: 0.5, memoryBytesMax });
    assert.deepEqual(limits("lb-1"), { cpuMax: null, memoryBytesMax: null });
  });

  it("ends the process that grows beyond it; the machine and its agent stay", async () => {
    const agent = agentPid();
    assert.ok(agent !== undefined);
    const { machines } = await site.status();
    const host = machines.find(({ role }) => role === "balancer")?.address ?? "";
    const headers = { host: "shop.localhost" };
    // Where both are small, the order in which they go must not be left to their size.
    const server = processesOf(site).find(({ command }) => command.endsWith("server.js "));
    const goesBefore = (pid = 0) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"));
    assert.ok(goesBefore(server?.pid) > goesBefore(agent));
    get({ host, port: site.port, path: "/grow", headers }).on("error", () => undefined);
    await until("the kernel ends it", () => cgroupFigures(siteId, "web-1").ended > 0, 20_000);
    await allServe();
    assert.equal(agentPid(), agent);
  });

  it("changes for machines that run, and is told", async () => {
    writeSite("cpu: 0.75, memory: 256MiB");
    await site.apply({ keepReleases: true });
    const wanted = { cpuMax: 0.75, memoryBytesMax: 2 ** 28 };
    await until("it is set", () => JSON.stringify(limits()) === JSON.stringify(wanted));
    type Events = {
      readonly events: readonly { readonly kind: string; readonly reason: string }[];
    };
    const told = async (): Promise<readonly string[]> => {
      const { events } = await site.call<Events>("GET", "/v1/events");
      return events.flatMap(({ kind, reason }) => (kind === "limits" ? [reason] : []));
    };
    await until("it is told", async () => (await told()).length > 0);
    assert.deepEqual(await told(), [
      "it may use 0.75 cores and 256 MiB of memory from now on, as the site file says",
    ]);
  });

  it("is set right by the next controller", async () => {
    process.kill(site.controllerPid(), "SIGKILL");
    await until("the controller is gone", () => !site.isControllerAlive());
    const faults = createNetnsFaults({ siteId, processes: createProcessTable() });
    await faults.slow("web-1", 0.1);
    assert.equal(limits().cpuMax, 0.1);
    await site.startController();
    await until("it is set", () => limits().cpuMax === 0.75);
  });
});

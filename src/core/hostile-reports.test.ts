import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aRole, aSite } from "../../test/sim/site.ts";
import { beginDeploy, commit, createWorld, observe, settle } from "../../test/sim/world.ts";
import type { World } from "../../test/sim/world.ts";
import { applyChanges } from "./changes.ts";
import type { Change, InventoryState } from "./inventory.ts";
import type { Observed } from "./observed.ts";
import { plan } from "./plan.ts";
import { agentMessage } from "./received/agent-message.ts";
import { isMisfit } from "./received/shape.ts";
import type { AgentReport, ProcessReport } from "./report.ts";
import { siteStatus } from "./status.ts";
import { documentsFor } from "./traffic/documents.ts";

const liar = "web-2";

/** Three machines that serve, each at an address of its own. */
function aRunningWorld(): World {
  const world = createWorld(aSite([aRole("web", { machines: { min: 3, max: 6 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  const [...machines] = world.inventory.machines.values();
  const addresses = new Map(machines.map(({ name }, at) => [name, `127.9.0.${at + 1}`]));
  const addressOf = (machine: string): string => addresses.get(machine) ?? "";
  commit(world, [
    ...machines.map((machine): Change => {
      return { kind: "machine", machine: { ...machine, address: addressOf(machine.name) } };
    }),
    ...[...world.inventory.servers.values()].map((server): Change => {
      return { kind: "server", server: { ...server, address: addressOf(server.machine) } };
    }),
  ]);
  // Long enough for a server to move: it joined a moment ago.
  world.now += 10_000;
  return world;
}

/** What is seen when everybody else tells the truth. */
function seenWith(world: World, lie: AgentReport): Observed {
  const seen = observe(world);
  const { machines } = world.inventory;
  const addressOf = (machine: string) => machines.get(machine)?.address ?? "";
  const agents = new Map(
    [...seen.agents].map(([name, agent]) => {
      const honest = agent.report?.processes ?? [];
      const processes = honest.map((process) => ({ ...process, address: addressOf(name) }));
      const told = agent.report === null ? null : { ...agent.report, processes };
      return [name, { ...agent, report: name === liar ? { ...lie, machine: liar } : told }];
    }),
  );
  const provided = [...machines.keys()].map(
    (name) => [name, { name, address: addressOf(name), condition: "running" }] as const,
  );
  return { ...seen, agents, provider: { at: world.now, machines: new Map(provided) } };
}

/** Everything that machines other than the liar should be: their documents, and where visitors are sent. */
function others(state: InventoryState): unknown {
  const machines = [...state.machines.values()].filter(({ name }) => name !== liar);
  return documentsFor(state, machines, (sealed) => sealed).map((document) => ({
    ...document,
    balancer: document.balancer && {
      ...document.balancer,
      pools: document.balancer.pools.map((pool) => ({
        ...pool,
        servers: pool.servers.filter(({ name }) => !name.startsWith(`${liar}.`)),
      })),
    },
  }));
}

function sentByLiar(state: InventoryState): readonly string[] {
  return documentsFor(state, [...state.machines.values()], (sealed) => sealed)
    .flatMap(({ balancer }) => balancer?.pools ?? [])
    .flatMap(({ servers }) => servers)
    .filter(({ name }) => name.startsWith(`${liar}.`))
    .map(({ address }) => address);
}

const world = aRunningWorld();
const ids = [...world.inventory.servers.keys()];
const addresses = [...world.inventory.machines.values()].map(({ address }) => address ?? "");
const ports = [...world.inventory.servers.values()].map(({ port }) => port ?? 1);

const process: fc.Arbitrary<ProcessReport> = fc.record({
  id: fc.oneof(fc.constantFrom(...ids), fc.nat()),
  state: fc.constantFrom(
    ...(["preparing", "starting", "healthy", "unhealthy", "waiting", "unmonitored"] as const),
  ),
  since: fc.oneof(fc.nat(), fc.constant(8_640_000_000_000_000)),
  pid: fc.constantFrom(1, null),
  address: fc.oneof(fc.constantFrom(...addresses, null), fc.string(), fc.ipV4()),
  port: fc.oneof(fc.constantFrom(...ports, null), fc.integer({ min: 1, max: 65_535 })),
  cpu: fc.double({ min: 0, max: 1e15, noNaN: true }),
  memoryBytes: fc.nat(),
  restarts: fc.nat(),
  restartWanted: fc.option(fc.string()),
  problem: fc.option(fc.string()),
  lastLines: fc.array(fc.string(), { maxLength: 3 }),
});

const balancer = fc.record({
  engine: fc.string(),
  pid: fc.constant(1),
  isServing: fc.boolean(),
  generation: fc.nat(),
  reloads: fc.nat(),
  drift: fc.constant([]),
  problem: fc.option(fc.string()),
  totals: fc.record({ epoch: fc.string(), requests: fc.nat(), failed: fc.nat() }),
  pools: fc.constant([]),
  servers: fc.array(
    fc.record({
      id: fc.constantFrom(...ids),
      pool: fc.constant("web"),
      state: fc.constantFrom("down" as const, "drained" as const, "up" as const),
      inFlight: fc.nat(),
      queue: fc.nat(),
      requestsPerSecond: fc.nat(),
      requests: fc.nat(),
      responses4xx: fc.nat(),
      responses5xx: fc.nat(),
      latency: fc.constant(null),
    }),
  ),
});

const lie: fc.Arbitrary<AgentReport> = fc.record({
  machine: fc.constantFrom(...world.inventory.machines.keys()),
  bootId: fc.string(),
  at: fc.nat(),
  generation: fc.nat(),
  cpu: fc.nat(),
  memoryBytes: fc.nat(),
  processes: fc.array(process, { maxLength: 5 }),
  tasks: fc.constant([]),
  balancer: fc.option(balancer),
});

describe("an agent that lies", () => {
  it("changes nothing of other machines, and sends no visitor to them or elsewhere", () => {
    fc.assert(
      fc.property(lie, (report) => {
        const read = agentMessage({ kind: "report", report });
        assert.ok(!isMisfit(read) && read.kind === "report", "it is well-formed");
        const observed = seenWith(world, read.report);
        const { actions } = plan(observed, world.now);
        const after = applyChanges(
          world.inventory,
          actions.flatMap(({ changes }) => changes),
        );
        assert.deepEqual(others(after), others(world.inventory));
        const own = world.inventory.machines.get(liar)?.address;
        assert.deepEqual(new Set([...sentByLiar(after), own]), new Set([own]));
        for (const { effect } of actions) assert.equal(effect, null);
        // What it said can be shown to people.
        assert.doesNotThrow(() => JSON.stringify(siteStatus(observed, [], world.now)));
      }),
      { numRuns: 300 },
    );
  });

  it("cannot have visitors sent to another machine's address", () => {
    const own = [...world.inventory.servers.values()].find(({ machine }) => machine === liar);
    assert.ok(own !== undefined && own.port !== null);
    const honest = observe(world).agents.get(liar)?.report;
    const [first] = honest?.processes ?? [];
    assert.ok(honest && first);
    const withPlace = (address: string, port: number | null) => {
      const processes = [{ ...first, address, port }];
      return plan(seenWith(world, { ...honest, processes }), world.now);
    };
    const { address } = world.inventory.machines.get(liar) ?? {};
    assert.deepEqual(withPlace(address ?? "", own.port).actions, []);
    assert.equal(withPlace(address ?? "", own.port + 1).actions[0]?.kind, "join");
    for (const foreign of [...addresses.filter((it) => it !== address), "10.0.0.1; shutdown"]) {
      const { actions, holds } = withPlace(foreign, own.port + 1);
      assert.deepEqual(actions, []);
      assert.match(holds.at(-1)?.reason ?? "", /reports an address that is not web-2's/);
    }
    assert.match(withPlace(address ?? "", null).holds.at(-1)?.reason ?? "", /reports no port/);
  });
});

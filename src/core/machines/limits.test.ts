import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { commit, createWorld, observe, settle } from "../../../test/sim/world.ts";
import type { MachineLimits, ProviderName } from "../desired.ts";
import type { MachineState } from "../inventory.ts";
import type { LimitsObservation } from "../observed.ts";
import { plan } from "../plan.ts";

const half: MachineLimits = { cpuMax: 0.5, memoryBytesMax: null };
const none: MachineLimits = { cpuMax: null, memoryBytesMax: null };

interface Case {
  readonly last?: Pick<LimitsObservation, "limits" | "state">;
  /** Whether it was elsewhere when it was told. */
  readonly hasMoved?: boolean;
  readonly lastMsAgo?: number;
  readonly state?: MachineState;
  readonly provider?: ProviderName;
}

/** What web-1, which may use half a core, is told when it was told `last` before. */
function told(wish: Case) {
  const { last, lastMsAgo = 0, state = "running", provider = "netns", hasMoved = false } = wish;
  const site = aSite([aRole("web", { machines: { min: 1, max: 1 }, limits: half })]);
  const world = createWorld(site);
  settle(world);
  const { settings } = world.inventory;
  commit(world, [{ kind: "settings", settings: { ...settings, site: { ...site, provider } } }]);
  const machine = world.inventory.machines.get("web-1");
  assert.ok(machine);
  commit(world, [{ kind: "machine", machine: { ...machine, state } }]);
  const at = world.now - lastMsAgo;
  const address = hasMoved ? "10.9.9.9" : machine.address;
  const seen = last === undefined ? [] : [{ ...last, address, at, message: null }];
  const limits = new Map(seen.map((observation) => ["web-1", observation]));
  const observed = { ...observe(world), limits };
  // The provider would show that it is there.
  const isUnseen = state === "launching";
  const { actions } = plan({ ...observed, ...(isUnseen ? { provider: null } : {}) }, world.now);
  return actions.flatMap(({ kind, subject, reason, effect, isRepeat = false }) =>
    kind === "limits" && effect?.kind === "limits" && subject === "web-1"
      ? [{ reason, limits: effect.limits, isRepeat }]
      : [],
  );
}

const limits = half;
const reason = "it may use 0.5 cores and all memory from now on, as the site file says";

describe("the limits of machines that run", () => {
  it("are told again to a machine that is elsewhere: it may have been made anew", () => {
    const last = { limits: half, state: "given" } as const;
    assert.deepEqual(told({ last, hasMoved: true }), [{ reason, limits, isRepeat: true }]);
  });

  it("are told once by each controller, which is no news", () => {
    assert.deepEqual(told({}), [{ reason, limits, isRepeat: true }]);
    assert.deepEqual(told({ last: { limits: half, state: "given" } }), []);
  });

  it("are told again when they change, which is news, one word at a time", () => {
    const given = { limits: none, state: "given" } as const;
    assert.deepEqual(told({ last: given }), [{ reason, limits, isRepeat: false }]);
    assert.deepEqual(told({ last: { ...given, state: "under-way" } }), []);
    const memory = { ...half, memoryBytesMax: 2 ** 28 };
    assert.equal(told({ last: { limits: memory, state: "given" } }).length, 1);
  });

  it("are asked for once a second until they are given", () => {
    const last = { limits: half, state: "refused" } as const;
    assert.deepEqual(told({ last, lastMsAgo: 900 }), []);
    assert.deepEqual(told({ last, lastMsAgo: 1_000 }), [{ reason, limits, isRepeat: true }]);
    const other = { limits: none, state: "refused" } as const;
    assert.deepEqual(told({ last: other }), [{ reason, limits, isRepeat: false }]);
  });

  it("are told to a launched machine when it is there, and to none that is given back", () => {
    assert.deepEqual(told({ state: "launching" }), []);
    assert.deepEqual(told({ state: "terminating" }), []);
    assert.equal(told({ state: "draining" }).length, 1);
  });

  it("are no matter on loopback", () => {
    assert.deepEqual(told({ provider: "local" }), []);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MachineLimits } from "../core/desired.ts";
import { Failure } from "../ports/failure.ts";
import type { Provider } from "../ports/provider.ts";
import { createEffects } from "./effects.ts";
import { endlessTenure } from "./tenure.ts";

const half: MachineLimits = { cpuMax: 0.5, memoryBytesMax: null };

/** Effects on a provider whose calls end as the test says. */
function open() {
  const calls: string[] = [];
  const ends: string[] = [];
  const world = { refusal: "" };
  const provider: Provider = {
    launch: async ({ name }) => ({ name, address: "10.0.0.1", condition: "running" }),
    async limit(name, { cpuMax }) {
      calls.push(`${name} ${cpuMax}`);
      if (world.refusal !== "") throw new Failure("rejected", world.refusal);
    },
    terminate: () => new Promise(() => undefined),
    list: async () => [],
  };
  const never = new AbortController().signal;
  const effects = createEffects({
    provider,
    releases: {
      put: async () => undefined,
      has: async () => true,
      open: () => Promise.reject(new Failure("not_found", "no archive here")),
      list: async () => [],
      remove: async () => undefined,
    },
    clock: { now: () => 7, sleep: async () => undefined, deadline: () => never },
    watch: {
      refresh: () => undefined,
      listing: () => null,
      add: () => undefined,
      remove: () => undefined,
    },
    tenure: endlessTenure,
    orderFor: ({ machine: name, role, number }) => ({
      name,
      role,
      number,
      limits: half,
      token: "",
      controllerUrl: "",
      authority: "",
    }),
    onEnd: (subject, failure) => void ends.push(`${subject}: ${failure?.message ?? "done"}`),
  });
  return { effects, calls, ends, world };
}

describe("limits as an effect", () => {
  const wish = { kind: "limits", machine: "web-1", address: null, limits: half } as const;

  it("are under way, then given, and no trouble of the machine", async () => {
    const { effects, calls, ends } = open();
    effects.start(wish);
    effects.start(wish);
    assert.equal(effects.limits().get("web-1")?.state, "under-way");
    await effects.settled();
    assert.deepEqual(effects.limits().get("web-1"), {
      address: null,
      limits: half,
      state: "given",
      at: 7,
      message: null,
    });
    assert.deepEqual([calls, ends], [["web-1 0.5"], ["web-1: done"]]);
    assert.equal(effects.observe().size, 0);
  });

  it("that are refused say why, and keep nothing else about the machine waiting", async () => {
    const { effects, ends, world } = open();
    world.refusal = "busy";
    effects.start(wish);
    await effects.settled();
    const last = effects.limits().get("web-1");
    assert.deepEqual([last?.state, last?.message], ["refused", "busy"]);
    assert.deepEqual(ends, ["web-1: busy"]);
    assert.equal(effects.observe().size, 0);
    effects.start({ kind: "terminate", machine: "web-1" });
    assert.equal(effects.observe().get("web-1")?.state, "under-way");
  });

  it("are unknown again after a launch: the machine may have been made anew", async () => {
    const { effects } = open();
    effects.start(wish);
    await effects.settled();
    effects.start({ kind: "launch", machine: "web-1", role: "web", number: 1 });
    await effects.settled();
    assert.equal(effects.limits().size, 0);
  });
});

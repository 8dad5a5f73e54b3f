import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { MachineLimits, Site } from "../core/desired.ts";
import type { MachineRecord, SiteEvent } from "../core/inventory.ts";
import { Failure } from "../ports/failure.ts";
import { readSiteFile } from "../site/site-file.ts";
import { keepLimits } from "./limits-keeper.ts";
import type { KeepLimitsParts } from "./limits-keeper.ts";

const half = { cpuMax: 0.5, memoryBytesMax: null };
const none = { cpuMax: null, memoryBytesMax: null };

function siteOf(provider: string, resources: string): Site {
  const text = `site: shop\nprovider: ${provider}\nweb: { run: a, resources: {${resources}} }\n`;
  const reading = readSiteFile([{ path: "tidemill.yaml", text }]);
  assert.ok(reading.kind === "site");
  return reading.site;
}

/** A site of one web machine, which is told what it may use. */
function open(state: MachineRecord["state"] = "running") {
  const calls: MachineLimits[] = [];
  const events: SiteEvent[] = [];
  let listener = (): void => undefined;
  const world = { site: siteOf("netns", "cpu: 0.5"), state, refusal: "" };
  const stop = new AbortController();
  const parts: KeepLimitsParts = {
    controller: { onTick: (hear) => ((listener = hear), () => undefined) },
    inventory: {
      state: () => {
        const machine = { name: "web-1", role: "web", state: world.state } as MachineRecord;
        return {
          settings: { site: world.site },
          machines: new Map([["web-1", machine]]),
        } as unknown as ReturnType<KeepLimitsParts["inventory"]["state"]>;
      },
      commit: async (_changes, news) => void events.push(...(news ?? [])),
    },
    provider: {
      async limit(_name, limits) {
        calls.push(limits);
        if (world.refusal !== "") throw new Failure("rejected", world.refusal);
      },
    },
    clock: { now: () => 0 },
  };
  keepLimits(parts, stop.signal);
  const tick = async (): Promise<void> => {
    listener();
    await setImmediate();
  };
  return { world, calls, events, tick, stop };
}

describe("the limits of machines that run", () => {
  it("are told once by each controller, and again when they change", async () => {
    const { world, calls, events, tick } = open();
    for (let round = 0; round < 3; round += 1) await tick();
    assert.deepEqual([calls, events], [[half], []]);
    world.site = siteOf("netns", "");
    for (let round = 0; round < 3; round += 1) await tick();
    assert.deepEqual(calls, [half, none]);
    assert.deepEqual(
      events.map(({ kind, subject }) => `${kind} ${subject}`),
      ["limits web-1"],
    );
  });

  it("are told to a launched machine when it is there, whatever it was launched with", async () => {
    const { world, calls, tick } = open("launching");
    await tick();
    assert.deepEqual(calls, []);
    world.state = "running";
    await tick();
    assert.deepEqual(calls, [half]);
  });

  it("are asked for until they are given, and the refusal is on record once", async () => {
    const { world, calls, events, tick } = open();
    world.refusal = "Cannot set the control group: busy";
    for (let round = 0; round < 3; round += 1) await tick();
    assert.equal(calls.length, 3);
    world.refusal = "";
    for (let round = 0; round < 3; round += 1) await tick();
    assert.equal(calls.length, 4);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["failure", "limits"],
    );
  });

  it("are no matter on loopback, nor to a controller that ends", async () => {
    const { world, calls, tick, stop } = open();
    world.site = siteOf("local", "");
    await tick();
    world.site = siteOf("netns", "cpu: 0.5");
    stop.abort();
    await tick();
    assert.deepEqual(calls, []);
  });
});

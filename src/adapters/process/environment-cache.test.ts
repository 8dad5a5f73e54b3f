import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEnvironmentCache } from "./environment-cache.ts";

function rig() {
  let now = 0;
  let reads = 0;
  const environment = new Map([["A", "1"]]);
  const read = (): ReadonlyMap<string, string> => {
    reads += 1;
    return new Map(environment);
  };
  const cache = createEnvironmentCache(read, () => now);
  const entry = {
    pid: 7,
    parent: 1,
    group: 7,
    session: 7,
    startTicks: 100,
    cpuSeconds: 0,
    memoryBytes: 0,
  };
  return {
    cache,
    entry,
    environment,
    reads: () => reads,
    pass: (ms: number) => void (now += ms),
  };
}

describe("createEnvironmentCache", () => {
  it("reads a young process each time, because it may still replace its program", () => {
    const { cache, entry, environment, pass } = rig();
    cache.see([entry]);
    assert.equal(cache.get(7).get("A"), "1");
    pass(1_000);
    environment.set("A", "2");
    assert.equal(cache.get(7).get("A"), "2");
  });

  it("remembers a settled one, and looks again now and then", () => {
    const { cache, entry, reads, pass } = rig();
    cache.see([entry]);
    cache.get(7);
    pass(2_000);
    cache.get(7);
    pass(1_000);
    cache.get(7);
    assert.equal(reads(), 2);
    pass(30_000);
    cache.get(7);
    assert.equal(reads(), 3);
  });

  it("knows a reused pid by its start", () => {
    const { cache, entry, environment, pass } = rig();
    cache.see([entry]);
    cache.get(7);
    pass(2_000);
    cache.get(7);
    environment.set("A", "another's");
    cache.see([{ ...entry, startTicks: 500 }]);
    assert.equal(cache.get(7).get("A"), "another's");
  });
});

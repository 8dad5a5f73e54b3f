import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProvidedMachine } from "../core/observed.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Provider } from "../ports/provider.ts";
import { createWatch } from "./provider-watch.ts";

const web1: ProvidedMachine = { name: "web-1", address: "127.0.0.2", condition: "running" };

/** A provider whose listings end when the test says so. */
function rig() {
  let now = 1000;
  let answer: (machines: readonly ProvidedMachine[] | Failure) => void = () => undefined;
  const clock: Clock = {
    now: () => now,
    sleep: () => Promise.resolve(),
    deadline: () => new AbortController().signal,
  };
  const provider: Provider = {
    launch: () => Promise.resolve(web1),
    limit: () => Promise.resolve(),
    terminate: () => Promise.resolve(),
    list: () =>
      new Promise((resolve, reject) => {
        answer = (told) => (told instanceof Failure ? reject(told) : resolve(told));
      }),
  };
  const news: (Failure | null)[] = [];
  const watch = createWatch(provider, clock, (failure) => news.push(failure));
  return {
    watch,
    news,
    pass: (ms: number) => (now += ms),
    answer: async (told: readonly ProvidedMachine[] | Failure): Promise<void> => {
      answer(told);
      await new Promise((resolve) => setImmediate(resolve));
    },
    names: () => [...(watch.listing()?.machines.keys() ?? [])],
  };
}

describe("createWatch", () => {
  it("knows nothing before the first answer, and keeps the last one over a failure", async () => {
    const { watch, news, pass, answer, names } = rig();
    assert.equal(watch.listing(), null);
    watch.refresh("busy");
    await answer([web1]);
    assert.deepEqual(names(), ["web-1"]);
    pass(200);
    watch.refresh("busy");
    await answer(new Failure("unavailable", "no answer"));
    assert.deepEqual(names(), ["web-1"]);
    assert.equal(news.at(-1)?.code, "unavailable");
  });

  it("does not believe a listing that began before our own call had ended", async () => {
    const { watch, pass, answer, names } = rig();
    watch.refresh("busy");
    await answer([web1]);
    pass(200);
    watch.refresh("busy");
    pass(50);
    watch.remove("web-1");
    assert.deepEqual(names(), []);
    await answer([web1]);
    assert.deepEqual(names(), [], "the old listing brought it back");
    pass(200);
    watch.refresh("busy");
    await answer([web1]);
    assert.deepEqual(names(), ["web-1"], "a listing begun later counts");
  });

  it("shows a launched machine at once", async () => {
    const { watch, answer, names } = rig();
    watch.refresh("busy");
    await answer([]);
    watch.add(web1);
    assert.deepEqual(names(), ["web-1"]);
  });
});

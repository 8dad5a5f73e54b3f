import { until } from "../harness/until.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LaunchOrder, Provider } from "../../src/ports/provider.ts";

/** A provider to be tested, and what lies beyond it. */
export interface OpenProvider {
  readonly provider: Provider;
  /** Ends the machine's agent at once, as a crash would. */
  killAgent(name: string): Promise<void>;
  /** Starts something on the machine that its agent's end does not end. */
  startProcess(name: string): Promise<void>;
  /** Living processes of the machine, agent included. */
  countProcesses(name: string): Promise<number>;
  close(): Promise<void>;
}

/** What every provider must do; each action is done twice. */
export function describeProvider(
  title: string,
  open: () => Promise<OpenProvider>,
  skip: string | false = false,
): void {
  describe(title, { skip }, () => {
    let opened: OpenProvider;
    before(async () => void (opened = await open()));
    after(() => opened.close());
    const signal = AbortSignal.timeout(120_000);
    const order = (name: string, number: number): LaunchOrder => ({
      name,
      role: "web",
      number,
      limits: { cpuMax: null, memoryBytesMax: null },
      token: `token-${name}`,
      controllerUrl: "wss://127.0.0.1:9/v1/agent",
      authority: "none",
    });
    const find = async (name: string) =>
      (await opened.provider.list(signal)).find((it) => it.name === name);
    const condition = async (name: string) => (await find(name))?.condition;

    it("makes a machine once, however often it is asked", async () => {
      const first = await opened.provider.launch(order("web-1", 1), signal);
      const second = await opened.provider.launch(order("web-1", 1), signal);
      assert.equal(first.condition, "running");
      assert.deepEqual(second, first);
      assert.deepEqual(await opened.provider.list(signal), [first]);
      assert.equal(await opened.countProcesses("web-1"), 1);
    });

    it("gives a machine that runs other limits, twice, and none that is not there", async () => {
      const before = await opened.provider.list(signal);
      const limits = { cpuMax: 1, memoryBytesMax: 2 ** 30 };
      for (const name of ["web-1", "web-1", "nobody-1"]) {
        await opened.provider.limit(name, limits, signal);
      }
      assert.deepEqual(await opened.provider.list(signal), before);
    });

    it("makes one machine of two launches at the same time, and two of two names", async () => {
      const orders = [2, 2, 2, 2, 2, 3, 4].map((number) => order(`web-${number}`, number));
      await Promise.all(orders.map((it) => opened.provider.launch(it, signal)));
      const machines = await opened.provider.list(signal);
      assert.deepEqual(
        machines.map((it) => it.name),
        ["web-1", "web-2", "web-3", "web-4"],
      );
      assert.equal(await opened.countProcesses("web-2"), 1);
      if (process.platform !== "linux") return;
      assert.equal(new Set(machines.map((it) => it.address)).size, 4, "an address for each");
    });

    it("tells a machine without its agent, and starts the agent again in its place", async () => {
      const former = await find("web-2");
      await opened.startProcess("web-2");
      await opened.killAgent("web-2");
      await until("it has come true", async () => (await condition("web-2")) === "agentless");
      await opened.provider.launch(order("web-2", 2), signal);
      assert.deepEqual(await find("web-2"), former);
      assert.equal(await opened.countProcesses("web-2"), 2);
    });

    it("tells a machine of which only remains are left, and can make it again", async () => {
      await opened.killAgent("web-3");
      await until("it has come true", async () => (await condition("web-3")) === "gone");
      await opened.provider.launch(order("web-3", 3), signal);
      assert.equal(await condition("web-3"), "running");
    });

    it("ends everything on a machine it gives back, twice without an error, and only there", async () => {
      await opened.provider.terminate("web-2", signal);
      assert.equal(await opened.countProcesses("web-2"), 0);
      assert.equal(await find("web-2"), undefined);
      await opened.provider.terminate("web-2", signal);
      await opened.provider.terminate("web-99", signal);
      const names = (await opened.provider.list(signal)).map((it) => it.name);
      assert.deepEqual(names, ["web-1", "web-3", "web-4"]);
      assert.equal(await opened.countProcesses("web-1"), 1);
    });

    it("ends what is left of a machine whose agent is dead", async () => {
      await opened.startProcess("web-4");
      await opened.killAgent("web-4");
      await opened.provider.terminate("web-4", signal);
      assert.equal(await opened.countProcesses("web-4"), 0);
      assert.equal(await find("web-4"), undefined);
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Failure } from "../../src/ports/failure.ts";
import type {
  ProcessExit,
  ProcessHost,
  ProcessOrder,
  RunningProcess,
} from "../../src/ports/process-host.ts";
import { until } from "../harness/until.ts";

/** A host whose processes may be real ones or not. */
export interface ProcessStage {
  readonly host: ProcessHost;
  /** What an agent that was started again has. */
  reopen(): ProcessHost;
  /** `stays` until it is ended; `ends` soon, with code 0. */
  order(kind: "stays" | "ends"): ProcessOrder;
  close(): Promise<void>;
}

/** What every process host does with processes, whatever they are; each action is done twice. */
export function describeProcessLife(title: string, open: () => Promise<ProcessStage>): void {
  describe(`${title}: the life of a process`, () => {
    let stage: ProcessStage;
    let exits: (ProcessExit & { readonly pid: number })[] = [];
    before(async () => {
      stage = await open();
      stage.host.onExit(({ pid }, exit) => exits.push({ pid, ...exit }));
    });
    after(() => stage.close());

    const isLeader = async (host: ProcessHost, { pid }: RunningProcess): Promise<boolean> =>
      (await host.leaders()).some((leader) => leader.pid === pid);
    const start = async (kind: "stays" | "ends"): Promise<RunningProcess> => {
      const running = await stage.host.start(stage.order(kind));
      // The marker is there once the shell has begun.
      if (kind === "stays") await until("it runs", () => isLeader(stage.host, running));
      return running;
    };
    const untilGone = (running: RunningProcess): Promise<unknown> =>
      until("it is gone", async () => !(await stage.host.isAlive(running)));
    const exitsOf = ({ pid }: RunningProcess) => exits.filter((exit) => exit.pid === pid);

    it("knows its process again by pid and start, and no other", async () => {
      const running = await start("stays");
      const other = { ...running, startTicks: 1 };
      assert.deepEqual(await stage.host.adopt(running), running);
      assert.equal(await stage.host.isAlive(running), true);
      assert.equal(await stage.host.adopt(other), null);
      assert.equal(await stage.host.isAlive(other), false);
      await stage.host.signal(other, "SIGKILL");
      assert.equal(await stage.host.isAlive(running), true, "another one was meant");
      await stage.host.signal(running, "SIGKILL");
      await untilGone(running);
      assert.equal(await stage.host.adopt(running), null);
      await stage.host.signal(running, "SIGKILL");
    });

    it("tells how a process ended, once", async () => {
      exits = [];
      const [ended, killed] = [await start("ends"), await start("stays")];
      await stage.host.signal(killed, "SIGTERM");
      await until("both are told", () => exitsOf(ended).length + exitsOf(killed).length >= 2);
      await stage.host.signal(killed, "SIGTERM");
      assert.deepEqual(exitsOf(ended), [{ pid: ended.pid, code: 0, signal: null }]);
      assert.deepEqual(exitsOf(killed), [{ pid: killed.pid, code: null, signal: "SIGTERM" }]);
    });

    it("lists what runs with its environment, and what remains of it", async () => {
      const running = await start("stays");
      const leader = (await stage.host.leaders()).find(({ pid }) => pid === running.pid);
      assert.equal(leader?.env.get("COLOR"), "blue");
      assert.equal(leader.startTicks, running.startTicks);
      assert.equal(await stage.host.hasRemains(running), true);
      assert.ok((await stage.host.usage(running)).memoryBytes > 0);
      await stage.host.signal(running, "SIGKILL");
      await until("nothing remains", async () => !(await stage.host.hasRemains(running)));
      assert.equal(await isLeader(stage.host, running), false);
    });

    it("finds what a former agent began, and ends it without being told so", async () => {
      const running = await start("stays");
      const next = stage.reopen();
      const told: RunningProcess[] = [];
      next.onExit((process) => told.push(process));
      assert.deepEqual(await next.adopt(running), running);
      assert.equal(await isLeader(next, running), true);
      await next.signal(running, "SIGTERM");
      await until("it is gone", async () => !(await next.isAlive(running)));
      const own = await next.start(stage.order("ends"));
      await until("its own is told", () => told.length > 0);
      assert.deepEqual(told, [own]);
    });

    it("gives the preferred port, and never a promised one", async () => {
      const { host } = stage;
      const address = "127.0.0.1";
      const first = await host.freePort(address, { preferred: null, promised: [] });
      assert.equal(await host.freePort(address, { preferred: null, promised: [] }), first);
      assert.equal(await host.freePort(address, { preferred: first + 1, promised: [] }), first + 1);
      const wish = { preferred: first, promised: [first] };
      assert.notEqual(await host.freePort(address, wish), first);
      const all = Array.from({ length: 1_000 }, (_, index) => first + index);
      const none = host.freePort(address, { preferred: first, promised: all });
      await assert.rejects(none, (error) => error instanceof Failure);
    });
  });
}

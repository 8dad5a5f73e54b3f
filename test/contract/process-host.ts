import { until } from "../harness/until.ts";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Failure } from "../../src/ports/failure.ts";
import type { ProcessExit, ProcessHost, RunningProcess } from "../../src/ports/process-host.ts";

/** A host to be tested. Its ports are three: `firstPort` and the next two. */
export interface OpenProcessHost {
  readonly host: ProcessHost;
  readonly directory: string;
  readonly firstPort: number;
  /** How many of the commands run on the computer, whoever started them. */
  countProcesses(commands: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** What every process host must do; each action is done twice. */
export function describeProcessHost(title: string, open: () => Promise<OpenProcessHost>): void {
  describe(title, () => {
    let opened: OpenProcessHost;
    before(async () => void (opened = await open()));
    after(() => opened.close());
    const start = (command: string): Promise<RunningProcess> =>
      opened.host.start({
        command,
        directory: opened.directory,
        env: { PATH: process.env["PATH"] ?? "", COLOR: "blue" },
        logPath: join(opened.directory, "out.log"),
      });
    const log = (): string => readFileSync(join(opened.directory, "out.log"), "utf8");

    it("runs a command where it should, with its environment, output appended", async () => {
      await start("echo one $COLOR; pwd");
      await until("it has come true", () => log().includes(opened.directory));
      await start("echo two");
      await until("it has come true", () => log().includes("two"));
      assert.match(log(), /^one blue\n.*\ntwo\n$/);
    });

    it("tells how a process ended", async () => {
      const exits: (ProcessExit & { pid: number })[] = [];
      opened.host.onExit((running, exit) => exits.push({ pid: running.pid, ...exit }));
      const coded = await start("exit 7");
      const killed = await start("sleep 60");
      assert.notEqual(killed.startTicks, 0);
      await until("it has come true", async () =>
        (await opened.host.leaders()).some((it) => it.pid === killed.pid),
      );
      await opened.host.signal(killed, "SIGTERM");
      const of = (pid: number) => exits.find((it) => it.pid === pid);
      // What another test started may end late, and is told as well.
      await until(
        () => `both ends are told: ${JSON.stringify({ exits, coded, killed })}`,
        () => of(coded.pid) !== undefined && of(killed.pid) !== undefined,
      );
      assert.deepEqual(of(coded.pid), { pid: coded.pid, code: 7, signal: null });
      assert.deepEqual(of(killed.pid), { pid: killed.pid, code: null, signal: "SIGTERM" });
    });

    it("signals children too, also those that left the group, and after their leader has ended", async () => {
      // Told from those of another run by how long they sleep.
      const mine = [1, 2, 3].map((digit) => `sleep ${process.pid}${digit}`);
      const running = await start(`${mine[0]} & setsid ${mine[1]} & env -i ${mine[2]} & sleep 0.2`);
      await until("it has come true", async () => !(await opened.host.isAlive(running)));
      assert.ok(await opened.host.hasRemains(running));
      await opened.host.signal(running, "SIGKILL");
      await until("it has come true", async () => !(await opened.host.hasRemains(running)));
      const left = await opened.countProcesses(mine);
      assert.equal(left, 0);
      await opened.host.signal(running, "SIGKILL");
    });

    it("counts CPU and memory of a process with its children", async () => {
      const running = await start(
        "(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 60) & sleep 60",
      );
      await until(
        "it has come true",
        async () => (await opened.host.usage(running)).cpuSeconds >= 0.05,
      );
      assert.ok((await opened.host.usage(running)).memoryBytes > 500_000);
      assert.ok((await opened.host.usageOfMachine()).memoryBytes > 500_000);
      await opened.host.signal(running, "SIGKILL");
    });

    it("finds a port: the preferred one, else the next that is neither taken nor promised", async () => {
      const { host, firstPort } = opened;
      const address = "127.0.0.1";
      const none = { preferred: null, promised: [] };
      assert.equal(await host.freePort(address, none), firstPort);
      assert.equal(
        await host.freePort(address, { preferred: firstPort + 2, promised: [] }),
        firstPort + 2,
      );
      assert.equal(
        await host.freePort(address, { preferred: null, promised: [firstPort] }),
        firstPort + 1,
      );
      // Somebody who listens everywhere takes the port on every address.
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(firstPort, "0.0.0.0", resolve));
      const taken = await host.freePort("127.0.0.1", { preferred: firstPort, promised: [] });
      const all = { preferred: null, promised: [firstPort + 1, firstPort + 2] };
      const failed = await host.freePort(address, all).catch((error: unknown) => error);
      await new Promise((resolve) => server.close(resolve));
      assert.equal(taken, firstPort + 1);
      const six = createServer();
      await new Promise<void>((resolve) => {
        six.once("error", () => resolve());
        six.listen({ port: firstPort + 1, host: "::", ipv6Only: true }, resolve);
      });
      const next = await host.freePort(address, { preferred: firstPort + 1, promised: [] });
      const hasSix = six.listening;
      await new Promise((resolve) => six.close(resolve));
      if (hasSix) assert.equal(next, firstPort + 2);
      assert.ok(failed instanceof Failure);
      assert.match(failed.message, /^Cannot find a free port on 127\.0\.0\.1: /);
    });

    it("refuses a command whose directory is not there", async () => {
      const order = {
        command: "true",
        directory: "/nowhere",
        env: {},
        logPath: join(opened.directory, "x.log"),
      };
      await assert.rejects(opened.host.start(order), (error) => error instanceof Failure);
      const torn = { ...order, directory: opened.directory, command: "echo \0" };
      await assert.rejects(opened.host.start(torn), (error) => error instanceof Failure);
    });
  });
}

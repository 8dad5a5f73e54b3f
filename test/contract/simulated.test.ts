import { createEngine, createSimBalancer } from "../sim/balancer.ts";
import { createCloud } from "../sim/cloud.ts";
import { createFaults, faultKinds } from "../sim/faults.ts";
import { createLeaseRow, leaseFor } from "../sim/lease.ts";
import { createLife } from "../sim/life.ts";
import type { Life } from "../sim/life.ts";
import { noLimits } from "../../src/core/machines/limits.ts";
import { createSimMachine } from "../sim/machine.ts";
import type { SimMachine } from "../sim/machine.ts";
import { createSimHost } from "../sim/process-host.ts";
import { createRandom } from "../sim/random.ts";
import { createTimeline } from "../sim/timeline.ts";
import type { Timeline } from "../sim/timeline.ts";
import { describeBalancerLife } from "./balancer-life.ts";
import { describeLease } from "./lease.ts";
import { describeProcessLife } from "./process-life.ts";
import { describeProvider } from "./provider.ts";

/** Virtual time that goes on as real time does, faster. */
function startTime(): { readonly timeline: Timeline; readonly stop: () => void } {
  const timeline = createTimeline(1_800_000_000_000);
  const over = new AbortController();
  const goOn = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await timeline.run(timeline.now() + 10, () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  void goOn();
  return { timeline, stop: () => over.abort() };
}

const random = createRandom(1);
const faults = createFaults(random, new Set(faultKinds));

describeProvider("the simulated provider", async () => {
  const { timeline, stop } = startTime();
  const machines = new Map<string, SimMachine>();
  const alive = (name: string): Life => createLife(name, timeline, () => false);
  const cloud = createCloud({
    timeline,
    random,
    faults,
    machines,
    startAgent(machine) {
      const agent = alive(machine.name);
      agent.onEnd(() => void (machine.agent = null));
      machine.agent = agent;
    },
    onLaunch: () => undefined,
    onTerminate: () => undefined,
  });
  let pid = 0;
  return {
    provider: cloud.providerFor(alive("controller"), () => undefined),
    killAgent: async (name) => {
      cloud.killAgent(name);
    },
    startProcess: async (name) => {
      pid += 1;
      const process = { pid, name: `${name}.${pid}`, release: "r", port: null, healthyAt: 0 };
      const rest = { env: new Map<string, string>(), isHealthy: true, memoryBytes: 0 };
      machines.get(name)?.processes.set(pid, { ...process, ...rest });
    },
    countProcesses: async (name) => cloud.countProcesses(name),
    close: async () => stop(),
  };
});

describeLease("the simulated lease", async () => {
  const { timeline, stop } = startTime();
  const row = createLeaseRow();
  const world = { timeline, random, faults };
  return {
    connect: () =>
      leaseFor(
        createLife("controller", timeline, () => false),
        row,
        world,
      ),
    close: async () => stop(),
  };
});

describeProcessLife("the simulated process host", async () => {
  const { timeline, stop } = startTime();
  const machine = createSimMachine({ name: "web-1", role: "web", limits: noLimits }, "10.0.0.1");
  const world = { timeline, random, faults, badReleases: new Set<string>() };
  const nobody = { onTask: () => undefined, onStop: () => undefined };
  const reopen = () => {
    const life = createLife("agent", timeline, () => false);
    return createSimHost(machine, life, { ...world, ...nobody });
  };
  return {
    host: reopen(),
    reopen,
    order: (kind) => ({
      command: kind,
      directory: "/release",
      env: kind === "stays" ? { COLOR: "blue" } : { TIDEMILL_TASK: "1" },
      logPath: "/logs/web-1.1.log",
    }),
    close: async () => stop(),
  };
});

describeBalancerLife("the simulated balancer", async () => {
  const { timeline, stop } = startTime();
  const engine = createEngine();
  const listening = new Set<number>();
  const world = {
    timeline,
    random,
    faults,
    answers: (_address: string, port: number) => listening.has(port),
    loadOf: () => 0,
    onCut: () => undefined,
  };
  const reopen = () => {
    const life = createLife("agent", timeline, () => false);
    return createSimBalancer(life, engine, world);
  };
  let balancer = reopen();
  return {
    port: 80,
    balancer: () => balancer,
    reopen: async () => (balancer = reopen()),
    async backend(name) {
      const port = 20_000 + listening.size;
      listening.add(port);
      return { name, port, kill: async () => void listening.delete(port) };
    },
    close: async () => stop(),
  };
});

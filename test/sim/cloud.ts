import type { MachineLimits } from "../../src/core/desired.ts";
import type { ProvidedMachine } from "../../src/core/observed.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { LaunchOrder, Provider } from "../../src/ports/provider.ts";
import type { Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import { createSimMachine, destroy } from "./machine.ts";
import type { SimMachine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Where machines come from: late, twice, not at all, or without a word. */
export interface Cloud {
  readonly machines: Map<string, SimMachine>;
  /** The provider as one controller process calls it. */
  providerFor(life: Life, onCall: (what: string) => void): Provider;
  /** The agent ends, and one that is about to start does not. */
  killAgent(name: string): void;
  /** Living processes of the machine, its agent included. */
  countProcesses(name: string): number;
  /** The machine and all that is on it are gone. */
  vanish(name: string): void;
  /** The machine starts anew under its name, with its disk and another address. */
  move(name: string): void;
  /** When this machine's limits were last spoken of: now, while a call about them is under way. */
  limitedAt(name: string): number;
  /** When a listing was last asked for that does not show this machine alive. */
  doubtedAt(name: string): number;
}

export interface CloudWorld {
  /** Where those that exist are kept, by name. */
  readonly machines: Map<string, SimMachine>;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  readonly startAgent: (machine: SimMachine) => void;
  readonly onLaunch: (order: LaunchOrder) => void;
  readonly onTerminate: (machine: SimMachine) => void;
}

const ANSWER_MS_MAX = 40;
const BOOT_MS_MAX = 400;
const SLOW_MS_MAX = 30_000;
const LATE_MS_MAX = 8_000;

export function createCloud(world: CloudWorld): Cloud {
  const { timeline, random, faults, machines } = world;
  /** Machines that exist, but are not listed yet. */
  const hidden = new Map<string, number>();
  const doubted = new Map<string, number>();
  const limited = new Map<string, number>();
  let made = 0;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => void timeline.after(ms, resolve));
  const nextAddress = (): string => {
    made += 1;
    return `10.0.${made >> 8}.${made & 255}`;
  };

  const make = (order: LaunchOrder): SimMachine => {
    const known = machines.get(order.name);
    if (known !== undefined) return known;
    const machine = createSimMachine(order, nextAddress());
    machines.set(order.name, machine);
    // What was listed before does not show it.
    doubted.set(order.name, timeline.now());
    if (faults.strikes("provider shows a machine late")) {
      hidden.set(order.name, timeline.now() + random.between(500, LATE_MS_MAX));
    }
    return machine;
  };
  const booting = new Set<SimMachine>();
  const boot = (machine: SimMachine): void => {
    booting.add(machine);
    timeline.after(random.between(50, BOOT_MS_MAX), () => {
      if (!booting.delete(machine)) return;
      if (machines.get(machine.name) === machine && machine.agent === null)
        world.startAgent(machine);
    });
  };
  const show = (machine: SimMachine): ProvidedMachine => ({
    name: machine.name,
    address: machine.address,
    condition: conditionOf(machine),
  });
  const conditionOf = (machine: SimMachine): ProvidedMachine["condition"] => {
    if (machine.agent !== null || booting.has(machine)) return "running";
    return machine.processes.size > 0 || machine.engine?.isRunning === true ? "agentless" : "gone";
  };

  const launch = async (order: LaunchOrder, signal: AbortSignal): Promise<ProvidedMachine> => {
    // One that is made only later may find another there, which a later order has limited.
    setLimits(order.name, order.limits);
    await pause(random.between(5, ANSWER_MS_MAX));
    if (faults.strikes("provider has no capacity")) {
      throw new Failure("throttled", `Cannot launch ${order.name}: no capacity`);
    }
    if (faults.strikes("provider launch fails")) {
      throw new Failure("unavailable", `Cannot launch ${order.name}: internal error`);
    }
    if (faults.strikes("provider launch never answers")) return hang(signal, order.name);
    if (faults.strikes("provider launch is slow")) await pause(random.between(1_000, SLOW_MS_MAX));
    const machine = make(order);
    boot(machine);
    if (faults.strikes("provider launch is carried out twice")) boot(make(order));
    if (faults.strikes("provider launch answer is lost")) {
      throw new Failure("unavailable", `Cannot launch ${order.name}: the answer was lost`);
    }
    return show(machine);
  };

  const setLimits = (name: string, limits: MachineLimits): void => {
    const machine = machines.get(name);
    if (machine !== undefined) machine.limits = limits;
  };
  const limit = async (name: string, limits: MachineLimits, signal: AbortSignal): Promise<void> => {
    limited.set(name, Infinity);
    const ended = (): void => void limited.set(name, timeline.now());
    signal.addEventListener("abort", ended, { once: true });
    await pause(random.between(5, ANSWER_MS_MAX));
    ended();
    if (faults.strikes("provider limit is refused")) {
      throw new Failure("rejected", `Cannot limit ${name}: its memory is in use`);
    }
    if (faults.strikes("provider limit never answers")) {
      limited.set(name, Infinity);
      await hang(signal, name);
    }
    setLimits(name, limits);
    if (faults.strikes("provider limit answer is lost")) {
      throw new Failure("unavailable", `Cannot limit ${name}: the answer was lost`);
    }
  };

  const terminate = async (name: string, signal: AbortSignal): Promise<void> => {
    await pause(random.between(5, ANSWER_MS_MAX));
    if (faults.strikes("provider terminate fails")) {
      throw new Failure("unavailable", `Cannot terminate ${name}: internal error`);
    }
    if (faults.strikes("provider terminate never answers")) await hang(signal, name);
    const machine = machines.get(name);
    if (machine !== undefined) {
      world.onTerminate(machine);
      remove(name);
    }
    if (faults.strikes("provider terminate answer is lost")) {
      throw new Failure("unavailable", `Cannot terminate ${name}: the answer was lost`);
    }
  };

  const list = async (signal: AbortSignal): Promise<readonly ProvidedMachine[]> => {
    if (faults.strikes("provider list fails")) {
      await pause(5);
      throw new Failure("unavailable", "Cannot list machines: internal error");
    }
    if (faults.strikes("provider list never answers")) return hang(signal, "list");
    // What is listed is what there was when it was asked.
    const askedAt = timeline.now();
    const existing = [...machines.keys()];
    const listed = [...machines.values()]
      .filter((machine) => (hidden.get(machine.name) ?? 0) <= timeline.now())
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(show);
    await pause(faults.strikes("provider list is slow") ? random.between(500, 8_000) : 5);
    if (listed.length > 0 && faults.strikes("provider list misses one")) {
      listed.splice(random.between(0, listed.length - 1), 1);
    }
    const alive = listed.filter((machine) => machine.condition !== "gone");
    const shown = new Set(alive.map((machine) => machine.name));
    for (const name of existing) if (!shown.has(name)) doubted.set(name, askedAt);
    return listed;
  };

  const remove = (name: string): void => {
    const machine = machines.get(name);
    if (machine === undefined) return;
    machines.delete(name);
    hidden.delete(name);
    destroy(machine);
  };

  return {
    machines,
    vanish: remove,
    move(name) {
      const machine = machines.get(name);
      if (machine === undefined) return;
      destroy(machine);
      machine.address = nextAddress();
      boot(machine);
    },
    limitedAt: (name) => Math.min(limited.get(name) ?? -Infinity, timeline.now()),
    doubtedAt: (name) => doubted.get(name) ?? -Infinity,
    killAgent(name) {
      const machine = machines.get(name);
      if (machine === undefined) return;
      booting.delete(machine);
      machine.agent?.end();
    },
    countProcesses(name) {
      const machine = machines.get(name);
      if (machine === undefined) return 0;
      const hasAgent = machine.agent !== null || booting.has(machine);
      return machine.processes.size + (hasAgent ? 1 : 0);
    },
    providerFor: (life, onCall) => ({
      launch: (order, signal) =>
        life.call(() => {
          onCall(`launch ${order.name}`);
          world.onLaunch(order);
          return launch(order, signal);
        }),
      limit: (name, limits, signal) =>
        life.call(() => {
          onCall(`limit ${name}`);
          return limit(name, limits, signal);
        }),
      terminate: (name, signal) =>
        life.call(() => {
          onCall(`terminate ${name}`);
          return terminate(name, signal);
        }),
      list: (signal) => life.call(() => list(signal)),
    }),
  };
}

/** Until whoever asked gives up. */
function hang(signal: AbortSignal, what: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => reject(new Failure("aborted", `Cannot wait for ${what} any longer`));
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
}

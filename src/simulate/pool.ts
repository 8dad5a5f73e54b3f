import type { Model } from "./model.ts";
import type { Random } from "./random.ts";

export interface Machine {
  readonly id: number;
  readonly launchedS: number;
  /** When it serves, to the fraction; once it does, the second in which it began to. */
  readyS: number;
}

/** Who has to know when machines come and go. */
export interface PoolWatcher {
  serves(machine: Machine, second: number): void;
  leaves(machine: Machine, second: number): void;
}

/** The machines of a role: launched, serving, paid for. */
export interface Pool {
  readonly serving: readonly Machine[];
  readonly booting: readonly Machine[];
  /** Machines wanted so far. */
  readonly desired: number;
  readonly figures: PoolFigures;
  /** Those that finished booting serve. */
  settle(second: number): void;
  /** Within the bounds. Those that boot are given back before those that serve. */
  resize(machines: number, second: number): void;
  /** Pays for those that are left. */
  end(second: number): void;
}

export interface PoolFigures {
  machineSeconds: number;
  /** How often it grew and shrank. */
  ups: number;
  downs: number;
  /** How often a move was undone within ten minutes. */
  directionChanges: number;
}

const undoneWithinS = 600;
/** Machines of the beginning have served for ever. */
const longAgoS = -1e6;

interface Opening {
  readonly model: Model;
  readonly random: Random;
  readonly machines: number;
  readonly second: number;
  readonly watcher: PoolWatcher | null;
}

export function createPool({ model, random, machines, second: startS, watcher }: Opening): Pool {
  const serving: Machine[] = [];
  const booting: Machine[] = [];
  const figures: PoolFigures = { machineSeconds: 0, ups: 0, downs: 0, directionChanges: 0 };
  let nextId = 0;
  let lastDirection = 0;
  let lastMoveS = Number.NEGATIVE_INFINITY;

  const serve = (machine: Machine, second: number): void => {
    serving.push(machine);
    watcher?.serves(machine, second);
  };
  const pay = (machine: Machine, second: number): void => {
    figures.machineSeconds += Math.max(model.minimumBillS, second - machine.launchedS);
  };
  const launch = (second: number): void => {
    const bootS = model.bootS * (1 + model.bootJitter * (2 * random() - 1));
    booting.push({ id: nextId, launchedS: second, readyS: second + bootS });
    nextId += 1;
  };
  const remove = (second: number): void => {
    const latest = takeLatest(booting);
    if (latest !== undefined) return pay(latest, second);
    const last = serving.pop();
    if (last === undefined) return;
    watcher?.leaves(last, second);
    pay(last, second);
  };
  const noteMove = (direction: number, second: number): void => {
    if (direction > 0) figures.ups += 1;
    else figures.downs += 1;
    const isUndone = lastDirection === -direction && second - lastMoveS < undoneWithinS;
    if (isUndone) figures.directionChanges += 1;
    lastDirection = direction;
    lastMoveS = second;
  };

  for (; nextId < machines; nextId += 1) {
    serve({ id: nextId, launchedS: startS, readyS: startS + longAgoS }, startS);
  }
  return {
    serving,
    booting,
    figures,
    get desired() {
      return serving.length + booting.length;
    },
    settle(second) {
      for (let i = booting.length - 1; i >= 0; i -= 1) {
        const machine = booting[i];
        if (machine === undefined || machine.readyS > second) continue;
        booting.splice(i, 1);
        machine.readyS = second;
        serve(machine, second);
      }
    },
    resize(machines, second) {
      const wanted = Math.max(model.min, Math.min(model.max, Math.round(machines)));
      const more = wanted - serving.length - booting.length;
      if (more === 0 || Number.isNaN(more)) return;
      noteMove(Math.sign(more), second);
      for (let i = 0; i < more; i += 1) launch(second);
      for (let i = 0; i > more; i -= 1) remove(second);
    },
    end(second) {
      for (const machine of [...serving, ...booting]) pay(machine, second);
    },
  };
}

function takeLatest(booting: Machine[]): Machine | undefined {
  let latest = 0;
  for (let i = 1; i < booting.length; i += 1) {
    if ((booting[i]?.readyS ?? 0) > (booting[latest]?.readyS ?? 0)) latest = i;
  }
  return booting.splice(latest, 1)[0];
}

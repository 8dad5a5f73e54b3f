import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { createController } from "../../src/controller/controller.ts";
import type { Controller } from "../../src/controller/controller.ts";
import type { Change, InventoryState, SiteEvent } from "../../src/core/inventory.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { Inventory } from "../../src/ports/inventory.ts";
import type { Cloud } from "./cloud.ts";
import type { Faults } from "./faults.ts";
import { createLife } from "./life.ts";
import type { Life } from "./life.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** The controller's process: the real controller on the real inventory, killed and started again. */
export interface Brain {
  /** Null while none runs. */
  controller(): Controller | null;
  life(): Life | null;
  /** What is on record, whoever runs. */
  state(): InventoryState;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface BrainWorld {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  readonly network: Network;
  readonly cloud: Cloud;
  readonly databasePath: string;
  readonly onCommit: (changes: readonly Change[], events: readonly SiteEvent[]) => void;
  readonly onFault: (error: unknown) => void;
}

const RESTART_MS_MAX = 8_000;
/** A process that has ended lets go of its file after this; what it was writing is written by then. */
const RELEASE_MS = 10;

export async function createBrain(world: BrainWorld): Promise<Brain> {
  const { timeline, random, faults, network, cloud } = world;
  let inventory = await openSqliteInventory(world.databasePath, "sticky");
  let life: Life | null = null;
  let controller: Controller | null = null;

  const gated = (real: Inventory, own: Life): Inventory => ({
    state: () => real.state(),
    events: (filter) => own.call(() => real.events(filter)),
    close: () => Promise.resolve(),
    commit: (changes, events) =>
      own.call(async () => {
        if (faults.strikes("inventory is slow")) await pause(timeline, random.between(50, 2_000));
        if (faults.strikes("inventory is full")) {
          throw new Failure("unavailable", "Cannot write to the inventory: disk full");
        }
        if (own.isOver) return;
        await real.commit(changes, events);
        world.onCommit(changes, events);
        if (faults.strikes("inventory commits without an answer")) {
          throw new Failure("unavailable", "Cannot write to the inventory: no answer");
        }
      }),
  });

  const start = async (): Promise<void> => {
    const own = createLife("controller", timeline, () =>
      faults.strikes("controller dies at a step"),
    );
    inventory = await openSqliteInventory(world.databasePath, "sticky");
    const opened = inventory;
    life = own;
    const isKnown = (machine: string): boolean => opened.state().machines.has(machine);
    const agents = network.listen(own, isKnown);
    const running = createController({
      inventory: gated(opened, own),
      provider: cloud.providerFor(own),
      agents,
      releases: noReleases,
      clock: own.clock,
      openSecret: (sealed) => sealed,
      orderFor: ({ machine, role, number }) => ({
        name: machine,
        role,
        number,
        token: "token",
        controllerUrl: "sim:",
        authority: "",
      }),
    });
    controller = running;
    own.onEnd(() => {
      if (controller === running) controller = null;
      if (life === own) life = null;
      timeline.after(RELEASE_MS, () => void opened.close());
      timeline.after(random.between(RELEASE_MS, RESTART_MS_MAX), () => void start());
    });
    running.run(new AbortController().signal).catch((error: unknown) => {
      if (own.isOver) return;
      world.onFault(error);
      own.end();
    });
  };

  return {
    controller: () => controller,
    life: () => life,
    state: () => inventory.state(),
    start,
    close: () => inventory.close(),
  };
}

const noReleases = {
  put: () => Promise.resolve(),
  has: () => Promise.resolve(true),
  open: () => Promise.reject(new Failure("not_found", "no archive here")),
  remove: () => Promise.resolve(),
};

function pause(timeline: Timeline, ms: number): Promise<void> {
  return new Promise((resolve) => void timeline.after(ms, resolve));
}

import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { createController } from "../../src/controller/controller.ts";
import type { Controller } from "../../src/controller/controller.ts";
import { standBy } from "../../src/controller/leadership.ts";
import type { Term } from "../../src/controller/leadership.ts";
import { emptyInventory } from "../../src/core/changes.ts";
import type { Change, InventoryState, SiteEvent } from "../../src/core/inventory.ts";
import { limitsOf } from "../../src/core/machines/limits.ts";
import { leaseRules } from "../../src/core/lease.ts";
import { Failure } from "../../src/ports/failure.ts";
import type { Inventory } from "../../src/ports/inventory.ts";
import { createQueue } from "../../src/controller/queue.ts";
import type { Cloud } from "./cloud.ts";
import type { Faults } from "./faults.ts";
import { createLeaseRow, leaseFor } from "./lease.ts";
import type { LeaseRow } from "./lease.ts";
import { createLife } from "./life.ts";
import type { Life } from "./life.ts";
import type { Network, Post } from "./network.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";
import { seal } from "./workload.ts";

/** Two controllers of one site, killed and started again: one leads by the lease, the other stands by. */
export interface Brain {
  /** The one that leads; null while none does. */
  controller(): Controller | null;
  /** Every process of a controller that lives. */
  lives(): readonly Life[];
  /** What is on record, whoever leads. */
  state(): InventoryState;
  start(): Promise<void>;
  /** Whoever believes to lead holds the lease, and not for longer than it was granted. */
  look(): void;
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
  /** The leader has ended a tick: what is on record, and what each machine was told last. */
  readonly onTick: (state: InventoryState, told: Post["told"]) => void;
  readonly onFault: (error: unknown) => void;
  readonly onLead: (name: string, epoch: number) => void;
  /** A controller asks the provider for something although another leads, or its own clock says that it does not. */
  readonly onUsurper: (name: string, what: string) => void;
}

interface Leader {
  readonly term: Term;
  readonly life: Life;
  readonly controller: Controller;
}

/** Before anybody has led. */
const nothingYet = emptyInventory("sticky");
const PROCESSES = 2;
const RESTART_MS_MAX = 8_000;
const LATE_MS_MAX = 6_000;
/** A process that has ended lets go of its file after this; what it was writing is written by then. */
const RELEASE_MS = 10;

export function createBrain(world: BrainWorld): Brain {
  return new TwoControllers(world);
}

class TwoControllers implements Brain {
  readonly #world: BrainWorld;
  readonly #row: LeaseRow = createLeaseRow();
  readonly #lives = new Set<Life>();
  /** The file has one writer at a time: a second one would wait for it without letting it go on. */
  readonly #turns = createQueue();
  #inventory: Inventory | null = null;
  #leader: Leader | null = null;
  #terms = 0;
  readonly #offices = new Set<Pick<Leader, "term" | "life">>();

  constructor(world: BrainWorld) {
    this.#world = world;
  }

  async open(epoch: number): Promise<Inventory> {
    return this.#turns.add(async () => {
      if (this.#row.epoch !== epoch) throw anotherLeads();
      const opened = await openSqliteInventory(this.#world.databasePath, "sticky");
      this.#inventory = opened;
      return opened;
    });
  }

  controller(): Controller | null {
    const { timeline } = this.#world;
    const leader = this.#leader;
    const isLeading = leader?.term.holder === this.#row.holder && this.#row.until > timeline.now();
    return isLeading && !leader.life.isOver ? leader.controller : null;
  }

  lives(): readonly Life[] {
    return [...this.#lives];
  }

  state(): InventoryState {
    return this.#inventory?.state() ?? nothingYet;
  }

  async start(): Promise<void> {
    for (let number = 1; number <= PROCESSES; number++) this.#run(`controller ${number}`);
  }

  look(): void {
    for (const office of this.#offices) {
      const { term, life } = office;
      if (life.isOver || term.signal.aborted) this.#offices.delete(office);
      else if (!life.isFrozen && term.remainingMs() > this.#grantedMs(term)) {
        this.#world.onUsurper(life.name, "believes that it does, or will");
      }
    }
  }

  #grantedMs({ epoch }: Term): number {
    if (this.#row.epoch !== epoch) return 0;
    return Math.max(0, this.#row.until - this.#world.timeline.now());
  }

  async close(): Promise<void> {
    await this.#inventory?.close();
  }

  #run(name: string): void {
    const { timeline, random, faults, onFault } = this.#world;
    const life = createLife(name, timeline, () => faults.strikes("controller dies at a step"));
    this.#lives.add(life);
    life.onEnd(() => {
      this.#lives.delete(life);
      timeline.after(random.between(RELEASE_MS, RESTART_MS_MAX), () => this.#run(name));
    });
    const parts = {
      lease: leaseFor(life, this.#row, this.#world),
      clock: life.clock,
      elapsedMs: () => timeline.now(),
      newId: () => {
        this.#terms += 1;
        return `term-${this.#terms}`;
      },
      url: name,
      agentUrl: name,
      rules: leaseRules,
      onFollow: () => undefined,
      onMembers: () => undefined,
      say: () => undefined,
    };
    const work = standBy(parts, (term) => this.#lead(life, term), new AbortController().signal);
    work.catch((error: unknown) => {
      if (life.isOver) return;
      onFault(error);
      life.end();
    });
  }

  async #lead(life: Life, term: Term): Promise<void> {
    const { timeline, network, cloud, onTick } = this.#world;
    this.#offices.add({ term, life });
    const opened = await life.call(() => this.open(term.epoch));
    let isClosed = false;
    const close = (): void => {
      if (isClosed) return;
      isClosed = true;
      timeline.after(RELEASE_MS, () => void this.#turns.add(() => opened.close()));
    };
    life.onEnd(close);
    const post = network.listen(life, (machine) => opened.state().machines.has(machine));
    const controller = createController({
      inventory: this.#fenced(opened, life, term),
      provider: cloud.providerFor(life, (what) => {
        const isDeposed = this.#row.epoch > term.epoch || term.remainingMs() <= 0;
        if (isDeposed) this.#world.onUsurper(life.name, what);
      }),
      agents: post.agents,
      releases: noReleases,
      clock: life.clock,
      tenure: term,
      openSecret: seal.open,
      orderFor: ({ machine, role, number }) => ({
        name: machine,
        role,
        number,
        limits: limitsOf(opened.state().settings.site, role),
        token: "token",
        controllerUrl: "sim:",
        authority: "",
      }),
    });
    controller.onTick(() => {
      if (term.remainingMs() <= 0) this.#world.onUsurper(life.name, "acts on its plan");
      onTick(opened.state(), post.told);
    });
    // One that was frozen meanwhile leads for a moment beside its successor.
    if (term.epoch > (this.#leader?.term.epoch ?? 0)) this.#leader = { term, life, controller };
    this.#world.onLead(life.name, term.epoch);
    await controller.run(term.signal);
    post.close();
    close();
  }

  /** The database refuses whoever does not hold the lease, in the commit's own transaction. */
  #fenced(real: Inventory, life: Life, term: Term): Inventory {
    const { timeline, random, faults, onCommit } = this.#world;
    return {
      state: () => real.state(),
      events: (filter) => life.call(() => real.events(filter)),
      decisions: (filter) => life.call(() => real.decisions(filter)),
      decisionStates: () => life.call(() => real.decisionStates()),
      writeDecisions: (page) =>
        life.call(() =>
          this.#turns.add(async () => {
            if (this.#row.epoch !== term.epoch) throw anotherLeads();
            if (!life.isOver) await real.writeDecisions(page);
          }),
        ),
      arrivals: (filter) => life.call(() => real.arrivals(filter)),
      rentals: (filter) => life.call(() => real.rentals(filter)),
      arrivalsMeans: () => life.call(() => real.arrivalsMeans()),
      writeArrivals: (records) =>
        life.call(() =>
          this.#turns.add(async () => {
            if (this.#row.epoch !== term.epoch) throw anotherLeads();
            if (!life.isOver) await real.writeArrivals(records);
          }),
        ),
      close: () => Promise.resolve(),
      commit: (changes, events) =>
        life.call(async () => {
          if (faults.strikes("inventory is slow")) await pause(timeline, random.between(50, 2_000));
          if (faults.strikes("inventory is full")) {
            throw new Failure("unavailable", "Cannot write to the inventory: disk full");
          }
          await this.#turns.add(async () => {
            if (this.#row.epoch !== term.epoch) throw anotherLeads();
            if (life.isOver) return;
            await real.commit(changes, events);
            onCommit(changes, events);
          });
          // Another may lead by the time that this one hears that it was still in time.
          if (faults.strikes("inventory answers late")) {
            await pause(timeline, random.between(500, LATE_MS_MAX));
          }
          if (faults.strikes("inventory commits without an answer")) {
            throw new Failure("unavailable", "Cannot write to the inventory: no answer");
          }
        }),
    };
  }
}

function anotherLeads(): Failure {
  return new Failure("rejected", "Cannot write to the inventory: another controller leads");
}

const noReleases = {
  put: () => Promise.resolve(),
  has: () => Promise.resolve(true),
  open: () => Promise.reject(new Failure("not_found", "no archive here")),
  list: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
};

function pause(timeline: Timeline, ms: number): Promise<void> {
  return new Promise((resolve) => void timeline.after(ms, resolve));
}

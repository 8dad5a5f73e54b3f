import type { Outcome } from "../core/commands/outcome.ts";
import { unknown } from "../core/commands/outcome.ts";
import { advanceDrill, isReconnectDue, reasonToStop } from "../core/drills/advance.ts";
import { beginDrill, decideDrill } from "../core/drills/decide.ts";
import type { DrillDecision, DrillMeans, DrillWish } from "../core/drills/decide.ts";
import { endDrill, judgeDrill, laterTotals } from "../core/drills/judge.ts";
import type { DrillRecord, ProbeCount, TotalsByBalancer } from "../core/drills/record.ts";
import { runningDrill } from "../core/drills/sight.ts";
import type { Instant } from "../core/instant.ts";
import type { Observed } from "../core/observed.ts";
import { totalsNow } from "../core/rollout/totals.ts";
import { BALANCER_ROLE, takeRoster, takeSight } from "../core/roster.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { DrillFaults } from "../ports/machine-faults.ts";
import type { Controller } from "./controller.ts";

/** Whoever asked for the controller's end hears that it was granted. */
const LAST_WORDS_MS = 100;
const FAULT_MS = 10_000;
/** Counts are read twice a second and reported once: what is older says nothing of the drill's last moments. */
const COUNT_MS = 600;
const COUNT_MS_MAX = 3_000;
const POLL_MS = 100;
const forever = new AbortController().signal;

export interface Drills {
  /** What would be done, or why not. */
  rehearse(wish: DrillWish): DrillDecision;
  /** On record first, then the fault. Throws `Failure` when it cannot be made; then the drill is stopped. */
  begin(wish: DrillWish): Promise<DrillDecision>;
  /** Null: no such drill runs. */
  end(id: number, end: DrillEnding): Promise<DrillRecord | null>;
}

export interface DrillEnding {
  readonly probes: ProbeCount | null;
  /** Why it is broken off; null when it is over. */
  readonly stopped: string | null;
}

export interface DrillParts {
  readonly controller: Controller;
  readonly clock: Clock;
  readonly faults: DrillFaults;
  /** How many other controllers would take over. */
  readonly standbys: () => number;
  /** Of this controller's term. */
  readonly epoch: number;
}

/** Makes the faults of drills, watches what comes of them, and puts back what was changed. */
export function createDrills(parts: DrillParts): Drills {
  const { controller, clock } = parts;
  const watch: DrillWatch = { parts, totals: {}, isBusy: false };
  controller.onTick(() => void look(watch));
  return {
    rehearse: (wish) => decideDrill(controller.observe(), wish, meansOf(parts), clock.now()),
    begin: (wish) => begin(watch, wish),
    end: (id, ending) => end(watch, id, ending),
  };
}

interface DrillWatch {
  readonly parts: DrillParts;
  /** The last that was seen of each balancer during the drill that runs. */
  totals: TotalsByBalancer;
  isBusy: boolean;
}

function meansOf({ faults, standbys, epoch }: DrillParts): DrillMeans {
  return { objectionToCut: faults.objectionToCut(), standbys: standbys(), epoch };
}

async function begin(watch: DrillWatch, wish: DrillWish): Promise<DrillDecision> {
  const { controller } = watch.parts;
  const decided: DrillDecision[] = [];
  await controller.execute((observed, now) => {
    const decision = decideDrill(observed, wish, meansOf(watch.parts), now);
    decided.push(decision);
    return decision.kind === "go" ? beginDrill(observed.inventory, decision.drill) : decision;
  });
  const [decision = unknown("nothing was decided")] = decided;
  if (decision.kind !== "go") return decision;
  watch.totals = decision.drill.before.totals;
  try {
    await inflict(watch.parts, decision.drill);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    await end(watch, decision.drill.id, { probes: null, stopped: cause.message });
    throw cause;
  }
  return decision;
}

async function inflict(
  { faults, clock }: DrillParts,
  { kind, machine }: DrillRecord,
): Promise<void> {
  switch (kind) {
    case "machine":
      return faults.kill(machine ?? "");
    case "balancer":
      return faults.killBalancer(machine ?? "");
    case "network":
      return faults.cutOff(machine ?? "", clock.deadline(FAULT_MS));
    case "controller":
      void clock.sleep(LAST_WORDS_MS, forever).then(() => faults.killController());
      return;
    case "deploy":
      // The plan does it, as long as the drill is on record.
      return;
  }
}

async function end(
  watch: DrillWatch,
  id: number,
  { probes, stopped }: DrillEnding,
): Promise<DrillRecord | null> {
  const { controller } = watch.parts;
  const running = runningDrill(controller.observe().inventory);
  if (running?.id !== id) return null;
  // It is not over while something of it is left: when that fails the next look tries again.
  if (running.kind === "network") await reconnect(watch.parts, running);
  if (stopped === null) await freshCounts(watch.parts);
  see(watch, controller.observe());
  const ended: DrillRecord[] = [];
  await controller.execute(({ inventory }, now) => {
    const drill = runningDrill(inventory);
    if (drill?.id !== id) return unknown(`drill ${id} is over`);
    const reconnectedAt = drill.milestones.reconnectedAt ?? now;
    const milestones = drill.kind === "network" ? { ...drill.milestones, reconnectedAt } : null;
    const facts = { probes, stopped, totals: watch.totals };
    const last = milestones === null ? drill : { ...drill, milestones };
    const over = judgeDrill(last, facts, now);
    ended.push(over);
    return endDrill(over);
  });
  return ended[0] ?? null;
}

/** Returns when every balancer has told what it counted until now, or when one does not. */
async function freshCounts({ controller, clock }: DrillParts): Promise<void> {
  const askedAt = clock.now();
  const isFresh = (): boolean => {
    const { inventory, agents } = controller.observe();
    return [...inventory.machines.values()]
      .filter((machine) => machine.role === BALANCER_ROLE)
      .every(({ name }) => (agents.get(name)?.reportedAt ?? 0) >= askedAt + COUNT_MS);
  };
  while (!isFresh() && clock.now() < askedAt + COUNT_MS_MAX) await clock.sleep(POLL_MS, forever);
}

/** After each tick: counts, milestones, and what is due. One look at a time. */
async function look(watch: DrillWatch): Promise<void> {
  const { controller } = watch.parts;
  const observed = controller.observe();
  if (watch.isBusy || runningDrill(observed.inventory) === null) return;
  watch.isBusy = true;
  try {
    see(watch, observed);
    await advance(watch, observed);
  } catch (cause) {
    // The next look tries again, as long as the drill runs.
    if (!(cause instanceof Failure)) throw cause;
  } finally {
    watch.isBusy = false;
  }
}

function see(watch: DrillWatch, observed: Observed): void {
  watch.totals = laterTotals(watch.totals, totalsNow(takeSight(observed)));
}

async function advance(watch: DrillWatch, observed: Observed): Promise<void> {
  const { controller, clock, epoch } = watch.parts;
  const now = clock.now();
  const drill = runningDrill(observed.inventory);
  if (drill === null) return;
  const roster = takeRoster(observed, observed.inventory, takeSight(observed), now);
  const stopped = reasonToStop(drill, roster);
  if (stopped !== null) {
    await end(watch, drill.id, { probes: null, stopped });
    return;
  }
  const isBack = isReconnectDue(drill, now);
  if (isBack) await reconnect(watch.parts, drill);
  const isNews = isBack || advanceDrill(drill, roster, epoch) !== drill;
  if (!isNews) return;
  await controller.execute((seen, at) => noteMilestones(seen, drill.id, { at, epoch, isBack }));
}

function noteMilestones(
  observed: Observed,
  id: number,
  { at, epoch, isBack }: { readonly at: Instant; readonly epoch: number; readonly isBack: boolean },
): Outcome {
  const drill = runningDrill(observed.inventory);
  if (drill?.id !== id) return unknown(`drill ${id} is over`);
  const roster = takeRoster(observed, observed.inventory, takeSight(observed), at);
  const reconnectedAt = drill.milestones.reconnectedAt ?? (isBack ? at : null);
  const known = { ...drill, milestones: { ...drill.milestones, reconnectedAt } };
  const next = advanceDrill(known, roster, epoch);
  return { kind: "done", changes: [{ kind: "drill", drill: next }], event: null, deploy: null };
}

/** A machine that is gone, or connected again, needs nothing. Throws `Failure`. */
async function reconnect({ faults, clock }: DrillParts, drill: DrillRecord): Promise<void> {
  if (drill.milestones.reconnectedAt !== null) return;
  try {
    await faults.reconnect(drill.machine ?? "", clock.deadline(FAULT_MS));
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code !== "not_found") throw cause;
  }
}

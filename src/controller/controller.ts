import type { Action, Hold } from "../core/action.ts";
import type { Decision } from "../core/scaling/decision.ts";
import type { Outcome } from "../core/commands/outcome.ts";
import type { Instant } from "../core/instant.ts";
import { checkPlan } from "../core/invariants.ts";
import type { CheckedPlan } from "../core/invariants.ts";
import type { Change, SiteEvent } from "../core/inventory.ts";
import type { Observed } from "../core/observed.ts";
import { plan } from "../core/plan.ts";
import { BALANCER_ROLE } from "../core/roster.ts";
import { touchedMachines } from "../core/touched.ts";
import { documentsFor } from "../core/traffic/documents.ts";
import type { OpenSecret } from "../core/traffic/documents.ts";
import type { Agents } from "../ports/agents.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Provider } from "../ports/provider.ts";
import type { ReleaseStore } from "../ports/releases.ts";
import { createAlarm } from "../ports/alarm.ts";
import type { Alarm } from "../ports/alarm.ts";
import { createAgentNews } from "./agent-news.ts";
import type { AgentNews } from "./agent-news.ts";
import { createEffects } from "./effects.ts";
import type { Effects, OrderFor } from "./effects.ts";
import { createDecisionsKeeper } from "./decisions-keeper.ts";
import type { DecisionsKeeper } from "./decisions-keeper.ts";
import { createArrivalsKeeper } from "./arrivals-keeper.ts";
import type { ArrivalsKeeper } from "./arrivals-keeper.ts";
import { createLoadHistory } from "./load-history.ts";
import type { LoadHistory } from "./load-history.ts";
import { restMs } from "./pace.ts";
import { createQueue } from "./queue.ts";
import type { Queue } from "./queue.ts";
import { createWatch } from "./provider-watch.ts";
import type { Watch } from "./provider-watch.ts";
import { endlessTenure } from "./tenure.ts";
import type { Tenure } from "./tenure.ts";

const TICK_MS = 1_000;
/** A guard or provider that says the same again and again is put on record this often. */
const REPEAT_MS = 60_000;
/** Without what was decided before, what there is is kept for a while: it is not worth more waiting than this. */
const RECALLS_MAX = 10;

export interface ControllerParts {
  readonly inventory: Inventory;
  readonly provider: Provider;
  readonly agents: Agents;
  readonly releases: ReleaseStore;
  readonly clock: Clock;
  readonly openSecret: OpenSecret;
  /** Absent: no other controller can there be. */
  readonly tenure?: Tenure;
  readonly orderFor: OrderFor;
}

export interface Controller {
  /** The only loop: observe → plan → check → apply → record, once a second and at once on news. */
  run(signal: AbortSignal): Promise<void>;
  /** Decides an operator's wish on what is on record now and commits it. Never between plan and record of a tick. */
  execute(decide: (observed: Observed, now: Instant) => Outcome): Promise<Outcome>;
  /** Writes facts that are not wishes, such as an uploaded release. */
  record(changes: readonly Change[]): Promise<void>;
  observe(): Observed;
  /** What waits, and for what, as the last plan saw it. */
  holds(): readonly Hold[];
  /** Called after each tick; the answer ends it. */
  onTick(listener: () => void): () => void;
}

interface Loop {
  readonly parts: ControllerParts;
  readonly tenure: Tenure;
  readonly bell: Alarm;
  readonly watch: Watch;
  readonly effects: Effects;
  readonly load: LoadHistory;
  readonly arrivals: ArrivalsKeeper;
  readonly keeper: DecisionsKeeper;
  readonly queue: Queue;
  readonly watchingSince: Instant;
  /** When each repeated remark was last put on record. */
  readonly remarks: Map<string, Instant>;
  /** Failures since the last tick, for the record. */
  readonly failures: SiteEvent[];
  readonly listeners: Set<() => void>;
  readonly news: AgentNews;
  holds: readonly Hold[];
  /** By role: what was decided last about its size. */
  decisions: ReadonlyMap<string, Decision>;
  /** How often it may still fail to read what another controller has decided; 0: it is read, or given up. */
  recallsLeft: number;
  /** What the last plan and its check took. */
  decisionMs: number;
  /** A commit that failed may have been carried out: then nobody knows who has to hear of it. */
  isUnsure: boolean;
}

export function createController(parts: ControllerParts): Controller {
  const loop = createLoop(parts);
  return {
    async run(signal) {
      sendDocuments(loop, "all");
      while (!signal.aborted) {
        await loop.queue.add(() => tick(loop));
        const rest = restMs(loop.decisionMs);
        if (rest > 0) await parts.clock.sleep(rest, signal);
        await loop.bell.wait(TICK_MS, signal);
      }
      await loop.queue.add(() => leave(loop));
    },
    execute: (decide) => loop.queue.add(() => execute(loop, decide)),
    record: (changes) =>
      loop.queue.add(() => {
        checkTenure(loop);
        return commit(loop, changes, []);
      }),
    observe: () => observe(loop),
    holds: () => loop.holds,
    onTick(listener) {
      loop.listeners.add(listener);
      return () => loop.listeners.delete(listener);
    },
  };
}

function createLoop(parts: ControllerParts): Loop {
  const { clock, provider, agents, tenure = endlessTenure } = parts;
  const bell = createAlarm(clock);
  const failures: SiteEvent[] = [];
  const fail = (subject: string, failure: Failure): void => {
    failures.push({ at: clock.now(), kind: "failure", subject, reason: failure.message });
  };
  const watch = createWatch(provider, clock, (failure) => {
    if (failure !== null) fail("provider", failure);
    bell.ring();
  });
  const onEnd = (subject: string, failure: Failure | null): void => {
    if (failure !== null) fail(subject, failure);
    bell.ring();
  };
  agents.onNews(() => bell.ring());
  return {
    parts,
    tenure,
    bell,
    watch,
    effects: createEffects({ ...parts, tenure, watch, onEnd }),
    load: createLoadHistory(),
    arrivals: createArrivalsKeeper(parts.inventory),
    keeper: createDecisionsKeeper(parts.inventory),
    queue: createQueue(),
    watchingSince: clock.now(),
    remarks: new Map(),
    failures,
    listeners: new Set(),
    news: createAgentNews(),
    holds: [],
    decisions: new Map(),
    recallsLeft: RECALLS_MAX,
    decisionMs: 0,
    isUnsure: false,
  };
}

async function tick(loop: Loop): Promise<void> {
  if (!isInOffice(loop)) return;
  if (loop.recallsLeft > 0 && !(await recall(loop))) return;
  if (!isInOffice(loop)) return;
  const observed = observe(loop);
  loop.watch.refresh(moodOf(observed));
  const { clock } = loop.parts;
  const now = clock.now();
  const roles = new Set(observed.inventory.settings.site?.roles.map(({ name }) => name));
  loop.load.add(observed, balancersOf(observed), roles, now);
  loop.arrivals.note(loop.load.read());
  const decided = plan(observed, now);
  const checked = checkPlan(observed, decided.actions, now);
  loop.holds = decided.holds;
  loop.decisionMs = clock.now() - now;
  const changes = checked.allowed.flatMap((action) => action.changes);
  const events = [...loop.news.take(observed.agents, now), ...eventsOf(loop, checked, now)];
  try {
    await commit(loop, changes, events);
  } catch (cause) {
    // An inventory that cannot be written allows no action: the next tick plans and tries it all again.
    if (!(cause instanceof Failure)) throw cause;
    failed(loop, "inventory", cause, now);
    return;
  }
  // A commit that took long was still ours; what follows from it may be another's already.
  if (!isInOffice(loop)) return;
  loop.decisions = decided.decisions;
  apply(loop, checked.allowed);
  // After the effects have begun: nothing waits for what is only remembered.
  loop.keeper.note(decided.decisions, decided.records);
  for (const keeper of [loop.keeper, loop.arrivals]) {
    const forgotten = await keeper.keep(now);
    if (forgotten !== null) failed(loop, "history", forgotten, now);
  }
  for (const listener of loop.listeners) listener();
}

/** What another controller has decided is known before this one decides: false while it cannot be read. */
async function recall(loop: Loop): Promise<boolean> {
  try {
    loop.decisions = await loop.keeper.recall();
    loop.recallsLeft = 0;
    return true;
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    loop.recallsLeft -= 1;
    failed(loop, "history", cause, loop.parts.clock.now());
    return loop.recallsLeft === 0;
  }
}

function failed(loop: Loop, subject: string, failure: Failure, at: Instant): void {
  loop.failures.push({ at, kind: "failure", subject, reason: failure.message });
}

async function leave(loop: Loop): Promise<void> {
  if (!isInOffice(loop)) return;
  await loop.keeper.leave(loop.parts.clock.now());
  await loop.arrivals.leave();
}

/** Busy: a machine comes, goes or is silent, so that what the provider says matters at once. */
function moodOf({ inventory, agents, effects }: Observed): "calm" | "busy" {
  const isSteady = [...inventory.machines.values()].every(
    ({ name, state }) => state === "running" && agents.get(name)?.isConnected === true,
  );
  return isSteady && effects.size === 0 ? "calm" : "busy";
}

function observe(loop: Loop): Observed {
  return {
    inventory: loop.parts.inventory.state(),
    provider: loop.watch.listing(),
    agents: loop.parts.agents.observe(),
    effects: loop.effects.observe(),
    limits: loop.effects.limits(),
    watchingSince: loop.watchingSince,
    load: loop.load.read(),
    figures: loop.load.figures(),
    scaling: loop.decisions,
    earlier: loop.arrivals.earlier(),
  };
}

async function execute(
  loop: Loop,
  decide: (observed: Observed, now: Instant) => Outcome,
): Promise<Outcome> {
  checkTenure(loop);
  const now = loop.parts.clock.now();
  const outcome = decide(observe(loop), now);
  if (outcome.kind !== "done") return outcome;
  const { event } = outcome;
  await commit(loop, outcome.changes, event === null ? [] : [{ at: now, ...event }]);
  loop.bell.ring();
  return outcome;
}

function isInOffice({ tenure }: Loop): boolean {
  return tenure.remainingMs() > 0;
}

function checkTenure(loop: Loop): void {
  if (isInOffice(loop)) return;
  throw new Failure("unavailable", "Cannot take the order: this controller leads no more");
}

async function commit(
  loop: Loop,
  changes: readonly Change[],
  events: readonly SiteEvent[],
): Promise<void> {
  const { inventory } = loop.parts;
  const before = inventory.state();
  try {
    await inventory.commit(changes, events);
  } catch (cause) {
    loop.isUnsure = true;
    throw cause;
  }
  if (loop.isUnsure) sendDocuments(loop, "all");
  else if (changes.length > 0) sendDocuments(loop, touchedMachines(before, changes));
  loop.isUnsure = false;
}

function apply(loop: Loop, actions: readonly Action[]): void {
  for (const { effect, changes } of actions) {
    for (const change of changes) {
      if (change.kind === "machine-gone") loop.parts.agents.forget(change.name);
    }
    if (effect !== null) loop.effects.start(effect);
  }
}

/** Agents that are away get theirs when they call home. */
function sendDocuments(loop: Loop, touched: ReadonlySet<string> | "all"): void {
  const { inventory, agents, openSecret } = loop.parts;
  const state = inventory.state();
  const machines = [...state.machines.values()].filter(
    (machine) => touched === "all" || touched.has(machine.name),
  );
  for (const document of documentsFor(state, machines, openSecret)) agents.send(document);
}

function eventsOf(loop: Loop, checked: CheckedPlan, now: Instant): readonly SiteEvent[] {
  const events: SiteEvent[] = checked.allowed
    .filter(({ isRepeat }) => isRepeat !== true)
    .map(({ kind, subject, reason }) => ({ at: now, kind, subject, reason }));
  for (const { action, violation } of checked.refused) {
    const reason = `${action.kind} refused by the guard "${violation.guard}": ${violation.message}`;
    events.push({ at: now, kind: "guard", subject: action.subject, reason });
  }
  events.push(...loop.failures.splice(0));
  return events.filter((event) => isWorthARecord(loop, event));
}

function isWorthARecord(loop: Loop, event: SiteEvent): boolean {
  if (event.kind !== "guard" && event.kind !== "failure") return true;
  const key = `${event.kind} ${event.subject} ${event.reason}`;
  const last = loop.remarks.get(key);
  if (last !== undefined && event.at - last < REPEAT_MS) return false;
  for (const [old, at] of loop.remarks) if (event.at - at >= REPEAT_MS) loop.remarks.delete(old);
  loop.remarks.set(key, event.at);
  return true;
}

function balancersOf(observed: Observed): readonly string[] {
  return [...observed.inventory.machines.values()]
    .filter((machine) => machine.role === BALANCER_ROLE && machine.state === "running")
    .map((machine) => machine.name);
}

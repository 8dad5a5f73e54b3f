import { unreachable } from "../assert.ts";
import type { Instant } from "../instant.ts";
import { judge, sampleResources } from "./resources.ts";
import { backoffMs, fallOf, retryWindowMs, riseOf } from "./rules.ts";
import type { SupervisionRules } from "./rules.ts";
import type { Supervised, SupervisionInput, SupervisionStep } from "./supervised.ts";

/** One decision about one process: what is remembered next, and the one thing to do now. */
export function superviseStep(
  rules: SupervisionRules,
  state: Supervised,
  input: SupervisionInput,
  now: Instant,
): SupervisionStep {
  if (state.phase === "stopping") return goOnStopping(rules, state, input, now);
  if (!input.isWanted) return giveUp(state, input, now);
  if (input.isRunning) return watch(rules, state, input, now);
  switch (state.phase) {
    case "idle":
      return start(state, now);
    case "waiting":
    case "unmonitored":
      return now >= (state.until ?? now) ? restart(rules, state, now) : quiet(state);
    case "starting":
    case "healthy":
    case "unhealthy":
      return end(rules, state, input.ending ?? "ended", now);
    default:
      return unreachable(state.phase);
  }
}

/** When the next step is due although nothing happens; null: only on news. */
export function supervisionDueAt(rules: SupervisionRules, state: Supervised): Instant | null {
  switch (state.phase) {
    case "waiting":
    case "unmonitored":
      return state.until;
    case "stopping":
      return state.since + rules.supervision.stopTimeoutMs;
    case "starting":
      return rules.check.kind === "none" ? (state.startedAt ?? 0) + rules.limits.aliveMs : null;
    case "idle":
    case "healthy":
    case "unhealthy":
      return null;
    default:
      return unreachable(state.phase);
  }
}

function giveUp(state: Supervised, input: SupervisionInput, now: Instant): SupervisionStep {
  if (input.isRunning) return stop(state, "It is no longer wanted", now);
  return quiet(state.phase === "idle" ? state : enter(state, "idle", now, null));
}

function goOnStopping(
  rules: SupervisionRules,
  state: Supervised,
  input: SupervisionInput,
  now: Instant,
): SupervisionStep {
  if (input.isRunning) {
    const isLate = now - state.since >= rules.supervision.stopTimeoutMs;
    return isLate ? { state, command: { kind: "kill" } } : quiet(state);
  }
  if (!input.isWanted) return quiet(enter(state, "idle", now, null));
  return end(rules, state, state.problem ?? "Stopped", now);
}

function watch(
  rules: SupervisionRules,
  state: Supervised,
  input: SupervisionInput,
  now: Instant,
): SupervisionStep {
  const sampled = input.usage === null ? state : sampleResources(rules, state, input.usage);
  const checked = judge(rules, check(rules, running(sampled, now), input, now), now);
  const { wanted } = checked;
  if (wanted === null) return quiet(checked);
  // A process that never served has nothing to lose; one that served is replaced by the controller first.
  const hasServed = checked.wasHealthy;
  const isIgnored = now - wanted.since >= rules.limits.restartIgnoredMs;
  const isDue = !hasServed || isIgnored;
  return isDue && isSeenNow(checked, input) ? stop(checked, wanted.reason, now) : quiet(checked);
}

/** Time that passed while nobody looked proves nothing: a process is ended on what is seen now. */
function isSeenNow(state: Supervised, input: SupervisionInput): boolean {
  return state.phase === "unhealthy" ? input.check?.isPassing === false : input.usage !== null;
}

/** A process found running by a new agent has just started as far as its checks are concerned. */
function running(state: Supervised, now: Instant): Supervised {
  const isKnown =
    state.phase === "starting" || state.phase === "healthy" || state.phase === "unhealthy";
  return isKnown ? state : { ...enter(state, "starting", now, null), startedAt: now, until: null };
}

function check(
  rules: SupervisionRules,
  state: Supervised,
  input: SupervisionInput,
  now: Instant,
): Supervised {
  if (rules.check.kind === "none") return aliveIsHealthy(rules, state, now);
  if (input.check === null) return settle(rules, state, now);
  if (input.check.isPassing) return pass(rules, { ...state, fails: 0 }, now);
  return fail(rules, { ...state, passes: 0 }, input.check.problem ?? "no answer", now);
}

function aliveIsHealthy(rules: SupervisionRules, state: Supervised, now: Instant): Supervised {
  const age = now - (state.startedAt ?? now);
  if (state.phase === "healthy") return settle(rules, state, now);
  return age >= rules.limits.aliveMs ? healthy(state, now) : state;
}

function pass(rules: SupervisionRules, state: Supervised, now: Instant): Supervised {
  if (state.phase === "healthy") return settle(rules, state, now);
  const passes = state.passes + 1;
  // The first success of a start counts at once: `rise` guards against wavering, and it has not wavered yet.
  const isEnough = state.phase === "starting" || passes >= riseOf(rules.check);
  return isEnough ? healthy(state, now) : { ...state, passes };
}

function fail(
  rules: SupervisionRules,
  state: Supervised,
  problem: string,
  now: Instant,
): Supervised {
  if (state.phase === "starting" && isInGrace(rules, state, now)) return { ...state, problem };
  const fails = Math.min(state.fails + 1, fallOf(rules.check));
  if (state.phase === "unhealthy" || fails < fallOf(rules.check)) {
    return state.phase === "healthy" ? { ...state, fails } : { ...state, fails, problem };
  }
  return enter({ ...state, fails }, "unhealthy", now, problem);
}

function isInGrace(rules: SupervisionRules, state: Supervised, now: Instant): boolean {
  const { startGraceMs, restartGraceMs } = rules.supervision;
  const graceMs = state.restarts === 0 ? startGraceMs : restartGraceMs;
  return now - (state.startedAt ?? now) < graceMs;
}

function healthy(state: Supervised, now: Instant): Supervised {
  return { ...enter(state, "healthy", now, null), wasHealthy: true, passes: 0, fails: 0 };
}

/** Lasting health is forgiveness. */
function settle(rules: SupervisionRules, state: Supervised, now: Instant): Supervised {
  const isLasting = state.phase === "healthy" && now - state.since >= rules.limits.healthyResetMs;
  const hasRecord = state.failures > 0 || state.rests > 0;
  return isLasting && hasRecord ? { ...state, failures: 0, rests: 0 } : state;
}

function end(
  rules: SupervisionRules,
  state: Supervised,
  problem: string,
  now: Instant,
): SupervisionStep {
  const { limits } = rules;
  const settled = settle(rules, state, now);
  const recent = settled.restartedAt.filter((at) => now - at < limits.flapWindowMs);
  if (recent.length >= limits.flapRestartsMax) {
    const until = now + retryWindowMs(limits, settled.rests);
    const text = `It was restarted ${recent.length} times and rests now: ${problem}`;
    const resting = enter(settled, "unmonitored", now, text);
    return quiet({ ...resting, until, rests: settled.rests + 1, wanted: null });
  }
  const delayMs = backoffMs(limits, settled.failures);
  const waiting = {
    ...enter(settled, "waiting", now, problem),
    until: now + delayMs,
    wanted: null,
  };
  return delayMs === 0 ? restart(rules, waiting, now) : quiet(waiting);
}

function restart(rules: SupervisionRules, state: Supervised, now: Instant): SupervisionStep {
  const recent = state.restartedAt.filter((at) => now - at < rules.limits.flapWindowMs);
  return start(
    {
      ...state,
      restarts: state.restarts + 1,
      restartedAt: [...recent, now],
      failures: state.failures + 1,
    },
    now,
  );
}

function start(state: Supervised, now: Instant): SupervisionStep {
  const fresh = {
    ...enter(state, "starting", now, state.problem),
    startedAt: now,
    until: null,
    wasHealthy: false,
    passes: 0,
    fails: 0,
    memoryAbove: [],
    cpuAbove: [],
    wanted: null,
  };
  return { state: fresh, command: { kind: "start" } };
}

function stop(state: Supervised, reason: string, now: Instant): SupervisionStep {
  return { state: enter(state, "stopping", now, reason), command: { kind: "stop", reason } };
}

function enter(
  state: Supervised,
  phase: Supervised["phase"],
  now: Instant,
  problem: string | null,
): Supervised {
  return { ...state, phase, since: now, problem };
}

function quiet(state: Supervised): SupervisionStep {
  return { state, command: { kind: "none" } };
}

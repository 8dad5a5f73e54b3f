import { decideLease, nextLookMs, remainingMs } from "../core/lease.ts";
import type { Grant, LeaseRules } from "../core/lease.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Lease, LeaseAnswer } from "../ports/lease.ts";
import { createAlarm } from "../ports/alarm.ts";
import type { Alarm } from "../ports/alarm.ts";
import type { Tenure } from "./tenure.ts";

/** Who has not said so for this long is no longer handed out as a controller to call. */
const FORGOTTEN_MS = 10_000;
/** Agents can follow only to whom they know: a controller that came, or came back, is told of within a second. */
const ANNOUNCE_EVERY_MS = 500;

export interface LeadershipParts {
  readonly lease: Lease;
  readonly clock: Clock;
  /** A clock that never jumps and goes on while the process is frozen. */
  readonly elapsedMs: () => number;
  /** Never the same twice, on no machine. */
  readonly newId: () => string;
  /** Where this controller answers people. */
  readonly url: string;
  /** Where agents call it. */
  readonly agentUrl: string;
  readonly rules: LeaseRules;
  /** Called when another leads, with its address; null while nobody is known to lead. */
  readonly onFollow: (leaderUrl: string | null) => void;
  /** Where agents may call, of all controllers. */
  readonly onMembers: (urls: readonly string[]) => void;
  readonly say: (text: string) => void;
}

/** One stretch of leading. */
export interface Term extends Tenure {
  readonly epoch: number;
  readonly holder: string;
  /** Whether it came after standing by for another. */
  readonly isTakeover: boolean;
}

/**
 * Stands by until the lease is to be had, leads while it is ours, stands by again when it is lost. Ends with
 * the signal, or when `serve` ends by itself because there is nothing more to do.
 */
export async function standBy(
  parts: LeadershipParts,
  serve: (term: Term) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const bell = createAlarm(parts.clock);
  parts.lease.onRelease(() => bell.ring());
  const announcing = announce(parts, signal);
  while (!signal.aborted) {
    const holder = parts.newId();
    const won = await campaign(parts, holder, bell, signal);
    if (won === null) break;
    const isFinished = await lead(parts, { ...won, holder }, serve, signal);
    if (isFinished) break;
  }
  parts.onFollow(null);
  void announcing;
}

interface Won {
  readonly grant: Grant;
  readonly isTakeover: boolean;
}

/** Asks until the lease is ours; null when stopped. A database that does not answer is asked again. */
async function campaign(
  parts: LeadershipParts,
  holder: string,
  bell: Alarm,
  signal: AbortSignal,
): Promise<Won | null> {
  let lastWords = "";
  let isTakeover = false;
  while (!signal.aborted) {
    const askedAtMs = parts.elapsedMs();
    const answer = await ask(parts, holder, signal);
    if (answer instanceof Failure) {
      if (answer.message !== lastWords) parts.say(answer.message);
      lastWords = answer.message;
      parts.onFollow(null);
      await bell.wait(parts.rules.lookEveryMs, signal);
      continue;
    }
    if (answer.kind === "held") return { grant: { epoch: answer.epoch, askedAtMs }, isTakeover };
    isTakeover = true;
    const words = `stands by at ${parts.url}: ${answer.url} leads`;
    if (words !== lastWords) parts.say(words);
    lastWords = words;
    parts.onFollow(answer.url);
    await bell.wait(nextLookMs(answer.remainingMs, parts.rules), signal);
  }
  return null;
}

/** True when the work ended by itself or was stopped; false when the lease was lost or leading failed. */
async function lead(
  parts: LeadershipParts,
  { holder, grant, isTakeover }: Won & { readonly holder: string },
  serve: (term: Term) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  parts.say(`leads, epoch ${grant.epoch}`);
  const end = new AbortController();
  const over = AbortSignal.any([signal, end.signal]);
  const held = { grant };
  const work = outcomeOf(
    serve({
      epoch: grant.epoch,
      holder,
      isTakeover,
      remainingMs: () => remainingMs(held.grant, parts.elapsedMs(), parts.rules),
      signal: over,
    }),
  );
  const lost = keep(parts, holder, held, over);
  const first = await Promise.race([work, lost]);
  if (first !== null) parts.say(`leads no more: ${first}`);
  end.abort();
  await Promise.all([work, lost]);
  await release(parts, holder);
  return first === null || signal.aborted;
}

/** Null when it ended by itself, else why it could not go on. */
async function outcomeOf(work: Promise<void>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (cause) {
    if (cause instanceof Failure) return cause.message;
    throw cause;
  }
}

/** Renews until the lease is lost or given up; says which. */
async function keep(
  parts: LeadershipParts,
  holder: string,
  held: { grant: Grant },
  signal: AbortSignal,
): Promise<string> {
  while (!signal.aborted) {
    const decision = decideLease(held.grant, parts.elapsedMs(), parts.rules);
    if (decision.kind === "step-down") return decision.reason;
    if (decision.kind === "wait") {
      await parts.clock.sleep(decision.ms, signal);
      continue;
    }
    const askedAtMs = parts.elapsedMs();
    const leftMs = remainingMs(held.grant, askedAtMs, parts.rules);
    const isOver = new AbortController();
    const timeout = parts.clock.sleep(leftMs, AbortSignal.any([signal, isOver.signal]));
    const answer = await Promise.race([ask(parts, holder, signal), timeout]);
    isOver.abort();
    if (answer === undefined || signal.aborted) continue;
    if (answer instanceof Failure) {
      // A refused connection answers at once: without a pause this would spin until the lease ends.
      await parts.clock.sleep(RETRY_MS, signal);
      continue;
    }
    if (answer.kind === "taken") return `${answer.url} has taken over`;
    held.grant = { epoch: answer.epoch, askedAtMs };
  }
  return "stopped";
}

const RETRY_MS = 100;

async function ask(
  { lease, url, rules }: LeadershipParts,
  holder: string,
  signal: AbortSignal,
): Promise<LeaseAnswer | Failure> {
  try {
    return await lease.take({ holder, url, holdMs: rules.holdMs }, signal);
  } catch (cause) {
    if (cause instanceof Failure) return cause;
    throw cause;
  }
}

/** Whether or not it can be said: the lease then ends by itself. */
async function release({ lease, clock }: LeadershipParts, holder: string): Promise<void> {
  try {
    await lease.release(holder, clock.deadline(ANNOUNCE_EVERY_MS));
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
  }
}

async function announce(parts: LeadershipParts, signal: AbortSignal): Promise<void> {
  const id = parts.newId();
  while (!signal.aborted) {
    try {
      const member = { id, url: parts.agentUrl, forgottenAfterMs: FORGOTTEN_MS };
      parts.onMembers(await parts.lease.announce(member, signal));
    } catch (cause) {
      // The next round says it; the lease itself tells when the database is away.
      if (!(cause instanceof Failure)) throw cause;
    }
    await parts.clock.sleep(ANNOUNCE_EVERY_MS, signal);
  }
}

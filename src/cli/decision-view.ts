import type { Decided } from "./client.ts";
import { formatDuration } from "./duration.ts";
import { counted, formatCount, formatRate, formatShare } from "./figures.ts";
import { momentOf } from "./moment.ts";

type Steps = Decided["steps"];

/** One line per step: the number it began with and ended with, and why. */
export function renderSteps(steps: Steps): readonly string[] {
  return steps.map(({ rule, step, before, after, sentence }) => {
    const moved = before === after ? `${after}` : `${before} → ${after}`;
    return `  ${moved.padEnd(7)} ${rule ?? step}: ${sentence}`;
  });
}

/** One decision with all that it was made of. */
export function renderDecision(decision: Decided): readonly string[] {
  const { role, to, at, steps, near } = decision;
  return [
    `${role}: ${counted(to, "machine")}${changeOf(decision)}, decided ${momentOf(at)} UTC: ${decision.sentence}`,
    ...(decision.by === "rules" || decision.wanted === to
      ? []
      : [`the rules wanted ${decision.wanted}; ${acting[decision.by]}`]),
    `seen: ${renderInputs(decision)}`,
    ...learnedOf(decision),
    ...(steps.length === 0 ? [] : ["steps:", ...renderSteps(steps)]),
    `near: ${near ?? "no single threshold decides"}`,
  ];
}

const acting = {
  pin: "the pin decides",
  "site file": "the site file leaves no choice",
  shadow: "in shadow mode they only watch",
  rules: "",
} as const;

function changeOf({ from, to }: Decided): string {
  return from === to ? ", as before" : ` instead of ${from}`;
}

function renderInputs({ inputs }: Decided): string {
  const { arrivals, inFlight, queue, ready, booting } = inputs;
  const machines = `${counted(ready, "machine")} ready, ${formatCount(booting)} booting`;
  if (arrivals === null) return `nothing fresh from a balancer; ${machines}`;
  const known = (value: number | null): string => (value === null ? "-" : formatRate(value));
  return `${formatRate(arrivals)} requests/s, ${known(inFlight)} in flight, ${known(queue)} queued; ${machines}`;
}

function learnedOf({ inputs: { serviceS, margin } }: Decided): readonly string[] {
  if (serviceS === null) return [];
  const room = margin === null ? "" : `, and ${formatShare(margin)} of room is kept`;
  return [`learned: a request takes ${Math.max(1, Math.round(serviceS * 1_000))} ms${room}`];
}

/** The cells of one line: when, whose, how many, what was seen, why. */
export function decisionCells(decision: Decided): readonly string[] {
  const { at, role, from, to, inputs, sentence } = decision;
  const moved = from === to ? `${to}` : `${from} → ${to}`;
  const { arrivals } = inputs;
  const seen = arrivals === null ? "blind" : `${formatRate(arrivals)}/s`;
  return [momentOf(at), role, moved, seen, sentence];
}

/** Decisions that stand are written down every five minutes: one that is much older stood for nobody knows how long. */
const silentMs = 600_000;

/** A warning where nothing says that the decision still stood. */
export function renderSilence({ at }: Decided, askedMs: number): readonly string[] {
  const age = askedMs - at;
  if (age < silentMs) return [];
  return [
    `note: nothing was decided in the ${formatDuration(age)} after it: no controller ran, or the site was down`,
  ];
}

import {
  entry,
  list,
  mapping,
  optional,
  record,
  required,
  withDefault,
  isMapping,
} from "./field.ts";
import { count, duration, oneOf, percentage, right, text, wrong, type Form } from "./form.ts";
import { modes } from "../core/scaling/rules/rules.ts";
import type { DeclaredMetric } from "../core/scaling/rules/metric.ts";
import type { Unit } from "../core/scaling/rules/unit.ts";

/** What is read later, when the metrics it may name are known. */
const expressionForm = text("an expression such as cpu > 85% for 20s", /\S/, { type: "string" });
const effectForm = text(
  "what to do, such as add 3, remove 10%, set 12, x2, hold or hold up",
  /\S/,
  { type: "string" },
);
const paceForm = text("a pace such as 100% or 8 per 30s", /\S/, { type: "string" });
const scheduleForm = text("a time such as Mon-Fri 08:00-18:00 Europe/Zurich", /\S/, {
  type: "string",
});

/** A text, or a number that is meant as one. */
const figureForm: Form<string> = {
  expected: "a figure such as 65% or 2.8",
  json: { type: ["string", "number"] },
  parse: (value) =>
    typeof value === "string" || typeof value === "number" ? right(String(value)) : wrong(),
};

/** `cpu: 65%`, with a tolerance beside it or not. */
export interface TargetField {
  readonly name: string;
  readonly target: string;
  readonly tolerance: number | null;
}

const targetForm: Form<TargetField> = {
  expected: "one metric with its target such as cpu: 65%",
  json: { type: "object", minProperties: 1, maxProperties: 2 },
  parse: (value) => {
    if (!isMapping(value)) return wrong();
    const { tolerance: given, ...rest } = value;
    const [[name, target] = ["", null], ...more] = Object.entries(rest);
    const figure = figureForm.parse(target);
    const tolerance = given === undefined ? null : percentage(0, 90, "10%").parse(given);
    if (!figure.isRight || more.length > 0) return wrong();
    if (tolerance !== null && !tolerance.isRight) return wrong("a tolerance such as 10%");
    return right({ name, target: figure.value, tolerance: tolerance?.value ?? null });
  },
};

const stepKeyForm = text("a threshold such as >70% or <30%", /^[<>]=?\s*\S+$/);

/** `12 USD`. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

const moneyForm: Form<Money> = {
  expected: "an amount of money such as 12 USD",
  json: { type: "string", pattern: "^\\d+(\\.\\d+)? [A-Z]{3}$" },
  parse: (value) => {
    const match =
      typeof value === "string" ? /^(\d{1,9}(?:\.\d{1,4})?) ([A-Z]{3})$/.exec(value) : null;
    return match === null ? wrong() : right({ amount: Number(match[1]), currency: match[2] ?? "" });
  },
};

/** `300 slow requests`. */
const worthForm: Form<number> = {
  expected: "a number of slow requests such as 300 slow requests",
  json: { type: "string", pattern: "^\\d+ slow requests$" },
  parse: (value) => {
    const match = typeof value === "string" ? /^(\d{1,9}) slow requests$/.exec(value) : null;
    return match === null || Number(match[1]) === 0 ? wrong() : right(Number(match[1]));
  },
};

const units: ReadonlyMap<unknown, Unit> = new Map([
  ["number", "number"],
  ["percent", "share"],
  ["duration", "duration"],
  ["bytes", "bytes"],
  ["rate", "rate"],
]);

/** A metric of the user's without its name. */
export type MetricField = Omit<DeclaredMetric, "name">;

const metricNameForm = text(
  "a name of lower-case letters, digits, _ and dots such as mysql.threads_running",
  /^[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,31}){0,3}$/,
);

const metricForm: Form<MetricField> = {
  expected: "a metric such as { run: ./count-jobs, every: 10s }",
  json: {
    type: "object",
    properties: {
      run: { type: "string" },
      url: { type: "string", format: "uri" },
      every: { type: "string" },
      unit: { enum: [...units.keys()] },
    },
    additionalProperties: false,
  },
  parse: (value) => {
    if (!isMapping(value)) return wrong();
    const { run, url, every: everyText = "10s", unit: unitName = "number", ...unknown } = value;
    const [other] = Object.keys(unknown);
    if (other !== undefined)
      return wrong("only run or url, every and unit", `${other} is not known`);
    const unit = units.get(unitName);
    if (unit === undefined) return wrong(`a unit, one of ${[...units.keys()].join(", ")}`);
    const every = duration(1_000, "10s").parse(everyText);
    const everyS = every.isRight ? every.value / 1_000 : 0;
    if (!Number.isInteger(everyS) || everyS < 1 || everyS > 600)
      return wrong("every: whole seconds, at most 10m");
    const isRun =
      typeof run === "string" && run.trim() !== "" && run.length <= 65_536 && !run.includes("\0");
    const isUrl = typeof url === "string" && /^https?:\/\/[^\s\0]{1,2000}$/.test(url);
    if (isRun && url === undefined)
      return right({ unit, everyS, from: { kind: "run", command: run } });
    if (isUrl && run === undefined) return right({ unit, everyS, from: { kind: "url", url } });
    return wrong("either run: a command, or url: an address such as http://127.0.0.1:9100/jobs");
  },
};

const whenShape = {
  name: optional(text("a name such as jam", /^[A-Za-z][A-Za-z0-9 _-]{0,39}$/), {
    what: "How the rule is called where its decisions are told.",
    example: "jam",
    defaultText: "`rule 1`, …",
  }),
  if: optional(expressionForm, {
    what: "The condition.",
    example: "queue > 0 for 5s",
  }),
  do: optional(effectForm, {
    what: "What it does while the condition holds: `add 3`, `add 50%`, `add max(2, 50%)`, `remove 1`, `set 12`, `x2`, `hold up` (no growth) or `hold` (no change).",
    example: "add max(2, 50%)",
  }),
  on: optional(expressionForm, {
    what: "Instead of `if`: the figure that `steps` look at.",
    example: "avg(cpu, 1m)",
  }),
  steps: record(stepKeyForm, effectForm, {
    what: "What to do from which figure on; the highest `>` step or the lowest `<` step that holds.",
    expected: 'a mapping of thresholds to what to do such as { ">70%": "+30%", "<30%": "-30%" }',
    example: { "<30%": "-30%", ">70%": "+30%", ">90%": "x2" },
  }),
};

const scheduleShape = {
  on: required(scheduleForm, {
    what: "Days or dates, times of day or a start and a duration, and the time zone.",
    example: "Mon-Fri 08:00-18:00 Europe/Zurich",
  }),
  min: optional(count(0, 10_000, 6), {
    what: "At least so many machines, ready when it starts.",
    example: 6,
  }),
  max: optional(count(0, 10_000, 3), { what: "At most so many machines.", example: 3 }),
  why: optional(text("a text", /^[^\n\0]{1,200}$/), {
    what: "Why, for those who read it.",
    example: "final",
  }),
};

const limitsShape = {
  up: optional(paceForm, {
    what: "Growth in each window: a share of what there was when it began, a number, or the larger of both.",
    example: "100% or 8 per 30s",
    defaultText: "no limit",
  }),
  down: optional(paceForm, {
    what: "The same for machines that are given back.",
    example: "20% per 1m",
    defaultText: "no limit",
  }),
  hold: optional(duration(0, "10m"), {
    what: "For how long what was needed is kept.",
    example: "10m",
    defaultText: "`scale.hold`",
  }),
  cooldown: mapping(
    {
      up: withDefault(duration(0, "20s"), "0s", {
        what: "After growing, no growth for so long.",
        example: "20s",
      }),
      down: withDefault(duration(0, "1m"), "0s", {
        what: "After any change, nothing is given back for so long.",
        example: "1m",
      }),
    },
    { what: "Pauses between changes.", example: { up: "20s", down: "1m" } },
  ),
  launches: optional(paceForm, {
    what: "Launches in each window.",
    example: "60 per 10m",
    defaultText: "no limit",
  }),
};

/** Keys below `scale:`. */
export const scaleShape = {
  in_flight: optional(count(1, 100_000, 8), {
    what: "Requests one machine works on at the same time: what the aim reckons with where no `limit` says it, and a target per machine where rules stand alone.",
    example: 20,
    defaultText: "`8` for the aim",
  }),
  hold: withDefault(duration(0, "10m"), "10m", {
    what: "How long the need must have been lower before a machine is given back.",
    example: "10m",
  }),
  aim: mapping(
    {
      slow: optional(duration(10, "1s"), {
        what: "An answer that takes longer is slow.",
        example: "1s",
      }),
      "at most": withDefault(percentage(0.001, 50, "0.1%"), "0.1%", {
        what: "Share of the answers that may be slow.",
        example: "0.1%",
      }),
      "machine-hour is worth": optional(worthForm, {
        what: "Slow requests that one more machine for an hour may save before it is too dear.",
        example: "300 slow requests",
      }),
      room: optional(percentage(0, 300, "5%"), {
        what: "Room beyond the load that is expected; a restless site gets more by itself. `tidemill tune` finds the cheapest.",
        example: "10%",
        defaultText: "`5%`",
      }),
    },
    {
      what: "How fast the site should be; how many machines that takes is found out.",
      example: { slow: "1s", "at most": "0.1%" },
      defaultText: "none",
    },
  ),
  targets: list(entry(targetForm), {
    what: "Metrics of a machine with what they should be: so many machines that they are. `tolerance: 10%` beside it says how near is near enough.",
    expected: "a list of metrics with their targets such as [{ cpu: 65% }]",
    example: [{ "in_flight per machine": 2.8 }, { cpu: "65%" }],
  }),
  when: list(
    mapping(whenShape, {
      what: "One rule.",
      example: { if: "queue > 0 for 5s", do: "add max(2, 50%)" },
    }),
    {
      what: "Conditions over many metrics, and what to do while they hold.",
      expected: 'a list of rules such as [{ if: "queue > 0 for 5s", do: add 2 }]',
      example: [{ name: "jam", if: "queue > 0 for 5s", do: "add max(2, 50%)" }],
    },
  ),
  schedule: list(
    mapping(scheduleShape, {
      what: "One entry.",
      example: { on: "Mon-Fri 08:00-18:00 Europe/Zurich", min: 6 },
    }),
    {
      what: "Floors and ceilings at times.",
      expected: 'a list of times such as [{ on: "Mon-Fri 08:00-18:00 Europe/Zurich", min: 6 }]',
      example: [{ on: "Mon-Fri 08:00-18:00 Europe/Zurich", min: 6 }],
    },
  ),
  limits: mapping(limitsShape, {
    what: "How fast it may go.",
    example: { up: "100% or 8 per 30s", down: "20% per 1m", hold: "10m" },
  }),
  spend: mapping(
    {
      "per hour": optional(moneyForm, {
        what: "What the machines may cost in an hour.",
        example: "12 USD",
      }),
      "per month": optional(moneyForm, {
        what: "What they may cost in a calendar month.",
        example: "2500 USD",
      }),
      // What an awaited object would be asked for; this one is a shape and never awaited.
      // oxlint-disable-next-line no-thenable
      then: withDefault(oneOf(["cap", "warn"]), "cap", {
        what: "`cap`: no growth beyond it, and never less than the minimum. `warn`: it is only told.",
        example: "warn",
      }),
    },
    {
      what: "What the role's machines may cost.",
      example: { "per hour": "12 USD", "per month": "2500 USD" },
      defaultText: "no limit",
    },
  ),
  missing: mapping(
    {
      "older than": withDefault(duration(1_000, "30s"), "30s", {
        what: "A figure of a metric that is older says nothing. What is not known gives no machine back and fires no rule.",
        example: "1m",
      }),
    },
    { what: "When a metric is missing.", example: { "older than": "30s" } },
  ),
  mode: withDefault(oneOf(modes), "on", {
    what: "`shadow` decides and writes down, and does nothing; `up-only` gives nothing back; `off` keeps what there is.",
    example: "shadow",
  }),
  metrics: record(metricNameForm, metricForm, {
    what: "Metrics of your own: a command that prints a number, or an address that answers with one. `unit` is `number`, `percent`, `duration` (in seconds), `bytes` or `rate` (per second).",
    expected: "a mapping of names to metrics such as jobs: { run: ./count-jobs, every: 10s }",
    example: { jobs: { run: "./count-jobs", every: "10s" } },
  }),
};

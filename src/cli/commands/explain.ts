import { CliError, usageError } from "../cli-error.ts";
import type { Client, Decided, Explanation } from "../client.ts";
import { valueOf } from "../command.ts";
import type { Command, Given } from "../command.ts";
import type { Context } from "../context.ts";
import { decisionCells, renderDecision, renderSilence, renderSteps } from "../decision-view.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted, formatCount, formatRate } from "../figures.ts";
import { durationOf } from "../given-values.ts";
import { momentOf } from "../moment.ts";
import { pastMoment } from "../moment-typed.ts";
import { renderColumns } from "../table.ts";

const HISTORY_SHOWN = 10;
/** Of a longer time the newest are told. */
const DECISIONS_MAX = 1_000;
const PAGE = 500;

/** Why a role has, or had, as many machines as it has. */
export const explain: Command = {
  name: "explain",
  summary: "Tell why a role has, or had, as many machines as it has",
  details:
    "Without a role it tells all of them, one line each, or the only one in full. `--at` tells the decision that stood " +
    "then, `--since` those since then, oldest first. Decisions are kept for fifteen days, at most 10,000 of a role; one " +
    "that stands is written down again every five minutes. All times are UTC.",
  words: [{ form: "[role]", about: "a role of the site file (default: all)" }],
  options: [
    { flags: "--at <time>", about: "then: 2026-11-21T14:05:00Z, 14:05 (today, UTC) or '10m ago'" },
    { flags: "--since <duration>", about: "one line per decision of the last 1h, 30m, 2d …" },
  ],
  examples: [
    "tidemill explain",
    "tidemill explain web",
    "tidemill explain web --at 14:05",
    "tidemill explain web --since 1h",
  ],
  async run(context, given) {
    const [named = null] = given.words;
    const askedAt = valueOf(given, "at");
    const sinceMs = durationOf(given, "since");
    if (askedAt !== null && sinceMs !== null) {
      throw usageError("--at and --since do not go together", "tidemill explain --help");
    }
    if (askedAt !== null) return tellThen(context, named, askedAt);
    if (sinceMs !== null) return tellSince(context, named, { sinceMs, given });
    return tellNow(context, named);
  },
};

async function tellNow(context: Context, named: string | null) {
  const controller = context.client();
  const roles = await rolesOf(controller, named);
  const told = await Promise.all(roles.map((role) => controller.explain(role)));
  const [only, ...others] = told;
  if (only !== undefined && others.length === 0)
    context.output.result(only, renderExplanation(only));
  else
    context.output.result({ roles: told }, [...renderColumns(told.map(cellsOf)), ...more(roles)]);
  return exitCodes.done;
}

/** The roles to tell about: all whose number of machines is decided, unless one is named. */
async function rolesOf(controller: Client, named: string | null): Promise<readonly string[]> {
  if (named !== null) return [named];
  const { roles } = await controller.status();
  const names = roles.map(({ role }) => role).filter((role) => role !== "balancer");
  if (names.length > 0) return names;
  throw new CliError("The site has no role yet", {
    code: "unknown",
    exit: exitCodes.failed,
    next: "tidemill up",
  });
}

function more([first]: readonly string[]): readonly string[] {
  return first === undefined ? [] : [`Each step of one: tidemill explain ${first}`];
}

async function tellThen(context: Context, named: string | null, text: string) {
  const { ms, assumed } = pastMoment("at", text, Date.now());
  const controller = context.client();
  const roles = await rolesOf(controller, named);
  const wish = { from: null, to: ms + 1, before: null, limit: 1 };
  const found = await Promise.all(roles.map((role) => controller.decisions({ role, ...wish })));
  const decisions = found.flatMap((page) => page.decisions);
  const when = `${momentOf(ms)} UTC${assumed === null ? "" : ` (${assumed})`}`;
  const [only, ...others] = decisions;
  if (only === undefined) throw nothingKept(`No decision is on record at ${when} or before`, named);
  const lines =
    others.length === 0
      ? [...renderDecision(only), ...renderSilence(only, ms)]
      : [...renderColumns(decisions.map(decisionCells)), ...more(roles)];
  context.output.result({ at: ms, decisions }, [`At ${when}:`, ...lines]);
  return exitCodes.done;
}

async function tellSince(
  context: Context,
  named: string | null,
  { sinceMs, given }: { readonly sinceMs: number; readonly given: Given },
) {
  const from = Date.now() - sinceMs;
  const found = await readSince(context.client(), named, from);
  const decisions = found.slice(0, DECISIONS_MAX).toReversed();
  const since = valueOf(given, "since") ?? "";
  if (decisions.length === 0) {
    throw nothingKept(`No decision is on record in the last ${since}`, named);
  }
  if (found.length > DECISIONS_MAX) {
    context.output.progress(`There are more: these are the newest ${formatCount(DECISIONS_MAX)}`);
  }
  context.output.result({ decisions }, renderColumns(decisions.map(decisionCells)));
  return exitCodes.done;
}

/** Newest first, page by page, one more than are told. */
async function readSince(
  controller: Client,
  role: string | null,
  from: number,
): Promise<readonly Decided[]> {
  const found: Decided[] = [];
  let before: number | null = null;
  do {
    const wish = { role, from, to: null, before, limit: PAGE };
    const page = await controller.decisions(wish);
    found.push(...page.decisions);
    before = page.next;
  } while (before !== null && found.length <= DECISIONS_MAX);
  return found;
}

function nothingKept(message: string, named: string | null): CliError {
  const next = `tidemill explain${named === null ? "" : ` ${named}`}`;
  return new CliError(message, { code: "unknown", exit: exitCodes.failed, next });
}

function cellsOf({ role, target, min, max, decision }: Explanation): readonly string[] {
  const size = decision.kind === "hold" ? `${target}` : `${target} → ${decision.machines}`;
  return [role, size, `(${min}..${max})`, decision.reason];
}

function renderExplanation(given: Explanation): readonly string[] {
  const last = given.inputs.at(-1);
  const wish = given.decision.kind === "hold" ? "stays" : `goes to ${given.decision.machines}`;
  return [
    `${given.role} has a target of ${counted(given.target, "machine")} (${given.min}..${given.max}) and ${wish}: ${given.decision.reason}`,
    `rule: ${given.rule}`,
    ...renderSteps(given.steps),
    ...(given.near === null ? [] : [`near: ${given.near}`]),
    last === undefined
      ? "seen: nothing yet"
      : `seen: ${formatCount(last.inFlight)} in flight, ${formatCount(last.queue)} queued, ` +
        `${formatRate(last.requestsPerSecond)} requests/s, ${counted(last.serversUp, "server")} up`,
    ...given.history
      .toSorted((a, b) => a.number - b.number)
      .slice(-HISTORY_SHOWN)
      .map(({ at, reason }) => `  ${momentOf(at)}  ${reason}`),
  ];
}

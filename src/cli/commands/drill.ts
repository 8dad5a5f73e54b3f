import { createInterface } from "node:readline/promises";
import { drillKinds } from "../../core/drills/record.ts";
import type { DrillKind } from "../../core/drills/record.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { Client, Drill, DrillWish } from "../client.ts";
import type { Command, Given } from "../command.ts";
import { isGiven, valueOf } from "../command.ts";
import type { Context } from "../context.ts";
import { readGoal } from "../drill-goal.ts";
import { drillColumns, drillRow } from "../drill-view.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { followDrill, reach } from "../follow-drill.ts";
import { countOf, durationOf } from "../given-values.ts";
import { probeOnce, startProbes } from "../probes.ts";
import type { ProbePlan, Probes } from "../probes.ts";
import { renderTable } from "../table.ts";

const CUT_MS = 10_000;
const WATCH_MS = 3_000;
const LIMIT_MS = 300_000;
const RATE_DEFAULT = 20;
const RATE_MAX = 200;
const HISTORY_DEFAULT = 20;
const HISTORY_MAX = 500;

/** Harms the site on purpose, and tells what came of it. */
export const drill: Command = {
  name: "drill",
  summary: "Break a part of the running site on purpose, and hold what comes of it against a goal",
  details:
    "`machine` kills a machine with everything on it, `balancer` kills HAProxy, `controller` the controller, `network` " +
    "cuts a machine off for a while, `deploy` replaces every server of a role by a new one of the same release; " +
    "`history` shows what came of it. The site is asked for a page at an even rate meanwhile. A drill that the site " +
    "could not survive is refused with 7; a goal that is missed ends with 1, so that cron can tell. The goal is " +
    "failed=0, and replaced within 30s (machine), 15s (controller), 60s (network, deploy); for `balancer`, whose " +
    "death cuts off what it carries, it is replaced=5s alone. Ctrl-C puts back what was changed.",
  words: [
    { form: "<kind>", about: "what to break, or history", choices: [...drillKinds, "history"] },
  ],
  options: [
    { flags: "--role <role>", about: "whose machine or servers (default: the site's main role)" },
    {
      flags: "--for <duration>",
      about: "network: how long it is cut off (default: 10s); else how long to watch at least",
    },
    {
      flags: "--goal <goal>",
      about: "failed=0,noticed=5s,replaced=30s,whole=1m, or any of them; `any` for no limit",
    },
    { flags: "--rate <count>", about: `probes per second (default: ${RATE_DEFAULT})` },
    { flags: "--path <path>", about: "the page that probes ask for (default: /)" },
    {
      flags: "--timeout <duration>",
      about: "without full capacity by then it has missed (default: 5m)",
    },
    { flags: "-n, --lines <count>", about: `history: how many (default: ${HISTORY_DEFAULT})` },
    { flags: "-y, --yes", about: "do not ask" },
  ],
  examples: [
    "tidemill drill machine",
    "tidemill drill network --role web --for 30s --yes",
    "tidemill drill deploy --goal failed=0,whole=2m --yes --json",
    "tidemill drill history",
  ],
  run(context, given) {
    const [word = ""] = given.words;
    const kind = drillKinds.find((it) => it === word);
    return kind === undefined ? showHistory(context, given) : runDrill(context, given, kind);
  },
};

async function showHistory(context: Context, given: Given): Promise<ExitCode> {
  const limit = countOf(given, "lines", HISTORY_DEFAULT, HISTORY_MAX);
  const drills = (await context.client().drills(limit)).toReversed();
  const lines =
    drills.length === 0
      ? ["No drill was made yet"]
      : renderTable(drillColumns, drills.map(drillRow));
  context.output.result({ drills }, lines);
  return exitCodes.done;
}

async function runDrill(context: Context, given: Given, kind: DrillKind): Promise<ExitCode> {
  const wish = wishOf(context, given, kind);
  const perSecond = countOf(given, "rate", RATE_DEFAULT, RATE_MAX);
  const path = valueOf(given, "path") ?? "/";
  if (!path.startsWith("/")) throw usageError(`--path needs a path such as /up, got ${path}`);
  const client = context.client();
  const { sentence } = await client.planDrill(wish);
  if (!isGiven(given, "yes")) await ask(context, sentence);
  const { url } = await client.status();
  const plan = { url: url ?? "", path, perSecond };
  await mustAnswer(plan);
  const probes = startProbes(plan);
  const watchMs = durationOf(given, "for") ?? WATCH_MS;
  const ended = await carryOut(context, { client, wish, probes, watchMs });
  const lines = [...renderTable(drillColumns, [drillRow(ended)]), ended.sentence];
  context.output.result({ drill: ended }, lines);
  return ended.state === "passed" ? exitCodes.done : exitCodes.failed;
}

function wishOf({ parts }: Context, given: Given, kind: DrillKind): DrillWish {
  const isHere = parts.remote === null;
  if (kind === "controller" && !isHere) {
    throw usageError("A controller is drilled on its own computer, where it can be started again");
  }
  return {
    kind,
    role: valueOf(given, "role"),
    goal: readGoal(kind, valueOf(given, "goal")),
    cutMs: durationOf(given, "for") ?? CUT_MS,
    limitMs: durationOf(given, "timeout") ?? LIMIT_MS,
    startsController: isHere,
  };
}

/** A site that answers nothing before would be no witness. */
async function mustAnswer(plan: ProbePlan): Promise<void> {
  const failure = await probeOnce(plan);
  if (failure === null) return;
  throw new CliError(`The site does not answer ${plan.url}${plan.path}: ${failure}`, {
    code: "failed",
    exit: exitCodes.failed,
    next: "tidemill status",
  });
}

async function ask({ parts, output }: Context, sentence: string): Promise<void> {
  if (!parts.isInteractive || output.isJson) {
    throw usageError(`Nobody can be asked whether ${sentence}: --yes says so`);
  }
  const lines = createInterface({ input: process.stdin, output: parts.stderr });
  const answer = await lines.question(`On the running site, ${sentence}. Go on? [y/N] `);
  lines.close();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CliError("Nothing was done", { code: "declined", exit: exitCodes.failed });
}

interface Going {
  readonly client: Client;
  readonly wish: DrillWish;
  readonly probes: Probes;
  readonly watchMs: number;
}

/** From the fault to the verdict. Whatever goes wrong, the drill is ended, and what it changed put back. */
async function carryOut(context: Context, going: Going): Promise<Drill> {
  const { client, wish, probes, watchMs } = going;
  let begun: Drill | null = null;
  try {
    begun = await client.beginDrill(wish);
    const last = await followDrill(context, { client, drill: begun, watchMs });
    return await last.endDrill(begun.id, { probes: await probes.stop(), stopped: null });
  } catch (cause) {
    const counted = probes.stop();
    if (begun !== null) await breakOff(context, client, begun, cause);
    await counted;
    throw cause;
  }
}

async function breakOff(
  context: Context,
  client: Client,
  begun: Drill,
  cause: unknown,
): Promise<void> {
  const words = cause instanceof CliError ? cause.facts.code : "failed";
  const stopped = words === "interrupted" ? "it was broken off by hand" : "it could not be watched";
  try {
    const last = await reach(context, client, begun, Infinity);
    await last?.endDrill(begun.id, { probes: null, stopped });
    context.output.progress("Put back what the drill had changed");
  } catch (failure) {
    // It is over already, or nobody can be reached: the controller puts back by itself what is due.
    if (!(failure instanceof CliError)) throw failure;
  }
}

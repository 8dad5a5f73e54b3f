import { stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CliError, usageError } from "../cli-error.ts";
import { isGiven, valueOf, valuesOf } from "../command.ts";
import type { Command, Given } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { formatCount } from "../figures.ts";
import { momentOf } from "../moment.ts";
import { whyOf } from "../simulation/bounded-file.ts";
import { chartKey, renderChart } from "../simulation/chart.ts";
import { boundsFor, parseBounds, runContest, trialsOf, widest } from "../simulation/contest.ts";
import { createCrew } from "../simulation/crew.ts";
import type { Crew } from "../simulation/crew.ts";
import { judge, parseFailIf } from "../simulation/goal.ts";
import { machineOptions, readMachine, readPrice } from "../simulation/machines.ts";
import type { Machine, Price } from "../simulation/machines.ts";
import { percentOf, renderFigures, renderWorst } from "../simulation/report.ts";
import type { Line } from "../simulation/report.ts";
import { blindSpots, findSiteRole, readRuleSets } from "../simulation/rule-sets.ts";
import { renderSvg } from "../simulation/svg.ts";
import { arrivalsOf, readTraffic, trafficOptions, trafficWords } from "../simulation/traffic.ts";
import type { Traffic } from "../simulation/traffic.ts";

const columnsPiped = 80;
const seed = 1;

/** What these rules would have done with that traffic. Needs no controller, no root and no site. */
export const simulate: Command = {
  name: "simulate",
  summary: "Play a trace of traffic against scaling rules, and against others",
  details:
    "Each rule set is asked as it decides for a live site: how many requests would have been slow (late, or never answered), " +
    "failed (never answered) or queued, at how many machine-hours; beside a pool of one size, who knows the future, and " +
    "models of others' autoscalers. Then demand and pool over time, and the ten worst minutes, each with its cause. " +
    "Without `--rules` it takes the site file here, or the aim. Changes nothing.",
  words: trafficWords,
  options: [
    {
      flags: "--rules <file>",
      about: "what stands below `scale:`, and `machines: MIN..MAX`; may be given several times",
      isRepeatable: true,
    },
    ...trafficOptions,
    { flags: "--machines <range>", about: "bounds for all rule sets, e.g. 1..10" },
    ...machineOptions,
    {
      flags: "--exact",
      about: "request by request: takes longer, and is right where requests are few",
    },
    { flags: "--against <whom>", about: "all or none of the others (default: all)" },
    {
      flags: "--fail-if <condition>",
      about:
        "exit with 1 when it is true for a rule set: slow, failed, queued, hours or cost, e.g. 'slow > 0.5%'; may be given several times",
      isRepeatable: true,
    },
    { flags: "--svg <file>", about: "write demand and pool as a picture" },
  ],
  examples: [
    "tidemill simulate last-week.csv",
    "tidemill simulate last-week.csv --rules now.yaml --rules then.yaml --boot 15s --price '0.05 USD per hour'",
    "tidemill simulate --from-history 14d --scale x2 --fail-if 'slow > 0.5%'",
  ],
  async run(context, given) {
    const crew = createCrew();
    try {
      return await play(context, given, crew);
    } finally {
      await crew.end();
    }
  },
};

async function play(context: Context, given: Given, crew: Crew): Promise<ExitCode> {
  const price = readPrice(given);
  const conditions = valuesOf(given, "failIf").map((text) => parseFailIf(text, price));
  const against = valueOf(given, "against") ?? "all";
  if (against !== "all" && against !== "none")
    throw usageError(`--against is all or none, got ${against}`);
  const svg = await writableFile(context, given);
  const bounds = parseBounds(valueOf(given, "machines"));
  const here = await findSiteRole(context, given);
  const found = await readRuleSets(context, given, here);
  const slowS = found[0]?.settings.rules?.aim?.slowS ?? null;
  const machine = readMachine(given, here?.role ?? null, slowS);
  const blind = found.flatMap((set) => [...set.warnings, ...blindSpots(set, price)]);
  const traffic = await readTraffic(context, given);
  const arrivals = arrivalsOf(traffic, seed);
  const usual = boundsFor(arrivals, machine);
  const sets = found.map((set) => ({ ...set, machines: bounds ?? set.machines ?? usual }));
  const warnings = [...traffic.warnings, ...blind];
  for (const warning of warnings) context.output.progress(`warning: ${warning}`);

  const isExact = isGiven(given, "exact");
  const isAgainstAll = against === "all";
  const trials = trialsOf({ sets, arrivals, machine, isExact, isAgainstAll, price });
  const lines = await runContest(context, crew, trials);
  const ours = lines.filter(({ isOurs }) => isOurs);
  const notWanted = ours.flatMap(({ name, outcome }) =>
    conditions.flatMap((condition) => judge(condition, name, outcome, price) ?? []),
  );
  if (svg !== null) await writePicture(svg, traffic, ours);
  const told = { traffic, machine, price, lines, bounds: sets.map(({ machines }) => machines) };
  const columns = context.parts.stdout.columns ?? columnsPiped;
  context.output.result({ ...dataOf(told), warnings, failed: notWanted }, render(told, columns));
  for (const sentence of notWanted) context.output.progress(sentence);
  return notWanted.length > 0 ? exitCodes.failed : exitCodes.done;
}

interface Told {
  readonly traffic: Traffic;
  readonly machine: Machine;
  readonly price: Price | null;
  readonly lines: readonly Line[];
  /** Of ours. */
  readonly bounds: readonly { readonly min: number; readonly max: number }[];
}

function render(
  { traffic, machine, price, lines, bounds }: Told,
  columns: number,
): readonly string[] {
  const { name, fromS, toS, scale } = traffic;
  const requests = lines[0]?.outcome.requests ?? 0;
  const best = bestOf(lines);
  const ours = lines.filter(({ isOurs }) => isOurs);
  const scaled = scale === 1 ? "" : `, x${scale}`;
  const { min, max } = widest(bounds);
  return [
    `${name}${scaled}: ${momentOf(fromS * 1_000)} to ${momentOf(toS * 1_000)} UTC, ${formatCount(requests)} requests`,
    `${min}..${max} machines of ${machine.slots} slots, ${machine.serviceS * 1_000} ms an answer, ready after ${machine.bootS} s; slow: after ${machine.slowS} s, or never`,
    "",
    ...renderFigures(lines, price, best),
    ...ours.flatMap((line) => [
      "",
      `${line.name}: ${percentOf(line.outcome.slow)} slow`,
      ...renderChart(line.outcome.picture, columns),
      "",
      ...renderWorst(line.outcome),
    ]),
    "",
    chartKey,
  ];
}

function bestOf(lines: readonly Line[]): number | null {
  return lines.find(({ name }) => name === "clairvoyant")?.outcome.machineHours ?? null;
}

function dataOf({ traffic, machine, price, lines, bounds }: Told): object {
  const { name, fromS, toS, scale, trace } = traffic;
  const figures = ({ name, outcome }: Line): object => {
    const { requests, slow, failed, queued, machineHours, machinesMax, turnsPerDay } = outcome;
    const cost = price === null ? null : machineHours * price.machineHour;
    return { name, requests, slow, failed, queued, machineHours, cost, machinesMax, turnsPerDay };
  };
  const ours = lines.filter(({ isOurs }) => isOurs);
  return {
    trace: { name, from: fromS * 1_000, to: toS * 1_000, stepMs: trace.stepS * 1_000, scale },
    machine: {
      slots: machine.slots,
      serviceMs: machine.serviceS * 1_000,
      bootMs: machine.bootS * 1_000,
      slowMs: machine.slowS * 1_000,
    },
    currency: price?.currency ?? null,
    sets: ours.map((line, at) => ({
      ...figures(line),
      machines: bounds[at] ?? null,
      worstMinutes: line.outcome.worstMinutes.map(({ startS, ...minute }) => ({
        at: startS * 1_000,
        ...minute,
      })),
      picture: pictureData(line),
    })),
    others: lines.filter(({ isOurs }) => !isOurs).map(figures),
  };
}

function pictureData({ outcome }: Line): object {
  const { startS, spanS, demand, ready } = outcome.picture;
  return { at: startS * 1_000, spanMs: spanS * 1_000, demand, ready };
}

/** Known to be writable as far as that can be told before. */
async function writableFile(context: Context, given: Given): Promise<string | null> {
  const name = valueOf(given, "svg");
  if (name === null) return null;
  const path = resolve(context.parts.cwd, name);
  const isDirectory = async (place: string): Promise<boolean> =>
    (await stat(place).catch(() => null))?.isDirectory() ?? false;
  if (await isDirectory(path)) throw usageError(`Cannot write ${name}: it is a directory`);
  if (await isDirectory(dirname(path))) return path;
  throw usageError(`Cannot write ${name}: its directory does not exist`);
}

async function writePicture(path: string, { name }: Traffic, ours: readonly Line[]): Promise<void> {
  try {
    await writeFile(path, renderSvg(`Demand and pool: ${name}`, ours));
  } catch (cause) {
    const why = whyOf(cause as NodeJS.ErrnoException);
    const facts = { code: "unwritable", exit: exitCodes.failed };
    throw new CliError(`Cannot write ${path}: ${why}`, facts);
  }
}

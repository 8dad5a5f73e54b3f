import type { Setting } from "../../simulate/settings.ts";
import { CliError, usageError } from "../cli-error.ts";
import { isGiven, valueOf } from "../command.ts";
import type { Command, Given } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { counted, formatCount } from "../figures.ts";
import { momentOf } from "../moment.ts";
import { createCrew } from "../simulation/crew.ts";
import type { Crew } from "../simulation/crew.ts";
import { createRunProgress } from "../simulation/run-progress.ts";
import { machineOptions, readMachine, readPrice } from "../simulation/machines.ts";
import type { Machine, Price } from "../simulation/machines.ts";
import { propose, writeProposal } from "../simulation/proposal.ts";
import type { Proposal } from "../simulation/proposal.ts";
import { causeNames, percentOf } from "../simulation/report.ts";
import { blindSpots, findSiteRole } from "../simulation/rule-sets.ts";
import { search } from "../simulation/search.ts";
import type { Checked, Search } from "../simulation/search.ts";
import { arrivalsOf, readTraffic, trafficOptions, trafficWords } from "../simulation/traffic.ts";
import type { Traffic } from "../simulation/traffic.ts";
import { renderTable } from "../table.ts";

const seeds = [1, 2, 3];
/** Checks and the last runs come after it. */
const budgetMs = 35_000;

/** The cheapest setting that keeps the aim. */
export const tune: Command = {
  name: "tune",
  summary: "Propose the cheapest scaling that keeps the aim, as a diff of the site file",
  details:
    "Tries settings around those of the role on a trace: the aim's room, `hold`, the target of requests in flight per machine, " +
    "and the minimum of machines. What it proposes was checked with three noises. The site file is changed only with `--write`; " +
    "exit 1 where nothing that was tried keeps the aim.",
  words: trafficWords,
  options: [
    ...trafficOptions,
    {
      flags: "--aim <share>",
      about: "share of the answers that may be slow (default: the role's aim, else 0.1%)",
    },
    ...machineOptions,
    { flags: "--write", about: "change the site file" },
  ],
  examples: ["tidemill tune last-week.csv", "tidemill tune --from-history 14d --aim 0.2% --write"],
  async run(context, given) {
    const crew = createCrew();
    try {
      return await findBetter(context, given, crew);
    } finally {
      await crew.end();
    }
  },
};

async function findBetter(context: Context, given: Given, crew: Crew): Promise<ExitCode> {
  const price = readPrice(given);
  const here = await findSiteRole(context, given);
  // Says where it has looked.
  if (here === null) context.place();
  if (here === null) throw usageError("tune needs a site file");
  const { role } = here;
  const { scaling, machines: bounds, name } = role;
  const slowS = scaling.rules?.aim?.slowS ?? null;
  const machine = readMachine(given, role, slowS);
  const shareMax = shareOf(given) ?? scaling.rules?.aim?.shareMax ?? 0.001;
  const traffic = await readTraffic(context, given);
  const spots = blindSpots({ name, settings: scaling, machines: bounds, warnings: [] }, null);
  for (const warning of [...traffic.warnings, ...spots])
    context.output.progress(`warning: ${warning}`);

  const arrivals = seeds.map((seed) => arrivalsOf(traffic, seed));
  const wish = { crew, settings: scaling, bounds, machine, arrivals, shareMax, budgetMs };
  const progress = createRunProgress(context.parts.stderr, null);
  const found = await search({ ...wish, onDone: progress.step }).finally(progress.end);
  const best = found.best;
  const isPresent = best === null || best === found.present;
  const proposal = isPresent ? null : await propose(context, role, best.setting);
  const isWritten = proposal !== null && isGiven(given, "write");
  if (isWritten) writeProposal(proposal);
  const told: Told = { found, shareMax, traffic, machine, price, proposal, isWritten };
  context.output.result(dataOf(told), render(told));
  return best === null ? exitCodes.failed : exitCodes.done;
}

function shareOf(given: Given): number | null {
  const text = valueOf(given, "aim");
  if (text === null) return null;
  const percent = Number(/^(\d{1,2}(?:\.\d{1,6})?)%$/.exec(text)?.[1]);
  if (percent > 0 && percent <= 50) return percent / 100;
  throw new CliError(`--aim needs a percentage such as 0.1%, at most 50%, got ${text}`, {
    code: "usage",
    exit: exitCodes.usage,
  });
}

interface Told {
  readonly found: Search;
  readonly shareMax: number;
  readonly traffic: Traffic;
  readonly machine: Machine;
  readonly price: Price | null;
  readonly proposal: Proposal | null;
  readonly isWritten: boolean;
}

function render(told: Told): readonly string[] {
  const { found, shareMax, traffic, machine, price } = told;
  const { present, best } = found;
  const { fromS, toS, name } = traffic;
  const last = best ?? found.fastest;
  const lastName = best === null ? "least slow" : "proposed";
  const rows = [row("present", present, price)];
  if (last !== present) rows.push(row(lastName, last, price));
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [
    { title: "", align: "left" as const },
    right("slow"),
    right("machine-hours"),
    ...(price === null ? [] : [right(price.currency)]),
    { title: "setting", align: "left" as const },
  ];
  return [
    `${name}: ${momentOf(fromS * 1_000)} to ${momentOf(toS * 1_000)} UTC; the aim: at most ${percentOf(shareMax)} after ${machine.slowS} s, or never`,
    "",
    ...renderTable(columns, rows),
    "",
    ...verdict(told),
  ];
}

function verdict(told: Told): readonly string[] {
  const { found, shareMax, proposal, isWritten } = told;
  const { present, best, tried, isCutShort } = found;
  const cut = isCutShort ? " until the time was up" : "";
  const counting = `${counted(tried, "setting")} tried${cut}, the result with three noises.`;
  if (best === null) {
    const [worst] = found.fastest.outcome.worstMinutes;
    const why =
      worst === undefined
        ? []
        : [`Its worst minute: ${causeNames[worst.cause.kind]}: ${worst.cause.sentence}.`];
    return [`Nothing that was tried keeps the aim of ${percentOf(shareMax)}. ${counting}`, ...why];
  }
  if (best === present)
    return [`The present setting keeps the aim, and nothing saves 1 %. ${counting}`];
  if (proposal === null) {
    const words = settingText(best.setting);
    return [
      savings(told, best),
      counting,
      `The file cannot be changed by itself there; say it in it: ${words}`,
    ];
  }
  const next = isWritten
    ? "Written; `tidemill plan` shows it, `tidemill up` does it."
    : "Nothing was changed; --write does it.";
  return [savings(told, best), counting, "", ...proposal.diff, "", next];
}

function savings({ found, price, traffic, shareMax }: Told, best: Checked): string {
  const { present } = found;
  const hours = present.machineHours - best.machineHours;
  const share = Math.abs(hours) / present.machineHours;
  const days = ((traffic.toS - traffic.fromS) / 86_400).toFixed(1);
  const money =
    price === null ? "" : `, ${(Math.abs(hours) * price.machineHour).toFixed(2)} ${price.currency}`;
  const amount = `${formatCount(Math.abs(hours))} machine-hours${money} (${percentOf(share)}) in ${days} days`;
  if (hours >= 0) return `Saves ${amount}.`;
  return `The present setting misses the aim of ${percentOf(shareMax)}; keeping it costs ${amount} more.`;
}

function row(name: string, checked: Checked, price: Price | null): readonly string[] {
  const { slow, machineHours, setting } = checked;
  const cost = price === null ? [] : [(machineHours * price.machineHour).toFixed(2)];
  return [name, percentOf(slow), formatCount(machineHours), ...cost, settingText(setting)];
}

function settingText({ min, holdS, room, inFlight }: Setting): string {
  return [
    `machines from ${min}`,
    ...(room === null ? [] : [`room ${percentOf(room)}`]),
    ...(inFlight === null ? [] : [`in_flight per machine ${inFlight}`]),
    `hold ${holdS % 60 === 0 ? `${holdS / 60}m` : `${holdS}s`}`,
  ].join(", ");
}

function dataOf({ found, shareMax, price, proposal, isWritten }: Told): object {
  const figures = ({ setting, slow, machineHours }: Checked): object => {
    const { min, holdS, room, inFlight } = setting;
    const cost = price === null ? null : machineHours * price.machineHour;
    return { min, holdMs: holdS * 1_000, room, inFlight, slow, machineHours, cost };
  };
  const { present, best, tried, isCutShort } = found;
  return {
    aim: shareMax,
    currency: price?.currency ?? null,
    present: figures(present),
    proposed: best === null ? null : figures(best),
    leastSlow: figures(found.fastest),
    tried,
    isCutShort,
    diff: proposal === null ? null : proposal.diff.join("\n"),
    isWritten,
  };
}

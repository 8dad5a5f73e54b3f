import type { Role, ScalingSettings, Site } from "../../core/desired.ts";
import { neverMeasured } from "../../simulate/metrics.ts";
import { CliError, usageError } from "../cli-error.ts";
import { valueOf, valuesOf } from "../command.ts";
import type { Given } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../figures.ts";
import { readSiteWithDoubts } from "../read-site.ts";
import { readBounded } from "./bounded-file.ts";
import type { Price } from "./machines.ts";

/** A role's scaling that is to be tried out. */
export interface RuleSet {
  readonly name: string;
  readonly settings: ScalingSettings;
  /** Null: nobody says. */
  readonly machines: Role["machines"] | null;
  readonly warnings: readonly string[];
}

/** The role of the site file here; null where there is none. */
export interface SiteRole {
  readonly site: Site;
  readonly role: Role;
  readonly doubtLines: readonly string[];
}

const setsMax = 8;
const ruleBytesMax = 1 << 20;

/** Who did not name a site or a role may be anywhere. */
export async function findSiteRole(context: Context, given: Given): Promise<SiteRole | null> {
  const name = valueOf(given, "role");
  const isNamed =
    name !== null || valueOf(given, "file") !== null || valueOf(given, "env") !== null;
  if (!isNamed && !hasSite(context)) return null;
  const { site, doubtLines } = await readSiteWithDoubts(context);
  const wanted = name ?? site.defaultRole;
  const role = site.roles.find((role) => role.name === wanted);
  if (role !== undefined) return { site, role, doubtLines };
  const known = site.roles.map(({ name }) => name).join(", ");
  throw usageError(
    wanted === null
      ? `Which role? None of this site listens: say --role, one of ${known}`
      : `There is no role ${wanted}: it is one of ${known}`,
  );
}

function hasSite(context: Context): boolean {
  try {
    context.place();
    return true;
  } catch (error) {
    if (error instanceof CliError && error.facts.code === "no_site_file") return false;
    throw error;
  }
}

/** What is to be tried: the files of `--rules`, else the site's own, else the aim. */
export async function readRuleSets(
  context: Context,
  given: Given,
  here: SiteRole | null,
): Promise<readonly RuleSet[]> {
  const files = valuesOf(given, "rules");
  if (files.length > setsMax) throw usageError(`--rules may be given ${setsMax} times`);
  if (files.length > 0) return Promise.all(files.map((path) => readRules(context, path, here)));
  if (here === null) return [await plainAim()];
  const { role, doubtLines } = here;
  const { name, scaling, machines } = role;
  return [{ name, settings: scaling, machines, warnings: doubtLines }];
}

async function readRules(context: Context, path: string, here: SiteRole | null): Promise<RuleSet> {
  const { readScaleFile } = await import("../../site/scale-file.ts");
  const { formatIssue } = await import("../../site/issue.ts");
  const { cwd } = context.parts;
  const text = await readBounded({ cwd, path, bytesMax: ruleBytesMax, what: "the rules" });
  const reading = readScaleFile({ path, text });
  if (reading.kind === "issues") {
    throw new CliError(`${path} has ${counted(reading.issues.length, "issue")}`, {
      code: "rules",
      exit: exitCodes.usage,
      details: reading.issues.map(formatIssue),
    });
  }
  const { settings, doubts } = reading;
  const machines = reading.machines ?? here?.role.machines ?? null;
  return { name: path, settings, machines, warnings: doubts.map(formatIssue) };
}

/** What a site without a word about scaling could say in one line. */
async function plainAim(): Promise<RuleSet> {
  const { readScaleFile } = await import("../../site/scale-file.ts");
  const reading = readScaleFile({ path: "aim", text: "aim: { slow: 1s }" });
  if (reading.kind === "issues") throw new Error("the aim cannot be read");
  return { name: "aim", settings: reading.settings, machines: null, warnings: [] };
}

/** What a simulation cannot know of a rule set. */
export function blindSpots({ name, settings }: RuleSet, price: Price | null): readonly string[] {
  const { rules = null } = settings;
  if (rules === null) return [];
  const unknown = neverMeasured(rules).map(
    (metric) => `${name}: ${metric} is never measured here; what looks at it says nothing`,
  );
  const { spend } = rules;
  if (spend !== null && price === null)
    return [...unknown, `${name}: without --price nothing is spent, and no cap reached`];
  if (spend !== null && price !== null && spend.currency !== price.currency)
    throw usageError(`--price is in ${price.currency}, but ${name} counts in ${spend.currency}`);
  if (rules.mode === "shadow" || rules.mode === "off")
    return [...unknown, `${name}: mode is ${rules.mode}; it is simulated as on`];
  return unknown;
}

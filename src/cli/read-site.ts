import { readFileSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import type { Site } from "../core/desired.ts";
import type { SiteIssue } from "../site/issue.ts";
import { CliError } from "./cli-error.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { counted } from "./figures.ts";
import { SITE_FILE_NAME } from "./place.ts";

export type SiteFileReading =
  | {
      readonly kind: "site";
      readonly site: Site;
      readonly doubts: readonly SiteIssue[];
      readonly doubtLines: readonly string[];
    }
  | {
      readonly kind: "issues";
      readonly issues: readonly SiteIssue[];
      readonly lines: readonly string[];
    };

/** Reads and checks the site file with its overlay. The parser is loaded only here: most commands need none. */
export async function checkSite(context: Context): Promise<SiteFileReading> {
  const { readSiteFile } = await import("../site/site-file.ts");
  const { formatIssue } = await import("../site/issue.ts");
  const { directory, files } = context.place();
  const texts = files.map((path) => ({
    path: relative(context.parts.cwd, path) || path,
    text: readText(path),
  }));
  const reading = readSiteFile(texts, (path) => readOrNull(resolve(directory, path)));
  if (reading.kind === "site") return { ...reading, doubtLines: reading.doubts.map(formatIssue) };
  return { ...reading, lines: reading.issues.map(formatIssue) };
}

/** The site, or a `CliError` that lists every issue. Nothing was changed by then. */
export async function readSite(context: Context): Promise<Site> {
  return (await readSiteWithDoubts(context)).site;
}

/** The same, with a line for each scaling rule that will hardly do what was meant. */
export async function readSiteWithDoubts(
  context: Context,
): Promise<{ readonly site: Site; readonly doubtLines: readonly string[] }> {
  const reading = await checkSite(context);
  if (reading.kind === "site") return reading;
  const found = counted(reading.issues.length, "issue");
  throw new CliError(`The site file has ${found}; nothing was changed`, {
    code: "site_file",
    exit: exitCodes.usage,
    details: reading.lines,
    next: context.hint("tidemill check"),
  });
}

/** Values of every secret the site names, or a `CliError` that lists those that are missing. */
export async function readSecrets(
  context: Context,
  site: Site,
): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const found = await context.parts.resolveSecrets(site, context.place().directory);
  if (found.kind === "values") return found.values;
  throw new CliError(
    `${counted(found.missing.length, "secret")} cannot be resolved; nothing was changed`,
    {
      code: "secrets",
      exit: exitCodes.usage,
      details: found.missing.map(
        ({ role, name, reference, why }) => `${role}.secrets.${name}: ${reference}: ${why}`,
      ),
    },
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : `${code}`;
    throw new CliError(`Cannot read ${path}: ${why}`, {
      code: "no_site_file",
      exit: exitCodes.usage,
      next: basename(path) === SITE_FILE_NAME ? "tidemill init" : null,
    });
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

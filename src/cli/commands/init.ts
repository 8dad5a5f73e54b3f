import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Command, Given } from "../command.ts";
import { valueOf } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { SITE_FILE_NAME } from "../place.ts";

/** Begins. */
export const init: Command = {
  name: "init",
  summary: "Write a first site file",
  details:
    "Guesses the command from package.json's start script or from server.js, app.js or index.js. Asks nothing " +
    "and never writes over a file.",
  words: [],
  options: [],
  examples: ["tidemill init"],
  async run(context, given) {
    const path = pathOf(context, given);
    if (existsSync(path)) {
      throw new CliError(`${path} is there already`, {
        code: "exists",
        exit: exitCodes.usage,
        next: "tidemill check",
      });
    }
    const { renderStarter } = await import("../../site/starter.ts");
    const site = siteName(context.parts.cwd);
    const run = guessCommand(context.parts.cwd);
    const text = renderStarter({ site, run, check: "/", domain: `${site}.localhost` });
    writeFileSync(path, text, { flag: "wx" });
    context.output.result({ path, site, run }, [`Wrote ${path}`]);
    context.output.progress(`It starts the site by \`${run}\`. next: tidemill up`);
    return exitCodes.done;
  },
};

function pathOf({ parts }: Context, given: Given): string {
  return resolve(parts.cwd, valueOf(given, "file") ?? SITE_FILE_NAME);
}

/** The directory's name in the form a site's name has. */
export function siteName(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return name === "" ? "site" : name;
}

function guessCommand(directory: string): string {
  const start = startScript(directory);
  if (start !== null) return start;
  const entry = ["server.js", "app.js", "index.js", "server.mjs", "server.ts"].find((name) =>
    existsSync(join(directory, name)),
  );
  return `node ${entry ?? "server.js"}`;
}

/** A plain `node …` is run as it is: npm in between only takes memory and swallows signals. */
function startScript(directory: string): string | null {
  try {
    const text = readFileSync(join(directory, "package.json"), "utf8");
    const { scripts } = JSON.parse(text) as { scripts?: { start?: unknown } };
    const start = scripts?.start;
    if (typeof start !== "string") return null;
    return /^node [\w./ =-]+$/.test(start) ? start : "npm start";
  } catch {
    return null;
  }
}

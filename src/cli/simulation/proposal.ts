import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Role } from "../../core/desired.ts";
import { isSame, settingOf } from "../../simulate/settings.ts";
import type { Setting } from "../../simulate/settings.ts";
import type { Edit } from "../../site/edit.ts";
import { CliError } from "../cli-error.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { unifiedDiff } from "./diff.ts";

/** The site file with another setting. */
export interface Proposal {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly diff: readonly string[];
}

/** Null where the file says it in a way that only its author can change: by an alias, or in an overlay. */
export async function propose(
  context: Context,
  role: Role,
  wanted: Setting,
): Promise<Proposal | null> {
  const { editYaml } = await import("../../site/edit.ts");
  const { readYaml, hasValueAt } = await import("../../site/located.ts");
  const [path] = context.place().files;
  if (path === undefined) return null;
  const before = readFileSync(path, "utf8");
  const { root } = readYaml(path, before);
  const has = (...keys: readonly (string | number)[]): boolean => hasValueAt(root, keys);
  const after = editYaml(before, editsFor(role, wanted, has));
  if (after === null || !(await saysSo(context, role, wanted, after))) return null;
  const name = relative(context.parts.cwd, path);
  return { path, before, after, diff: unifiedDiff(name, before, after) };
}

type Has = (...keys: readonly (string | number)[]) => boolean;

function editsFor(role: Role, wanted: Setting, has: Has): readonly Edit[] {
  const present = settingOf(role.scaling, role.machines.min);
  const { name } = role;
  const edits: Edit[] = [];
  if (wanted.min !== present.min) {
    edits.push({ path: [name, "machines"], value: `${wanted.min}..${role.machines.max}` });
  }
  if (wanted.room !== present.room) {
    const room = `${round((wanted.room ?? 0) * 100)}%`;
    if (has(name, "scale", "aim", "slow")) {
      edits.push({ path: [name, "scale", "aim", "room"], value: room });
    } else edits.push({ path: [name, "scale", "aim"], value: `{ slow: 1s, room: ${room} }` });
  }
  if (wanted.holdS !== present.holdS) {
    const isLimit = has(name, "scale", "limits", "hold");
    const path = isLimit ? [name, "scale", "limits", "hold"] : [name, "scale", "hold"];
    edits.push({ path, value: durationText(wanted.holdS) });
  }
  if (wanted.inFlight !== null && wanted.inFlight !== present.inFlight) {
    edits.push({ path: inFlightPath(role, has), value: `${round(wanted.inFlight)}` });
  }
  return edits;
}

/** Among the targets, or beside them. */
function inFlightPath({ name, scaling }: Role, has: Has): readonly (string | number)[] {
  const key = "in_flight per machine";
  const targets = scaling.rules?.targets ?? [];
  const at = targets.findIndex((_, at) => has(name, "scale", "targets", at, key));
  return at === -1 ? [name, "scale", "in_flight"] : [name, "scale", "targets", at, key];
}

function durationText(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** The edited file is read again: it must be a site, and mean what is wanted. */
async function saysSo(
  context: Context,
  { name }: Role,
  wanted: Setting,
  text: string,
): Promise<boolean> {
  const { readSiteFile } = await import("../../site/site-file.ts");
  const { files } = context.place();
  const texts = files.map((path, at) => ({
    path,
    text: at === 0 ? text : readFileSync(path, "utf8"),
  }));
  // What files of the role hold is no part of it, but they must be there.
  const reading = readSiteFile(texts, () => "");
  if (reading.kind === "issues") return false;
  const role = reading.site.roles.find((role) => role.name === name);
  return role !== undefined && isSame(settingOf(role.scaling, role.machines.min), wanted);
}

/** Only if the file is still what was read. */
export function writeProposal({ path, before, after }: Proposal): void {
  const refuse = (why: string): CliError =>
    new CliError(`Cannot write ${path}: ${why}`, { code: "unwritable", exit: exitCodes.failed });
  try {
    if (readFileSync(path, "utf8") !== before) throw refuse("it was changed meanwhile");
    writeFileSync(path, after);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw refuse((cause as NodeJS.ErrnoException).code ?? "it failed");
  }
}

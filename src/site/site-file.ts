import type { Site } from "../core/desired.ts";
import { readDraft, type Finding } from "./draft.ts";
import type { SiteIssue } from "./issue.ts";
import {
  formatPath,
  hasValueAt,
  mergeLocated,
  placeAt,
  placeWithin,
  readYaml,
  toPlain,
  type Located,
  type Path,
} from "./located.ts";
import type { RoleFields } from "./role-schema.ts";
import { checkRules, type ReadFile } from "./rules.ts";
import { doubtsAbout } from "./scale-lint.ts";
import type { TopFields } from "./schema.ts";
import { toSite } from "./to-site.ts";

/** One file of a site: `tidemill.yaml`, or an overlay such as `tidemill.staging.yaml`. */
export interface SiteFile {
  readonly path: string;
  readonly text: string;
}

export type SiteReading =
  /** `doubts` hinder nothing: what is allowed, and will hardly do what was meant. */
  | { readonly kind: "site"; readonly site: Site; readonly doubts: readonly SiteIssue[] }
  | { readonly kind: "issues"; readonly issues: readonly SiteIssue[] };

/** More than anyone mends at once. */
const issuesMax = 100;

/**
 * Reads the site file and the overlays over it, each laid over those before it. `readFile` gives the files
 * they point to by `from`. Never throws: whatever is wrong is an issue, all of them at once, in the order
 * of the files.
 */
export function readSiteFile(
  files: readonly SiteFile[],
  readFile: ReadFile = () => null,
): SiteReading {
  const readings = files.map(({ path, text }) => readYaml(path, text));
  const broken = readings.flatMap(({ issues }) => issues);
  if (broken.length > 0) return refuse(broken, files);

  const [base, ...overlays] = readings.map(({ root }) => root);
  if (base === undefined) return refuse([], files);
  const root = overlays.reduce(laid, base);
  const { draft, findings } = readDraft(toPlain(root, isText));
  const isMapping = root.kind === "mapping";
  const all = isMapping ? [...findings, ...checkRules(draft, readFile)] : findings;
  if (all.length > 0)
    return refuse(
      all.map((finding) => toIssue(finding, root)),
      files,
    );

  // Without a finding no key of the draft is absent.
  const roles = draft.roles as ReadonlyMap<string, RoleFields>;
  const site = toSite(draft.top as TopFields, roles, readFile);
  const doubts = doubtsAbout(site).map((finding) => toIssue(finding, root));
  return { kind: "site", site, doubts };
}

function laid(base: Located, overlay: Located): Located {
  const isEmpty = overlay.kind === "scalar" && overlay.value === null;
  return isEmpty ? base : mergeLocated(base, overlay);
}

/** Where a number is wanted as it was written: the values of `env`, and file modes. */
function isText(path: Path): boolean {
  const [, key, , last] = path;
  return (path.length === 3 && key === "env") || (key === "files" && last === "mode");
}

/** With its place in the file. */
export function toIssue(
  { isAboutKey, path, column, ...finding }: Finding,
  root: Located,
): SiteIssue {
  // A short form such as `check: up` has no keys of its own to point to.
  const isThere = hasValueAt(root, path) || finding.code === "missing";
  const shown = isThere ? path : existing(root, path);
  const place =
    column === undefined
      ? placeAt(root, path, isAboutKey)
      : placeWithin(root, path, isAboutKey, column);
  return { ...place, ...finding, path: formatPath(shown) };
}

function existing(root: Located, path: Path): Path {
  const length = path.findIndex((_, at) => !hasValueAt(root, path.slice(0, at + 1)));
  return length === -1 ? path : path.slice(0, length);
}

function refuse(issues: readonly SiteIssue[], files: readonly SiteFile[]): SiteReading {
  const order = new Map(files.map(({ path }, at) => [path, at]));
  const orderOf = (issue: SiteIssue) => order.get(issue.file) ?? files.length;
  const sorted = issues.toSorted(
    (a, b) => orderOf(a) - orderOf(b) || a.line - b.line || a.column - b.column,
  );
  return { kind: "issues", issues: sorted.slice(0, issuesMax) };
}

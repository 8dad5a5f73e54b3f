import type { Role, ScalingSettings } from "../core/desired.ts";
import { lintRules } from "../core/scaling/rules/lint.ts";
import { readFields, type Finding } from "./draft.ts";
import { showValue } from "./form.ts";
import { isMapping } from "./field.ts";
import type { SiteIssue } from "./issue.ts";
import { readYaml, toPlain, type Located } from "./located.ts";
import { roleShape, type RoleFields } from "./role-schema.ts";
import { compileScale } from "./scale-rules.ts";
import { toIssue, type SiteFile } from "./site-file.ts";
import { toScaling } from "./to-site.ts";

export type ScaleReading =
  | {
      readonly kind: "scale";
      readonly settings: ScalingSettings;
      /** Null where the file says nothing about it. */
      readonly machines: Role["machines"] | null;
      readonly doubts: readonly SiteIssue[];
    }
  | { readonly kind: "issues"; readonly issues: readonly SiteIssue[] };

/** Reads a file that holds what stands below `scale:` of a role, and `machines`, to try it out. Never throws. */
export function readScaleFile({ path, text }: SiteFile): ScaleReading {
  const { root, issues } = readYaml(path, text);
  if (issues.length > 0) return { kind: "issues", issues };
  const value = toPlain(root, () => false);
  if (!isMapping(value)) {
    const message = `expected what stands below scale: such as in_flight: 4, got ${showValue(value)}`;
    return refuse([{ path: [], code: "wrong_value", message, hint: "", isAboutKey: false }], root);
  }
  const { machines, ...scale } = value;
  const shape = { machines: roleShape.machines, scale: roleShape.scale };
  const given = { scale, ...(machines === undefined ? {} : { machines }) };
  const { fields, findings } = readFields(shape, given, []);
  if (findings.length > 0) return refuse(findings.map(withoutScale), root);
  const read = fields as Pick<RoleFields, "machines" | "scale">;
  const compiled = compileScale(read.scale, []);
  if (compiled.findings.length > 0) return refuse(compiled.findings, root);
  const settings = toScaling(read.scale);
  const bounds = machines === undefined ? null : read.machines;
  return { kind: "scale", settings, machines: bounds, doubts: doubtsAbout(settings, bounds, root) };
}

/** The file's keys are those of `scale`. */
function withoutScale(finding: Finding): Finding {
  const { path } = finding;
  return path[0] === "scale" ? { ...finding, path: path.slice(1) } : finding;
}

function refuse(findings: readonly Finding[], root: Located): ScaleReading {
  const issues = findings.map((finding) => toIssue(finding, root));
  return {
    kind: "issues",
    issues: issues.toSorted((a, b) => a.line - b.line || a.column - b.column),
  };
}

function doubtsAbout(
  { rules = null }: ScalingSettings,
  bounds: Role["machines"] | null,
  root: Located,
): readonly SiteIssue[] {
  if (rules === null || bounds === null) return [];
  return lintRules(rules, { bounds, bootS: null }).map(({ path, column, message, hint }) =>
    toIssue(
      {
        path,
        code: "doubtful",
        message,
        hint,
        isAboutKey: false,
        ...(column === null ? {} : { column }),
      },
      root,
    ),
  );
}

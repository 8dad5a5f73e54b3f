import type * as z from "zod";
import { isMapping } from "./field.ts";
import { showValue } from "./form.ts";
import { nearestName } from "../core/nearest-name.ts";
import type { SiteIssueCode } from "./issue.ts";
import type { Path } from "./located.ts";
import { roleShape, type RoleFields } from "./role-schema.ts";
import { reservedNames, topShape, type TopFields } from "./schema.ts";
import { nameForm } from "./vocabulary.ts";

/** What is right in the file so far: a key with a wrong value is absent, so that the rest can still be judged. */
export interface Draft {
  readonly top: Partial<TopFields>;
  /** In the order of the file. */
  readonly roles: ReadonlyMap<string, Partial<RoleFields>>;
}

/** An issue before its place in the files is known. */
export interface Finding {
  readonly path: Path;
  readonly code: SiteIssueCode;
  readonly message: string;
  readonly hint: string;
  /** It is about the last key of the path, not about its value. */
  readonly isAboutKey: boolean;
  /** Within the text at the path, from 1; left out, the finding is about the whole of it. */
  readonly column?: number;
}

/** First phase: every key by itself. Which of them go together is for the rules. */
export function readDraft(value: unknown): { draft: Draft; findings: readonly Finding[] } {
  if (!isMapping(value)) {
    const message = `expected a mapping with site and at least one role, got ${showValue(value)}`;
    const finding = {
      path: [],
      code: "wrong_value",
      message,
      hint: "",
      isAboutKey: false,
    } as const;
    return { draft: { top: {}, roles: new Map() }, findings: [finding] };
  }
  const top = readFields(topShape, value, []);
  const findings = [...top.findings];
  const roles = new Map<string, Partial<RoleFields>>();
  for (const [name, fields] of Object.entries(value)) {
    if (Object.hasOwn(topShape, name)) continue;
    const refusal = refuseRole(name, fields);
    if (refusal !== null) {
      findings.push({ path: [name], isAboutKey: true, ...refusal });
      continue;
    }
    const known = Object.keys(roleShape);
    const role = readFields(roleShape, fields as Readonly<Record<string, unknown>>, [name]);
    roles.set(name, role.fields);
    findings.push(...role.findings, ...unknownKeys(Object.keys(fields as object), known, [name]));
  }
  return { draft: { top: top.fields, roles }, findings };
}

function refuseRole(
  name: string,
  fields: unknown,
): Pick<Finding, "code" | "message" | "hint"> | null {
  if (reservedNames.includes(name)) {
    const message = "this name is reserved";
    return { code: "conflict", message, hint: "give the role another name" };
  }
  if (!isMapping(fields) || !Object.hasOwn(fields, "run")) {
    const known = Object.keys(topShape);
    const nearest = nearestName(name, known);
    const hint =
      nearest === null ? `known keys are ${known.join(", ")}` : `did you mean ${nearest}?`;
    const message = "unknown key, and no role either since a role is a mapping with run";
    return { code: "unknown_key", message, hint };
  }
  if (nameForm.parse(name).isRight) return null;
  return { code: "wrong_value", message: `a role needs ${nameForm.expected}`, hint: "" };
}

/** The fields that are right, by a shape, and what is wrong with the others. Keys it does not know are not looked at. */
export function readFields(
  shape: Readonly<Record<string, z.ZodType>>,
  value: Readonly<Record<string, unknown>>,
  path: Path,
): { fields: Readonly<Record<string, unknown>>; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const fields: [string, unknown][] = [];
  for (const [key, schema] of Object.entries(shape)) {
    const result = schema.safeParse(Object.hasOwn(value, key) ? value[key] : undefined);
    if (result.success) fields.push([key, result.data]);
    else
      findings.push(
        ...result.error.issues.flatMap((issue) => toFindings(issue, schema, [...path, key])),
      );
  }
  return { fields: Object.fromEntries(fields), findings };
}

function toFindings(issue: z.core.$ZodIssue, schema: z.ZodType, parent: Path): readonly Finding[] {
  const steps = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  const path = [...parent, ...steps];
  if (issue.code === "unrecognized_keys")
    return unknownKeys(issue.keys, keysAt(schema, steps), path);
  const params: Readonly<Record<string, unknown>> =
    issue.code === "custom" ? (issue.params ?? {}) : {};
  const finding: Finding = {
    path,
    code: issue.message.endsWith(", got nothing") ? "missing" : "wrong_value",
    message: issue.message,
    hint: typeof params["hint"] === "string" ? params["hint"] : "",
    isAboutKey: params["isKey"] === true,
  };
  return [finding];
}

function unknownKeys(
  keys: readonly string[],
  known: readonly string[],
  path: Path,
): readonly Finding[] {
  return keys
    .filter((key) => !known.includes(key))
    .map((key) => {
      const nearest = nearestName(key, known);
      const allowed = `allowed are ${known.join(", ")}`;
      return {
        path: [...path, key],
        code: "unknown_key",
        message: "unknown key",
        hint: nearest === null ? allowed : `did you mean ${nearest}? ${allowed}`,
        isAboutKey: true,
      };
    });
}

/** The keys a mapping inside a field allows: optional, default and short forms are only wrapped around it. */
function keysAt(schema: unknown, steps: Path): readonly string[] {
  const { def } = (schema as z.ZodType)._zod as unknown as { def: SchemaDefinition };
  if (def.type === "prefault" || def.type === "optional") return keysAt(def.innerType, steps);
  if (def.type === "pipe") return keysAt(def.out, steps);
  const [step, ...rest] = steps;
  if (def.type === "array") return keysAt(def.element, rest);
  if (def.type !== "object" || def.shape === undefined) return [];
  return step === undefined ? Object.keys(def.shape) : keysAt(def.shape[String(step)], rest);
}

interface SchemaDefinition {
  readonly type: string;
  readonly innerType?: unknown;
  readonly out?: unknown;
  readonly element?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
}

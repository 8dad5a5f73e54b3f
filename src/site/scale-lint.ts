import type { Site } from "../core/desired.ts";
import { lintRules } from "../core/scaling/rules/lint.ts";
import type { Finding } from "./draft.ts";

/** Scaling rules that are allowed, and will flap, never fire, or cannot do what they want. */
export function doubtsAbout({ roles }: Site): readonly Finding[] {
  return roles.flatMap(({ name, machines, scaling }) => {
    const rules = scaling.rules ?? null;
    if (rules === null) return [];
    return lintRules(rules, { bounds: machines, bootS: null }).map((found): Finding => {
      const { path, column, message, hint } = found;
      const place = { path: [name, "scale", ...path], isAboutKey: false };
      return { ...place, code: "doubtful", message, hint, ...(column === null ? {} : { column }) };
    });
  });
}

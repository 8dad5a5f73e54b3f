import type { Parsed } from "../core/scaling/rules/cursor.ts";
import type { Finding } from "./draft.ts";
import type { Path } from "./located.ts";

/** Collects what is wrong below a path of the site file. */
export interface Report {
  readonly findings: readonly Finding[];
  readonly tell: (path: Path, code: Finding["code"], message: string, hint?: string) => void;
  /** What was read; null after it has told what is wrong with the text there, or with the key. */
  readonly take: <T>(parsed: Parsed<T>, path: Path, where?: "key" | "value") => T | null;
}

/** Paths are relative to `root`. */
export function createReport(root: Path): Report {
  const findings: Finding[] = [];
  return {
    findings,
    tell(path, code, message, hint = "") {
      findings.push({ path: [...root, ...path], code, message, hint, isAboutKey: false });
    },
    take(parsed, path, where = "value") {
      if (parsed.isRight) return parsed.value;
      const { column, message, hint } = parsed;
      const place = { path: [...root, ...path], column, isAboutKey: where === "key" };
      findings.push({ ...place, code: "wrong_value", message, hint });
      return null;
    },
  };
}

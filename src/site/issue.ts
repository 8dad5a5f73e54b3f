/** Where something stands in one of the site's files; both numbers count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * `syntax`: not YAML. `unknown_key`: no such key. `missing`: a key that must be there. `wrong_value`: the key
 * is right, its value is not. `conflict`: two things that are right alone and not together. `unknown_name`:
 * a name of something the file does not define. `unreadable`: a file it points to cannot be read.
 * `too_large`: beyond what a site file may hold. `doubtful`: allowed, and will hardly do what was meant.
 */
export type SiteIssueCode =
  | "syntax"
  | "unknown_key"
  | "missing"
  | "wrong_value"
  | "conflict"
  | "unknown_name"
  | "unreadable"
  | "too_large"
  | "doubtful";

/** One thing that is wrong in the site file, at the place where it stands. */
export interface SiteIssue extends Place {
  /** Keys from the top, joined by dots; empty for the file as a whole. */
  readonly path: string;
  readonly code: SiteIssueCode;
  readonly message: string;
  /** What to do about it, e.g. `did you mean balancer?`; empty when the message says it all. */
  readonly hint: string;
}

/** One line as editors and people read it: `file:line:column: path: message; hint`. */
export function formatIssue(issue: SiteIssue): string {
  const place = `${issue.file}:${issue.line}:${issue.column}`;
  const parts = [place, issue.path, issue.message].filter((part) => part !== "");
  return `${parts.join(": ")}${issue.hint === "" ? "" : `; ${issue.hint}`}`;
}

/** Whether a path is left out; asked from the top down, and never below a directory that is left out. */
export type Ignore = (path: string, isDirectory: boolean) => boolean;

interface Pattern {
  readonly expression: RegExp;
  readonly isNegated: boolean;
  readonly isForDirectories: boolean;
}

/**
 * Patterns in .gitignore's form: `*`, `?`, `[a-z]`, `**`, a leading or inner `/` that ties the pattern to the
 * top, a trailing `/` for directories only, `!` to take in again, `\` before a letter that is meant as such.
 * The last pattern that matches wins. Not known: `.gitignore` files themselves, and POSIX classes such as
 * `[[:space:]]`. `.git` and `.tidemill` are always left out, at every depth.
 */
export function createIgnore(lines: readonly string[]): Ignore {
  const patterns = lines.flatMap(parsePattern);
  return (path, isDirectory) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name === ".git" || name === ".tidemill") return true;
    const last = patterns.findLast(
      ({ expression, isForDirectories }) =>
        (isDirectory || !isForDirectories) && expression.test(path),
    );
    return last !== undefined && !last.isNegated;
  };
}

function parsePattern(line: string): readonly Pattern[] {
  let text = line.replace(/(?<!\\)\s+$/, "");
  if (text === "" || text.startsWith("#")) return [];
  const isNegated = text.startsWith("!");
  if (isNegated) text = text.slice(1);
  const isForDirectories = text.endsWith("/");
  if (isForDirectories) text = text.slice(0, -1);
  const isTied = text.includes("/");
  if (text.startsWith("/")) text = text.slice(1);
  if (text === "") return [];
  const expression = toExpression(isTied ? text : `**/${text}`);
  return expression === null ? [] : [{ expression, isNegated, isForDirectories }];
}

const token = /\*\*\/|\/\*\*$|\*+|\?|\[[!^]?\]?[^\]]*\]|\\.|[^]/gu;

function toExpression(pattern: string): RegExp | null {
  const source = (pattern.match(token) ?? []).map(toSource).join("");
  try {
    return new RegExp(`^${source}$`, "u");
  } catch {
    // A class such as `[z-a]` matches nothing, as it does for git.
    return null;
  }
}

function toSource(part: string): string {
  if (part === "**/") return "(?:[^/]+/)*";
  if (part === "/**") return "/.+";
  if (part.startsWith("*")) return "[^/]*";
  if (part === "?") return "[^/]";
  if (part.length > 1 && part.startsWith("[")) {
    const isNot = part[1] === "!" || part[1] === "^";
    const inside = part.slice(isNot ? 2 : 1, -1).replace(/[\\[\]^&|]/g, "\\$&");
    return `(?!/)[${isNot ? "^" : ""}${inside}]`;
  }
  const letter = part.startsWith("\\") && part.length > 1 ? part.slice(1) : part;
  return letter.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

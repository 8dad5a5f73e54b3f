/** Lines around a change. */
const around = 3;
/** How far a line may have moved down. */
const insertedMax = 20;

interface Row {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

/** What `diff -u` and `git diff` print; no lines when nothing differs. */
export function unifiedDiff(path: string, before: string, after: string): readonly string[] {
  const rows = compare(before.split("\n"), after.split("\n"));
  const hunks = hunksOf(rows);
  if (hunks.length === 0) return [];
  return [`--- ${path}`, `+++ ${path}`, ...hunks.flatMap(([from, to]) => hunk(rows, from, to))];
}

/** Right for any two texts, and short for those of which one has lines more, or others. */
function compare(before: readonly string[], after: readonly string[]): readonly Row[] {
  const rows: Row[] = [];
  let at = 0;
  for (const line of before) {
    const found = after.slice(at, at + insertedMax).indexOf(line);
    if (found === -1) rows.push({ mark: "-", line });
    else {
      for (const added of after.slice(at, at + found)) rows.push({ mark: "+", line: added });
      rows.push({ mark: " ", line });
      at += found + 1;
    }
  }
  for (const line of after.slice(at)) rows.push({ mark: "+", line });
  return rows;
}

/** Changes with what is around them, as [from, to) of the rows. */
function hunksOf(rows: readonly Row[]): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = [];
  for (const [at, { mark }] of rows.entries()) {
    if (mark === " ") continue;
    const last = hunks.at(-1);
    const to = Math.min(rows.length, at + around + 1);
    if (last !== undefined && at - around <= last[1]) last[1] = to;
    else hunks.push([Math.max(0, at - around), to]);
  }
  return hunks;
}

function hunk(rows: readonly Row[], from: number, to: number): readonly string[] {
  const count = (part: readonly Row[], not: "+" | "-"): number =>
    part.filter(({ mark }) => mark !== not).length;
  const [past, shown] = [rows.slice(0, from), rows.slice(from, to)];
  // The end of the last line is no line.
  const lines = shown.filter(({ line }, at) => line !== "" || from + at < rows.length - 1);
  const place = (not: "+" | "-"): string => `${count(past, not) + 1},${count(lines, not)}`;
  return [`@@ -${place("+")} +${place("-")} @@`, ...lines.map(({ mark, line }) => mark + line)];
}

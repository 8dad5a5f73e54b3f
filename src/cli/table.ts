export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/** Columns as wide as their widest cell, two spaces between; the last one is not padded. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const lines = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => width(line[at] ?? ""))));
  return lines.map((line) =>
    columns
      .map(({ align }, at) => pad(line[at] ?? "", widths[at] ?? 0, align))
      .join("  ")
      .trimEnd(),
  );
}

/** Rows of words without titles. */
export function renderColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const columnsMax = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: columnsMax }, (): Column => ({ title: "", align: "left" }));
  return renderTable(columns, rows).slice(1);
}

function pad(cell: string, wanted: number, align: Column["align"]): string {
  const gap = " ".repeat(Math.max(0, wanted - width(cell)));
  return align === "left" ? cell + gap : gap + cell;
}

/** Characters, not code units; everything we print is one cell wide. */
function width(cell: string): number {
  return Array.from(cell).length;
}

/** What a figure is measured in. Durations are in seconds, shares a fraction of 1, rates per second. */
export type Unit = "number" | "share" | "duration" | "bytes" | "rate";

/** How a unit is called in a message, with an example of how it is written. */
export const unitNames: Readonly<Record<Unit, string>> = {
  number: "a plain number such as 40",
  share: "a percentage such as 70%",
  duration: "a duration such as 600ms",
  bytes: "a size such as 512MiB",
  rate: "a rate such as 200/s",
};

/** What may stand behind a number, and what it makes of it. */
export const suffixes: ReadonlyMap<string, { readonly unit: Unit; readonly factor: number }> =
  new Map([
    ["%", { unit: "share", factor: 0.01 }],
    ["ms", { unit: "duration", factor: 0.001 }],
    ["s", { unit: "duration", factor: 1 }],
    ["m", { unit: "duration", factor: 60 }],
    ["h", { unit: "duration", factor: 3_600 }],
    ["d", { unit: "duration", factor: 86_400 }],
    ["/s", { unit: "rate", factor: 1 }],
    ["/m", { unit: "rate", factor: 1 / 60 }],
    ["/h", { unit: "rate", factor: 1 / 3_600 }],
    ["B", { unit: "bytes", factor: 1 }],
    ["KB", { unit: "bytes", factor: 1e3 }],
    ["MB", { unit: "bytes", factor: 1e6 }],
    ["GB", { unit: "bytes", factor: 1e9 }],
    ["TB", { unit: "bytes", factor: 1e12 }],
    ["KiB", { unit: "bytes", factor: 2 ** 10 }],
    ["MiB", { unit: "bytes", factor: 2 ** 20 }],
    ["GiB", { unit: "bytes", factor: 2 ** 30 }],
    ["TiB", { unit: "bytes", factor: 2 ** 40 }],
  ] as const);

/** As it would be written: what is printed is read back as the same figure. */
export function printFigure(value: number, unit: Unit): string {
  switch (unit) {
    case "number":
      return short(value);
    case "share":
      return `${short(value * 100)}%`;
    case "rate":
      return `${short(value)}/s`;
    case "duration":
      return printScaled(value, durations);
    case "bytes":
      return printScaled(value, sizes);
  }
}

/** The same with at most three digits behind the point, for sentences. */
export function showFigure(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return "unknown";
  const scale = unit === "share" || (unit === "duration" && Math.abs(value) < 1) ? 100_000 : 1_000;
  return printFigure(Math.round(value * scale) / scale, unit);
}

const durations = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
] as const;
const sizes = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
] as const;

/** In the largest unit that gives a whole number; below a second in milliseconds. */
function printScaled(value: number, scales: typeof durations | typeof sizes): string {
  const fitting = scales.find(([, size]) => value !== 0 && value % size === 0);
  if (fitting !== undefined) return `${short(value / fitting[1])}${fitting[0]}`;
  if (scales === sizes) return `${short(value)}B`;
  return Math.abs(value) < 1 && value !== 0 ? `${short(value * 1_000)}ms` : `${short(value)}s`;
}

/** Without the last binary digits, which 0.07 × 100 leaves behind, and never with an exponent. */
function short(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const rounded = Number(value.toPrecision(12));
  const text = String(rounded);
  return text.includes("e") ? rounded.toFixed(12).replace(/\.?0+$/, "") : text;
}

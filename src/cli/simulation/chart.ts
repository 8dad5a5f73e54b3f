import { coarser } from "../../simulate/picture.ts";
import type { Picture } from "../../simulate/picture.ts";
import { momentOf } from "../moment.ts";

const rows = 12;
const widthMin = 40;
const widthMax = 200;
const eighths = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const spare = "░";

/** Demand as solid columns, what served beyond it in grey, over time; as wide as the terminal. */
export function renderChart(picture: Picture, columns: number): readonly string[] {
  const width = Math.max(widthMin, Math.min(widthMax, columns));
  const top = Math.max(1, ...picture.demand, ...picture.ready);
  const labelWidth = String(Math.ceil(top)).length + 1;
  const plotted = coarser(picture, width - labelWidth - 1);
  const lines = Array.from({ length: rows }, (_, at) => {
    const row = rows - 1 - at;
    const cells = plotted.demand.map((demand, i) =>
      cellOf((demand / top) * rows - row, ((plotted.ready[i] ?? 0) / top) * rows - row),
    );
    const label = at === 0 ? String(Math.ceil(top)) : at === rows - 1 ? "0" : "";
    return `${label.padStart(labelWidth)} ${cells.join("")}`.trimEnd();
  });
  const { startS, spanS, demand } = picture;
  const from = timeOf(startS);
  const to = timeOf(startS + spanS * demand.length);
  const gap = " ".repeat(Math.max(1, plotted.demand.length - from.length - to.length));
  return [...lines, `${" ".repeat(labelWidth + 1)}${from}${gap}${to}`];
}

/** What the marks mean. */
export const chartKey = `█ machines that the requests keep busy, ${spare} machines beyond them; each column at its busiest second`;

/** How far demand and pool reach into a row, 1 being all of it. */
function cellOf(demand: number, ready: number): string {
  if (demand >= 1) return "█";
  const filled = eighths[Math.round(Math.max(0, demand) * 8)] ?? " ";
  // A cell has one mark: what is asked for counts more than what is there beyond it.
  if (filled !== " ") return filled;
  return ready >= 0.3 ? spare : " ";
}

function timeOf(second: number): string {
  return momentOf(second * 1_000).slice(0, 16);
}

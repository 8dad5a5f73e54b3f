import type { Outcome } from "../../simulate/trial.ts";
import { momentOf } from "../moment.ts";
import { percentOf, type Line } from "./report.ts";

const width = 1_000;
const panelHeight = 220;
const margin = { top: 34, right: 20, bottom: 30, left: 46 };
const plotWidth = width - margin.left - margin.right;
const plotHeight = panelHeight - margin.top - margin.bottom;
const ticks = 6;
const levels = 4;

const style = `text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600}.grid{stroke:#ddd}.axis{stroke:#999}
.pool{fill:#bcd3ea}.demand{fill:#1f5f99}.bad{fill:#c0392b}.back{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#333}.axis{stroke:#777}.pool{fill:#34506b}.demand{fill:#7db3e8}.bad{fill:#ff7b6b}.back{fill:#161a1e}}`;

/** Demand and pool of each rule set, one below the other, with its worst minutes. */
export function renderSvg(title: string, lines: readonly Line[]): string {
  const height = panelHeight * lines.length + 24;
  const panels = lines.map((line, at) => panel(line, at * panelHeight));
  const key = `<text x="${margin.left}" y="${height - 8}">dark: machines that the requests keep busy · light: machines that served · red: the ten worst minutes</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    ...panels,
    key,
    "</svg>",
    "",
  ].join("\n");
}

function panel({ name, outcome }: Line, y: number): string {
  const { picture } = outcome;
  const top = niceTop(Math.max(1, ...picture.demand, ...picture.ready));
  const hours = Math.round(outcome.machineHours);
  const heading = `${name}: ${percentOf(outcome.slow)} slow, ${hours} machine-hours`;
  return [
    `<g transform="translate(${margin.left} ${y + margin.top})">`,
    `<text class="title" y="-14">${escaped(heading)}</text>`,
    ...levelLines(top),
    `<path class="pool" d="${area(picture.ready, top)}"/>`,
    `<path class="demand" d="${area(picture.demand, top)}"/>`,
    ...badMarks(outcome),
    ...timeMarks(outcome),
    `<line class="axis" x1="0" x2="${plotWidth}" y1="${plotHeight}" y2="${plotHeight}"/>`,
    "</g>",
  ].join("\n");
}

function area(values: readonly number[], top: number): string {
  const each = plotWidth / Math.max(1, values.length);
  const steps = values.map((value, at) => {
    const height = fixed(plotHeight * (1 - value / top));
    return `V${height}H${fixed((at + 1) * each)}`;
  });
  return `M0 ${plotHeight}${steps.join("")}V${plotHeight}Z`;
}

function levelLines(top: number): readonly string[] {
  return Array.from({ length: levels }, (_, at) => {
    const value = (top * (at + 1)) / levels;
    const y = fixed(plotHeight * (1 - value / top));
    const shown = Number.isInteger(value) ? value : value.toFixed(1);
    return `<line class="grid" x1="0" x2="${plotWidth}" y1="${y}" y2="${y}"/><text x="-6" y="${y + 4}" text-anchor="end">${shown}</text>`;
  });
}

function timeMarks({ picture }: Outcome): readonly string[] {
  const lengthS = picture.spanS * picture.demand.length;
  return Array.from({ length: ticks }, (_, at) => {
    const share = at / (ticks - 1);
    const text = momentOf((picture.startS + lengthS * share) * 1_000).slice(0, 16);
    const anchor = at === 0 ? "start" : at === ticks - 1 ? "end" : "middle";
    return `<text x="${fixed(plotWidth * share)}" y="${plotHeight + 18}" text-anchor="${anchor}">${text}</text>`;
  });
}

function badMarks({ picture, worstMinutes }: Outcome): readonly string[] {
  const lengthS = picture.spanS * picture.demand.length;
  return worstMinutes.map(({ startS, slow, failed, requests, cause }) => {
    const x = fixed((plotWidth * (startS - picture.startS)) / lengthS);
    const told = `${momentOf(startS * 1_000).slice(0, 16)}: ${Math.round(slow + failed)} of ${Math.round(requests)} slow: ${cause.sentence}`;
    return `<path class="bad" d="M${x} 0l-4 -8h8z"><title>${escaped(told)}</title></path>`;
  });
}

/** So that the levels are round. */
function niceTop(most: number): number {
  const step = 10 ** Math.floor(Math.log10(most));
  const found = [1, 2, 4, 5, 8, 10].find((times) => times * step >= most) ?? 10;
  return Math.max(levels, found * step);
}

function fixed(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  // What is no character in XML would make the file unreadable.
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u001f\ufffe\uffff]/g, "")
      .replaceAll(/[&<>"]/g, (c) => entities[c] ?? c)
  );
}

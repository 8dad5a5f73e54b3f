/**
 * `npm run fuzz -- [--input NAME] [--cases N] [--seed N] [--from CASE] [--jobs N]`: hostile input by the hundred
 * thousand, some inputs at a time, one per core. The same seed makes the same cases, however many run at once. A crash, a hang or a leak is told with the command that shows it again; ends with one JSON line.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { fuzzInput, giantMsMax } from "./fuzz.ts";
import type { FuzzInput } from "./input.ts";
import { fuzzInputs, giants } from "./inputs.ts";
import type { InputResult } from "./run-input.ts";

const { values } = parseArgs({
  options: {
    input: { type: "string" },
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
    jobs: { type: "string", default: String(availableParallelism()) },
  },
});
const count = (name: string, text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} needs a whole number, got ${text}`);
};
const plan = {
  cases: count("cases", values.cases),
  seed: count("seed", values.seed),
  from: count("from", values.from),
};
const isWanted = ({ name }: FuzzInput): boolean =>
  values.input === undefined || name === values.input;
const wanted = fuzzInputs.filter(isWanted);
const wantedGiants = giants.filter(isWanted);
if (wanted.length + wantedGiants.length === 0) throw new Error(`no input is named ${values.input}`);

const jobs: (() => Promise<InputResult>)[] = [
  ...wanted.map(
    ({ name }) =>
      () =>
        fuzzInput(name, plan),
  ),
  ...wantedGiants.map(
    ({ name }) =>
      () =>
        fuzzInput(name, { ...plan, from: 0, cases: 1 }, giantMsMax),
  ),
];
const results: InputResult[] = [];

/** Takes the next job until none is left; each runs in a thread of its own. */
async function work(): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const startedAt = performance.now();
    const result = await job();
    results.push(result);
    tell(result, performance.now() - startedAt);
  }
}

function tell({ input, cases, slowestMs, peakMb, crashes }: InputResult, tookMs: number): void {
  console.error(
    `${input}: ${cases} cases in ${(tookMs / 1_000).toFixed(1)} s, slowest ${Math.round(slowestMs)} ms, ` +
      `${Math.round(peakMb)} MB, ${crashes.length} crashes`,
  );
  for (const crash of crashes) {
    console.error(
      `  --input ${input} --seed ${plan.seed} --from ${crash.case} --cases 1: ${crash.message}`,
    );
  }
}

await Promise.all(Array.from({ length: count("jobs", values.jobs) || 1 }, work));

const shown = (of: readonly FuzzInput[]) =>
  of
    .flatMap(({ name }) => results.filter(({ input }) => input === name))
    .map(({ input, cases, crashes, slowestMs, peakMb }) => ({
      input,
      cases,
      crashes: crashes.length,
      slowestMs: Math.round(slowestMs),
      peakMb: Math.round(peakMb),
    }));
const fuzz = { seed: plan.seed, cases: plan.cases };
console.log(JSON.stringify({ fuzz, inputs: shown(wanted), giants: shown(wantedGiants) }));
process.exitCode = [...shown(wanted), ...shown(wantedGiants)].every(({ crashes }) => crashes === 0)
  ? 0
  : 1;

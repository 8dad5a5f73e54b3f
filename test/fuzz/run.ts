/**
 * `npm run fuzz -- [--input NAME] [--cases N] [--seed N] [--from CASE]`: hostile input by the hundred thousand. A crash,
 * a hang or a leak is told with the command that shows it again; ends with one JSON line.
 */
import { parseArgs } from "node:util";
import { fuzzInput } from "./fuzz.ts";
import { fuzzInputs } from "./inputs.ts";
import type { InputResult } from "./run-input.ts";

const { values } = parseArgs({
  options: {
    input: { type: "string" },
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
  },
});
const plan = { cases: Number(values.cases), seed: Number(values.seed), from: Number(values.from) };
if (!Object.values(plan).every((number) => Number.isSafeInteger(number) && number >= 0)) {
  throw new Error("--cases, --seed and --from need whole numbers");
}
const wanted = fuzzInputs.filter(({ name }) => values.input === undefined || name === values.input);
if (wanted.length === 0) throw new Error(`no input is named ${values.input}`);

const results: InputResult[] = [];
for (const { name } of wanted) {
  const startedAt = performance.now();
  const result = await fuzzInput(name, plan);
  results.push(result);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.error(
    `${name}: ${result.cases} cases in ${seconds} s, slowest ${Math.round(result.slowestMs)} ms, ` +
      `${Math.round(result.peakMb)} MB, ${result.crashes.length} crashes`,
  );
  for (const crash of result.crashes) {
    console.error(
      `  --input ${name} --seed ${plan.seed} --from ${crash.case} --cases 1: ${crash.message}`,
    );
  }
}
const inputs = results.map(({ input, cases, crashes, slowestMs, peakMb }) => ({
  input,
  cases,
  crashes: crashes.length,
  slowestMs: Math.round(slowestMs),
  peakMb: Math.round(peakMb),
}));
console.log(JSON.stringify({ fuzz: { seed: plan.seed, cases: plan.cases }, inputs }));
process.exitCode = inputs.every(({ crashes }) => crashes === 0) ? 0 : 1;

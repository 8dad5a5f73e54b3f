/**
 * `npm test` runs everything; `npm run test:unit` only what needs no real part; `npm run test:netns` the
 * integration tests, with sites on machines that are network namespaces. Ends with one line a machine can read: `N passed, N failed`.
 *
 * Unit and property tests share one process (a process per small file costs more than the tests). Tests of
 * whole sites get one each, one after the other, because they measure what happens under load on two cores and
 * mostly wait; beside them, on the other core, goes what computes: checks, unit tests, contracts, fuzz, simulation.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { netnsObjection } from "../src/adapters/netns/objection.ts";

type Show = (text: string) => void;

interface Count {
  passed: number;
  failed: number;
}

const wanted = process.argv[2] ?? "all";
const shared = globSync(["src/**/*.test.ts", "test/{unit,stories}/**/*.test.ts"]).toSorted();
const parts = globSync("test/{contract,fuzz,sim}/**/*.test.ts").toSorted();
const sites = globSync("test/integration/**/*.test.ts").toSorted();
const named = (names: readonly string[]): readonly string[] =>
  names.map((name) => `test/integration/${name}.test.ts`);
/** On network namespaces, which take root on Linux: these as well as on this computer's own addresses … */
const onBoth = named(["site-deploy", "site-crash", "site-settings", "cli-life"]);
/** … and these instead. `npm run test:netns` runs all of them there. */
const onNetnsOnly = named([
  "crash-points",
  "drill-takeover",
  "rebuild",
  "site-identity",
  "takeover",
]);
const together = ["--test-isolation=none"];
const oneByOne = ["--test-concurrency=1"];

const count: Count = { passed: 0, failed: 0 };
if (wanted === "all") await Promise.all([runBeside(), runSites()]);
else if (wanted === "netns") await runAgain(sites);
else add(count, await runTests(shared, { options: together, show: now }));
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;

/** What is shown later, in one piece: two runs that talk at once are understood by nobody. */
async function runBeside(): Promise<void> {
  let output = "";
  const show: Show = (text) => void (output += text);
  add(count, await check(show));
  add(count, await runTests(shared, { options: together, show }));
  add(count, await runTests(parts, { options: oneByOne, show }));
  now(output);
}

async function runSites(): Promise<void> {
  const isNetnsHere = netnsObjection() === null;
  const here = isNetnsHere ? sites.filter((path) => !onNetnsOnly.includes(path)) : sites;
  add(count, await runTests(here, { options: oneByOne, show: now }));
  await runAgain([...onBoth, ...onNetnsOnly]);
}

async function runAgain(files: readonly string[]): Promise<void> {
  const objection = netnsObjection();
  if (objection === null) {
    add(count, await runTests(files, { options: oneByOne, show: now, provider: "netns" }));
    return;
  }
  now(`Not run on network namespaces: ${objection}\n`);
  // Whoever asks for nothing else must not be told that all is well.
  if (wanted === "netns") count.failed += 1;
}

function now(text: string): void {
  process.stdout.write(text);
}

function add(total: Count, part: Count): void {
  total.passed += part.passed;
  total.failed += part.failed;
}

async function check(show: Show): Promise<Count> {
  const { code } = await run(["scripts/check.ts"], show);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

interface Wish {
  readonly options: readonly string[];
  readonly show: Show;
  readonly provider?: string;
}

async function runTests(
  files: readonly string[],
  { options, show, provider = "local" }: Wish,
): Promise<Count> {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const { code, output } = await run(
    [
      "--test",
      "--test-reporter=spec",
      "--test-timeout=240000",
      "--test-force-exit",
      ...options,
      ...files,
    ],
    show,
    { TIDEMILL_TEST_PROVIDER: provider },
  );
  const passed = numberAfter(output, "pass");
  const failed = numberAfter(output, "fail") + numberAfter(output, "cancelled");
  // A runner that died before its summary has passed nothing, whatever it printed.
  return code === 0 || failed > 0 ? { passed, failed } : { passed, failed: failed + 1 };
}

function numberAfter(output: string, word: string): number {
  return Number(new RegExp(`^ℹ ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
}

function run(
  args: readonly string[],
  show: Show,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", show);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      show(text);
    });
    child.on("close", (code) => resolve({ code, output }));
  });
}

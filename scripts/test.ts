/**
 * `npm test` runs everything; `npm run test:unit` only what needs no real part. Ends with one line a machine
 * can read: `N passed, N failed`.
 *
 * Unit and property tests share one process (a process per small file costs more than the tests); tests on
 * real parts get one each, one after the other, because they measure what happens under load on two cores.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { netnsObjection } from "../src/adapters/netns/objection.ts";

interface Count {
  passed: number;
  failed: number;
}

const wanted = process.argv[2] ?? "all";
const shared = globSync(["src/**/*.test.ts", "test/{unit,stories}/**/*.test.ts"]).toSorted();
const real = globSync("test/{contract,fuzz,integration,sim}/**/*.test.ts").toSorted();
/** Run a second time on machines that are network namespaces, which takes root on Linux. */
const onNetns = ["site-deploy", "site-crash", "site-settings", "cli-life"].map(
  (name) => `test/integration/${name}.test.ts`,
);
const objection = netnsObjection();

const count: Count = { passed: 0, failed: 0 };
if (wanted === "all") add(count, await check());
add(count, await runTests(shared, ["--test-isolation=none"]));
if (wanted === "all") {
  add(count, await runTests(real, ["--test-concurrency=1"]));
  if (objection === null) {
    add(count, await runTests(onNetns, ["--test-concurrency=1"], "netns"));
  } else console.log(`Not run again on network namespaces: ${objection}`);
}
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;

function add(total: Count, part: Count): void {
  total.passed += part.passed;
  total.failed += part.failed;
}

async function check(): Promise<Count> {
  const { code } = await run(process.execPath, ["scripts/check.ts"]);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runTests(
  files: readonly string[],
  options: readonly string[],
  provider = "local",
): Promise<Count> {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const { code, output } = await run(
    process.execPath,
    [
      "--test",
      "--test-reporter=spec",
      "--test-timeout=240000",
      "--test-force-exit",
      ...options,
      ...files,
    ],
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
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    child.on("close", (code) => resolve({ code, output }));
  });
}

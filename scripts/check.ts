/** `npm run check`: types and layers, lint, format, dead code, safety. Every part runs, even after one has failed. */
import { spawnSync } from "node:child_process";

const parts: readonly (readonly [string, readonly string[]])[] = [
  ["types and layers", ["tsc", "-b"]],
  ["lint", ["oxlint", "--type-aware", "src", "test", "bench", "scripts", "bin"]],
  ["format", ["oxfmt", "--check", "."]],
  ["dead code", ["knip"]],
  ["safety", [process.execPath, "scripts/safety.ts"]],
];

const failed = parts
  .filter(([name, [command = "", ...rest]]) => {
    const run = spawnSync(command, rest, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
    const isBad = run.status !== 0;
    console.log(`${isBad ? "failed" : "ok    "}  ${name}`);
    if (isBad) console.log(`${run.stdout}${run.stderr}`);
    return isBad;
  })
  .map(([name]) => name);

if (failed.length > 0) {
  console.log(`${failed.join(", ")} failed`);
  process.exitCode = 1;
}

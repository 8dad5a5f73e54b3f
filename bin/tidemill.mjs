#!/usr/bin/env node
// Plain JavaScript that old Node.js versions run: it finds a Node.js that runs the rest. Everything that
// the version does not need is imported late: its answer should cost no more than an empty start.
import { existsSync, readFileSync } from "node:fs";

const packageFile = new URL("../package.json", import.meta.url);

if (isVersionWanted(process.argv.slice(2))) tellVersion();
else if (isNewEnough(process.versions.node)) await run();
else await runAgain();

function isVersionWanted([word, ...others]) {
  return others.length === 0 && ["--version", "-V", "version"].includes(word);
}

function tellVersion() {
  process.stdout.write(`${JSON.parse(readFileSync(packageFile, "utf8")).version}\n`);
}

/** 22.18 is the first that runs TypeScript as it is, 24.19 the first with everything else that is used. */
function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 19);
}

async function run() {
  const { enableCompileCache } = await import("node:module");
  enableCompileCache?.();
  const source = new URL("../src/wire/main.ts", import.meta.url);
  const built = new URL("../dist/src/wire/main.js", import.meta.url);
  await import(existsSync(source) ? source : built);
}

async function runAgain() {
  const { fileURLToPath } = await import("node:url");
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `Tidemill needs Node.js 24.19 or newer, this is ${process.versions.node}. Install one, or run \`npm install\` in ${fileURLToPath(new URL("..", import.meta.url))}\n`,
    );
    process.exit(1);
  }
  const { spawnSync } = await import("node:child_process");
  const script = fileURLToPath(import.meta.url);
  const again = spawnSync(node, [script, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}

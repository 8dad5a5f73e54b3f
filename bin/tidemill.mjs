#!/usr/bin/env node
// Plain JavaScript that old Node.js versions run: it finds a Node.js that runs the rest.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

const source = new URL("../src/wire/main.ts", import.meta.url);
const built = new URL("../dist/src/wire/main.js", import.meta.url);
const hasSource = existsSync(source);

if (isVersionWanted(process.argv.slice(2))) tellVersion();
else if (isNewEnough(process.versions.node)) await run();
else runAgain();

/** Answered here, because it needs nothing of the rest. */
function isVersionWanted([word, ...others]) {
  return others.length === 0 && ["--version", "-V", "version"].includes(word);
}

function tellVersion() {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  process.stdout.write(`${JSON.parse(text).version}\n`);
}

/** 22.18 is the first that runs TypeScript as it is, 24.19 the first with everything else that is used. */
function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 19);
}

async function run() {
  nodeModule.enableCompileCache?.();
  await import(hasSource ? source : built);
}

function runAgain() {
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `Tidemill needs Node.js 24.19 or newer, this is ${process.versions.node}. Install one, or run \`npm install\` in ${fileURLToPath(new URL("..", import.meta.url))}\n`,
    );
    process.exit(1);
  }
  const script = fileURLToPath(import.meta.url);
  const again = spawnSync(node, [script, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}

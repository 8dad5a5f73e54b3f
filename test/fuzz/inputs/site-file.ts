import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { siteSchema } from "../../../src/api/site-schema.ts";
import { exampleSiteFile } from "../../../src/site/example.ts";
import { readSiteFile } from "../../../src/site/site-file.ts";
import type { FuzzInput } from "../input.ts";
import { anyValue, mutateBytes, nastyTexts } from "../mutate.ts";
import type { Random } from "../random.ts";

const example = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url)), "utf8");

const goodFiles = [
  exampleSiteFile,
  example("hello/tidemill.yaml"),
  example("npm-registry/tidemill.yaml"),
];

/** What YAML can do to a reader. */
const words = [
  ...nastyTexts,
  "&a ",
  "*a",
  "&a [*a, *a]",
  "<<: *a\n",
  "__proto__: { x: 1 }\n",
  "constructor: { prototype: { x: 1 } }\n",
  "? [a, b] : c\n",
  "!!js/function 'x'",
  "!!binary aGk=",
  "!!timestamp 2026-01-01",
  "%YAML 9.9\n---\n",
  "---\n",
  "...\n",
  "|\n  text\n",
  ">-\n",
  "[".repeat(200),
  "{a: ".repeat(100),
  "- ".repeat(200),
  "\t",
  "99999999999999999999999",
  "0x7fffffffffffffff",
  "1e999",
  ".inf",
  "-.nan",
  "0777",
  "1..99999999",
  "web: ",
  "machines: 1..10",
  "\ufeff",
  "\u2028",
];

/** Each line doubles what the last one unfolds to. */
function bomb(random: Random): string {
  const lines = Array.from({ length: 2 + random.below(40) }, (_, at) =>
    at === 0 ? "a0: &a0 [x, x]" : `a${at}: &a${at} [*a${at - 1}, *a${at - 1}]`,
  );
  return lines.join("\n");
}

/** Reading takes as much longer as the text is longer, some milliseconds a KiB at worst. */
const repeatedLengthMax = 30_000;

function textOf(random: Random): string {
  switch (random.below(12)) {
    case 0:
      return random.bytes(random.below(400)).toString("latin1");
    case 1:
      return random.oneIn(20) ? bomb(random) : (JSON.stringify(anyValue(random)) ?? "");
    case 2: {
      const seed = random.below(2 ** 31);
      const [value] = fc.sample(fc.jsonValue({ maxDepth: 4 }), { seed, numRuns: 1 });
      return JSON.stringify({ site: "shop", web: value });
    }
    case 3:
      return random.oneIn(50)
        ? random.pick(words).repeat(random.below(2_000)).slice(0, repeatedLengthMax)
        : swapped(random);
    default:
      return mutateBytes(Buffer.from(random.pick(goodFiles)), random, words).toString();
  }
}

/** The lines of good files in another order and under other indents. */
function swapped(random: Random): string {
  const lines = random.pick(goodFiles).split("\n");
  for (let turn = 0; turn < 4; turn++) {
    const line = random.pick(lines);
    lines.splice(
      random.below(lines.length),
      random.below(2),
      " ".repeat(random.below(6)) + line.trim(),
    );
  }
  return lines.join("\n");
}

/** An outcome, whatever was read: places that exist, and a site that the API takes as well. */
function judge(texts: readonly string[]): void {
  const files = texts.map((text, at) => ({ path: `${at}.yaml`, text }));
  const reading = readSiteFile(files, (path) => (path.includes("\0") ? null : "content"));
  if (reading.kind === "site") {
    const travelled: unknown = JSON.parse(JSON.stringify(reading.site));
    const taken = siteSchema.safeParse(travelled);
    assert.ok(taken.success, `the API refuses: ${taken.error?.message}`);
    return;
  }
  assert.ok(reading.issues.length > 0 && reading.issues.length <= 100);
  for (const issue of reading.issues) {
    assert.ok(issue.line >= 1 && issue.column >= 1, "a place that is none");
    assert.ok(issue.message.length < 10_000, "a message that nobody reads");
  }
  assert.equal(({} as { x?: unknown }).x, undefined, "all objects have changed");
}

export const siteFile: FuzzInput = {
  name: "site-file",
  open: async () => ({ run: (random) => judge([textOf(random)]) }),
};

export const overlays: FuzzInput = {
  name: "overlays",
  open: async () => ({
    run(random) {
      const overlays = Array.from({ length: 1 + random.below(3) }, () => textOf(random));
      judge([random.oneIn(4) ? textOf(random) : random.pick(goodFiles), ...overlays]);
    },
  }),
};

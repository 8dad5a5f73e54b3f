import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { createIgnore } from "./ignore.ts";

describe("ignore patterns", () => {
  const cases: readonly (readonly [patterns: string, out: string, stays: string])[] = [
    ["*.log", "a.log b/c.log", "a.logs log"],
    ["/a", "a", "b/a"],
    ["a/b", "a/b", "x/a/b"],
    ["**/a/b", "a/b x/a/b x/y/a/b", "a/x/b"],
    ["a/**", "a/b a/b/c", "a b/a/c"],
    ["a/**/b", "a/b a/x/b a/x/y/b", "a/bb"],
    ["t?p", "tap", "tp t/p taap"],
    ["[a-c].js", "a.js c.js", "d.js"],
    ["[!a].js", "b.js", "a.js"],
    ["tmp/", "tmp/ x/tmp/", "tmp"],
    ["*.log !keep.log", "a.log", "keep.log"],
    ["!keep.log *.log", "keep.log", "a.txt"],
    ["\\!a", "!a", "a"],
    ["#a", "", "#a"],
    ["a.b", "a.b", "axb"],
    ["", ".git x/.git .tidemill/ x/.tidemill/", ".gitignore .github"],
    ["!.git", ".git", "a"],
    ["[z-a]", "", "a"],
    ["a*c", "abc ac", "a/c"],
  ];
  for (const [patterns, out, stays] of cases) {
    it(`${patterns || "none at all"} leaves out ${out || "nothing"} and not ${stays}`, () => {
      const isIgnored = createIgnore(patterns.split(" "));
      const ask = (path: string) => isIgnored(path.replace(/\/$/, ""), path.endsWith("/"));
      for (const path of out.split(" ").filter(Boolean)) assert.ok(ask(path), path);
      for (const path of stays.split(" ")) assert.ok(!ask(path), path);
    });
  }

  it("are read without an exception, whatever they are", () => {
    const letters = fc.string({ unit: fc.constantFrom(...Array.from("ab/*?[]!\\#^-. {(+|é")) });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 3 }), letters, (patterns, path) => {
        assert.equal(typeof createIgnore(patterns)(path, false), "boolean");
      }),
      { numRuns: 500 },
    );
  });
});

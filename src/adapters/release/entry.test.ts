import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { refuseLink, refusePath } from "./entry.ts";

describe("what a release may hold", () => {
  it("is no path that leads out of the tree", () => {
    for (const path of [
      "x/".repeat(3_000),
      "",
      "/a",
      "../a",
      "a/../b",
      "a//b",
      "./a",
      "a\\b",
      "a\0",
    ])
      assert.notEqual(refusePath(path), null, path);
    for (const path of ["a", "a/b", "..a", "a..b/.c"]) assert.equal(refusePath(path), null, path);
  });

  it("is no link that leads out of the tree, nor one whose end cannot be told", () => {
    for (const target of [
      "a\0b",
      "x".repeat(5_000),
      "",
      "/etc",
      "..",
      "../a",
      "x/../../a",
      "x/../a",
    ])
      assert.notEqual(refuseLink("link", target), null, target);
    for (const target of ["a", "./a", "a/b", "a.."]) assert.equal(refuseLink("link", target), null);
    assert.equal(refuseLink("a/b/link", "../../c"), null);
    assert.notEqual(refuseLink("a/b/link", "../../../c"), null);
  });

  it("is only links that stay inside, by their own text", () => {
    const step = fc.constantFrom("..", ".", "a", "b");
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 }),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        (path, target) => {
          if (refuseLink(path.join("/"), target.join("/")) !== null) return;
          const end = posix.join("/root", posix.dirname(path.join("/")), target.join("/"));
          assert.ok(`${end}/`.startsWith("/root/"), end);
        },
      ),
      { numRuns: 500 },
    );
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { unifiedDiff } from "./diff.ts";

const before = Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join("");

describe("a diff", () => {
  it("shows what changed with what is around it", () => {
    const after = before.replace("line 20\n", "line twenty\n");
    assert.deepEqual(unifiedDiff("a.yaml", before, after), [
      "--- a.yaml",
      "+++ a.yaml",
      "@@ -18,7 +18,7 @@",
      " line 17",
      " line 18",
      " line 19",
      "-line 20",
      "+line twenty",
      " line 21",
      " line 22",
      " line 23",
    ]);
    assert.deepEqual(unifiedDiff("a.yaml", before, before), []);
  });

  it("is what patch understands, wherever lines are changed or added", () => {
    const directory = mkdtempSync(join(tmpdir(), "tidemill-diff-"));
    const file = join(directory, "a.yaml");
    try {
      const afters = [
        before.replace("line 0\n", "line zero\n"),
        before.replace("line 39\n", "line 39\nline 40\n"),
        before.replace("line 9\n", "line 9\nnew\nnew\n").replace("line 30\n", "line thirty\n"),
        before.replace("line 9\n", "line nine\n").replace("line 14\n", "line 14\nnew\n"),
      ];
      for (const after of afters) {
        writeFileSync(file, before);
        const input = `${unifiedDiff("a.yaml", before, after).join("\n")}\n`;
        execFileSync("git", ["apply", "--unidiff-zero", "-p0"], { cwd: directory, input });
        assert.equal(readFileSync(file, "utf8"), after);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

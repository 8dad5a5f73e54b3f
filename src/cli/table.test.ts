import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderColumns, renderTable } from "./table.ts";

describe("tables", () => {
  it("are as wide as their widest cell, figures to the right", () => {
    const lines = renderTable(
      [
        { title: "NAME", align: "left" },
        { title: "REQ/S", align: "right" },
      ],
      [
        ["web-1", "1,204"],
        ["lb-1", "7"],
      ],
    );
    assert.deepEqual(lines, ["NAME   REQ/S", "web-1  1,204", "lb-1       7"]);
  });

  it("measure characters, not code units", () => {
    assert.deepEqual(
      renderColumns([
        ["a → b", "x"],
        ["abcde", "y"],
      ]),
      ["a → b  x", "abcde  y"],
    );
  });

  it("have no trailing spaces and need no rows", () => {
    assert.deepEqual(
      renderColumns([
        ["long name", ""],
        ["b", ""],
      ]),
      ["long name", "b"],
    );
    assert.deepEqual(renderColumns([]), []);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { printable, printableJson } from "./printable.ts";

describe("what is shown in a terminal", () => {
  it("holds nothing that a terminal obeys, in seven bits or eight", () => {
    assert.equal(printable("\u001b[2Ja\u0007b\u009b31mc\u007f"), "abc");
    assert.equal(printable("\u001b]0;title\u0007x"), "x");
    assert.equal(printable("\u009d0;title\u009c\u001b"), "0;title");
    assert.equal(printable("a\tb"), "a\tb");
  });

  it("is one line that reads as it is written", () => {
    assert.equal(printable("a\nweb-2 all is well\r\u2028b"), "a web-2 all is well b");
    assert.equal(printable("\u202etxt.exe\u2066"), "txt.exe");
  });

  it("says the same as JSON, with the unsafe spelled out", () => {
    const value = { text: "\u009b31m\u202ex\u007f\u2028 é" };
    const shown = printableJson(value);
    assert.deepEqual(JSON.parse(shown), value);
    assert.match(shown, /^[\u0020-\u007e\u00e9]*$/);
  });
});

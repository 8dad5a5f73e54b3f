import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { editYaml } from "./edit.ts";

const block = `# the shop
site: shop
web:            # everybody comes here
  run: "a"
  machines: 2..10   # for now
  scale:
    # as agreed in May
    aim: { slow: 1s }   # fast
    targets:
      - in_flight per machine: 2.8
        tolerance: 5%

api: { run: b }
`;

function edited(path: readonly (string | number)[], value: string, text = block): string | null {
  return editYaml(text, [{ path, value }]);
}

describe("a value put into a YAML text", () => {
  it("replaces another, and nothing else", () => {
    const machines = edited(["web", "machines"], "3..10");
    assert.equal(machines, block.replace("2..10", "3..10"));
    const target = edited(["web", "scale", "targets", 0, "in_flight per machine"], "3.2");
    assert.equal(target, block.replace("2.8", "3.2"));
  });

  it("is added to a mapping in braces", () => {
    const room = edited(["web", "scale", "aim", "room"], "10%");
    assert.equal(room, block.replace("{ slow: 1s }", "{ slow: 1s, room: 10% }"));
    const scale = edited(["api", "scale", "hold"], "5m");
    assert.equal(scale, block.replace("{ run: b }", "{ run: b, scale: { hold: 5m } }"));
    assert.equal(edited(["a", "b"], "1", "a: {}\n"), "a: { b: 1 }\n");
    assert.equal(edited(["a", "b"], "1", "a: { c: 2, }\n"), "a: { c: 2, b: 1 }\n");
    assert.equal(edited(["a", "b"], "1", "a: {c: 2}\n"), "a: {c: 2, b: 1}\n");
  });

  it("is added as a line of its own where there are lines", () => {
    const hold = edited(["web", "scale", "hold"], "5m");
    assert.equal(
      hold,
      block.replace("        tolerance: 5%\n", "        tolerance: 5%\n    hold: 5m\n"),
    );
    const instances = edited(["api2", "instances"], "2", "api2:\n  run: c # last");
    assert.equal(instances, "api2:\n  run: c # last\n  instances: 2");
    assert.equal(
      edited(["a", "c"], "1", "a:\n  b: |\n    text\n"),
      "a:\n  b: |\n    text\n  c: 1\n",
    );
  });

  it("fills a key that has none", () => {
    assert.equal(edited(["a", "b"], "1", "a: # why\nc: 2\n"), "a: { b: 1 } # why\nc: 2\n");
  });

  it("is refused where it would stand somewhere else", () => {
    assert.equal(edited(["a"], "1", "a: [1, 2]\n"), null);
    assert.equal(edited(["a", "b"], "1", "x: &x { b: 2 }\na: *x\n"), null);
    assert.equal(edited(["a", "b"], "1", "a: 3\n"), null);
    assert.equal(edited(["a"], "1", "a: 2\nb: [\n"), null);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatIssue } from "./issue.ts";
import { readScaleFile } from "./scale-file.ts";

function issuesOf(text: string): readonly string[] {
  const reading = readScaleFile({ path: "a.yaml", text });
  return reading.kind === "issues" ? reading.issues.map(formatIssue) : [];
}

describe("a file of scaling rules", () => {
  it("holds what stands below scale:, and machines", () => {
    const text = "machines: 2..8\naim: { slow: 500ms }\nlimits: { hold: 5m }\n";
    const reading = readScaleFile({ path: "a.yaml", text });
    assert.ok(reading.kind === "scale");
    assert.deepEqual(reading.machines, { min: 2, max: 8 });
    assert.equal(reading.settings.rules?.aim?.slowS, 0.5);
    assert.equal(reading.settings.rules?.limits.holdS, 300);
  });

  it("need not say machines, nor anything", () => {
    const reading = readScaleFile({ path: "a.yaml", text: "" });
    assert.ok(reading.kind === "scale");
    assert.equal(reading.machines, null);
    assert.equal(reading.settings.inFlightPerMachine, 8);
  });

  it("says where it is wrong, down to the column within an expression", () => {
    const wrongUnit = issuesOf('when:\n  - { if: "cpu > 600ms", do: add 1 }\n');
    assert.match(wrongUnit[0] ?? "", /^a\.yaml:2:18: when\[0\]\.if: /);
    assert.match(
      issuesOf("machines: 9..2\n")[0] ?? "",
      /^a\.yaml:1:11: machines: expected a range/,
    );
    assert.match(
      issuesOf("target: 3\n")[0] ?? "",
      /^a\.yaml:1:1: target: unknown key; did you mean targets/,
    );
    assert.match(issuesOf("- a\n")[0] ?? "", /^a\.yaml:1:1: expected what stands below scale:/);
    assert.match(issuesOf("a: [\n")[0] ?? "", /not valid YAML/);
  });

  it("doubts rules that will hardly do what was meant", () => {
    const text = "machines: 1..4\ntargets: [{ cpu: 90% }]\n";
    const reading = readScaleFile({ path: "a.yaml", text });
    assert.ok(reading.kind === "scale");
    assert.deepEqual(
      reading.doubts.map(({ line, code }) => [line, code]),
      [[2, "doubtful"]],
    );
  });
});

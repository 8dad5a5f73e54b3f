import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChart } from "./chart.ts";
import { renderSvg } from "./svg.ts";

const picture = {
  startS: 1_000_000_000,
  spanS: 60,
  demand: [0, 3, 6, 12, 5.5],
  ready: [2, 4, 8, 12, 12],
};

describe("the picture in a terminal", () => {
  const lines = renderChart(picture, 60);

  it("has demand as columns, and what serves beyond it", () => {
    assert.deepEqual(
      lines.map((line) => line.slice(4, 9).padEnd(5)),
      [
        "   █░",
        "   █░",
        "   █░",
        "   █░",
        "  ░█░",
        "  ░█░",
        "  ██▄",
        "  ███",
        " ░███",
        " ████",
        "░████",
        "░████",
        "2001-",
      ],
    );
  });

  it("says how many machines its top is, and from when to when it goes", () => {
    assert.match(lines[0] ?? "", /^ 12 /);
    assert.match(lines[11] ?? "", /^ {2}0 /);
    assert.match(lines[12] ?? "", /^ +2001-09-09 01:46 +2001-09-09 01:51$/);
  });

  it("fits, however narrow or wide the terminal", () => {
    const long = { ...picture, demand: Array.from({ length: 1_200 }, (_, i) => i % 9), ready: [] };
    for (const columns of [1, 40, 79, 200, 10_000])
      assert.ok(
        renderChart(long, columns).every(
          (line) => line.length <= Math.max(40, Math.min(200, columns)),
        ),
      );
  });
});

describe("the picture as a file", () => {
  const outcome = {
    requests: 1_000,
    slow: 0.0062,
    failed: 0.001,
    queued: 0.2,
    machineHours: 100,
    machinesMax: 9,
    turnsPerDay: 0,
    picture,
    worstMinutes: [
      {
        startS: 1_000_000_120,
        requests: 9,
        slow: 3,
        failed: 1,
        cause: { kind: "chance" as const, sentence: "it <happens>" },
      },
    ],
  };

  it("holds names as text, whatever is in them", () => {
    const svg = renderSvg("a & b", [{ name: "</svg><script>", isOurs: true, outcome }]);
    assert.equal(svg.split("<script").length, 1);
    assert.match(svg, /<title>a &amp; b<\/title>/);
    assert.match(svg, /4 of 9 slow: it &lt;happens&gt;/);
  });

  it("has one panel for each rule set, and closes what it opens", () => {
    const line = { name: "web", isOurs: true, outcome };
    const svg = renderSvg("t", [line, line]);
    assert.equal(svg.split('class="demand"').length, 3);
    for (const tag of ["svg", "g", "title", "text", "style"])
      assert.equal(
        svg.match(new RegExp(`<${tag}[ >]`, "g"))?.length,
        svg.split(`</${tag}>`).length - 1,
      );
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  });
});

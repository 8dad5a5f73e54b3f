import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { aView, type Figure } from "../../../test/harness/role-view.ts";
import { readSiteFile } from "../../site/site-file.ts";
import { formatIssue } from "../../site/issue.ts";
import { decide } from "./decision.ts";
import { parseFigure } from "./rules/parse.ts";
import type { Rules } from "./rules/rules.ts";
import { emptyDecisionState } from "./rules/state.ts";

const page = readFileSync(new URL("../../../docs/scaling.md", import.meta.url), "utf8");
const bounds = { min: 1, max: 100 };

/** Each `yaml` block with the `decisions` block after it. */
const examples = [...page.matchAll(/```yaml\n([^]*?)```\n\n```decisions\n([^]*?)```/g)].map(
  ([, scale = "", decisions = ""]) => ({ scale, decisions: decisions.trim().split("\n") }),
);

function rulesOf(scale: string): Rules {
  const indented = scale.trim().replaceAll("\n", "\n    ");
  const text = `site: shop\nweb:\n  run: a\n  machines: 1..100\n  scale:\n    ${indented}\n`;
  const reading = readSiteFile([{ path: "scaling.md", text }]);
  assert.ok(
    reading.kind === "site",
    reading.kind === "site" ? "" : reading.issues.map(formatIssue).join("\n"),
  );
  const rules = reading.site.roles[0]?.scaling.rules;
  assert.ok(rules !== null && rules !== undefined);
  return rules;
}

interface Scene {
  readonly nowS: number;
  readonly figures: ReadonlyMap<string, number>;
}

function sceneOf(words: readonly string[]): Scene {
  const figures = new Map<string, number>();
  let nowS = 1_800_000_000;
  for (const word of words) {
    const counted = /^(\d+) (machines|booting)$/.exec(word);
    const named = /^([a-z_-]+) (\S+)$/.exec(word);
    if (counted !== null) figures.set(counted[2] ?? "", Number(counted[1]));
    else if (named?.[1] === "at") nowS = Date.parse(named[2] ?? "") / 1_000;
    else {
      const figure = parseFigure(named?.[2] ?? "");
      assert.ok(figure.isRight, word);
      figures.set(named?.[1] ?? "", figure.value.value);
    }
  }
  return { nowS, figures };
}

function desiredIn(rules: Rules, { nowS, figures }: Scene): number {
  const ready = figures.get("machines") ?? 0;
  const booting = figures.get("booting") ?? 0;
  const rt = figures.get("rt") ?? 0.2;
  const arrivals = figures.get("arrivals") ?? 0;
  const names = ["cpu", "memory", "load", "processes", "errors", "jobs"];
  const metrics = names.map((name): [string, Figure] => [name, figures.get(name) ?? null]);
  const machineHour = figures.get("machine-hour");
  const spending =
    machineHour === undefined ? null : { machineHour, thisMonth: figures.get("spent") ?? 0 };
  const view = aView(nowS, {
    ready,
    booting,
    arrivals,
    busy: figures.get("in_flight") ?? 0,
    queue: figures.get("queue") ?? 0,
    metrics: Object.fromEntries(metrics),
    responses: { quantile: (_, from, to) => ({ seconds: rt, answers: arrivals * (to - from) }) },
    spending,
    past: 700,
  });
  const state = { ...emptyDecisionState, asked: { s: nowS - 1, desired: ready + booting } };
  return decide({ rules, bounds, aim: null }, state, view, nowS).desired;
}

describe("docs/scaling.md", () => {
  it("has an example for every kind of rule", () => {
    assert.ok(examples.length >= 9);
    assert.equal(examples.length, page.split("```yaml").length - 1);
  });

  for (const { scale, decisions } of examples) {
    it(`decides as it says: ${scale.split("\n")[0] ?? ""} …`, () => {
      const rules = rulesOf(scale);
      for (const line of decisions) {
        const [given = "", expected] = line.split(" → ");
        assert.equal(desiredIn(rules, sceneOf(given.split(", "))), Number(expected), line);
      }
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aRole, aSite } from "../../../test/sim/site.ts";
import { beginDeploy, createWorld, observe, settle } from "../../../test/sim/world.ts";
import { agentMessage } from "./agent-message.ts";
import { controllerMessage } from "./controller-message.ts";
import { machineDocument } from "./machine-document.ts";
import { isMisfit, reasonOf } from "./shape.ts";

function aRunningWorld() {
  const world = createWorld(aSite([aRole("web", { machines: { min: 2, max: 4 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  return world;
}

const viaJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const why = (value: unknown): string => (isMisfit(value) ? reasonOf(value) : "it fits");

describe("what an agent sends", () => {
  const world = aRunningWorld();
  const reports = [...observe(world).agents.values()].map(({ report }) => report);
  const report = viaJson(reports.find((it) => it?.machine === "web-1")) as Record<string, unknown>;

  it("is taken as it was meant, with nothing else in it", () => {
    for (const report of reports) {
      const sent = viaJson({ kind: "report", report: { ...report, more: { deep: [1] } } });
      assert.deepEqual(agentMessage(sent), viaJson({ kind: "report", report }));
    }
    const hello = { kind: "hello", protocol: 1, machine: "web-1", bootId: "b" };
    assert.deepEqual(agentMessage({ ...hello, more: 1 }), hello);
  });

  it("is refused with the place, and nothing of it is repeated", () => {
    const [process] = report["processes"] as readonly object[];
    const withProcess = (change: object) =>
      why(
        agentMessage({
          kind: "report",
          report: { ...report, processes: [{ ...process, ...change }] },
        }),
      );
    assert.equal(withProcess({}), "it fits");
    const place = "report.processes[0].port: no whole number from 1 to 65535";
    for (const port of [-1, 0, 65_536, 1.5, "80", Number.NaN, Number.POSITIVE_INFINITY, {}, []]) {
      assert.equal(withProcess({ port }), place);
    }
    assert.match(withProcess({ cpu: -1 }), /^report\.processes\[0\]\.cpu: no number/);
    assert.match(withProcess({ since: 8_640_000_000_000_001 }), /since: no whole number/);
    assert.match(withProcess({ since: 0.5 }), /since: no whole number/);
    assert.match(withProcess({ address: "127.0.0.1\n" }), /address: no name of at most/);
    assert.match(withProcess({ state: "\u001b[2J" }), /^report\.processes\[0\]\.state: none of/);
    assert.equal(why(agentMessage({ kind: "__proto__" })), "kind: none of hello, report, lines");
    assert.equal(
      why(agentMessage(JSON.parse('{"__proto__":{"kind":"report"}}'))),
      "kind: none of hello, report, lines",
    );
  });

  it("is cut where it is words for people, and refused where there is too much of it", () => {
    const line = { at: 1, process: "web-1.1", text: "x".repeat(1_000_000) };
    const cut = agentMessage({ kind: "lines", lines: [line], dropped: 0 });
    assert.ok(!isMisfit(cut) && cut.kind === "lines");
    assert.equal(cut.lines[0]?.text.length, 4_000);
    const torn = { ...line, text: "a\0b" };
    const whole = agentMessage({ kind: "lines", lines: [torn], dropped: 0 });
    assert.ok(!isMisfit(whole) && whole.kind === "lines");
    assert.equal(whole.lines[0]?.text, "a\ufffdb", "PostgreSQL takes no NUL");
    const flood = { kind: "lines", lines: Array.from({ length: 10_001 }, () => line), dropped: 0 };
    assert.equal(why(agentMessage(flood)), "lines: no list of at most 10000");
  });

  it("never makes the reader throw, whatever it is", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, maxDepth: 4 }), (value) => {
        for (const shape of [agentMessage, controllerMessage, machineDocument]) {
          const read = shape(value);
          assert.ok(isMisfit(read), "nothing at random is a message");
          assert.notEqual(reasonOf(read), "");
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("what a controller sends", () => {
  const documents = [...aRunningWorld().machines.values()].map(({ document }) => document);

  it("is taken as it was meant", () => {
    assert.equal(documents.length, 3);
    for (const document of documents) {
      assert.deepEqual(controllerMessage(viaJson({ kind: "document", document })), {
        kind: "document",
        document: viaJson(document),
      });
    }
    const urls = ["wss://127.0.0.1:7731/v1/agent", "wss://[::1]:7731/v1/agent"];
    assert.deepEqual(controllerMessage({ kind: "controllers", urls }), {
      kind: "controllers",
      urls,
    });
  });

  it("is refused when its parts are not what they should be", () => {
    const [document] = documents;
    const withDocument = (change: object) =>
      why(controllerMessage({ kind: "document", document: { ...document, ...change } }));
    assert.match(withDocument({ processes: null }), /^document\.processes: no list/);
    assert.match(withDocument({ processes: [{}] }), /^document\.processes\[0\]\.id: no whole/);
    assert.match(withDocument({ generation: "1" }), /^document\.generation: /);
    for (const url of ["http://a/", "wss://a:1/v1/agent?x", "file:///etc/passwd", 7, ""]) {
      assert.match(why(controllerMessage({ kind: "controllers", urls: [url] })), /^urls\[0\]: /);
    }
  });
});

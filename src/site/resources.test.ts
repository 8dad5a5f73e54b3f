import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MachineLimits } from "../core/desired.ts";
import { limitsOf, noLimits } from "../core/machines/limits.ts";
import { formatIssue } from "./issue.ts";
import { readSiteFile } from "./site-file.ts";

function read(text: string) {
  return readSiteFile([{ path: "tidemill.yaml", text }], () => null);
}

function issuesOf(text: string): readonly string[] {
  const reading = read(text);
  return reading.kind === "issues" ? reading.issues.map(formatIssue) : [];
}

function limitsIn(text: string, role: string): MachineLimits {
  const reading = read(text);
  assert.ok(reading.kind === "site", issuesOf(text).join("\n"));
  return limitsOf(reading.site, role);
}

const onNetns = (keys: string): string => `site: shop\nprovider: netns\n${keys}\n`;

describe("what a machine may use", () => {
  it("is said per role, and for the balancer", () => {
    const text = onNetns(
      "balancer: { resources: { memory: 256MiB } }\nweb: { run: a, resources: { cpu: 0.5, memory: 512MB } }\napi: { run: b }",
    );
    assert.deepEqual(limitsIn(text, "web"), { cpuMax: 0.5, memoryBytesMax: 512e6 });
    assert.deepEqual(limitsIn(text, "balancer"), { cpuMax: null, memoryBytesMax: 2 ** 28 });
    assert.deepEqual(limitsIn(text, "api"), noLimits);
    assert.deepEqual(limitsIn(text, "gone"), noLimits);
    assert.deepEqual(limitsOf(null, "balancer"), noLimits);
  });

  it("is refused where the provider cannot keep to it, at the place where it stands", () => {
    const text = `site: shop
balancer: { resources: { cpu: 1 } }
web:
  run: a
  resources: { memory: 512MiB }
`;
    assert.deepEqual(issuesOf(text), [
      "tidemill.yaml:2:31: balancer.resources.cpu: provider local cannot limit what a machine uses; use provider: netns",
      "tidemill.yaml:5:24: web.resources.memory: provider local cannot limit what a machine uses; use provider: netns, or supervise: { memory }, which restarts a process above it",
    ]);
  });

  it("is so much that the machine's agent can live of it", () => {
    const found = issuesOf(onNetns("web: { run: a, resources: { cpu: 0.01, memory: 64MiB } }"));
    assert.match(
      found.join("\n"),
      /:3:34: web.resources.cpu: expected a number of cores from 0.05/,
    );
    assert.match(
      found.join("\n"),
      /web.resources.memory: expected a size such as 512MiB, at least 128MiB/,
    );
  });
});

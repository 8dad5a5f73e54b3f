import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aRole, aSite } from "../../test/sim/site.ts";
import type { Role, Site } from "../core/desired.ts";
import { exampleSiteFile } from "../site/example.ts";
import { readSiteFile } from "../site/site-file.ts";
import { siteSchema } from "./site-schema.ts";

const isTaken = (site: unknown): boolean => siteSchema.safeParse(site).success;
const withRole = (change: Partial<Role>): Site => aSite([aRole("web", change)]);
const withTraffic = (change: object): Site => {
  const role = aRole("web");
  return aSite([{ ...role, traffic: { ...role.traffic, ...change } }]);
};

describe("a site that is sent to the API", () => {
  it("is whatever a site file can say", () => {
    const read = readSiteFile([{ path: "tidemill.yaml", text: exampleSiteFile }], () => "");
    assert.ok(read.kind === "site");
    assert.ok(isTaken(JSON.parse(JSON.stringify(read.site))));
  });

  it("has the bounds of a site file, whoever made it", () => {
    assert.ok(isTaken(withRole({})));
    // The scaling would have ended the controller at each of its ticks, this one and the next ones.
    assert.ok(!isTaken(withRole({ machines: { min: 3, max: 2 } })));
    assert.ok(!isTaken(withRole({ instances: 2 ** 40 })));
    assert.ok(!isTaken(withRole({ machines: { min: 0, max: 2 ** 50 } })));
    assert.ok(!isTaken(aSite([aRole("web"), aRole("web")])));
    assert.ok(!isTaken(aSite([aRole("balancer")])));
    assert.ok(!isTaken({ ...withRole({}), defaultRole: "nobody" }));
    assert.ok(!isTaken({ ...withRole({}), routes: [{ host: null, path: "/", role: "nobody" }] }));
  });

  it("has rules that can be decided on in no time", () => {
    const scale =
      'when: [{ if: "cpu > 80% for 20s or queue > 0", do: add 2 }], targets: [{ cpu: 60% }]';
    const schedule = 'schedule: [{ on: "Mon-Fri 08:00-18:00 Europe/Zurich", min: 2 }]';
    const text = `site: shop\nweb: { run: a, scale: { ${scale}, ${schedule} } }\n`;
    const read = readSiteFile([{ path: "tidemill.yaml", text }]);
    assert.ok(read.kind === "site");
    const site = JSON.parse(JSON.stringify(read.site)) as Site;
    assert.ok(isTaken(site));
    const rules = site.roles[0]?.scaling.rules;
    assert.ok(rules !== null && rules !== undefined);
    const withRules = (change: object): Site => {
      const { scaling } = aRole("web");
      return withRole({ scaling: { ...scaling, rules: { ...rules, ...change } } });
    };
    assert.ok(isTaken(withRules({})));
    const [first] = rules.when;
    assert.ok(first?.kind === "if");
    let deep: unknown = first.if;
    for (let level = 0; level < 5_000; level++) deep = { kind: "not", of: deep };
    assert.ok(!isTaken(withRules({ when: [{ ...first, if: deep }] })));
    const long = { kind: "for", of: { kind: "for", of: first.if, seconds: 3_600 }, seconds: 3_600 };
    assert.ok(!isTaken(withRules({ when: [{ ...first, if: long }] })));
    assert.ok(!isTaken(withRules({ when: [first, first] })));
    assert.ok(!isTaken(withRules({ targets: [{ ...rules.targets[0], target: 0 }] })));
  });

  it("has machines that its provider can make", () => {
    const limited = withRole({ limits: { cpuMax: 0.5, memoryBytesMax: null } });
    assert.ok(!isTaken(limited));
    assert.ok(isTaken({ ...limited, provider: "netns" }));
    assert.ok(
      !isTaken({ ...withRole({ limits: { cpuMax: 0, memoryBytesMax: 1 } }), provider: "netns" }),
    );
  });

  it("cannot put a line of its own into HAProxy's configuration", () => {
    const line = "x\n  http-request deny";
    const check = { kind: "http", everyMs: 1, timeoutMs: 1, rise: 1, fall: 1 } as const;
    assert.ok(!isTaken(withTraffic({ stickyCookie: line })));
    assert.ok(!isTaken(withTraffic({ balance: `hdr(${line})` })));
    assert.ok(!isTaken(withRole({ check: { ...check, path: `/${line}`, host: null } })));
    assert.ok(!isTaken(withRole({ check: { ...check, path: "/", host: line } })));
    assert.ok(!isTaken({ ...withRole({}), domains: [line] }));
    const balancer = withRole({}).balancer;
    assert.ok(
      !isTaken({ ...withRole({}), balancer: { ...balancer, bind: { host: line, port: 1 } } }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Role, Site } from "../core/desired.ts";
import { exampleSiteFile } from "./example.ts";
import { formatIssue } from "./issue.ts";
import { readSiteFile } from "./site-file.ts";
import { renderStarter } from "./starter.ts";

const threeLines = `site: shop
domains: [shop.example.com]
web: { run: node server.js, check: /up, machines: 1..10 }
`;

function read(
  text: string,
  overlay?: string,
  readFile: (path: string) => string | null = () => null,
) {
  const files = [{ path: "tidemill.yaml", text }];
  if (overlay !== undefined) files.push({ path: "tidemill.staging.yaml", text: overlay });
  return readSiteFile(files, readFile);
}

function siteOf(...from: Parameters<typeof read>): Site {
  const reading = read(...from);
  assert.ok(
    reading.kind === "site",
    reading.kind === "issues" ? reading.issues.map(formatIssue).join("\n") : "",
  );
  return reading.site;
}

function roleOf(site: Site, name = "web"): Role {
  const role = site.roles.find((role) => role.name === name);
  assert.ok(role !== undefined);
  return role;
}

function issuesOf(...from: Parameters<typeof read>): readonly string[] {
  const reading = read(...from);
  return reading.kind === "issues" ? reading.issues.map(formatIssue) : [];
}

/** A site of one role with the given keys. */
const role = (keys: string) => `site: shop\nweb: { run: a, ${keys} }\n`;
const webOf = (keys: string) => roleOf(siteOf(role(keys)));

describe("a site file that is right", () => {
  it("needs three lines, and defaults say the rest", () => {
    const site = siteOf(threeLines);
    assert.equal(site.defaultRole, "web");
    assert.deepEqual(site.balancer.bind, { host: "127.0.0.1", port: null });
    assert.equal(site.balancer.machines, 1);
    assert.match(site.balancer.maintenancePage, /<h1>/);
    assert.deepEqual(roleOf(site), {
      name: "web",
      run: "node server.js",
      source: ".",
      ignore: [],
      build: null,
      machines: { min: 1, max: 10 },
      limits: { cpuMax: null, memoryBytesMax: null },
      instances: 1,
      env: {},
      secrets: {},
      check: {
        kind: "http",
        path: "/up",
        host: null,
        everyMs: 1_000,
        timeoutMs: 1_000,
        rise: 2,
        fall: 2,
      },
      traffic: {
        balance: "roundrobin",
        weight: 100,
        stickyCookie: null,
        limit: null,
        queueTimeoutMs: 10_000,
        slowStartMs: 0,
        drainMs: 30_000,
        backupRole: null,
      },
      scaling: { inFlightPerMachine: 8, holdMs: 600_000 },
      deploy: {
        batch: 0.25,
        timeoutMs: 60_000,
        before: null,
        after: null,
        errorsMax: 0.05,
        settleMs: 0,
      },
      supervision: {
        startGraceMs: 30_000,
        restartGraceMs: 10_000,
        memoryBytesMax: null,
        cpuMax: null,
        stopTimeoutMs: 10_000,
      },
      provisioning: { packages: [], files: [], setup: [] },
    });
  });

  it("is what the documentation's example shows, with every text a number with a unit", () => {
    const page = "<h1>Soon</h1>";
    const site = siteOf(exampleSiteFile, undefined, () => page);
    assert.equal(site.balancer.maintenancePage, page);
    assert.deepEqual(site.routes, [
      { host: "api.example.com", path: "/", role: "api" },
      { host: null, path: "/api", role: "api" },
    ]);
    assert.deepEqual(
      site.roles.map(({ name }) => name),
      ["api", "mailer", "sorry", "web"],
    );
    const web = roleOf(site);
    assert.deepEqual(web.traffic, {
      balance: "roundrobin",
      weight: 100,
      stickyCookie: "tidemill-web",
      limit: 50,
      queueTimeoutMs: 5_000,
      slowStartMs: 20_000,
      drainMs: 60_000,
      backupRole: "sorry",
    });
    assert.equal(web.supervision.memoryBytesMax, 512 * 2 ** 20);
    assert.equal(web.supervision.cpuMax, 1.5);
    assert.deepEqual(web.secrets, {
      DATABASE_URL: { kind: "env", name: "DATABASE_URL" },
      SESSION_KEY: { kind: "file", path: "./session.key" },
    });
    assert.equal(roleOf(site, "api").provisioning.files[0]?.mode, 0o600);
    assert.deepEqual(roleOf(site, "mailer").check, { kind: "none" });
    assert.equal(roleOf(site, "sorry").check.kind, "tcp");
  });

  it("takes values of the environment as they are written", () => {
    const { env } = webOf("env: { VERSION: 1.10, ZIP: 01234, IS_ON: yes, HEX: 0x1f, TEXT: 'a b' }");
    assert.deepEqual(env, {
      VERSION: "1.10",
      ZIP: "01234",
      IS_ON: "yes",
      HEX: "0x1f",
      TEXT: "a b",
    });
  });

  it("takes all machines at once for a batch of 100%", () => {
    assert.ok(webOf("deploy: { batch: 100% }").deploy.batch >= 10_000);
    assert.equal(webOf("deploy: { batch: 3 }").deploy.batch, 3);
  });

  it("takes the first role that listens as default, or the one named", () => {
    const roles = "site: s\nz: { run: a, check: none }\ny: { run: a }\nx: { run: a }\n";
    assert.equal(siteOf(roles).defaultRole, "y");
    assert.equal(siteOf(`${roles}default: x\n`).defaultRole, "x");
    assert.equal(siteOf("site: s\nz: { run: a, check: none }\n").defaultRole, null);
  });

  it("names the site on localhost when it has no domain, and takes a single value for a list", () => {
    assert.deepEqual(siteOf(role("instances: 1")).domains, ["shop.localhost"]);
    assert.deepEqual(siteOf(`domains: Shop.Example.com\n${role("instances: 1")}`).domains, [
      "shop.example.com",
    ]);
  });

  it("is what tidemill init writes, whatever the answers are", () => {
    const answer = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
    fc.assert(
      fc.property(answer, (words) => {
        fc.pre(words.trim() !== "" && !words.includes("\0"));
        const text = renderStarter({ site: "on", run: words, check: "/up", domain: "a.test" });
        const site = siteOf(text);
        assert.equal(site.name, "on");
        assert.equal(roleOf(site).run, words);
      }),
      { numRuns: 200 },
    );
  });
});

describe("an overlay", () => {
  it("merges mappings, replaces lists and single values, and removes by null", () => {
    const base = threeLines.replace("1..10 }", "1..10, env: { A: 1, B: 2 }, setup: [a, b] }");
    const site = siteOf(
      base,
      "domains: [s.test]\nweb: { machines: 1, env: { B: null, C: 3 }, setup: [c] }\n",
    );
    assert.deepEqual(site.domains, ["s.test"]);
    const web = roleOf(site);
    assert.equal(web.run, "node server.js");
    assert.deepEqual(web.machines, { min: 1, max: 1 });
    assert.deepEqual(web.env, { A: "1", C: "3" });
    assert.deepEqual(web.provisioning.setup, ["c"]);
  });

  it("changes nothing when it is empty", () => {
    assert.deepEqual(siteOf(threeLines, "# nothing yet\n"), siteOf(threeLines));
  });

  it("has its issues pointed to in itself, after those of the base", () => {
    assert.deepEqual(issuesOf(threeLines.replace("/up", "up"), "web:\n  machines: -1\n"), [
      'tidemill.yaml:3:36: web.check: expected a path such as /up, tcp, none, or a mapping, got "up"',
      "tidemill.staging.yaml:2:13: web.machines: expected a count such as 2 or a range such as 1..10, got -1",
    ]);
  });
});

describe("a site file that is wrong", () => {
  it("gives every issue at once, sorted by place, with the nearest known key", () => {
    const text = `site: Shop
balncer: { bind: 8080 }
web: { run: node server.js, chekc: /up, machines: many, deploy: { bach: 1 } }
routes:
  - { path: api, to: wbe }
`;
    const issues = issuesOf(text);
    assert.deepEqual(
      issues.map((issue) => issue.replace(/; did.*?(\w+)\?.*|, got.*|: expected.*/, " $1").trim()),
      [
        "tidemill.yaml:1:7: site",
        "tidemill.yaml:2:1: balncer: unknown key, and no role either since a role is a mapping with run balancer",
        "tidemill.yaml:3:29: web.chekc: unknown key check",
        "tidemill.yaml:3:51: web.machines",
        "tidemill.yaml:3:67: web.deploy.bach: unknown key batch",
        "tidemill.yaml:5:13: routes[0].path",
      ],
    );
  });

  it("says what was expected and what was there", () => {
    assert.deepEqual(issuesOf("site: shop\nweb:\n  run: a\n  machines: many\n"), [
      'tidemill.yaml:4:13: web.machines: expected a count such as 2 or a range such as 1..10, got "many"',
    ]);
  });

  it("names the key that holds a missing one", () => {
    assert.deepEqual(issuesOf("web: { run: a }\n").length, 1);
    assert.match(
      issuesOf("site: s\nweb: { run: a, files: [{ content: x }] }\n").join(""),
      /^tidemill.yaml:2:24: web.files\[0\].path: expected .*, got nothing$/,
    );
  });

  it("reports several faults of the YAML itself", () => {
    const issues = issuesOf("site: [a\nweb: {\n  run: 'x\n");
    assert.ok(issues.length >= 2);
    for (const issue of issues) assert.match(issue, /^tidemill.yaml:\d+:\d+: not valid YAML: /);
  });

  it("never repeats what stands where a secret's reference should", () => {
    for (const keys of [
      "secrets: { KEY: hunter2 }",
      "secrets: hunter2",
      "secrets: { 1: hunter2 }",
    ]) {
      const issues = issuesOf(role(keys));
      assert.ok(issues.length > 0);
      assert.doesNotMatch(issues.join(), /hunter2/);
    }
  });

  it("ends on aliases that repeat themselves, and on depth without end", () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${Array.from("bcdefgh")
      .map((name, at) => `${name}: &${name} [${`*${"abcdefgh"[at]}, `.repeat(10)}]`)
      .join("\n")}`;
    assert.equal(issuesOf(bomb).length, 1);
    assert.equal(issuesOf("a: &a [*a]").length, 1);
    assert.deepEqual(issuesOf("[".repeat(50_000)), ["tidemill.yaml:1:1: nested too deeply"]);
  });

  const wrong: readonly (readonly [what: string, text: string, found: RegExp])[] = [
    ["nothing at all", "", /site: expected a name/],
    ["no mapping", "- a", /got a list/],
    ["no role", "site: s\n", /at least one role/],
    ["a reserved name", "site: s\nlb: { run: a }\n", /lb: this name is reserved/],
    ["a role's name in capitals", "site: s\nWeb: { run: a }\n", /Web: a role needs a name/],
    ["a range the wrong way round", role("machines: 5..2"), /first number is not above/],
    [
      "a port that is none",
      `balancer: { bind: 127.0.0.1:99999 }\n${role("weight: 1")}`,
      /bind: expected an IPv4/,
    ],
    [
      "a health path without /",
      role("check: { path: up }"),
      /check.path: expected a path that starts with \//,
    ],
    [
      "two kinds of check",
      role("check: { path: /up, tcp: true }"),
      /only one of path, tcp and none/,
    ],
    [
      "a bare number for a time",
      role("drain: 30"),
      /drain: expected a duration such as 30s.*got 30/,
    ],
    ["a version of the future", `version: 2\n${role("weight: 1")}`, /version: expected 1, got 2/],
    [
      "a host that is none",
      `domains: ["a b"]\n${role("weight: 1")}`,
      /domains\[0\]: expected a host name/,
    ],
    [
      "several balancers with one address",
      `balancer: { machines: 2 }\n${role("weight: 1")}`,
      /1:\d+: balancer.machines: 2 balancers on one computer/,
    ],
    ["a domain given twice", `domains: [a.b, A.b]\n${role("weight: 1")}`, /a.b stands here twice/],
    ["a reference in env", role("env: { A: '${env:B}' }"), /web.env.A: .*move it there/],
    ["PORT in env", role("env: { PORT: 1 }"), /HOST and PORT are set/],
    [
      "one name in env and secrets",
      role("env: { A: 1 }, secrets: { A: '${env:A}' }"),
      /under env and under secrets/,
    ],
    [
      "a route to nowhere",
      `routes: [{ to: wbe }]\n${role("weight: 1")}`,
      /no role is named wbe; did you mean web\?/,
    ],
    [
      "a route to a role that does not listen",
      `routes: [{ to: web }]\n${role("check: none")}`,
      /takes no requests/,
    ],
    [
      "a route twice",
      `routes: [{ path: /a, to: web }, { path: /a/, to: web }]\n${role("weight: 1")}`,
      /routes\[1\]: routes\[0\] takes the same/,
    ],
    [
      "a route's host that is no domain",
      `domains: a.test\nroutes: [{ host: b.test, to: web }]\n${role("weight: 1")}`,
      /b.test is not among domains; did you mean a.test/,
    ],
    [
      "a default that is no role",
      `default: api\n${role("weight: 1")}`,
      /default: no role is named api/,
    ],
    ["a backup that is no role", role("backup: api"), /web.backup: no role is named api/],
    ["a backup that is the role itself", role("backup: web"), /cannot be its own backup/],
    ["a file without a source", role("files: [{ path: a }]"), /either content or from/],
    [
      "two files in one place",
      role("files: [{ path: a, content: x }, { path: a, content: y }]"),
      /files\[0\] has the same path/,
    ],
    ["a file that leaves the home", role("files: [{ path: ../a, content: x }]"), /without \.\./],
    [
      "a file that is not there",
      role("files: [{ path: a, from: ./a }]"),
      /cannot read the file ".\/a"/,
    ],
    [
      "a page that is not there",
      `balancer: { maintenance_page: { from: x } }\n${role("weight: 1")}`,
      /cannot read the file "x"/,
    ],
  ];
  for (const [what, text, found] of wrong)
    it(`finds ${what}`, () => assert.match(issuesOf(text).join("\n"), found));

  it("is read without an exception, and each issue has a place, whatever the text", () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 200, unit: "binary" }),
      fc.string({
        maxLength: 200,
        unit: fc.constantFrom(...Array.from("ab:{}[],-*&!|>#%@`'\"?\n\t 1.~<")),
      }),
      mutated(threeLines),
      mutated(exampleSiteFile),
    );
    fc.assert(
      fc.property(anything, fc.option(mutated(threeLines)), (text, overlay) => {
        const reading = read(text, overlay ?? undefined);
        if (reading.kind === "site") return;
        assert.ok(reading.issues.length > 0);
        for (const issue of reading.issues) {
          assert.match(issue.file, /^tidemill/);
          assert.ok(issue.line >= 1 && issue.column >= 1);
          assert.notEqual(issue.message, "");
          assert.doesNotMatch(formatIssue(issue), /Invalid input|undefined|\[object/);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** The text with a few of its parts cut out, doubled, or replaced. */
function mutated(text: string): fc.Arbitrary<string> {
  const cut = fc.record({
    at: fc.nat(text.length),
    length: fc.nat(12),
    put: fc.constantFrom("", "null", "{}", "[]", ": ", "\n", "-1", "true", "*a", "__proto__", "  "),
  });
  return fc
    .array(cut, { minLength: 1, maxLength: 4 })
    .map((cuts) =>
      cuts.reduce(
        (now, { at, length, put }) => now.slice(0, at) + put + now.slice(at + length),
        text,
      ),
    );
}

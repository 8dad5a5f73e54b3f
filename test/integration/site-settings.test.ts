import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { DeployStatus } from "../../src/core/status.ts";
import { until } from "../harness/until.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";

const SECRET = "hunter2-not-to-be-seen";

interface Wish {
  readonly greeting?: string;
  readonly before?: string;
  readonly after?: string;
  readonly hasBlog?: boolean;
}

function siteFile(port: number, wish: Wish = {}): string {
  const hooks = [
    wish.before === undefined ? [] : [`before: '${wish.before}'`],
    wish.after === undefined ? [] : [`after: '${wish.after}'`],
    ["batch: 1", "timeout: 10s"],
  ].flat();
  const blog = `
blog:
  run: node server.js
  source: code
  check: tcp
  machines: 1
`;
  return `site: shop
domains: [shop.example.com, blog.example.com]
default: web
balancer: { bind: "127.0.0.1:${port}" }
routes:
${wish.hasBlog === false ? "" : "  - { host: blog.example.com, to: blog }\n  - { path: /news, to: blog }\n"}  - { path: /, to: web }
web:
  run: node server.js
  source: code
  check: { path: /up, every: 1s }
  machines: 2
  sticky: true
  env: { GREETING: ${wish.greeting ?? "hello"} }
  secrets: { PASSWORD: "\${env:PASSWORD}" }
  files: [{ path: motd.txt, content: "be kind" }]
  setup: ["echo done >> setup.log"]
  deploy: { ${hooks.join(", ")} }
${wish.hasBlog === false ? "" : blog}`;
}

describe("a site's settings", () => {
  let site: TestSite;
  const secrets = { web: { PASSWORD: SECRET } };

  before(async () => {
    site = await createTestSite((port) => siteFile(port));
    await site.startController();
    await site.apply({ secrets });
    await allServe();
  });
  after(() => site.dispose());

  function allServe(): Promise<unknown> {
    return site.until(
      ({ roles }) => roles.every((r) => r.serving === r.target && r.machines === r.target),
      "all serves",
    );
  }

  async function change(wish: Wish, password = SECRET): Promise<DeployStatus | null> {
    site.writeSiteFile(siteFile(site.port, wish));
    const id = await site.apply({ keepReleases: true, secrets: { web: { PASSWORD: password } } });
    if (id === null) return null;
    await site.deployEnded(id);
    return site.call<DeployStatus>("GET", `/v1/deploys/${id}`);
  }

  it("routes by host and by whole segments of the path", async () => {
    assert.match((await ask(site, "shop.example.com", "/")).text, /^web-/);
    assert.match((await ask(site, "blog.example.com", "/")).text, /^blog-/);
    assert.match((await ask(site, "shop.example.com", "/news/today")).text, /^blog-/);
    assert.match((await ask(site, "shop.example.com", "/newsletter")).text, /^web-/);
    assert.match((await ask(site, "unknown.example.com", "/")).text, /^web-/);
  });

  it("keeps a visitor on one machine by a cookie", async () => {
    const first = await ask(site, "shop.example.com", "/");
    assert.ok(first.cookie, "no cookie was set");
    for (let i = 0; i < 6; i++) {
      const next = await ask(site, "shop.example.com", "/", first.cookie);
      assert.equal(next.text, first.text);
    }
  });

  it("gives processes their secrets and shows them to nobody else", async () => {
    const { text } = await ask(site, "shop.example.com", "/env?name=PASSWORD");
    assert.equal(text, SECRET);
    const files = filesBelow(site.state);
    assert.ok(
      files.some((file) => file.endsWith("document.json")),
      "no document on disk",
    );
    const leaks = files.filter((file) => readFileSync(file).includes(SECRET));
    assert.deepEqual(leaks, []);
    const told = JSON.stringify([
      await site.status(),
      await site.call("GET", "/v1/events?limit=1000"),
      await site.call("GET", "/v1/logs?limit=1000"),
    ]);
    assert.ok(!told.includes(SECRET));
  });

  it("rolls a changed environment out like a release, and does nothing when nothing changed", async () => {
    assert.equal((await change({ greeting: "moin" }))?.state, "done");
    assert.equal((await ask(site, "shop.example.com", "/env?name=GREETING")).text, "moin");
    assert.equal(await change({ greeting: "moin" }), null);
  });

  it("rolls a changed secret out too", async () => {
    assert.equal((await change({ greeting: "moin" }, "another"))?.state, "done");
    assert.equal((await ask(site, "shop.example.com", "/env?name=PASSWORD")).text, "another");
  });

  it("runs the hooks around a deploy once, in the new release, with its environment", async () => {
    const deploy = await change({
      greeting: "servus",
      before: "test -f server.js && echo $GREETING >> $HOOKS",
      after: "echo after >> $HOOKS",
    }).catch(() => null);
    // HOOKS is not set: a hook that fails stops the deploy before anything has changed.
    assert.equal(deploy?.state, "reverted");
    assert.match(deploy?.failure?.message ?? "", /^the hook before the deploy of web failed/);
    assert.equal((await ask(site, "shop.example.com", "/env?name=GREETING")).text, "moin");
    // Processes of a site that root runs are nobody special: they write where everybody may.
    const directory = mkdtempSync(join(tmpdir(), "tidemill-hooks-"));
    chmodSync(directory, 0o777);
    const file = join(directory, "hooks.txt");
    const good = await change({
      greeting: "servus",
      before: `test -f server.js && echo before $GREETING >> ${file}`,
      after: `echo after >> ${file}`,
    });
    assert.equal(good?.state, "done");
    assert.equal(readFileSync(file, "utf8"), "before servus\nafter\n");
    rmSync(directory, { recursive: true });
  });

  it("takes a role that left the site file away, without touching the others", async () => {
    await change({ greeting: "servus", hasBlog: false }, "another");
    await until(
      "the blog's machine is gone",
      async () => (await site.status()).machines.every((m) => m.role !== "blog"),
      20_000,
    );
    assert.match((await ask(site, "blog.example.com", "/")).text, /^web-/);
  });

  it("refuses bad requests and changes nothing", async () => {
    const { at: _at, ...before } = await site.call<{ at: number }>("GET", "/v1/events?limit=1");
    await assert.rejects(site.call("PUT", "/v1/site", { site: {} }), /422/);
    await assert.rejects(site.call("POST", "/v1/roles/web/scale", { kind: "set" }), /422/);
    await assert.rejects(
      site.call("POST", "/v1/roles/web/scale", { kind: "set", machines: 9 }),
      /403 .*outside the site file's bounds 2\.\.2 \(guard: bounds\)/,
    );
    await assert.rejects(site.call("POST", "/v1/machines/web-99/drain"), /404/);
    await assert.rejects(site.call("GET", "/v1/nothing"), /404/);
    assert.deepEqual(await site.call("GET", "/v1/events?limit=1"), before);
  });

  it("answers nobody without the token, and describes itself to those who have it", async () => {
    const { url } = JSON.parse(readFileSync(join(site.state, "controller.json"), "utf8")) as {
      url: string;
    };
    assert.equal((await fetch(`${url}/v1/status`)).status, 401);
    const wrong = { headers: { authorization: "Bearer wrong" } };
    assert.equal((await fetch(`${url}/v1/status`, wrong)).status, 401);
    assert.equal((await fetch(`${url}/v1/agent/releases/0123456789ab`, wrong)).status, 401);
    assert.equal((await fetch(`${url}/v1/version`)).status, 200);
    const mode = statSync(join(site.state, "inventory", "token")).mode & 0o777;
    assert.equal(mode, 0o600);
    type Document = { openapi: string; paths: Record<string, unknown> };
    const document = await site.call<Document>("GET", "/v1/openapi.json");
    assert.equal(document.openapi, "3.1.0");
    for (const path of ["/v1/status", "/v1/site", "/v1/roles/{role}/scale", "/v1/releases/{id}"]) {
      assert.ok(path in document.paths, path);
    }
  });
});

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

interface Answer {
  readonly text: string;
  readonly cookie: string | null;
}

/** A request of its own connection, with the host a browser would send. */
function ask(site: TestSite, host: string, path: string, cookie?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host, ...(cookie === undefined ? {} : { cookie }) };
    const options = { host: site.host, port: site.port, path, headers, agent: false };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const [set = null] = response.headers["set-cookie"] ?? [];
        resolve({ text, cookie: set?.split(";")[0] ?? null });
      });
    });
    sent.on("error", reject).end();
  });
}

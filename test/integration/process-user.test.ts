import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { SiteStatus } from "../../src/core/status.ts";
import { processesOf } from "../harness/processes.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";
import { until } from "../harness/until.ts";

const skip = process.getuid?.() === 0 ? false : "only root can run processes as somebody else";

/** Tells who it is and what it may. */
const application = `
const fs = require("node:fs");
const may = (act) => { try { return String(act() ?? true); } catch (error) { return error.code; } };
require("node:http").createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  const path = url.searchParams.get("path");
  response.end(JSON.stringify({
    version: "VERSION", uid: process.getuid(), groups: process.getgroups(), home: process.env.HOME, cwd: process.cwd(),
    write: may(() => fs.writeFileSync("written", "x")),
    home_write: may(() => fs.writeFileSync(process.env.HOME + "/x", "x")),
    config: may(() => fs.readFileSync("../../home/config.ini", "utf8")),
    replace: may(() => fs.renameSync("../../home/config.ini", "../../home/other")),
    release: may(() => fs.mkdirSync("../other")),
    stderr: may(() => fs.writeFileSync("/dev/stderr", "heard\\n")),
    read: path === null ? null : may(() => fs.readFileSync(path, "utf8")),
  }));
}).listen(process.env.PORT, process.env.HOST);
`;

const siteFile = (port: number): string => `site: shop
balancer: { bind: "127.0.0.1:${port}" }
web:
  run: node server.js
  source: code
  check: tcp
  machines: 1
  setup: ["id -u > setup.txt"]
  files: [{ path: config.ini, content: "quiet", mode: 0600 }]
  deploy: { batch: 1, before: "id -u > before.txt" }
`;

interface Told {
  readonly uid: number;
  readonly [what: string]: unknown;
}

describe("the processes of a site that root runs", { skip }, () => {
  let site: TestSite;

  before(async () => {
    site = await createTestSite(siteFile);
    site.writeApplication("v1", application);
    await site.startController();
    await site.apply();
    await site.until((status) => status.roles.every((r) => r.serving === r.target), "all serves");
  });
  after(() => site.dispose());

  async function ask(path = ""): Promise<Told> {
    const response = await fetch(`${site.url}/?path=${encodeURIComponent(path)}`);
    return (await response.json()) as Told;
  }

  it("are nobody special, write where they run and at home, and nowhere else", async () => {
    const told = await ask(join(site.state, "inventory", "token"));
    assert.ok(told.uid >= 1_900_000_000, `${told.uid}`);
    assert.deepEqual(told["groups"], [told.uid]);
    const { write, home_write: home, config, stderr, replace, release, read } = told;
    assert.deepEqual([write, home, config, stderr], ["true", "true", "quiet", "true"]);
    assert.deepEqual([replace, release, read], ["EACCES", "EACCES", "EACCES"]);
  });

  it("are the same somebody for set-up commands and hooks", async () => {
    const { uid, cwd } = await ask();
    for (const file of ["setup.txt", "before.txt"]) {
      assert.equal(readFileSync(join(String(cwd), file), "utf8"), `${uid}\n`);
    }
  });

  it("cannot look into the balancer, whose worker is nobody special either", async () => {
    const { uid } = await ask();
    const haproxy = processesOf(site).filter(({ command }) => command.includes("haproxy"));
    const owners = haproxy.map(({ pid }) => statSync(`/proc/${pid}`).uid).toSorted((a, b) => a - b);
    assert.deepEqual(owners, [0, uid + 1]);
  });

  it("leave nothing when their machine goes", async () => {
    const { home } = await ask();
    const machine = join(String(home), "..");
    const [victim] = (await site.call<SiteStatus>("GET", "/v1/status")).machines.filter(
      ({ role }) => role === "web",
    );
    await site.call("POST", `/v1/machines/${victim?.machine}/replace`);
    await until(
      "its directory is gone",
      () => !statSync(machine, { throwIfNoEntry: false }),
      30_000,
    );
  });
});

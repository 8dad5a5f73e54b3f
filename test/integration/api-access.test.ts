import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createTestAuthority } from "../harness/authority.ts";
import { testProvider } from "../harness/site.ts";
import { until } from "../harness/until.ts";
import { collect, createCliSite } from "./cli-site.ts";
import type { Ran } from "./cli-site.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
process.env["TIDEMILL_LISTEN"] = "0.0.0.0";
const site = createCliSite();
const elsewhere = mkdtempSync(join(tmpdir(), "tidemill-elsewhere-"));

const address = (): { readonly url: string; readonly pid: number } =>
  JSON.parse(readFileSync(join(site.state, "controller.json"), "utf8")) as {
    url: string;
    pid: number;
  };
const authorityPath = join(site.state, "inventory", "authority.pem");

/** A command of somebody on another computer, who has an address, a token and the authority. */
function runElsewhere(env: Readonly<Record<string, string>>, ...words: string[]): Promise<Ran> {
  const own = { PATH: process.env["PATH"] ?? "", HOME: elsewhere };
  return collect(
    spawn(process.execPath, [program, ...words], { cwd: elsewhere, env: { ...own, ...env } }),
  );
}

describe("an API off loopback", () => {
  before(async () => {
    const text = `site: shop\nprovider: ${testProvider}\nweb: { run: node server.js, check: /up }\n`;
    writeFileSync(join(site.directory, "tidemill.yaml"), text);
    const up = await site.run("up");
    assert.equal(up.code, 0, up.stderr);
  });
  after(async () => {
    await site.dispose();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  it("speaks TLS only, and this computer's commands follow", async () => {
    const { url } = address();
    assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await site.run("status")).code, 0);
    const plain = await new Promise<string>((resolve) => {
      const asked = get(url.replace("https:", "http:"), ({ statusCode }) => {
        asked.destroy();
        resolve(`answered ${statusCode}`);
      });
      asked.once("error", () => resolve("cut off"));
    });
    assert.equal(plain, "cut off");
  });

  it("is open to a token from elsewhere as far as its role goes, until it is revoked", async () => {
    const made = await site.run("token", "create", "ada", "--role", "read", "--expires", "90d");
    assert.equal(made.code, 0, made.stderr);
    const env = {
      TIDEMILL_URL: address().url,
      TIDEMILL_TOKEN: made.stdout.trim(),
      TIDEMILL_CA: authorityPath,
    };
    const status = await runElsewhere(env, "status", "--json");
    assert.equal(status.code, 0, status.stdout);
    const refused = await runElsewhere(env, "maintenance", "on", "--json");
    assert.equal(refused.code, 1);
    const { error } = JSON.parse(refused.stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, "forbidden");
    assert.equal(error.message, "the token ada is for read; this needs deploy");
    assert.equal((await site.run("token", "revoke", "ada")).code, 0);
    assert.match((await runElsewhere(env, "status")).stderr, /the token is missing or wrong/);
    const audit = await site.run("audit");
    assert.match(
      audit.stdout,
      /\(token ada\) +127\.0\.0\.1 +PUT \/v1\/maintenance +refused: the token/,
    );
    assert.match(audit.stdout, /POST \/v1\/tokens +done/);
  });

  it("is believed by its own authority's certificate only", async () => {
    const other = join(elsewhere, "other.pem");
    writeFileSync(other, (await createTestAuthority("other")).certificate);
    const env = { TIDEMILL_URL: address().url, TIDEMILL_TOKEN: "t", TIDEMILL_CA: other };
    const ran = await runElsewhere(env, "status");
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /Cannot reach the controller .*(CERT|SELF_SIGNED|UNABLE_TO)/);
    const url = "http://192.0.2.1:7431";
    const clear = await runElsewhere({ ...env, TIDEMILL_URL: url }, "status");
    assert.equal(clear.code, 2);
    assert.match(clear.stderr, /needs https/);
  });

  it("stays off loopback when the controller is started again without being told", async () => {
    const { pid } = address();
    process.kill(pid, "SIGKILL");
    await until("it is gone", () => {
      try {
        return process.kill(pid, 0) && null;
      } catch {
        return true;
      }
    });
    const again = spawn(process.execPath, [program, "up"], {
      cwd: site.directory,
      env: {
        ...process.env,
        TIDEMILL_LISTEN: undefined,
        XDG_RUNTIME_DIR: join(site.directory, "../run"),
      },
    });
    assert.equal((await collect(again)).code, 0);
    assert.notEqual(address().pid, pid);
    assert.match(address().url, /^https:/);
  });
});

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { AgentSettings } from "../../src/ports/agent-settings.ts";
import { CONTROLLER_NAME } from "../../src/ports/registrar.ts";
import { kill9, processesOf } from "../harness/processes.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";
import { until } from "../harness/until.ts";

const siteFile = (port: number): string => `site: shop
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, machines: 2 }
`;

/** As short as a certificate's seconds allow; renewed every two seconds. */
process.env["TIDEMILL_CERTIFICATE_MS"] = "4000";

describe("machines of a real site", () => {
  let site: TestSite;
  const copies = mkdtempSync(join(tmpdir(), "tidemill-stolen-"));
  before(async () => {
    site = await createTestSite(siteFile);
    await site.startController();
    await site.apply();
    await allServe();
  });
  after(async () => {
    await site.dispose();
    rmSync(copies, { recursive: true, force: true });
  });

  function allServe() {
    return site.until(
      ({ roles }) => roles.every((r) => r.serving === r.target && r.machines === r.target),
      "all serves",
      60_000,
    );
  }

  const place = (machine: string, name = ""): string => join(site.state, "machines", machine, name);
  const settingsOf = (directory: string) =>
    JSON.parse(readFileSync(join(directory, "agent.json"), "utf8")) as AgentSettings;
  const certificateIn = (directory: string): X509Certificate => {
    const content = readFileSync(join(directory, "identity.json"), "utf8");
    return new X509Certificate((JSON.parse(content) as { certificate: string }).certificate);
  };
  const agentOf = (machine: string) =>
    processesOf(site).filter((it) => it.machine === machine && / agent /.test(it.command));
  const isConnected = async (machine: string): Promise<boolean> =>
    (await site.status()).machines.some((it) => it.machine === machine && it.state === "serving");

  /** Calls the door with what is in a machine's directory. */
  async function renewBy(directory: string): Promise<{ status: number; said: string }> {
    const { controllerUrl, authority } = settingsOf(directory);
    const url = new URL("/v1/renew", controllerUrl.replace("wss:", "https:"));
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; said: string }>();
    const asked = request(url, {
      method: "POST",
      agent: false,
      ca: authority,
      servername: CONTROLLER_NAME,
      key: readFileSync(join(directory, "identity.key"), "utf8"),
      cert: certificateIn(directory).toString(),
    });
    asked.once("error", reject);
    asked.once("response", (response) => {
      const { statusCode: status = 0 } = response;
      text(response).then((said) => resolve({ status, said }), reject);
    });
    asked.end();
    return promise;
  }

  it("have each a key of their own that only their agent can read, and a certificate in their name", () => {
    const machines = ["lb-1", "web-1", "web-2"];
    const keys = machines.map((machine) => {
      assert.equal(statSync(place(machine, "identity.key")).mode & 0o777, 0o600);
      assert.equal(statSync(place(machine, "identity.json")).mode & 0o777, 0o600);
      const { subjectAltName } = certificateIn(place(machine));
      assert.match(subjectAltName ?? "", new RegExp(`^URI:tidemill://[0-9a-f]+/${machine}$`));
      return readFileSync(place(machine, "identity.key"), "utf8");
    });
    assert.equal(new Set(keys).size, 3);
  });

  it("renew their certificates by themselves, on the connection they have", async () => {
    const first = certificateIn(place("web-1"));
    const key = readFileSync(place("web-1", "identity.key"), "utf8");
    const before = Date.parse(first.validTo);
    // Two whole lives: without a renewal the connection would have been ended.
    await until(
      "two lives have passed",
      () => Date.parse(certificateIn(place("web-1")).validTo) >= before + 8_000,
      20_000,
    );
    assert.equal(readFileSync(place("web-1", "identity.key"), "utf8"), key);
    assert.ok(await isConnected("web-1"));
    const log = readFileSync(join(site.state, "logs", "web-1.agent.log"), "utf8");
    assert.doesNotMatch(log, /connection to the controller has ended/);
  });

  it("join anew by a new token when their credentials are lost with their agent", async () => {
    const { token } = settingsOf(place("web-2"));
    const servers = processesOf(site).filter((it) => /server\.js/.test(it.command));
    cpSync(place("web-2"), join(copies, "web-2"), {
      recursive: true,
      filter: (from) => !from.endsWith("sock"),
    });
    rmSync(place("web-2", "identity.key"));
    rmSync(place("web-2", "identity.json"));
    kill9(agentOf("web-2"));
    await until("another key is made", () => existsSync(place("web-2", "identity.json")), 20_000);
    assert.notEqual(settingsOf(place("web-2")).token, token);
    await until("it serves", () => isConnected("web-2"), 20_000);
    const after = processesOf(site).filter((it) => /server\.js/.test(it.command));
    assert.deepEqual(after, servers, "its processes did not notice");
    const stolen = await renewBy(join(copies, "web-2"));
    assert.equal(stolen.status, 401);
    assert.match(stolen.said, /the certificate (was revoked|has expired|is not valid)/);
  });

  it("end their agent when they are not let in any more, and get one with a new token", async () => {
    const [agent] = agentOf("web-2");
    const servers = processesOf(site).filter((it) => /server\.js/.test(it.command));
    process.kill(site.controllerPid(), "SIGKILL");
    const database = new DatabaseSync(join(site.state, "inventory", "inventory.db"));
    database.exec("UPDATE certificate SET revoked_at = 1 WHERE machine = 'web-2'");
    database.exec("DELETE FROM invitation WHERE machine = 'web-2'");
    database.close();
    await site.startController();
    const log = (): string => readFileSync(join(site.state, "logs", "web-2.agent.log"), "utf8");
    await until("the agent ends", () => /Ended, so that .* brings a new token/.test(log()), 30_000);
    // Its four seconds may be over before the controller is there to say so.
    assert.match(log(), /the certificate (was revoked|is not valid: CERT_HAS_EXPIRED)/);
    await until("there is another agent that is in", async () => {
      const [other] = agentOf("web-2");
      return other !== undefined && other.pid !== agent?.pid && (await isConnected("web-2"));
    });
    const after = processesOf(site).filter((it) => /server\.js/.test(it.command));
    assert.deepEqual(after, servers, "its processes did not notice");
  });

  it("are out at once when they are removed", async () => {
    cpSync(place("web-1"), join(copies, "web-1"), {
      recursive: true,
      filter: (from) => !from.endsWith("sock"),
    });
    assert.equal((await renewBy(join(copies, "web-1"))).status, 200, "while it is there");
    await site.call("POST", "/v1/machines/web-1/replace");
    await site.until(
      ({ machines }) => machines.every(({ machine }) => machine !== "web-1"),
      "web-1 is gone",
      60_000,
    );
    const late = await renewBy(join(copies, "web-1"));
    assert.equal(late.status, 401);
    assert.match(late.said, /no machine web-1 is on record|revoked|expired|not valid/);
    await allServe();
  });
});

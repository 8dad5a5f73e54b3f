import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { get } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect } from "node:tls";
import { createSystemClock } from "../../src/adapters/clock/clock.ts";
import { createCredentials } from "../../src/adapters/websocket/credentials.ts";
import { certify, createKeyPair, createTestAuthority } from "../harness/authority.ts";
import { until } from "../harness/until.ts";
import {
  callDoor,
  identityOf,
  joinDoor,
  openDoorRig,
  openSocket,
  releaseOfApi,
  releaseOfWeb,
  shakesHands,
} from "../rig/door.ts";
import type { DoorRig, Identity } from "../rig/door.ts";
import { CONTROLLER_NAME } from "../../src/ports/registrar.ts";

const quarter = 15 * 60_000;
const hello = (machine: string) => ({ kind: "hello", protocol: 1, machine, bootId: "b" });
const report = (machine: string, memoryBytes: number) => ({
  kind: "report",
  report: {
    machine,
    bootId: "b",
    at: 1,
    generation: 0,
    memoryBytes,
    cpu: 0,
    processes: [],
    tasks: [],
    balancer: null,
  },
});

describe("joining by a token", () => {
  let rig: DoorRig;
  before(async () => void (rig = await openDoorRig()));
  after(() => rig.close());
  const web = { machine: "web-1", role: "web" };

  it("gives the machine a certificate in its own name, for its own key, and again if it asks again", async () => {
    const token = await rig.registrar.invite("web-1", "web");
    const pair = createKeyPair();
    for (let turn = 0; turn < 2; turn++) {
      const answer = await joinDoor(rig, { ...web, token, pair });
      assert.equal(answer.status, 200, answer.error);
      const { certificate } = JSON.parse(answer.body) as { certificate: string };
      const read = new X509Certificate(certificate);
      assert.equal(read.subjectAltName, "URI:tidemill://shop/web-1");
      assert.equal(read.publicKey.export({ format: "pem", type: "spki" }), pair.publicKey);
      assert.ok(read.verify(new X509Certificate(rig.authority.certificate).publicKey));
      const left = Date.parse(read.validTo) - Date.now();
      assert.ok(left > 3_500_000 && left <= 3_600_000, `${left} ms`);
    }
  });

  it("refuses another key, another machine, another role, and a token nobody made", async () => {
    const token = await rig.registrar.invite("web-1", "web");
    const pair = createKeyPair();
    const errorOf = async (change: object) => {
      const answer = await joinDoor(rig, { ...web, token, pair, ...change });
      assert.equal(answer.status, 403);
      return answer.error;
    };
    assert.equal(await errorOf({ machine: "api-1" }), "the token is another machine's");
    assert.equal(await errorOf({ role: "balancer" }), "the token is for a web");
    assert.equal(await errorOf({ token: "made-up" }), "the token is not known");
    const stolen = { ...createKeyPair(), publicKey: pair.publicKey };
    assert.equal(await errorOf({ pair: stolen }), "the key is not the caller's");
    assert.equal((await joinDoor(rig, { ...web, token, pair })).status, 200);
    assert.equal(await errorOf({ pair: createKeyPair() }), "the token was used by another key");
    const outcomes = await rig.inventory.access.audit({ after: 0, limit: 10 });
    const own = outcomes.filter(({ who, what }) => who === "machine web-1" && what === "join");
    assert.equal(own[0]?.outcome, "refused: the token was used by another key");
    assert.equal(own[1]?.outcome, "done");
    assert.ok(own.every(({ address }) => address === "127.0.0.1"));
  });

  it("lets one of two keys in that come at once, and binds the machine's other tokens to it", async () => {
    rig.pass(120_000);
    const [first, second] = [
      await rig.registrar.invite("web-1", "web"),
      await rig.registrar.invite("web-1", "web"),
    ];
    const pairs = [createKeyPair(), createKeyPair(), createKeyPair()];
    const answers = await Promise.all(
      pairs.map((pair) => joinDoor(rig, { ...web, token: first, pair })),
    );
    const winners = pairs.filter((_, at) => answers[at]?.status === 200);
    assert.equal(winners.length, 1);
    const [pair = createKeyPair()] = winners;
    assert.equal((await joinDoor(rig, { ...web, token: second, pair })).status, 200);
    const late = await joinDoor(rig, { ...web, token: second, pair: createKeyPair() });
    assert.equal(late.error, "the token was used by another key");
  });

  it("ends a quarter of an hour after the token was made, and with the machine", async () => {
    rig.pass(120_000);
    const token = await rig.registrar.invite("web-1", "web");
    rig.pass(quarter);
    const late = await joinDoor(rig, { ...web, token, pair: createKeyPair() });
    assert.equal(late.error, "the token has expired");
    const other = await rig.registrar.invite("web-9", "web");
    const gone = { machine: "web-9", role: "web", token: other, pair: createKeyPair() };
    assert.equal((await joinDoor(rig, gone)).error, "no machine web-9 is on record");
  });

  it("counts what it refuses by address", async () => {
    const guess = () => joinDoor(rig, { ...web, token: "guess", pair: createKeyPair() });
    const statuses: number[] = [];
    for (let turn = 0; turn < 12; turn++) statuses.push((await guess()).status);
    assert.ok(statuses.includes(429), statuses.join());
    const token = await rig.registrar.invite("web-1", "web");
    assert.equal((await joinDoor(rig, { ...web, token, pair: createKeyPair() })).status, 200);
  });
});

describe("the agents' door", () => {
  let rig: DoorRig;
  let web: Identity;
  before(async () => {
    rig = await openDoorRig();
    web = await identityOf(rig, "web-1", "web");
  });
  after(() => rig.close());
  const release = (identity: Identity | undefined, id: string) =>
    callDoor(rig, {
      method: "GET",
      path: `/v1/agent/releases/${id}`,
      ...(identity === undefined ? {} : { identity }),
    });

  it("speaks TLS 1.3 and nothing else", async () => {
    assert.equal(await shakesHands(rig, "TLSv1.3"), true);
    assert.equal(await shakesHands(rig, "TLSv1.2"), false);
    const plain = await new Promise<string>((resolve) => {
      const asked = get(`http://127.0.0.1:${rig.port}/v1/join`, (answer) => {
        resolve(`answered ${answer.statusCode}`);
      });
      asked.once("error", () => resolve("cut off"));
    });
    assert.equal(plain, "cut off");
  });

  it("hands a machine the releases of its own role, and nobody else's", async () => {
    assert.equal((await release(web, releaseOfWeb)).body, `archive ${releaseOfWeb}`);
    const other = await release(web, releaseOfApi);
    assert.equal(other.status, 403);
    assert.equal(other.error, `release ${releaseOfApi} is not one of this machine's role`);
    assert.equal((await release(undefined, releaseOfWeb)).status, 401);
  });

  it("closes the archive for a caller who has hung up before it was open", async () => {
    const asked = Promise.withResolvers<void>();
    const mayOpen = Promise.withResolvers<void>();
    rig.beforeOpening = () => {
      asked.resolve();
      return mayOpen.promise;
    };
    const path = `/v1/agent/releases/${releaseOfWeb}`;
    const caller = new AbortController();
    const { signal } = caller;
    const called = assert.rejects(callDoor(rig, { method: "GET", path, identity: web, signal }));
    await asked.promise;
    caller.abort();
    await called;
    rig.beforeOpening = () => Promise.resolve();
    // Whoever comes later is answered later: the hanging up has been heard by then.
    assert.equal((await release(web, releaseOfWeb)).status, 200);
    const before = rig.opened.length;
    mayOpen.resolve();
    await until("it is open, and closed", () => rig.opened[before]?.destroyed === true, 2_000);
  });

  it("knows only certificates of its own authority, of this site, on record", async () => {
    const subject = { kind: "machine", site: "shop", machine: "web-1", role: "web" } as const;
    const forged = await certify(await createTestAuthority("shop"), subject);
    assert.match((await release(forged, releaseOfWeb)).error, /^the certificate is not valid/);
    const unrecorded = await certify(rig.authority, subject);
    assert.equal(
      (await release(unrecorded, releaseOfWeb)).error,
      "the certificate is on no record",
    );
    const foreign = await certify(rig.authority, { ...subject, site: "other" });
    assert.equal((await release(foreign, releaseOfWeb)).error, "the certificate is another site's");
    const server = await certify(rig.authority);
    assert.match((await release(server, releaseOfWeb)).error, /^the certificate/);
  });

  it("lets a machine speak for itself only: no greeting, report or line in another's name", async () => {
    const asOther = openSocket(rig, web, hello("api-1"));
    assert.equal(await asOther.ended, "4401 the certificate is web-1's");
    const lines: string[] = [];
    rig.agents.onLines((batch) => lines.push(...batch.map((line) => line.machine)));
    const { socket, ended } = openSocket(rig, web, hello("web-1"));
    socket.once("open", () => {
      socket.send(JSON.stringify(report("api-1", 666)));
      const line = { at: 1, machine: "api-1", process: "p", text: "x" };
      socket.send(JSON.stringify({ kind: "lines", lines: [line], dropped: 0 }));
    });
    await until("the lines come", () => lines.length > 0);
    assert.deepEqual(lines, ["web-1"]);
    const seen = rig.agents.observe();
    assert.equal(seen.get("web-1")?.report?.memoryBytes, 666);
    assert.equal(seen.get("web-1")?.report?.machine, "web-1");
    assert.equal(seen.has("api-1"), false);
    socket.close();
    await ended;
  });

  it("hangs up on an agent that says what no agent says, or too much", async () => {
    const nonsense = openSocket(rig, web, hello("web-1"));
    nonsense.socket.once("open", () => {
      const told = report("web-1", 668);
      nonsense.socket.send(JSON.stringify({ ...told, report: { ...told.report, cpu: -1 } }));
      nonsense.socket.send(JSON.stringify(report("web-1", 669)));
    });
    const why = "4400 not a message of an agent: report.cpu: no number from 0 to 9007199254740991";
    assert.equal(await nonsense.ended, why);
    assert.notEqual(rig.agents.observe().get("web-1")?.report?.memoryBytes, 669);
    const flood = openSocket(rig, web, hello("web-1"));
    flood.socket.once("open", () => {
      const said = JSON.stringify(report("web-1", 670));
      for (let turn = 0; turn < 1_000; turn++) flood.socket.send(said);
    });
    assert.equal(await flood.ended, "4429 too many messages");
  });

  it("gives a machine its own document only", async () => {
    const documentOf = (machine: string) => ({
      generation: 1,
      machine,
      role: "x",
      processes: [],
      tasks: [],
      balancer: null,
    });
    rig.agents.send(documentOf("api-1"));
    rig.agents.send(documentOf("web-1"));
    const { socket, ended } = openSocket(rig, web, hello("web-1"));
    const got: string[] = [];
    socket.on("message", (data: Buffer) => got.push(data.toString()));
    await until("a document comes", () => got.length > 0);
    socket.send(JSON.stringify(hello("api-1")));
    socket.send(JSON.stringify(report("web-1", 667)));
    const heard = () => rig.agents.observe().get("web-1")?.report?.memoryBytes === 667;
    await until("it was heard", heard);
    assert.deepEqual(
      got.map((text) => (JSON.parse(text) as { document: { machine: string } }).document.machine),
      ["web-1"],
    );
    socket.close();
    await ended;
  });

  it("does not open to a machine's certificate that poses as the controller", async () => {
    const server = createServer({ key: web.key, cert: web.certificate });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const error = await new Promise<string>((resolve) => {
      const socket = connect({
        host: "127.0.0.1",
        port,
        ca: rig.authority.certificate,
        servername: CONTROLLER_NAME,
      });
      socket.once("error", ({ message }) => resolve(message));
      socket.once("secureConnect", () => resolve("trusted"));
    });
    server.close();
    server.closeAllConnections();
    assert.match(error, /purpose/i);
  });
});

describe("a machine's credentials", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-credentials-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const { signal } = new AbortController();
  const target = { url: "", token: "", authority: "" };
  const aim = (rig: DoorRig, token: string) =>
    Object.assign(target, {
      url: `wss://127.0.0.1:${rig.port}/v1/agent`,
      token,
      authority: rig.authority.certificate,
    });
  const open = () =>
    createCredentials({
      directory,
      machine: "web-1",
      role: "web",
      clock: createSystemClock(),
      readTarget: () => Promise.resolve(target),
    });

  it("are made once, kept, renewed for the same key, and asked for anew of another authority", async () => {
    const rig = await openDoorRig();
    aim(rig, await rig.registrar.invite("web-1", "web"));
    const shown = await Promise.all([open(), open()].map((it) => it.show(signal)));
    assert.equal(shown[0]?.key, shown[1]?.key);
    const credentials = open();
    const held = await credentials.show(signal);
    aim(rig, "used up");
    assert.deepEqual(await open().show(signal), held, "no token is needed any more");
    await credentials.renew(signal);
    const renewed = await credentials.show(signal);
    assert.equal(renewed.key, held.key);
    assert.notEqual(renewed.certificate, held.certificate);
    const other = await openDoorRig();
    aim(other, await other.registrar.invite("web-1", "web"));
    const moved = new X509Certificate((await credentials.show(signal)).certificate);
    assert.ok(moved.verify(new X509Certificate(other.authority.certificate).publicKey));
    await Promise.all([rig, other].map((it) => it.close()));
  });

  it("tell a refusal from a controller that is away, also when refusals are limited", async () => {
    const rig = await openDoorRig();
    aim(rig, "made up");
    for (let turn = 0; turn < 15; turn++) {
      await assert.rejects(open().show(signal), { code: "rejected" });
    }
    const stranger = await openDoorRig();
    Object.assign(target, { url: `wss://127.0.0.1:${stranger.port}/v1/agent` });
    await assert.rejects(open().show(signal), { code: "unavailable" });
    await Promise.all([rig, stranger].map((it) => it.close()));
    await assert.rejects(open().show(signal), { code: "unavailable" });
  });
});

describe("a certificate's end", () => {
  it("comes at once when its machine is gone: connections, downloads and calls", async () => {
    const rig = await openDoorRig();
    const web = await identityOf(rig, "web-1", "web");
    const { ended } = openSocket(rig, web, hello("web-1"));
    await until("it is in", () => rig.agents.observe().get("web-1")?.isConnected === true);
    await rig.inventory.commit(
      [{ kind: "machine-gone", name: "web-1", at: 2, isSeenGone: true }],
      [],
    );
    rig.agents.forget("web-1");
    assert.match(await ended, /^1006/);
    const again = await callDoor(rig, { method: "POST", path: "/v1/renew", identity: web });
    assert.equal(again.status, 401);
    assert.equal(again.error, "no machine web-1 is on record");
    assert.match(await openSocket(rig, web, hello("web-1")).ended, /401/);
    await rig.close();
  });

  it("comes when another key joins for the machine: what was on the lost disk is worth nothing", async () => {
    const rig = await openDoorRig();
    const former = await identityOf(rig, "web-1", "web");
    const present = await identityOf(rig, "web-1", "web");
    const path = `/v1/agent/releases/${releaseOfWeb}`;
    const refused = await callDoor(rig, { method: "GET", path, identity: former });
    assert.equal(refused.error, "the certificate was revoked");
    const { status } = await callDoor(rig, { method: "GET", path, identity: present });
    assert.equal(status, 200);
    await rig.close();
  });

  it("comes with its time, for open connections too, and moves with a renewal", async () => {
    const rig = await openDoorRig(60_000);
    const web = await identityOf(rig, "web-1", "web");
    const idle = await identityOf(rig, "api-1", "api");
    const { socket, ended } = openSocket(rig, web, hello("web-1"));
    const idleEnded = openSocket(rig, idle, hello("api-1")).ended;
    const isIn = (machine: string) => rig.agents.observe().get(machine)?.isConnected === true;
    await until("they are in", () => isIn("web-1") && isIn("api-1"));
    rig.pass(50_000);
    const renewed = await callDoor(rig, { method: "POST", path: "/v1/renew", identity: web });
    assert.equal(renewed.status, 200);
    const { certificate } = JSON.parse(renewed.body) as { certificate: string };
    rig.pass(30_000);
    const fresh = { key: web.key, certificate };
    const path = `/v1/agent/releases/${releaseOfWeb}`;
    assert.equal((await callDoor(rig, { method: "GET", path, identity: fresh })).status, 200);
    const old = await callDoor(rig, { method: "GET", path, identity: web });
    assert.equal(old.error, "the certificate has expired");
    assert.match(await idleEnded, /^1006/, "the one that was not renewed");
    socket.send(JSON.stringify(report("web-1", 4_711)));
    const heard = () => rig.agents.observe().get("web-1")?.report?.memoryBytes === 4_711;
    await until("the other one, whose end has moved, is heard", heard);
    rig.pass(40_000);
    assert.match(await ended, /^1006/);
    const late = await callDoor(rig, { method: "POST", path: "/v1/renew", identity: fresh });
    assert.equal(late.error, "the certificate has expired");
    await rig.close();
  });
});

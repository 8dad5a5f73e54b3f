import { sign } from "node:crypto";
import { request } from "node:https";
import type { RequestOptions } from "node:https";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { WebSocket } from "ws";
import { openAuthority } from "../../src/adapters/authority/authority.ts";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { createAgentDoor } from "../../src/adapters/websocket/agent-door.ts";
import { createAgentServer } from "../../src/adapters/websocket/agent-server.ts";
import type { AgentServer } from "../../src/adapters/websocket/agent-server.ts";
import { createFailureCount } from "../../src/controller/failure-count.ts";
import { createRegistrar } from "../../src/controller/registrar.ts";
import type { ControllersRegistrar } from "../../src/controller/registrar.ts";
import type { Change, MachineRecord, RevisionRecord } from "../../src/core/inventory.ts";
import type { OpenInventory } from "../../src/ports/access-records.ts";
import type { Authority } from "../../src/ports/authority.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { CONTROLLER_NAME, joinText } from "../../src/ports/registrar.ts";
import type { ReleaseStore } from "../../src/ports/releases.ts";
import { certify, createKeyPair, openSeal } from "../harness/authority.ts";
import type { KeyPair } from "../harness/authority.ts";

export const releaseOfWeb = "aaaaaaaaaaaa";
export const releaseOfApi = "bbbbbbbbbbbb";

/** The controller's door, with two machines on record that have no agents but the test. */
export interface DoorRig {
  readonly port: number;
  readonly authority: Authority;
  readonly registrar: ControllersRegistrar;
  readonly inventory: OpenInventory;
  readonly agents: AgentServer;
  /** Sets the controller's clock ahead. */
  pass(ms: number): void;
  /** The archives that were opened, and what each waits for before it is. */
  readonly opened: Readable[];
  beforeOpening: () => Promise<void>;
  close(): Promise<void>;
}

export async function openDoorRig(certificateMs = 3_600_000): Promise<DoorRig> {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead } as Clock;
  const inventory = await openSqliteInventory(":memory:", "key");
  await inventory.commit(records(), []);
  const { access } = inventory;
  const site = "shop";
  const authority = await openAuthority({
    records: access,
    seal: openSeal,
    site,
    now: clock.now(),
  });
  const registrar = createRegistrar({
    site,
    authority,
    records: access,
    inventory,
    clock,
    failures: createFailureCount(clock),
    certificateMs,
  });
  const agents = createAgentServer({ clock, onForget: (machine) => door.expel(machine) });
  const releases = {
    async open(id: string) {
      await rig.beforeOpening();
      const archive = Readable.from([`archive ${id}`]);
      rig.opened.push(archive);
      return archive;
    },
  } as unknown as ReleaseStore;
  const { key, certificate } = await certify(authority);
  const options = { key, certificate, authority: authority.certificate };
  const door = createAgentDoor({ ...options, registrar, agents, releases, clock });
  const port = await door.listen("127.0.0.1", 0);
  const rig: DoorRig = {
    port,
    authority,
    registrar,
    inventory,
    agents,
    opened: [],
    beforeOpening: () => Promise.resolve(),
    pass: (ms) => void (ahead += ms),
    async close() {
      door.close();
      agents.close();
      await inventory.close();
    },
  };
  return rig;
}

function records(): readonly Change[] {
  const machine = (name: string, role: string): Change => {
    const record: MachineRecord = {
      name,
      role,
      number: 1,
      provider: "none",
      state: "running",
      stateAt: 1,
      createdAt: 1,
      address: null,
      calledHomeAt: null,
      type: null,
      launchedAt: null,
      servingAt: null,
      reason: "a test",
      mark: null,
    };
    return { kind: "machine", machine: record };
  };
  const revision = (id: string, role: string, release: string): Change => ({
    kind: "revision",
    revision: { id, role, release, createdAt: 1 } as RevisionRecord,
  });
  return [
    machine("web-1", "web"),
    machine("api-1", "api"),
    revision("r1", "web", releaseOfWeb),
    revision("r2", "api", releaseOfApi),
  ];
}

export interface Identity {
  readonly key: string;
  readonly certificate: string;
}

export interface Answer {
  readonly status: number;
  readonly error: string;
  readonly body: string;
}

/** What an agent would say, or what nobody should. */
export interface Call extends RequestOptions {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly identity?: Identity;
}

export async function callDoor(rig: DoorRig, call: Call): Promise<Answer> {
  const { identity, body, ...options } = call;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request({
    host: "127.0.0.1",
    port: rig.port,
    agent: false,
    ca: rig.authority.certificate,
    servername: CONTROLLER_NAME,
    ...(identity === undefined ? {} : { key: identity.key, cert: identity.certificate }),
    ...options,
  });
  asked.once("error", reject);
  asked.once("response", (response) => {
    text(response).then(
      (said) => resolve({ status: response.statusCode ?? 0, error: errorIn(said), body: said }),
      reject,
    );
  });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

function errorIn(said: string): string {
  try {
    return (JSON.parse(said) as { error?: string }).error ?? "";
  } catch {
    return "";
  }
}

export interface JoinWords {
  readonly machine: string;
  readonly role: string;
  readonly token: string;
  readonly pair: KeyPair;
}

export function joinDoor(rig: DoorRig, { machine, role, token, pair }: JoinWords): Promise<Answer> {
  const signature = sign("sha256", Buffer.from(joinText(machine, token)), pair.key);
  const body = {
    machine,
    role,
    token,
    publicKey: pair.publicKey,
    signature: signature.toString("base64"),
  };
  return callDoor(rig, { method: "POST", path: "/v1/join", body });
}

/** Joins as an agent would. */
export async function identityOf(
  rig: DoorRig,
  machine: string,
  role: string,
): Promise<Identity & KeyPair> {
  const token = await rig.registrar.invite(machine, role);
  const pair = createKeyPair();
  const answer = await joinDoor(rig, { machine, role, token, pair });
  if (answer.status !== 200) throw new Error(`${machine} cannot join: ${answer.error}`);
  const { certificate } = JSON.parse(answer.body) as { certificate: string };
  return { ...pair, certificate };
}

/** The WebSocket of an agent; the first message is sent when it opens. */
export function openSocket(
  rig: DoorRig,
  identity: Identity,
  hello: object | null,
): { readonly socket: WebSocket; readonly ended: Promise<string> } {
  const tls = {
    ca: rig.authority.certificate,
    servername: CONTROLLER_NAME,
    key: identity.key,
    cert: identity.certificate,
  };
  const socket = new WebSocket(`wss://127.0.0.1:${rig.port}/v1/agent`, tls);
  const ended = new Promise<string>((resolve) => {
    socket.once("error", (error) => resolve(error.message));
    socket.once("close", (code, reason) => resolve(`${code} ${reason.toString()}`));
  });
  socket.once("open", () => hello !== null && socket.send(JSON.stringify(hello)));
  return { socket, ended };
}

/** Whether a TLS handshake of this form is answered. */
export function shakesHands(rig: DoorRig, version: "TLSv1.2" | "TLSv1.3"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: "127.0.0.1",
      port: rig.port,
      ca: rig.authority.certificate,
      servername: CONTROLLER_NAME,
      minVersion: version,
      maxVersion: version,
    });
    const end = (isDone: boolean): void => {
      socket.destroy();
      resolve(isDone);
    };
    socket.once("secureConnect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
  });
}

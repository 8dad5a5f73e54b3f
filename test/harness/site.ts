import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createReleasePacker } from "../../src/adapters/release/release-packer.ts";
import type { SiteStatus } from "../../src/core/status.ts";
import { stateDirectory } from "../../src/ports/state-directory.ts";
import type { ControllerAddress } from "../../src/ports/state-directory.ts";
import { formatIssue } from "../../src/site/issue.ts";
import { readSiteFile } from "../../src/site/site-file.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));

/** Which machines the tests' sites are made of. */
export const testProvider: string = process.env["TIDEMILL_TEST_PROVIDER"] ?? "local";

/** An application with all that tests ask for: /up, /, /echo, /slow?ms=, /fail, /die. */
const application = `
const { createServer } = require("node:http");
const version = "VERSION";
let isBroken = false;
const server = createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  const say = (text) => response.end(text);
  if (url.pathname === "/up") return isBroken ? (response.statusCode = 503, say("down")) : say("ok");
  if (url.pathname === "/slow") return setTimeout(() => say("slow " + version), Number(url.searchParams.get("ms")));
  if (url.pathname === "/echo") return request.pipe(response);
  if (url.pathname === "/env") return say(String(process.env[url.searchParams.get("name")]));
  if (url.pathname === "/die") return process.exit(1);
  if (url.pathname === "/break") return (isBroken = true, say("broken"));
  say(process.env.TIDEMILL_MACHINE + " " + version);
});
server.keepAliveTimeout = 60_000;
server.listen(process.env.PORT, process.env.HOST);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

export interface TestSite {
  readonly directory: string;
  readonly state: string;
  readonly port: number;
  /** Where visitors come to; the balancer's own address where machines have one. */
  readonly host: string;
  readonly url: string;
  controllerPid(): number;
  /** Resolves when people can reach it. Takes what is to be in its environment beside ours. */
  startController(env?: Readonly<Record<string, string>>): Promise<void>;
  isControllerAlive(): boolean;
  writeApplication(version: string, code?: string): void;
  writeSiteFile(text: string): void;
  /** Packs, uploads and applies; resolves with the deploy's number, if one began. */
  apply(options?: ApplyOptions): Promise<number | null>;
  /** Resolves when the deploy has ended, with its state. */
  deployEnded(id: number): Promise<string>;
  call<Answer>(method: string, path: string, body?: unknown): Promise<Answer>;
  status(): Promise<SiteStatus>;
  until(
    isTrue: (status: SiteStatus) => boolean,
    what: string,
    timeMsMax?: number,
  ): Promise<SiteStatus>;
  /** Takes it down and removes everything. */
  dispose(): Promise<void>;
}

export interface ApplyOptions {
  /** Only the site file: the releases stay. */
  readonly keepReleases?: boolean;
  /** By role and name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A site of its own in a temporary directory, run by the real controller, agents and HAProxy. */
export async function createTestSite(siteFile: (port: number) => string): Promise<TestSite> {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-site-"));
  const state = join(directory, ".tidemill", "default");
  const places = stateDirectory(state);
  const port = await freePort();
  const sources = join(directory, "code");
  mkdirSync(sources);
  mkdirSync(places.logs, { recursive: true });
  let child: ChildProcess | null = null;

  const site: TestSite = {
    directory,
    state,
    port,
    get host() {
      return testProvider === "local" ? "127.0.0.1" : balancerAddress(state);
    },
    get url() {
      return `http://${site.host}:${port}`;
    },
    controllerPid: () => address().pid,
    isControllerAlive: () => child !== null && child.exitCode === null && child.signalCode === null,
    async startController(env = {}) {
      const log = openSync(join(places.logs, "controller.log"), "a");
      rmSync(places.controller, { force: true });
      child = spawn(process.execPath, [program, "controller", state], {
        env: { ...process.env, ...env },
        stdio: ["ignore", log, log],
      });
      await until("the controller starts", () => existsSync(places.controller), 20_000);
    },
    writeApplication(version, code = application) {
      writeFileSync(join(sources, "server.js"), code.replace("VERSION", version));
    },
    writeSiteFile(text) {
      writeFileSync(join(directory, "tidemill.yaml"), `${text}\nprovider: ${testProvider}\n`);
    },
    apply: (options) => applySite(site, sources, options ?? {}),
    async deployEnded(id) {
      const ended = ["done", "reverted", "failed"];
      let last = "";
      await until(
        () => `deploy ${id} ends (${last})`,
        async () => {
          last = (await site.call<{ state: string }>("GET", `/v1/deploys/${id}`)).state;
          return ended.includes(last);
        },
        120_000,
      );
      return last;
    },
    call: (method, path, body) =>
      callApi(address(), readToken(places.token), { method, path, body }),
    status: () => site.call("GET", "/v1/status"),
    async until(isTrue, what, timeMsMax = 30_000) {
      let status = await site.status();
      await until(
        () => `${what}\n${JSON.stringify(status, null, 1)}`,
        async () => {
          status = await site.status();
          return isTrue(status);
        },
        timeMsMax,
      );
      return status;
    },
    async dispose() {
      if (child !== null) await takeDown(site, child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const address = (): ControllerAddress =>
    JSON.parse(readFileSync(places.controller, "utf8")) as ControllerAddress;
  site.writeSiteFile(siteFile(port));
  site.writeApplication("v1");
  return site;
}

async function applySite(
  site: TestSite,
  sources: string,
  { keepReleases: isKept = false, secrets = {} }: ApplyOptions,
): Promise<number | null> {
  const path = join(site.directory, "tidemill.yaml");
  const reading = readSiteFile([{ path: "tidemill.yaml", text: readFileSync(path, "utf8") }]);
  if (reading.kind === "issues") throw new Error(reading.issues.map(formatIssue).join("\n"));
  const release = isKept ? null : await uploadRelease(site, sources);
  const releases = Object.fromEntries(
    release === null ? [] : reading.site.roles.map((role) => [role.name, release]),
  );
  const kind = isKept ? "settings" : "deploy";
  const wish = { site: reading.site, secrets, releases, kind };
  const { deploy } = await site.call<{ deploy: number | null }>("PUT", "/v1/site", wish);
  return deploy;
}

async function uploadRelease(site: TestSite, sources: string): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), "tidemill-pack-"));
  const packer = createReleasePacker({ directory: scratch, env: {} });
  const order = { directory: sources, ref: null, ignore: [], build: null, onLine: () => undefined };
  const packed = await packer.pack(order, AbortSignal.timeout(60_000));
  const { id, archiveSha256, bytes, files, origin } = packed.release;
  const query = new URLSearchParams({
    archiveSha256,
    origin,
    bytes: String(bytes),
    files: String(files),
  });
  const archive = createReadStream(packed.archivePath);
  await site.call("PUT", `/v1/releases/${id}?${query.toString()}`, archive);
  await packed.dispose();
  rmSync(scratch, { recursive: true, force: true });
  return id;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

async function callApi<Answer>(
  { url }: ControllerAddress,
  token: string,
  { method, path, body }: Call,
): Promise<Answer> {
  const isStream = typeof body === "object" && body !== null && "pipe" in body;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      // A bench that waits for a program lets a kept connection die unseen.
      connection: "close",
    },
    ...(body === undefined ? {} : { body: isStream ? body : JSON.stringify(body), duplex: "half" }),
  } as RequestInit);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}

function balancerAddress(state: string): string {
  const machines = join(state, "machines");
  const settings = readdirSync(machines).map((name) => {
    const text = readFileSync(join(machines, name, "agent.json"), "utf8");
    return JSON.parse(text) as { readonly role: string; readonly address: string };
  });
  return settings.find(({ role }) => role === "balancer")?.address ?? "";
}

function readToken(path: string): string {
  return readFileSync(path, "utf8").trim();
}

/** The controller's own answer; anything else is a call that did not reach it. */
function isRefusal({ message }: Error): boolean {
  return /^POST \S+: 4\d\d /.test(message);
}

async function takeDown(site: TestSite, child: ChildProcess): Promise<void> {
  const places = stateDirectory(site.state);
  if (child.exitCode !== null || child.signalCode !== null) await site.startController();
  const refusal = await site.call("POST", "/v1/down").then(
    () => null,
    (error: Error) => error,
  );
  if (refusal !== null && !isRefusal(refusal)) throw refusal;
  // A controller that never had a site has nothing to give back.
  if (refusal !== null) process.kill(site.controllerPid(), "SIGTERM");
  await until("the site is down", () => !existsSync(places.controller), 60_000);
}

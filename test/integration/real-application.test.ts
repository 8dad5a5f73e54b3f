import { freePort } from "../harness/free-port.ts";
import { testProvider } from "../harness/site.ts";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { SiteStatus } from "../../src/core/status.ts";
import { collect } from "./cli-site.ts";
import type { Ran } from "./cli-site.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
const example = fileURLToPath(new URL("../../examples/npm-registry", import.meta.url));
/** The build downloads a few hundred packages, which is the slowest thing here. */
const COMMAND_MS = 80_000;
/** Downloads that a deploy must not disturb, at least. */
const DOWNLOADS_MIN = 50;
const DOWNLOAD_PAUSE_MS = 10;
const PACKAGE = "tide-table";

/** An npm registry that others wrote, on two machines with shared storage, used by npm itself. */
describe("a real application", () => {
  let root = "";
  let directory = "";
  let registry = "";
  let token = "";

  before(async () => {
    root = mkdtempSync(join(tmpdir(), "tidemill-registry-"));
    directory = join(root, "site");
    // What somebody who tried the example left in the checkout is not part of it.
    const isSource = (path: string): boolean => !/\/(node_modules|data|\.tidemill)$/.test(path);
    cpSync(example, directory, { recursive: true, filter: isSource });
    mkdirSync(join(root, "run"), { mode: 0o700 });
    const port = await freePort();
    registry = `http://127.0.0.1:${port}`;
    const siteFile = readFileSync(join(directory, "tidemill.yaml"), "utf8");
    const rest = `balancer: { bind: "127.0.0.1:${port}" }\nprovider: ${testProvider}\n`;
    writeFileSync(join(directory, "tidemill.yaml"), `${withData(siteFile)}\n${rest}`);
    const url = (await tidemill("up")).trim();
    // Elsewhere the balancer has an address of its own.
    if (testProvider !== "local") registry = url;
  });
  after(async () => {
    await tidemill("down", "--yes").finally(() => rmSync(root, { recursive: true, force: true }));
  });

  /** As root, the site's processes are nobody special: they cannot write beside the site file, where data is else. */
  function withData(siteFile: string): string {
    if (process.getuid?.() !== 0) return siteFile;
    const data = join(root, "data");
    mkdirSync(data);
    chmodSync(data, 0o777);
    chmodSync(root, 0o711);
    return siteFile.replace("env: {", `env: { DATA_DIR: ${data},`);
  }

  async function tidemill(...words: readonly string[]): Promise<string> {
    // Sockets in a place of their own, so that two runs of this test never meet.
    const env = { ...process.env, XDG_RUNTIME_DIR: join(root, "run") };
    const ran = await run([process.execPath, program, ...words], directory, env);
    return ran.stdout;
  }

  /** npm as a user runs it, but with settings and a cache of its own: nothing comes from an earlier download. */
  async function npm(where: string, ...words: readonly string[]): Promise<string> {
    const userConfig = join(root, "npmrc");
    const host = registry.slice("http:".length);
    writeFileSync(userConfig, `registry=${registry}/\n${host}/:_authToken=${token}\n`);
    const cache = mkdtempSync(join(root, "cache-"));
    const own = ["--userconfig", userConfig, "--cache", cache, "--registry", `${registry}/`];
    const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=0"];
    // Whoever started the tests by npm has put its own settings, such as silence, into the environment.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_")),
    );
    return (await run(["npm", ...words, ...own, ...quiet], where, env)).stdout;
  }

  /** Own address of each server: what Verdaccio says it listens on, the newest of each process. */
  async function machines(): Promise<readonly string[]> {
    const status = JSON.parse(await tidemill("status", "--json")) as SiteStatus;
    const log = await tidemill("logs", "--lines", "500");
    const own = status.machines.filter((machine) => machine.role === "web");
    return own.map(({ machine, address, state }) => {
      assert.equal(state, "serving", machine);
      const said = [...log.matchAll(/http address - (http:\/\/[\d.]+:\d+)\//g)];
      const url = said
        .map((match) => match[1] ?? "")
        .findLast((found) => found.includes(`//${address}:`));
      assert.ok(
        url !== undefined,
        `${machine} at ${address} does not say where it listens\n${log}`,
      );
      return url;
    });
  }

  it("logs in on one machine and is known on the other", async () => {
    const [first = "", second = "", ...others] = await machines();
    assert.deepEqual(others, []);
    assert.notEqual(first, second);
    token = await addUser(first);
    for (const machine of [first, second, registry]) {
      const who = await fetch(`${machine}/-/whoami`, {
        headers: { authorization: `Bearer ${token}` },
      });
      assert.deepEqual(await who.json(), { username: "ada" }, machine);
    }
  });

  it("publishes through the balancer and reads it back from each machine", async () => {
    await publish("1.0.0");
    for (const machine of await machines()) {
      const about = (await (await fetch(`${machine}/${PACKAGE}`)).json()) as Packument;
      assert.deepEqual(Object.keys(about.versions), ["1.0.0"], machine);
      const archive = await fetch(`${machine}/${PACKAGE}/-/${PACKAGE}-1.0.0.tgz`);
      assert.ok((await archive.bytes()).length > 100, machine);
    }
  });

  it("refuses who has not logged in", async () => {
    const known = token;
    token = "wrong";
    try {
      await assert.rejects(publish("6.6.6"), /E401|ENEEDAUTH|E403/);
    } finally {
      token = known;
    }
  });

  it("installs what was published", async () => {
    const shop = join(root, "shop");
    mkdirSync(shop);
    writeFileSync(join(shop, "package.json"), JSON.stringify({ name: "shop", private: true }));
    await npm(shop, "install", `${PACKAGE}@1.0.0`);
    const installed = readFileSync(join(shop, "node_modules", PACKAGE, "index.js"), "utf8");
    assert.equal(installed, source("1.0.0"));
  });

  it("deploys while a client goes on downloading and another publishes, and loses nothing", async () => {
    const before = await machines();
    const client = startDownloads(`${registry}/${PACKAGE}/-/${PACKAGE}-1.0.0.tgz`);
    const path = join(directory, "tidemill.yaml");
    const changed = readFileSync(path, "utf8").replace("env: {", 'env: { TZ: "UTC",');
    writeFileSync(path, changed);
    const [deploy] = await Promise.all([tidemill("deploy"), publish("1.1.0")]);
    const { downloads, failures } = await client.stop();
    assert.deepEqual(failures, []);
    assert.ok(downloads >= DOWNLOADS_MIN, `only ${downloads} downloads`);
    assert.match(deploy, /\b0 failed of [\d,]+ requests/);
    const now = await machines();
    assert.ok(
      before.every((machine) => !now.includes(machine)),
      "every process is a new one",
    );
    for (const machine of now) {
      const about = (await (await fetch(`${machine}/${PACKAGE}`)).json()) as Packument;
      assert.deepEqual(Object.keys(about.versions), ["1.0.0", "1.1.0"], machine);
    }
  });

  async function publish(version: string): Promise<void> {
    const sources = mkdtempSync(join(root, "sources-"));
    writeFileSync(join(sources, "index.js"), source(version));
    const about = { name: PACKAGE, version, main: "index.js", license: "MIT" };
    writeFileSync(join(sources, "package.json"), JSON.stringify(about));
    await npm(sources, "publish");
  }
});

interface Packument {
  readonly versions: Readonly<Record<string, unknown>>;
}

function source(version: string): string {
  return `module.exports = "high water at ${version}";\n`;
}

/** What `npm adduser` sends. */
async function addUser(registry: string): Promise<string> {
  const answer = await fetch(`${registry}/-/user/org.couchdb.user:ada`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "ada", password: "difference engine", email: "ada@example.com" }),
  });
  assert.equal(answer.status, 201);
  return ((await answer.json()) as { readonly token: string }).token;
}

interface Downloads {
  stop(): Promise<{ readonly downloads: number; readonly failures: readonly string[] }>;
}

/** One download after the other, without a retry. */
function startDownloads(url: string): Downloads {
  const failures: string[] = [];
  const stop = new AbortController();
  let downloads = 0;
  const loop = (async () => {
    const wanted = Buffer.from(await (await fetch(url)).bytes());
    while (!stop.signal.aborted) {
      downloads += 1;
      try {
        const answer = await fetch(url);
        const got = Buffer.from(await answer.bytes());
        if (answer.status !== 200 || !got.equals(wanted)) failures.push(`status ${answer.status}`);
      } catch (error) {
        failures.push(error instanceof Error ? `${error.message} ${String(error.cause)}` : "");
      }
      await new Promise((resolve) => setTimeout(resolve, DOWNLOAD_PAUSE_MS));
    }
  })();
  return {
    async stop() {
      stop.abort();
      await loop;
      return { downloads, failures };
    },
  };
}

async function run(
  [command = "", ...words]: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  const child = spawn(command, words, {
    cwd,
    env,
    timeout: COMMAND_MS,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ran = await collect(child);
  if (ran.code !== 0)
    throw new Error(`${words.join(" ")} ended with ${ran.code}\n${ran.stdout}${ran.stderr}`);
  return ran;
}

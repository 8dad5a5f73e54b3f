import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testProvider } from "../harness/site.ts";

const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
const example = fileURLToPath(new URL("../../examples/hello/server.js", import.meta.url));
const COMMAND_MS = 60_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory with the example's server, and the program as people run it in there. */
export interface CliSite {
  readonly directory: string;
  readonly state: string;
  run(...words: readonly string[]): Promise<Ran>;
  start(...words: readonly string[]): ChildProcess;
  dispose(): Promise<void>;
}

export function createCliSite(): CliSite {
  const root = mkdtempSync(join(tmpdir(), "tidemill-cli-"));
  const directory = join(root, "shop");
  mkdirSync(directory);
  mkdirSync(join(root, "run"), { mode: 0o700 });
  cpSync(example, join(directory, "server.js"));
  // Sockets of this site are found, and seen to be gone, in a place of its own.
  const env = { ...process.env, XDG_RUNTIME_DIR: join(root, "run") };
  const start = (...words: readonly string[]): ChildProcess =>
    spawn(process.execPath, [program, ...words], { cwd: directory, env, timeout: COMMAND_MS });
  const run = async (...words: readonly string[]): Promise<Ran> => {
    const ran = await collect(start(...words));
    const isElsewhere = words[0] === "init" && ran.code === 0 && testProvider !== "local";
    if (isElsewhere)
      appendFileSync(join(directory, "tidemill.yaml"), `provider: ${testProvider}\n`);
    return ran;
  };
  return {
    directory,
    state: join(directory, ".tidemill", "default"),
    run,
    start,
    async dispose() {
      await run("down", "--yes");
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export function collect(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Not every resolver knows that names under localhost are this computer. */
export function addressOf(hostname: string): string {
  return hostname.endsWith("localhost") ? "127.0.0.1" : hostname;
}

/** Status and text of a page of the site. */
export function fetchPage(
  url: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { host: addressOf(hostname), port, path: "/", headers: { host: hostname } };
    const request = get(options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject);
  });
}

/** Living processes that belong to the site: its controller by command line, the rest by what they were started in. */
export function processesUnder(site: CliSite): readonly string[] {
  return processesWith(site.state);
}

/** Whatever runs and has these words in its command line. */
export function processesWith(words: string): readonly string[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
      return command.includes(words) ? [`${entry} ${command}`] : [];
    } catch {
      return [];
    }
  });
}

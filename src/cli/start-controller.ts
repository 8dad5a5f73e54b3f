import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StateDirectory } from "../ports/state-directory.ts";
import { CliError } from "./cli-error.ts";
import type { Client } from "./client.ts";
import type { Context } from "./context.ts";
import { clientOf, runningController } from "./controller-address.ts";
import { exitCodes } from "./exit-codes.ts";

const START_MS = 15_000;
const LOOK_MS = 15;
const LINES_SHOWN = 8;
/** The controller's own words for: somebody else was faster. */
const LOCKED_CODE = 5;

/** The controller of the site, started when none runs. It outlives the command and the terminal. */
export async function ensureController(context: Context): Promise<Client> {
  if (context.parts.remote !== null) return context.client();
  const { state } = context.place();
  const running = await answering(context, state);
  if (running !== null) {
    await tellVersion(context, running);
    return running;
  }
  const log = openLog(state);
  const child = launch(context, state, log.file);
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const client = await answering(context, state);
    if (client !== null) return client;
    const { exitCode } = child;
    if (exitCode !== null && exitCode !== LOCKED_CODE) break;
    await sleep(LOOK_MS);
  }
  throw new CliError("The controller did not start", {
    code: "failed",
    exit: exitCodes.failed,
    details: lastLines(log.path),
    next: "tidemill doctor",
  });
}

/** The client of a controller that runs and answers. */
async function answering(context: Context, state: StateDirectory): Promise<Client | null> {
  const address = runningController(state);
  if (address === null) return null;
  const client = clientOf(state, address, context.parts.user);
  try {
    const { pid } = await client.version();
    return pid === address.pid ? client : null;
  } catch {
    return null;
  }
}

async function tellVersion({ parts, output }: Context, client: Client): Promise<void> {
  const { version, pid } = await client.version();
  if (version === parts.version) return;
  output.progress(
    `The controller that runs is version ${version}, this is ${parts.version}. ` +
      `The site does not need it to go on serving: \`kill ${pid} && tidemill up\` starts this one`,
  );
}

function openLog(state: StateDirectory): { readonly path: string; readonly file: number } {
  mkdirSync(state.root, { recursive: true, mode: 0o700 });
  mkdirSync(state.logs, { recursive: true, mode: 0o700 });
  const path = join(state.logs, "controller.log");
  return { path, file: openSync(path, "a", 0o600) };
}

function launch({ parts }: Context, state: StateDirectory, log: number): ChildProcess {
  const [command = process.execPath, ...words] = parts.controllerCommand;
  const child = spawn(command, [...words, state.root], {
    cwd: state.root,
    detached: true,
    env: { ...parts.controllerEnv },
    stdio: ["ignore", log, log],
  });
  child.on("error", () => undefined);
  child.unref();
  closeSync(log);
  return child;
}

function lastLines(path: string): readonly string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(-LINES_SHOWN);
}

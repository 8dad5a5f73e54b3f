import { execFile, spawn } from "node:child_process";
import { open, readFile, rm, stat } from "node:fs/promises";
import type { Clock } from "../../ports/clock.ts";
import { Failure } from "../../ports/failure.ts";
import { parseInfo, parseProcesses, type ProcessList, type WorkerInfo } from "./answers.ts";
import { readIfThere, reason, replaceFile } from "./files.ts";
import { pathsOf, type Places } from "./places.ts";
import { callRuntimeApi } from "./runtime-api.ts";

/** The HAProxy processes of one directory: a master and its workers. */
export interface Engine {
  /** What runs now, whoever started it; null when nothing answers. */
  probe(signal: AbortSignal): Promise<Running | null>;
  processes(signal: AbortSignal): Promise<ProcessList>;
  /** Throws `Failure` (`rejected`) with HAProxy's own words when the file is not a valid configuration. */
  check(configPath: string, signal: AbortSignal): Promise<void>;
  start(structure: string, signal: AbortSignal): Promise<Running>;
  /** Returns when the new worker answers; the former one finishes what it has, and is looked at meanwhile. */
  reload(structure: string, look: () => Promise<void>, signal: AbortSignal): Promise<Running>;
  stop(pids: readonly number[], signal: AbortSignal): Promise<void>;
  runtime(command: string, signal: AbortSignal): Promise<string>;
  /** Asks one worker, old ones too. */
  worker(pid: number, command: string, signal: AbortSignal): Promise<string>;
}

/** A master with the worker that answers. */
export interface Running extends WorkerInfo {
  readonly master: number;
  readonly oldWorkers: readonly number[];
}

export interface EngineOptions {
  readonly places: Places;
  readonly binary: string;
  readonly clock: Clock;
  /** Markers for HAProxy's environment: anybody with the socket can read it, so no secrets. */
  readonly env: Readonly<Record<string, string>>;
}

const startMs = 10_000;
const stopMs = 5_000;
const pollMs = 10;
/** While a master replaces itself its socket refuses connections for up to a quarter of a second. */
const masterTries = 100;
/** Nobody reloads during a look: a master that refuses is dead, and the sooner that is known the better. */
const lookTries = 2;
/** An adopted one may just be in the reload that a former agent asked for. */
const probeTries = 30;
const checkMs = 30_000;
const logBytesMax = 1_000_000;

/** Drives the processes by signals and sockets; knows nothing of servers. */
export function createEngine(options: EngineOptions): Engine {
  const { places, binary, clock } = options;
  const paths = pathsOf(places);
  const runtime = (command: string, signal: AbortSignal): Promise<string> =>
    callRuntimeApi(paths.runtimeSocket, command, signal);
  return {
    runtime,
    worker: (pid, command, signal) =>
      callRuntimeApi(paths.masterSocket, `@!${pid} ${command}`, signal),
    processes: (signal) => listProcesses(options, signal, lookTries),
    check: (configPath, signal) => checkConfig(binary, configPath, signal),
    stop: (pids, signal) => endProcesses(pids, clock, signal),
    async probe(signal) {
      const worker = await askWorker(paths.runtimeSocket, signal);
      if (worker === null || worker.isStopping) return null;
      const list = await listProcessesOf(worker.pid, options, signal, probeTries);
      if (list === null) return null;
      return { ...worker, master: list.master, oldWorkers: list.oldWorkers };
    },
    async start(structure, signal) {
      await rm(paths.masterSocket, { force: true });
      const ended = await spawnMaster(options);
      return awaitWorker(options, { structure, former: null }, signal, async () => {
        const exit = ended();
        return exit === null ? null : `${exit}; ${await lastAlerts(paths.log)}`;
      });
    },
    async reload(structure, look, signal) {
      const before = await listProcesses(options, signal);
      await replaceFile(paths.state, `${await runtime("show servers state", signal)}\n`);
      await callRuntimeApi(paths.masterSocket, "reload", signal);
      return awaitWorker(options, { structure, former: before.worker }, signal, async () => {
        await look();
        const now = await listProcesses(options, signal);
        return now.failedReloads > before.failedReloads ? lastAlerts(paths.log) : null;
      });
    },
  };
}

async function askWorker(socketPath: string, signal: AbortSignal): Promise<WorkerInfo | null> {
  try {
    return parseInfo(await callRuntimeApi(socketPath, "show info", signal));
  } catch (cause) {
    if (cause instanceof Failure && cause.code === "unavailable") return null;
    throw cause;
  }
}

async function listProcesses(
  { places, clock }: EngineOptions,
  signal: AbortSignal,
  tries: number = masterTries,
): Promise<ProcessList> {
  const { masterSocket } = pathsOf(places);
  let said = "it names no processes";
  for (let count = 0; count < tries && !signal.aborted; count += 1) {
    try {
      const list = parseProcesses(await callRuntimeApi(masterSocket, "show proc", signal));
      if (list !== null) return list;
    } catch (cause) {
      said = reason(cause);
    }
    await clock.sleep(pollMs, signal);
  }
  throw new Failure("unavailable", `Cannot list the processes of HAProxy: ${said}`);
}

/**
 * Null when the worker that has just answered ends: a dead master's worker lives a few milliseconds longer,
 * and nobody should wait for such a master as for one that replaces itself.
 */
async function listProcessesOf(
  worker: number,
  options: EngineOptions,
  signal: AbortSignal,
  tries: number,
): Promise<ProcessList | null> {
  for (let count = 1; await isAlive(worker); count += 1) {
    try {
      return await listProcesses(options, signal, 1);
    } catch (cause) {
      if (count >= tries || signal.aborted) throw cause;
    }
  }
  return null;
}

/** Returns when a worker with this structure answers, which is not the former one. */
async function awaitWorker(
  options: EngineOptions,
  expected: { readonly structure: string; readonly former: number | null },
  signal: AbortSignal,
  failure: () => Promise<string | null>,
): Promise<Running> {
  const { clock } = options;
  const { runtimeSocket } = pathsOf(options.places);
  const deadline = clock.now() + startMs;
  while (clock.now() < deadline && !signal.aborted) {
    const worker = await askWorker(runtimeSocket, signal);
    const isNew = worker !== null && worker.pid !== expected.former && !worker.isStopping;
    if (isNew && worker.structure === expected.structure) {
      const list = await listProcessesOf(worker.pid, options, signal, masterTries);
      if (list !== null) return { ...worker, master: list.master, oldWorkers: list.oldWorkers };
    }
    const said = await failure();
    if (said !== null) throw new Failure("rejected", `Cannot start HAProxy: ${said}`);
    await clock.sleep(pollMs, signal);
  }
  if (signal.aborted) throw new Failure("aborted", "Cannot start HAProxy: told to stop waiting");
  throw new Failure("unavailable", `Cannot start HAProxy: no worker after ${startMs} ms`);
}

/** Starts a master of its own session; the answer tells how it ended, or null while it runs. */
async function spawnMaster({ binary, places, env }: EngineOptions): Promise<() => string | null> {
  const paths = pathsOf(places);
  const size = await stat(paths.log).catch(() => null);
  const log = await open(paths.log, size !== null && size.size > logBytesMax ? "w" : "a", 0o600);
  let ended: string | null = null;
  try {
    // The environment can be read through the socket, so it holds nothing but markers.
    const child = spawn(
      binary,
      ["-W", "-S", `${paths.masterSocket},mode,600`, "-f", paths.config, "-p", paths.pid],
      {
        cwd: places.directory,
        detached: true,
        env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...env },
        stdio: ["ignore", log.fd, log.fd],
      },
    );
    child.on("error", (error) => {
      ended = error.message;
    });
    child.on("exit", (code, signal) => {
      ended ??= `it ended with ${signal ?? `code ${code}`}`;
    });
    child.unref();
  } finally {
    await log.close();
  }
  return () => ended;
}

function checkConfig(binary: string, configPath: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(checkMs)]);
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: "/usr/sbin:/usr/bin" }, signal: deadline };
    execFile(binary, ["-c", "-f", configPath], options, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const code = deadline.aborted ? "aborted" : "rejected";
      const said = alertsOf(`${stdout}\n${stderr}`) || error.message;
      const missing = error.code === "ENOENT";
      reject(
        missing
          ? new Failure("not_found", `Cannot run HAProxy: there is no ${binary}`, { cause: error })
          : new Failure(code, `Cannot use the new HAProxy configuration: ${said}`, {
              cause: error,
            }),
      );
    });
  });
}

async function lastAlerts(logPath: string): Promise<string> {
  const log = (await readIfThere(logPath)) ?? "";
  return alertsOf(log.slice(-4_000)) || "it gave no reason";
}

function alertsOf(output: string): string {
  const alerts = output
    .split("\n")
    .filter((line) => line.includes("[ALERT]") && !/rror(?:s|\(s\)) found in/.test(line));
  return alerts
    .slice(-3)
    .map((line) => line.replace(/^.*?: (?:config : )?/, "").trim())
    .join("; ");
}

async function endProcesses(
  pids: readonly number[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (const [name, waitMs] of [
    ["SIGTERM", stopMs],
    ["SIGKILL", stopMs],
  ] as const) {
    for (const pid of pids) if (await isAlive(pid)) send(pid, name);
    const deadline = clock.now() + waitMs;
    while (clock.now() < deadline && !signal.aborted) {
      const alive = await Promise.all(pids.map(isAlive));
      if (!alive.includes(true)) return;
      await clock.sleep(pollMs, signal);
    }
  }
  throw new Failure("unavailable", `Cannot stop HAProxy: ${pids.join(", ")} goes on running`);
}

/** Whether the process runs and is HAProxy; one that ended and waits to be reaped does not run. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, "utf8");
    const state = status.slice(status.lastIndexOf(")") + 2)[0];
    return state !== "Z" && state !== "X" && status.includes("(haproxy");
  } catch {
    if (process.platform === "linux") return false;
    return send(pid, 0);
  }
}

/** Sends a signal; false when there is no such process. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

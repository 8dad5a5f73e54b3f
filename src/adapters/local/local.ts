import { existsSync, readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ProvidedMachine } from "../../core/observed.ts";
import { Failure } from "../../ports/failure.ts";
import type { ProcessTable } from "../../ports/process-table.ts";
import type { LaunchOrder, Provider } from "../../ports/provider.ts";
import { spawnAgent, writeAgentFile } from "./agent-process.ts";
import { endLife, findLife } from "./life.ts";
import type { Life } from "./life.ts";
import { pruneLogs } from "./logs.ts";
import { describeSlot, freeSlot, readSlots, takeSlot } from "./slots.ts";

export interface LocalProviderOptions {
  /** State directory of the site. */
  readonly directory: string;
  /** Short path for sockets. */
  readonly runtimeDirectory: string;
  /** The machine's directory is its last argument. */
  readonly agentCommand: readonly string[];
  readonly siteId: string;
  /** Environment of the agents, e.g. PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  readonly processes: ProcessTable;
}

/**
 * Machines that are processes of this computer: an agent with a directory and, on Linux, a loopback address
 * of its own. What lives is told by the marker in its environment, not by a record that could be lost.
 */
export function createLocalProvider(options: LocalProviderOptions): Provider {
  // One at a time per machine: two launches of one name would start two agents.
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(name: string, act: () => Promise<T>): Promise<T> => {
    const next = (turns.get(name) ?? Promise.resolve()).then(act, act);
    turns.set(name, next);
    const forget = (): void => void (turns.get(name) === next && turns.delete(name));
    next.then(forget, forget);
    return next;
  };
  return {
    launch: (order, signal) => inTurn(order.name, () => launch(options, order, signal)),
    terminate: (name, signal) => inTurn(name, () => terminate(options, name, signal)),
    list: () => list(options),
  };
}

async function launch(
  options: LocalProviderOptions,
  order: LaunchOrder,
  signal: AbortSignal,
): Promise<ProvidedMachine> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(order.name)) {
    throw new Failure("rejected", `Cannot launch ${order.name}: not a machine's name`);
  }
  const slot = describe(options, takeSlot(slotsIn(options), order.name));
  const places = placesOf(options, order.name, slot.number);
  await mkdir(places.machine, { recursive: true, mode: 0o700 });
  await mkdir(places.runtime, { recursive: true, mode: 0o700 });
  await mkdir(places.logs, { recursive: true, mode: 0o700 });
  writeAgentFile(places.machine, {
    siteId: options.siteId,
    machine: order.name,
    role: order.role,
    token: order.token,
    controllerUrl: order.controllerUrl,
    address: slot.address,
    ports: slot.ports,
    logsDirectory: places.logs,
    runtimeDirectory: places.runtime,
  });
  const life = await findLife(options.processes, options.siteId);
  if ((life.get(order.name)?.agents.length ?? 0) === 0) {
    if (signal.aborted) throw new Failure("aborted", `Cannot launch ${order.name}: stopped`);
    await spawnAgent(options, order.name, places);
  }
  return { name: order.name, address: slot.address, condition: "running" };
}

async function terminate(
  options: LocalProviderOptions,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await endLife(options.processes, options.siteId, name, signal);
  const number = readSlots(slotsIn(options)).get(name);
  await rm(join(machinesIn(options), name), { recursive: true, force: true });
  if (number !== undefined) {
    await rm(placesOf(options, name, number).runtime, { recursive: true, force: true });
    // Last: nobody gets the address while something of the former owner is left.
    freeSlot(slotsIn(options), number);
  }
  pruneLogs(logsIn(options));
}

async function list(options: LocalProviderOptions): Promise<readonly ProvidedMachine[]> {
  const slots = readSlots(slotsIn(options));
  const life = await findLife(options.processes, options.siteId);
  const directory = machinesIn(options);
  const names = new Set([
    ...(existsSync(directory) ? readdirSync(directory) : []),
    ...slots.keys(),
    ...life.keys(),
  ]);
  return [...names].toSorted().map((name) => {
    const number = slots.get(name);
    const address = number === undefined ? "" : describe(options, number).address;
    return { name, address, condition: conditionOf(life.get(name)) };
  });
}

function conditionOf(life: Life | undefined): ProvidedMachine["condition"] {
  if (life === undefined) return "gone";
  return life.agents.length > 0 ? "running" : "agentless";
}

/** Where things of one machine are. */
export interface Places {
  readonly machine: string;
  readonly runtime: string;
  readonly logs: string;
}

function placesOf(options: LocalProviderOptions, name: string, slot: number): Places {
  return {
    machine: join(machinesIn(options), name),
    runtime: join(options.runtimeDirectory, String(slot)),
    logs: logsIn(options),
  };
}

function describe(options: LocalProviderOptions, number: number): ReturnType<typeof describeSlot> {
  // Linux answers on all of 127.0.0.0/8; other systems only on 127.0.0.1.
  return describeSlot(options.siteId, number, process.platform === "linux");
}

function machinesIn(options: LocalProviderOptions): string {
  return join(options.directory, "machines");
}

function slotsIn(options: LocalProviderOptions): string {
  return join(options.directory, "slots");
}

function logsIn(options: LocalProviderOptions): string {
  return join(options.directory, "logs");
}

import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ProvidedMachine } from "../../core/observed.ts";
import type { ProcessUser } from "../../ports/agent-settings.ts";
import { Failure } from "../../ports/failure.ts";
import type { ProcessTable } from "../../ports/process-table.ts";
import type { MachineGround } from "../../ports/machine-ground.ts";
import type { LaunchOrder, Provider } from "../../ports/provider.ts";
import { spawnAgent, writeAgentFile } from "./agent-process.ts";
import { endLife, findLife } from "./life.ts";
import type { Life } from "./life.ts";
import { pruneLogs } from "./logs.ts";
import { createLoopback } from "./loopback.ts";
import { freeSlot, readSlots, takeSlot } from "./slots.ts";

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
  /** As whom the machines' processes run, with a directory for each machine in that directory. */
  readonly processUser?: ProcessUser | null;
  /** What the machines stand on; loopback addresses where nothing else is given. */
  readonly ground?: MachineGround;
}

/**
 * Machines that are processes of this computer: an agent with a directory and an address of its own. What
 * lives is told by the marker in its environment, not by a record that could be lost.
 */
export function createLocalProvider(given: LocalProviderOptions): Provider {
  const options = { ...given, ground: given.ground ?? createLoopback(given.siteId) };
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
    limit: (name, limits) => inTurn(name, async () => options.ground.limit(name, limits)),
    terminate: (name, signal) => inTurn(name, () => terminate(options, name, signal)),
    list: () => list(options),
  };
}

type Options = LocalProviderOptions & { readonly ground: MachineGround };

async function launch(
  options: Options,
  order: LaunchOrder,
  signal: AbortSignal,
): Promise<ProvidedMachine> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(order.name)) {
    throw new Failure("rejected", `Cannot launch ${order.name}: not a machine's name`);
  }
  const { ground } = options;
  const number = takeSlot(slotsIn(options), order.name, ground.machinesMax);
  const slot = await ground.place(number);
  const places = placesOf(options, order.name, number);
  await mkdir(places.machine, { recursive: true, mode: 0o700 });
  await mkdir(places.runtime, { recursive: true, mode: 0o700 });
  await mkdir(places.logs, { recursive: true, mode: 0o700 });
  const processUser = userOn(options, order.name);
  if (processUser !== null) await openToAll(processUser.directory);
  writeAgentFile(places.machine, {
    siteId: options.siteId,
    machine: order.name,
    role: order.role,
    token: order.token,
    controllerUrl: order.controllerUrl,
    authority: order.authority,
    address: slot.address,
    ports: slot.ports,
    logsDirectory: places.logs,
    runtimeDirectory: places.runtime,
    processUser,
  });
  const { name, limits } = order;
  const wasMade = (await ground.prepare({ name, number, limits }, signal)) === "made";
  if (wasMade || !(await hasAgent(options, name))) {
    if (signal.aborted) throw new Failure("aborted", `Cannot launch ${order.name}: stopped`);
    await spawnAgent(options, ground, order.name, places);
  }
  return { name: order.name, address: slot.address, condition: "running" };
}

async function hasAgent({ processes, siteId }: Options, name: string): Promise<boolean> {
  return ((await findLife(processes, siteId)).get(name)?.agents.length ?? 0) > 0;
}

async function terminate(options: Options, name: string, signal: AbortSignal): Promise<void> {
  await options.ground.clear(name, signal);
  await endLife(options.processes, options.siteId, name, signal);
  const number = readSlots(slotsIn(options)).get(name);
  await rm(join(machinesIn(options), name), { recursive: true, force: true });
  const processUser = userOn(options, name);
  if (processUser !== null) await rm(processUser.directory, { recursive: true, force: true });
  if (number !== undefined) {
    await rm(placesOf(options, name, number).runtime, { recursive: true, force: true });
    // Last: nobody gets the address while something of the former owner is left.
    freeSlot(slotsIn(options), number);
  }
  if (readSlots(slotsIn(options)).size === 0) {
    await options.ground.close();
    if (options.processUser) await rmdir(options.processUser.directory).catch(() => undefined);
  }
  pruneLogs(logsIn(options));
}

async function list(options: Options): Promise<readonly ProvidedMachine[]> {
  const slots = readSlots(slotsIn(options));
  const life = await findLife(options.processes, options.siteId);
  const directory = machinesIn(options);
  const names = new Set([
    ...(existsSync(directory) ? readdirSync(directory) : []),
    ...slots.keys(),
    ...life.keys(),
    ...options.ground.names(),
  ]);
  return Promise.all(
    [...names].toSorted().map(async (name) => {
      const number = slots.get(name);
      const address = number === undefined ? "" : (await options.ground.place(number)).address;
      return { name, address, condition: conditionOf(life.get(name)) };
    }),
  );
}

function userOn({ processUser }: Options, machine: string): ProcessUser | null {
  if (processUser === null || processUser === undefined) return null;
  return { ...processUser, directory: join(processUser.directory, machine) };
}

/** Root's own, and everybody may pass, but not look, whatever rights new files are given here. */
async function openToAll(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const path of [directory, dirname(directory)]) await chmod(path, 0o711);
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

function machinesIn(options: LocalProviderOptions): string {
  return join(options.directory, "machines");
}

function slotsIn(options: LocalProviderOptions): string {
  return join(options.directory, "slots");
}

function logsIn(options: LocalProviderOptions): string {
  return join(options.directory, "logs");
}

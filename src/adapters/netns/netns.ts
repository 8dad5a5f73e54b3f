import { existsSync, readdirSync } from "node:fs";
import { Failure } from "../../ports/failure.ts";
import type { GroundMachine, MachineGround } from "../../ports/machine-ground.ts";
import type { ProcessTable } from "../../ports/process-table.ts";
import { openCgroups } from "./cgroup.ts";
import type { Cgroups } from "./cgroup.ts";
import { endTree, findTree, startInside, startTree } from "./inside.ts";
import type { Cabling, Inside } from "./inside.ts";
import { namesOf } from "./names.ts";
import type { Names } from "./names.ts";
import {
  bridgeAddress,
  claimNetwork,
  machineAddress,
  machinesMax,
  releaseClaim,
} from "./network.ts";
import type { Network } from "./network.ts";
import { netnsObjection } from "./objection.ts";
import { ip } from "./run.ts";

export interface NetnsOptions {
  readonly siteId: string;
  readonly processes: ProcessTable;
  /** Where sites of this computer claim their networks; empty after a boot, e.g. below /run. */
  readonly claimsDirectory: string;
}

export interface NetnsGround extends MachineGround {
  /** Makes the site's bridge; its address is where machines reach this computer. */
  open(signal: AbortSignal): Promise<string>;
}

/** Ports are free in a namespace of its own: each machine has the same range. */
const ports = { first: 20_000, last: 20_999 };
const namespacesIn = "/run/netns";
const forever = new AbortController().signal;

/**
 * Machines that are network namespaces of this computer, each with an address on the site's bridge, a control
 * group and a process tree of its own. The kernel holds all there is to know; it is found again by its names.
 */
export function createNetnsGround(options: NetnsOptions): NetnsGround {
  const objection = netnsObjection();
  if (objection !== null) throw new Failure("rejected", `Cannot make machines: ${objection}`);
  const names = namesOf(options.siteId);
  const cgroups = openCgroups(`tidemill-${names.tag}`);
  const world: World = { options, names, cgroups };
  const networkOf = (signal: AbortSignal): Promise<Network> =>
    claimNetwork(options.claimsDirectory, names.tag, signal);
  // Somebody who was ended may have left a bridge without its address.
  let isRaised = false;
  // Several launches at once want the same bridge: one after the other finds it made.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const next = last.then(act);
    last = next.catch(() => undefined);
    return next;
  };
  const raise = async (signal: AbortSignal): Promise<Network> =>
    inTurn(async () => raiseBridge(world, await networkOf(signal), signal));
  return {
    machinesMax,
    async open(signal) {
      const network =
        isRaised && isDevice(names.bridge) ? await networkOf(signal) : await raise(signal);
      isRaised = true;
      return bridgeAddress(network);
    },
    place: async (number) => ({ address: machineAddress(await networkOf(forever), number), ports }),
    async prepare(machine, signal) {
      if ((await findTree(insideOf(world, machine.name))) !== null) {
        cgroups.limit(machine.name, machine.limits);
        return "stood";
      }
      // Nothing runs there: what a broken launch has left is not worth examining.
      await clear(world, machine.name, signal);
      const network = isDevice(names.bridge) ? await networkOf(signal) : await raise(signal);
      cgroups.make(machine.name, machine.limits);
      await startTree(insideOf(world, machine.name), cablingOf(world, machine, network));
      return "made";
    },
    limit(name, limits) {
      if (existsSync(`${namespacesIn}/${names.namespace(name)}`)) cgroups.limit(name, limits);
    },
    start: (name, command) => startInside(insideOf(world, name), command),
    clear: (name, signal) => clear(world, name, signal),
    names: () => [...new Set([...namespaces(world), ...cgroups.names()])],
    close: () => inTurn(() => close(world)),
  };
}

interface World {
  readonly options: NetnsOptions;
  readonly names: Names;
  readonly cgroups: Cgroups;
}

function insideOf({ options, names, cgroups }: World, machine: string): Inside {
  return {
    siteId: options.siteId,
    machine,
    namespace: names.namespace(machine),
    doors: cgroups.doors(machine),
    residents: () => cgroups.residents(machine),
    table: options.processes,
  };
}

async function raiseBridge(world: World, network: Network, signal: AbortSignal): Promise<Network> {
  const { bridge } = world.names;
  const add = isDevice(bridge) ? [] : [`link add ${bridge} type bridge`];
  await ip(`make the bridge ${bridge}`, [], [...add, ...bridging(world, network)], signal);
  return network;
}

/** Whoever made the bridge may have been ended before it had its address: each machine gives it once more. */
function bridging({ names: { bridge } }: World, network: Network): readonly string[] {
  return [`addr replace ${bridgeAddress(network)}/24 dev ${bridge}`, `link set ${bridge} up`];
}

/** A namespace with an address of its own and a cable to the site's bridge. */
function cablingOf(world: World, { name, number }: GroundMachine, network: Network): Cabling {
  const { names } = world;
  const namespace = names.namespace(name);
  const cable = `link add ${names.cable(name)} up master ${names.bridge} type veth`;
  return {
    outside: [
      ...bridging(world, network),
      `netns add ${namespace}`,
      `${cable} peer name eth0 netns ${namespace}`,
    ],
    inside: [
      "link set lo up",
      `addr add ${machineAddress(network, number)}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${bridgeAddress(network)}`,
    ],
  };
}

async function clear(world: World, name: string, signal: AbortSignal): Promise<void> {
  const { names, cgroups } = world;
  // What is frozen would not end.
  cgroups.thaw(name);
  await endTree(insideOf(world, name), signal);
  const [cable, namespace] = [names.cable(name), names.namespace(name)];
  const isNamespace = (): boolean => existsSync(`${namespacesIn}/${namespace}`);
  await remove(`remove the machine ${name}`, signal, [
    { command: `link del ${cable}`, isThere: () => isDevice(cable) },
    { command: `netns del ${namespace}`, isThere: isNamespace },
  ]);
  await cgroups.remove(name);
}

async function close({ options, names, cgroups }: World): Promise<void> {
  const isEmpty = namespaces({ names }).length === 0 && cgroups.names().length === 0;
  if (!isEmpty) return;
  await remove("remove the bridge", forever, [
    { command: `link del ${names.bridge}`, isThere: () => isDevice(names.bridge) },
  ]);
  await cgroups.close();
  releaseClaim(options.claimsDirectory, names.tag);
}

/** What somebody else has just removed, such as the last command of a killed controller, is removed. */
async function remove(
  what: string,
  signal: AbortSignal,
  things: readonly { readonly command: string; readonly isThere: () => boolean }[],
): Promise<void> {
  const there = things.filter(({ isThere }) => isThere());
  if (there.length === 0) return;
  const commands = there.map(({ command }) => command);
  try {
    await ip(what, ["-force"], commands, signal);
  } catch (cause) {
    if (there.some(({ isThere }) => isThere())) throw cause;
  }
}

function namespaces({ names }: Pick<World, "names">): readonly string[] {
  if (!existsSync(namespacesIn)) return [];
  return readdirSync(namespacesIn).flatMap((name) => names.machineOf(name) ?? []);
}

function isDevice(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

import { createLocalProvider } from "../adapters/local/local.ts";
import type { LocalProviderOptions } from "../adapters/local/local.ts";
import { createNetnsGround } from "../adapters/netns/netns.ts";
import { netnsObjection } from "../adapters/netns/objection.ts";
import { createProcessTable } from "../adapters/process/process-table.ts";
import type { ProviderName } from "../core/desired.ts";
import type { Provider } from "../ports/provider.ts";
import { environmentWith, everydayNames } from "./environment.ts";
import type { MachineHome } from "./machine-home.ts";
import { processUserOf } from "./process-user.ts";
import { programPath } from "./program-path.ts";

/** Sites of this computer agree here on who has which network. */
const claimsDirectory = "/run/tidemill/networks";

export interface ProviderWish {
  /** The provider of the site as it is on record. */
  readonly wanted: () => ProviderName;
  /** Lets agents call at this address of the computer; gives the URL they call. */
  readonly openDoor: (host: string) => Promise<string>;
}

/** Why machines of this provider cannot be made here; null when they can. */
export function objectionTo(provider: ProviderName): string | null {
  return provider === "netns" ? netnsObjection() : null;
}

/** The provider the site file names. It never changes while there are machines. */
export function openSiteProvider(home: MachineHome, wish: ProviderWish): Provider {
  const options = { ...wish, ...localOptions(home) };
  const made = new Map<ProviderName, Provider>();
  const wanted = (): Provider => {
    const name = options.wanted();
    const provider = made.get(name) ?? create(name, options);
    made.set(name, provider);
    return provider;
  };
  return {
    launch: async (order, signal) => wanted().launch(order, signal),
    limit: async (name, limits, signal) => wanted().limit(name, limits, signal),
    terminate: async (name, signal) => wanted().terminate(name, signal),
    list: async (signal) => wanted().list(signal),
  };
}

type Options = ProviderWish & Omit<LocalProviderOptions, "ground">;

function localOptions(home: MachineHome): Omit<LocalProviderOptions, "ground"> {
  return {
    directory: home.root,
    runtimeDirectory: home.runtimeDirectory,
    agentCommand: [process.execPath, programPath(), "agent"],
    siteId: home.siteId,
    env: environmentWith(everydayNames),
    processes: createProcessTable(),
    processUser: processUserOf(home.siteId),
  };
}

function create(name: ProviderName, options: Options): Provider {
  switch (name) {
    case "local":
      return createLocalProvider(options);
    case "netns":
      return createNetnsProvider(options);
  }
}

/** Its agents cannot reach the computer's own loopback address: they call at the site's bridge. */
function createNetnsProvider(options: Options): Provider {
  const ground = createNetnsGround({
    siteId: options.siteId,
    processes: options.processes,
    claimsDirectory,
  });
  const provider = createLocalProvider({ ...options, ground });
  const doors = new Map<string, Promise<string>>();
  const doorAt = async (signal: AbortSignal): Promise<string> => {
    const host = await ground.open(signal);
    const door = doors.get(host) ?? options.openDoor(host);
    doors.set(host, door);
    door.catch(() => doors.delete(host));
    return door;
  };
  return {
    async launch(order, signal) {
      return provider.launch({ ...order, controllerUrl: await doorAt(signal) }, signal);
    },
    limit: (name, limits, signal) => provider.limit(name, limits, signal),
    terminate: (name, signal) => provider.terminate(name, signal),
    async list(signal) {
      const machines = await provider.list(signal);
      // Machines of a former controller call where that one listened.
      if (machines.length > 0 && doors.size === 0) await doorAt(signal);
      return machines;
    },
  };
}

import { writeSync } from "node:fs";
import type { Change } from "../core/inventory.ts";
import type { OpenInventory } from "../ports/access-records.ts";
import type { Provider } from "../ports/provider.ts";
import type { ReleaseStore } from "../ports/releases.ts";

/** Files and processes of an effect are half made by then. */
const UNDER_WAY_MS = 5;

/** What a controller does to the world, step by step, so that a test can end it at any of them. */
export interface CrashPoints {
  readonly inventory: (inventory: OpenInventory) => OpenInventory;
  readonly provider: (provider: Provider) => Provider;
  readonly releases: (releases: ReleaseStore) => ReleaseStore;
}

const none: CrashPoints = {
  inventory: (inventory) => inventory,
  provider: (provider) => provider,
  releases: (releases) => releases,
};

/**
 * TIDEMILL_CRASH_AT, for tests: the name of the step at which this process ends as if by `kill -9`. Each step is
 * told on standard error, so that `nowhere` lists them all.
 */
export function crashPoints(at: string | undefined): CrashPoints {
  if (at === undefined || at === "") return none;
  const tell = (name: string): void => void writeSync(2, `crash point: ${name}\n`);
  const pass = createPass(at, tell, () => process.kill(process.pid, "SIGKILL"));
  return {
    inventory: (inventory) => breakInventory(inventory, pass),
    provider: (provider) => ({
      ...provider,
      launch: (order, signal) =>
        around(pass, `launch ${order.role}`, () => provider.launch(order, signal)),
      terminate: (name, signal) =>
        around(pass, "terminate", () => provider.terminate(name, signal)),
    }),
    releases: (releases) => ({
      ...releases,
      put: (release, archive, signal) =>
        around(pass, "keep release", () => releases.put(release, archive, signal)),
      remove: (id) => around(pass, "remove release", () => releases.remove(id)),
    }),
  };
}

type Pass = (step: string) => void;

/** The same step may come several times in one story: the later ones are numbered. */
export function createPass(at: string, tell: (name: string) => void, die: () => void): Pass {
  const passed = new Map<string, number>();
  return (step) => {
    const times = (passed.get(step) ?? 0) + 1;
    passed.set(step, times);
    const name = times === 1 ? step : `${step} ${times}`;
    tell(name);
    if (name === at) die();
  };
}

export function breakInventory(inventory: OpenInventory, pass: Pass): OpenInventory {
  const { access } = inventory;
  const writeAll = async <Result>(
    whats: readonly string[],
    work: () => Promise<Result>,
  ): Promise<Result> => {
    for (const what of whats) pass(`before write ${what}`);
    const result = await work();
    for (const what of whats) pass(`after write ${what}`);
    return result;
  };
  const write = <Result>(what: string, work: () => Promise<Result>): Promise<Result> =>
    writeAll([what], work);
  return {
    ...inventory,
    commit(changes, events) {
      if (changes.length === 0 && events.length === 0) return inventory.commit(changes, events);
      // Which actions share a write is up to timing, which ones there are is not: each is a step of its own.
      const whats = events.length > 0 ? events.map(({ kind }) => kind) : [namesOf(changes)];
      return writeAll(whats, () => inventory.commit(changes, events));
    },
    access: {
      ...access,
      addInvitation: (...given) => write("invitation", () => access.addInvitation(...given)),
      bindInvitation: (...given) => write("key", () => access.bindInvitation(...given)),
      addCertificate: (...given) => write("certificate", () => access.addCertificate(...given)),
      revokeMachine: (...given) => write("revocation", () => access.revokeMachine(...given)),
      addAudit: (...given) => write("audit", () => access.addAudit(...given)),
    },
  };
}

function namesOf(changes: readonly Change[]): string {
  return [...new Set(changes.map(({ kind }) => kind))].toSorted().join("+");
}

/** Before it is begun, in the middle, and when it is done but nobody has been told. */
async function around<Result>(
  pass: Pass,
  what: string,
  work: () => Promise<Result>,
): Promise<Result> {
  pass(`before ${what}`);
  const middle = setTimeout(() => pass(`amid ${what}`), UNDER_WAY_MS);
  try {
    const result = await work();
    pass(`after ${what}`);
    return result;
  } finally {
    clearTimeout(middle);
  }
}

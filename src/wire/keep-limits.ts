import type { Controller } from "../controller/controller.ts";
import type { MachineLimits, Site } from "../core/desired.ts";
import type { MachineRecord } from "../core/inventory.ts";
import { limitsOf } from "../core/machines/limits.ts";
import { BALANCER_ROLE } from "../core/roster.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Provider } from "../ports/provider.ts";
import type { OrderFor } from "./machine-orders.ts";

interface KeepLimitsParts {
  readonly controller: Controller;
  readonly inventory: Inventory;
  readonly provider: Provider;
  readonly orderFor: OrderFor;
  readonly clock: Clock;
}

/**
 * Gives machines that run the limits of their role when those change, and once at the start: a former controller
 * may have been ended between the wish and the deed. A launch of a machine that is there only sets its limits.
 */
export function keepLimits(parts: KeepLimitsParts, signal: AbortSignal): void {
  const { controller, inventory } = parts;
  const set = new Map<string, string>();
  let last: Site | null = null;
  let isSetting = false;
  controller.onTick(() => {
    const { site } = inventory.state().settings;
    const running = runningOf(controller);
    // On loopback nothing can be limited.
    if (site === null || site === last || site.provider === "local") return;
    if (running === null || isSetting || signal.aborted) return;
    last = site;
    isSetting = true;
    const changed = rolesOf(site).filter((role) => set.get(role) !== keyOf(site, role));
    const news = changed.filter((role) => set.has(role));
    for (const role of changed) set.set(role, keyOf(site, role));
    void tell(parts, site, { changed, news, running }, signal).finally(() => (isSetting = false));
  });
}

interface Changes {
  readonly changed: readonly string[];
  /** Those of them that had other limits since this controller leads. */
  readonly news: readonly string[];
  readonly running: ReadonlySet<string>;
}

async function tell(
  parts: KeepLimitsParts,
  site: Site,
  { changed, news, running }: Changes,
  signal: AbortSignal,
): Promise<void> {
  const { inventory, clock } = parts;
  const say = (kind: string, subject: string, reason: string): Promise<unknown> =>
    inventory.commit([], [{ at: clock.now(), kind, subject, reason }]).catch(() => undefined);
  for (const role of news) await say("limits", role, describe(limitsOf(site, role)));
  for (const machine of inventory.state().machines.values()) {
    if (!changed.includes(machine.role) || !isThere(machine, running)) continue;
    try {
      const { name, role, number } = machine;
      const order = await parts.orderFor({ kind: "launch", machine: name, role, number });
      await parts.provider.launch(order, signal);
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
      await say("failure", machine.name, cause.message);
    }
  }
}

/** One that was lost is not made again; one that is launching may have been asked for with the former limits. */
function isThere({ name, state }: MachineRecord, running: ReadonlySet<string>): boolean {
  return state === "launching" || (state !== "terminating" && running.has(name));
}

/** Null while the provider has not answered. */
function runningOf(controller: Controller): ReadonlySet<string> | null {
  const { provider } = controller.observe();
  if (provider === null) return null;
  const there = [...provider.machines.values()].filter((it) => it.condition === "running");
  return new Set(there.map(({ name }) => name));
}

function rolesOf(site: Site): readonly string[] {
  return [BALANCER_ROLE, ...site.roles.map(({ name }) => name)];
}

function keyOf(site: Site, role: string): string {
  return JSON.stringify(limitsOf(site, role));
}

/** For the history of the site. */
function describe({ cpuMax, memoryBytesMax }: MachineLimits): string {
  const cores = cpuMax === null ? "all cores" : `${cpuMax} cores`;
  const memory =
    memoryBytesMax === null
      ? "all memory"
      : `${Math.round(memoryBytesMax / 2 ** 20)} MiB of memory`;
  return `its machines may use ${cores} and ${memory} from now on`;
}

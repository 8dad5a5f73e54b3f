import type { Controller } from "../controller/controller.ts";
import type { MachineLimits } from "../core/desired.ts";
import { limitsOf } from "../core/machines/limits.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Provider } from "../ports/provider.ts";

interface KeepLimitsParts {
  readonly controller: Controller;
  readonly inventory: Inventory;
  readonly provider: Provider;
  readonly clock: Clock;
}

/**
 * Gives machines that run the limits of their role: when those change, and once to each that this controller has
 * not told yet, because a former one may have been ended between the wish and the deed.
 */
export function keepLimits(parts: KeepLimitsParts, signal: AbortSignal): void {
  const { controller, inventory } = parts;
  const told = new Map<string, string>();
  let isTelling = false;
  controller.onTick(() => {
    const { settings, machines } = inventory.state();
    const { site } = settings;
    // On loopback nothing can be limited.
    if (site === null || site.provider === "local" || isTelling || signal.aborted) return;
    for (const machine of told.keys()) if (!machines.has(machine)) told.delete(machine);
    const wishes: Wish[] = [];
    for (const { name, role, state } of machines.values()) {
      // What is being launched may have been asked for with former limits: it is told when it is there.
      if (state === "launching" || state === "terminating") continue;
      const limits = limitsOf(site, role);
      const wish = `${limits.cpuMax} ${limits.memoryBytesMax}`;
      const former = told.get(name);
      if (former === wish) continue;
      told.set(name, wish);
      wishes.push({ machine: name, limits, isNews: former !== undefined });
    }
    if (wishes.length === 0) return;
    isTelling = true;
    void tell(parts, wishes, signal).finally(() => (isTelling = false));
  });
}

interface Wish {
  readonly machine: string;
  readonly limits: MachineLimits;
  /** It had others since this controller leads. */
  readonly isNews: boolean;
}

/** Each is tried once: what a computer cannot keep to, it could not a second later. */
async function tell(
  { inventory, provider, clock }: KeepLimitsParts,
  wishes: readonly Wish[],
  signal: AbortSignal,
): Promise<void> {
  const record = async (kind: string, subject: string, reason: string): Promise<void> => {
    // A controller that may not write any more is about to end for that very reason.
    await inventory.commit([], [{ at: clock.now(), kind, subject, reason }]).catch(() => undefined);
  };
  for (const { machine, limits, isNews } of wishes) {
    try {
      await provider.limit(machine, limits, signal);
      if (isNews) await record("limits", machine, describe(limits));
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
      await record("failure", machine, cause.message);
    }
  }
}

/** For the history of the site. */
function describe({ cpuMax, memoryBytesMax }: MachineLimits): string {
  const cores = cpuMax === null ? "all cores" : `${cpuMax} cores`;
  const memory =
    memoryBytesMax === null
      ? "all memory"
      : `${Math.round(memoryBytesMax / 2 ** 20)} MiB of memory`;
  return `it may use ${cores} and ${memory} from now on, as the site file says`;
}

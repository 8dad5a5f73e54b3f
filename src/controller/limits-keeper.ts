import type { Controller } from "./controller.ts";
import type { MachineLimits } from "../core/desired.ts";
import { limitsOf } from "../core/machines/limits.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Provider } from "../ports/provider.ts";

export interface KeepLimitsParts {
  readonly controller: Pick<Controller, "onTick">;
  readonly inventory: Pick<Inventory, "state" | "commit">;
  readonly provider: Pick<Provider, "limit">;
  readonly clock: Pick<Clock, "now">;
}

/** By machine: what it was told last, and why it could not be given that, which is put on record once. */
type Told = Map<string, { readonly wish: string; readonly refusal: string | null }>;

/**
 * Gives machines that run the limits of their role: when those change, and once to each that this controller has
 * not told yet, because a former one may have been ended between the wish and the deed. What is refused, such as
 * memory that is in use, is asked for again at each tick.
 */
export function keepLimits(parts: KeepLimitsParts, signal: AbortSignal): void {
  const told: Told = new Map();
  let isTelling = false;
  parts.controller.onTick(() => {
    if (isTelling || signal.aborted) return;
    const wishes = untold(parts.inventory, told);
    if (wishes.length === 0) return;
    isTelling = true;
    void tell(parts, told, wishes, signal).finally(() => (isTelling = false));
  });
}

interface Wish {
  readonly machine: string;
  readonly limits: MachineLimits;
  readonly text: string;
}

function untold(inventory: KeepLimitsParts["inventory"], told: Told): readonly Wish[] {
  const { settings, machines } = inventory.state();
  const { site } = settings;
  for (const machine of told.keys()) if (!machines.has(machine)) told.delete(machine);
  // On loopback nothing can be limited.
  if (site === null || site.provider === "local") return [];
  return [...machines.values()].flatMap(({ name, role, state }) => {
    // What is being launched may have been asked for with former limits: it is told when it is there.
    if (state === "launching" || state === "terminating") return [];
    const limits = limitsOf(site, role);
    const text = describe(limits);
    const last = told.get(name);
    return last?.wish === text && last.refusal === null ? [] : [{ machine: name, limits, text }];
  });
}

async function tell(
  { inventory, provider, clock }: KeepLimitsParts,
  told: Told,
  wishes: readonly Wish[],
  signal: AbortSignal,
): Promise<void> {
  const record = async (kind: string, subject: string, reason: string): Promise<void> => {
    // A controller that may not write any more is about to end for that very reason.
    await inventory.commit([], [{ at: clock.now(), kind, subject, reason }]).catch(() => undefined);
  };
  for (const { machine, limits, text } of wishes) {
    const last = told.get(machine);
    try {
      await provider.limit(machine, limits, signal);
      told.set(machine, { wish: text, refusal: null });
      // The first word of a controller repeats what is on record already.
      if (last !== undefined) await record("limits", machine, text);
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
      told.set(machine, { wish: text, refusal: cause.message });
      if (last?.refusal !== cause.message) await record("failure", machine, cause.message);
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

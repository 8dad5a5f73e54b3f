import type { Instant } from "../core/instant.ts";
import type { ProvidedMachine, ProviderListing } from "../core/observed.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Provider } from "../ports/provider.ts";

const DEADLINE_MS = 10_000;
/** A burst of news needs one listing, not one each. */
const APART_MS = 100;

/** What the provider last listed, refreshed beside the loop: a provider that hangs must not hang the site. */
export interface Watch {
  /** Begins a listing unless one is under way or the last is young. */
  refresh(): void;
  listing(): ProviderListing | null;
  add(machine: ProvidedMachine): void;
  remove(name: string): void;
}

export function createWatch(
  provider: Provider,
  clock: Clock,
  onNews: (failure: Failure | null) => void,
): Watch {
  let listing: ProviderListing | null = null;
  let startedAt: Instant = -Infinity;
  let isRunning = false;
  return {
    refresh() {
      const now = clock.now();
      if (isRunning || now - startedAt < APART_MS) return;
      isRunning = true;
      startedAt = now;
      void list(provider).then((outcome) => {
        isRunning = false;
        if (outcome instanceof Failure) {
          onNews(outcome);
          return;
        }
        const machines = new Map(outcome.map((machine) => [machine.name, machine]));
        const isNew = listing === null || differs(listing.machines, machines);
        listing = { at: now, machines };
        if (isNew) onNews(null);
      });
    },
    listing: () => listing,
    add(machine) {
      if (listing === null) return;
      const machines = new Map(listing.machines).set(machine.name, machine);
      listing = { ...listing, machines };
    },
    remove(name) {
      if (listing === null) return;
      const machines = new Map(listing.machines);
      machines.delete(name);
      listing = { ...listing, machines };
    },
  };
}

async function list(provider: Provider): Promise<readonly ProvidedMachine[] | Failure> {
  try {
    return await provider.list(AbortSignal.timeout(DEADLINE_MS));
  } catch (cause) {
    if (cause instanceof Failure) return cause;
    throw cause;
  }
}

function differs(
  a: ReadonlyMap<string, ProvidedMachine>,
  b: ReadonlyMap<string, ProvidedMachine>,
): boolean {
  if (a.size !== b.size) return true;
  return [...b.values()].some((machine) => {
    const other = a.get(machine.name);
    return other?.condition !== machine.condition || other.address !== machine.address;
  });
}

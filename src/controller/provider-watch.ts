import type { Instant } from "../core/instant.ts";
import type { ProvidedMachine, ProviderListing } from "../core/observed.ts";
import type { Clock } from "../ports/clock.ts";
import { Failure } from "../ports/failure.ts";
import type { Provider } from "../ports/provider.ts";

const DEADLINE_MS = 10_000;
/** A burst of news needs one listing, not one each … */
const APART_MS = 100;
/** … and a site where nothing is on its way even fewer. */
const CALM_APART_MS = 900;

/** What the provider last listed, refreshed beside the loop: a provider that hangs must not hang the site. */
export interface Watch {
  /** Begins a listing unless one is under way or the last is young. Calm: nothing is coming, going or silent. */
  refresh(mood: "calm" | "busy"): void;
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
  // What our own calls did, which a listing begun before they ended does not show.
  const own = new Map<string, { readonly at: Instant; readonly machine: ProvidedMachine | null }>();
  const note = (name: string, machine: ProvidedMachine | null): void => {
    own.set(name, { at: clock.now(), machine });
    if (listing !== null) listing = { ...listing, machines: withOwn(listing.machines, own) };
  };
  return {
    refresh(mood) {
      const now = clock.now();
      const apartMs = mood === "calm" ? CALM_APART_MS : APART_MS;
      if (isRunning || now - startedAt < apartMs) return;
      isRunning = true;
      startedAt = now;
      void list(provider, clock).then((outcome) => {
        isRunning = false;
        if (outcome instanceof Failure) {
          onNews(outcome);
          return;
        }
        for (const [name, { at }] of own) if (at < now) own.delete(name);
        const machines = withOwn(new Map(outcome.map((m) => [m.name, m])), own);
        const isNew = listing === null || differs(listing.machines, machines);
        listing = { at: now, machines };
        if (isNew) onNews(null);
      });
    },
    listing: () => listing,
    add: (machine) => note(machine.name, machine),
    remove: (name) => note(name, null),
  };
}

function withOwn(
  machines: ReadonlyMap<string, ProvidedMachine>,
  own: ReadonlyMap<string, { readonly machine: ProvidedMachine | null }>,
): ReadonlyMap<string, ProvidedMachine> {
  const merged = new Map(machines);
  for (const [name, { machine }] of own) {
    if (machine === null) merged.delete(name);
    else merged.set(name, machine);
  }
  return merged;
}

async function list(
  provider: Provider,
  clock: Clock,
): Promise<readonly ProvidedMachine[] | Failure> {
  try {
    return await provider.list(clock.deadline(DEADLINE_MS));
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

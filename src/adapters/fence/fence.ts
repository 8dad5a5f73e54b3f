import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../ports/failure.ts";
import type { Provider } from "../../ports/provider.ts";

/**
 * Keeps controllers of former terms from making or ending machines. An epoch is seen when a file has its name:
 * files are only ever added for higher ones, so that no race can bring a lower one back.
 */
export function fenceProvider(provider: Provider, directory: string, epoch: number): Provider {
  enter(directory, epoch);
  return {
    async launch(order, signal) {
      enter(directory, epoch);
      return provider.launch(order, signal);
    },
    async limit(name, limits, signal) {
      enter(directory, epoch);
      return provider.limit(name, limits, signal);
    },
    async terminate(name, signal) {
      enter(directory, epoch);
      return provider.terminate(name, signal);
    },
    // Looking harms nobody.
    list: (signal) => provider.list(signal),
  };
}

/** Throws `Failure` (`rejected`) when a later term has begun. */
function enter(directory: string, epoch: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  refuseFormer(directory, epoch);
  writeFileSync(join(directory, `${epoch}`), "");
  // Whoever came in between has the higher file by now, and sees ours only as a lower one.
  refuseFormer(directory, epoch);
  for (const seen of seenIn(directory)) {
    if (seen < epoch) rmSync(join(directory, `${seen}`), { force: true });
  }
}

function refuseFormer(directory: string, epoch: number): void {
  const highest = Math.max(0, ...seenIn(directory));
  if (highest <= epoch) return;
  const words = `epoch ${epoch} is over, ${highest} has begun`;
  throw new Failure("rejected", `Cannot touch the machines: ${words}`);
}

function seenIn(directory: string): readonly number[] {
  return readdirSync(directory).map(Number).filter(Number.isSafeInteger);
}

import type { LogLine } from "../ports/agents.ts";

/** Lines kept for `logs`; the machines' files hold the rest. */
const LINES_MAX = 20_000;

export interface NumberedLine extends LogLine {
  /** Grows by one with each line since the controller started. */
  readonly number: number;
}

export interface LineFilter {
  readonly after: number;
  readonly limit: number;
  readonly machine: string | null;
  readonly role: string | null;
}

/** The last lines of every process. */
export interface LogBook {
  add(lines: readonly LogLine[]): void;
  /** The newest that match, oldest first. */
  read(filter: LineFilter): readonly NumberedLine[];
  onLines(listener: () => void): () => void;
}

export function createLogBook(): LogBook {
  let kept: NumberedLine[] = [];
  const listeners = new Set<() => void>();
  let next = 1;
  return {
    add(lines) {
      for (const line of lines) kept.push({ ...line, number: next++ });
      // Cut in one piece now and then: dropping from the front line by line is quadratic.
      if (kept.length > LINES_MAX * 1.25) kept = newestOfEach(kept);
      for (const listener of listeners) listener();
    },
    read({ after, limit, machine, role }) {
      const isWanted = (line: NumberedLine): boolean =>
        line.number > after &&
        (machine === null || line.machine === machine) &&
        (role === null || line.machine.replace(/-\d+$/, "") === role);
      return kept.filter(isWanted).slice(-limit);
    },
    onLines(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The newest of each machine: one that never stops talking must not make the others' lines go. */
function newestOfEach(lines: readonly NumberedLine[]): NumberedLine[] {
  const counts = new Map<string, number>();
  for (const { machine } of lines) counts.set(machine, (counts.get(machine) ?? 0) + 1);
  const share = fairShare([...counts.values()].sort((a, b) => a - b));
  return lines.filter(({ machine }) => {
    const left = counts.get(machine) ?? 0;
    counts.set(machine, left - 1);
    return left <= share;
  });
}

/** What each may have, so that all have at most the maximum: those with few leave theirs to the others. */
function fairShare(counts: readonly number[]): number {
  let left = LINES_MAX;
  for (const [at, count] of counts.entries()) {
    const share = Math.floor(left / (counts.length - at));
    if (count > share) return share;
    left -= count;
  }
  return left;
}

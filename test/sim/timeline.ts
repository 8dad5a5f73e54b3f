/** Virtual time: what is due happens in order, and nothing takes longer than it says. */
export interface Timeline {
  now(): number;
  /** Runs the work when its time has come; the answer takes it back. */
  after(ms: number, work: () => void): () => void;
  /** Lets everything happen that is due until then. `look` is called after each moment. */
  run(untilMs: number, look: () => void): Promise<void>;
  /** Lets the time pass without letting anything happen: what was due in a second is due in a second. */
  skip(ms: number): void;
}

interface Moment {
  readonly at: number;
  readonly order: number;
  work: (() => void) | null;
}

export function createTimeline(startMs: number): Timeline {
  let now = startMs;
  let skipped = 0;
  let order = 0;
  const heap: Moment[] = [];
  return {
    now: () => now,
    after(ms, work) {
      order += 1;
      const moment = { at: now - skipped + Math.max(0, Math.ceil(ms)), order, work } as Moment;
      push(heap, moment);
      return () => void (moment.work = null);
    },
    async run(untilMs, look) {
      await settle();
      for (;;) {
        const first = heap[0];
        if (first === undefined || first.at + skipped > untilMs) break;
        now = Math.max(now, first.at + skipped);
        while (heap[0] !== undefined && heap[0].at + skipped <= now) pop(heap)?.work?.();
        await settle();
        look();
      }
      now = Math.max(now, untilMs);
    },
    skip(ms) {
      now += ms;
      skipped += ms;
    },
  };
}

/** Whatever only waits for promises goes on until it waits for time. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(a: Moment, b: Moment): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Moment[], moment: Moment): void {
  let index = heap.length;
  heap.push(moment);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !isBefore(moment, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = moment;
}

function pop(heap: Moment[]): Moment | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (left === undefined) break;
    if (right !== undefined && isBefore(right, left)) child += 1;
    const below = heap[child];
    if (below === undefined || !isBefore(below, last)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
  return first;
}

import { assert } from "../core/assert.ts";

/** First in, first out, in place. */
export interface Ring {
  readonly size: number;
  readonly isFull: boolean;
  /** The one that is there longest; NaN when there is none. */
  readonly first: number;
  add(value: number): void;
  take(): number;
  /** All equal ones go. */
  remove(value: number): void;
}

export function createRing(capacity: number): Ring {
  const values = new Float64Array(capacity);
  let start = 0;
  let size = 0;
  const place = (index: number): number => {
    const at = start + index;
    return at < capacity ? at : at - capacity;
  };
  const ring: Ring = {
    get size() {
      return size;
    },
    get isFull() {
      return size === capacity;
    },
    get first() {
      return size === 0 ? Number.NaN : (values[start] ?? Number.NaN);
    },
    add(value) {
      assert(size < capacity, "the ring is full");
      values[place(size)] = value;
      size += 1;
    },
    take() {
      const value = ring.first;
      if (size === 0) return value;
      start = place(1);
      size -= 1;
      return value;
    },
    remove(value) {
      for (let left = size; left > 0; left -= 1) {
        const kept = ring.take();
        if (kept !== value) ring.add(kept);
      }
    },
  };
  return ring;
}

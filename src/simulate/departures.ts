/** When whom: the earliest first. A heap, because a sorted list of all requests in flight would cost too much. */
export interface Departures {
  readonly size: number;
  /** Of the earliest; infinity when there is none. */
  readonly nextS: number;
  add(atS: number, id: number): void;
  /** Takes the earliest away and tells whose it was. */
  take(): number;
}

const firstCapacity = 1_024;

export function createDepartures(): Departures {
  let times = new Float64Array(firstCapacity);
  let ids = new Int32Array(firstCapacity);
  let size = 0;

  const grow = (): void => {
    const [longerTimes, longerIds] = [new Float64Array(size * 2), new Int32Array(size * 2)];
    longerTimes.set(times);
    longerIds.set(ids);
    [times, ids] = [longerTimes, longerIds];
  };
  const move = (from: number, to: number): void => {
    times[to] = times[from] ?? 0;
    ids[to] = ids[from] ?? 0;
  };
  return {
    get size() {
      return size;
    },
    get nextS() {
      return size === 0 ? Number.POSITIVE_INFINITY : (times[0] ?? 0);
    },
    add(atS, id) {
      if (size === times.length) grow();
      let place = size;
      size += 1;
      while (place > 0) {
        const parent = (place - 1) >> 1;
        if ((times[parent] ?? 0) <= atS) break;
        move(parent, place);
        place = parent;
      }
      times[place] = atS;
      ids[place] = id;
    },
    take() {
      const first = ids[0] ?? 0;
      size -= 1;
      const atS = times[size] ?? 0;
      let place = 0;
      for (let child = 1; child < size; child = 2 * place + 1) {
        if (child + 1 < size && (times[child + 1] ?? 0) < (times[child] ?? 0)) child += 1;
        if ((times[child] ?? 0) >= atS) break;
        move(child, place);
        place = child;
      }
      move(size, place);
      return first;
    },
  };
}

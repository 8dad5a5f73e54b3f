/** Runs tasks one after the other, in the order they came. */
export interface Turns {
  take<T>(task: () => Promise<T>): Promise<T>;
  readonly isFree: boolean;
}

/** HAProxy's own bookkeeping of servers wants one command at a time, and so do our files. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    take(task) {
      waiting += 1;
      const turn = last.then(task).finally(() => {
        waiting -= 1;
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    get isFree() {
      return waiting === 0;
    },
  };
}

/** Counts runs on a terminal; in a pipe it is silent. */
export interface RunProgress {
  readonly step: () => void;
  readonly end: () => void;
}

/** `total` null: nobody knows how many it will be. */
export function createRunProgress(stderr: NodeJS.WriteStream, total: number | null): RunProgress {
  let done = 0;
  const show = (): void => {
    if (stderr.isTTY) stderr.write(`\r${done} ${total === null ? "" : `of ${total} `}runs`);
  };
  show();
  return {
    step() {
      done += 1;
      show();
    },
    end() {
      if (stderr.isTTY) stderr.write("\r\u001b[K");
    },
  };
}

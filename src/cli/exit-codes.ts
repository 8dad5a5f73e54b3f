/** How a command ended, for scripts. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  changes: 3,
  degraded: 4,
  locked: 5,
  timeout: 6,
  refused: 7,
  /** By Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends every help text. */
export const exitCodesHelp: string =
  "Exit codes: 0 done · 1 failed · 2 bad usage or file · 3 plan has changes · 4 degraded · " +
  "5 lock held · 6 time-out, still running · 7 refused by a guard";

/** Milliseconds since the Unix epoch. Core receives it as an argument and never reads a clock. */
export type Instant = number;

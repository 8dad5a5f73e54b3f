import type { Client } from "./client.ts";
import type { Output } from "./output.ts";
import type { CliParts } from "./parts.ts";
import type { Place } from "./place.ts";

/** What a command works with. */
export interface Context {
  readonly parts: CliParts;
  readonly output: Output;
  /** Throws `CliError` where there is no site. */
  place(): Place;
  /** The running controller's; throws `CliError` when none runs. */
  client(): Client;
  /** To type next, with the options that name this site. */
  hint(command: string): string;
}

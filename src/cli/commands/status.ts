import type { Command } from "../command.ts";
import { isGiven } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderStatus } from "../status-view.ts";

/** Looks once. */
export const status: Command = {
  name: "status",
  summary: "Show every machine, what is wrong, and the last deploy",
  details: null,
  words: [],
  options: [{ flags: "--check", about: "end with 4 when the site is degraded" }],
  examples: ["tidemill status", "tidemill status --check --json"],
  async run(context, given) {
    const seen = await context.client().status();
    context.output.result(seen, renderStatus(seen));
    const isDegraded = seen.problems.length > 0 || seen.site === null || seen.phase === "down";
    return isDegraded && isGiven(given, "check") ? exitCodes.degraded : exitCodes.done;
  },
};

import type { AuditEntries } from "../client.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { countOf } from "../given-values.ts";
import { renderColumns } from "../table.ts";
import { momentOf } from "../moment.ts";

const COUNT_DEFAULT = 50;
const COUNT_MAX = 5_000;

/** Who changed what. */
export const audit: Command = {
  name: "audit",
  summary: "Show who changed, or tried to change, what, oldest first",
  details:
    "`events` tells what the controller did and why; this tells who asked for it, and who was refused.",
  words: [],
  options: [{ flags: "-n, --lines <count>", about: `how many (default: ${COUNT_DEFAULT})` }],
  examples: ["tidemill audit", "tidemill audit -n 500 --json"],
  async run(context, given) {
    const limit = countOf(given, "lines", COUNT_DEFAULT, COUNT_MAX);
    const entries = (await context.client().audit(limit)).toReversed();
    context.output.result({ entries }, renderColumns(entries.map(cellsOf)));
    return exitCodes.done;
  },
};

function cellsOf({ at, who, address, what, outcome }: AuditEntries[number]): readonly string[] {
  return [momentOf(at), who, address, what, outcome];
}

import type { LogLines } from "../client.ts";
import type { Command } from "../command.ts";
import { isGiven, valueOf } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { follow } from "../feed.ts";
import { countOf } from "../given-values.ts";

const COUNT_DEFAULT = 100;
const COUNT_MAX = 5_000;

/** What the site's processes print. */
export const logs: Command = {
  name: "logs",
  summary: "Show what the site's processes print",
  details: null,
  words: [],
  options: [
    { flags: "-f, --follow", about: "go on with what comes" },
    { flags: "--role <role>", about: "only of this role" },
    { flags: "--machine <machine>", about: "only of this machine" },
    { flags: "-n, --lines <count>", about: `how many of the past (default: ${COUNT_DEFAULT})` },
  ],
  examples: ["tidemill logs", "tidemill logs -f --role web", "tidemill logs --machine web-2 -n 20"],
  async run(context, given) {
    const { output } = context;
    const client = context.client();
    const filter = { machine: valueOf(given, "machine"), role: valueOf(given, "role") };
    const limit = countOf(given, "lines", COUNT_DEFAULT, COUNT_MAX);
    const past = await client.logs({ after: 0, limit, waitMs: 0, ...filter });
    if (!isGiven(given, "follow")) {
      output.result({ lines: past }, past.map(renderLine));
      return exitCodes.done;
    }
    const show = (line: LogLines[number]): void => output.result({ line }, [renderLine(line)]);
    past.forEach(show);
    const read = (page: Parameters<typeof client.events>[0]) => client.logs({ ...page, ...filter });
    return follow({ read, show }, past.at(-1)?.number ?? 0);
  },
};

function renderLine({ machine, process, text }: LogLines[number]): string {
  const source = process.startsWith(`${machine}.`) ? process : `${machine} ${process}`;
  return `${source.padEnd(10)} ${text}`;
}

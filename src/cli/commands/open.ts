import { CliError } from "../cli-error.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** Shows the site. */
export const open: Command = {
  name: "open",
  summary: "Print the site's address and, on a terminal, open it",
  details: null,
  words: [],
  options: [],
  examples: ["tidemill open"],
  async run(context) {
    const { output, parts } = context;
    const { url } = await context.client().status();
    if (url === null) {
      const next = context.hint("tidemill up");
      throw new CliError("No site is up", { code: "not_up", exit: exitCodes.failed, next });
    }
    output.result({ url }, [url]);
    if (output.isTerminal && !output.isJson) parts.openPage(url);
    return exitCodes.done;
  },
};

import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../figures.ts";
import { checkSite } from "../read-site.ts";

/** Reads the site file and changes nothing. */
export const check: Command = {
  name: "check",
  summary: "Check the site file and list every issue",
  details: "Reads nothing but files: it needs no controller and changes nothing.",
  words: [],
  options: [],
  examples: ["tidemill check", "tidemill check -e staging"],
  async run(context) {
    const reading = await checkSite(context);
    if (reading.kind === "issues") {
      context.output.result({ isRight: false, issues: reading.issues }, reading.lines);
      return exitCodes.usage;
    }
    const { name, roles, domains } = reading.site;
    const line = `${name}: ${counted(roles.length, "role")}, ${domains.join(", ")}: no issues`;
    const { site, doubts, doubtLines } = reading;
    context.output.result({ isRight: true, issues: [], doubts, site }, [...doubtLines, line]);
    return exitCodes.done;
  },
};

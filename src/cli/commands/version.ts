import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** Says which Tidemill this is. Without `--json` the start script answers by itself, because that loads nothing. */
export const version: Command = {
  name: "version",
  summary: "Print the version",
  details: null,
  words: [],
  options: [],
  examples: ["tidemill version", "tidemill --version"],
  run({ output, parts }) {
    const facts = { version: parts.version, node: process.versions.node };
    output.result(facts, [parts.version]);
    return Promise.resolve(exitCodes.done);
  },
};

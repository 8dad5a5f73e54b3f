import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

/** Closes the site for a while, politely. */
export const maintenance: Command = {
  name: "maintenance",
  summary: "Show every visitor the maintenance page, or the site again",
  details: null,
  words: [{ form: "<switch>", about: "on or off", choices: ["on", "off"] }],
  options: [],
  examples: ["tidemill maintenance on", "tidemill maintenance off"],
  async run(context, given) {
    const isOn = given.words[0] === "on";
    await context.client().setMaintenance(isOn);
    const line = isOn ? "Visitors see the maintenance page" : "Visitors see the site";
    context.output.result({ isMaintenanceOn: isOn }, [line]);
    return exitCodes.done;
  },
};

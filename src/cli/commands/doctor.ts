import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { diagnose } from "../diagnosis.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderColumns } from "../table.ts";

/** Looks at what a site needs of this computer. */
export const doctor: Command = {
  name: "doctor",
  summary: "Check what a site needs of this computer, with the fix for each fault",
  details: "Each line is ok, warn or bad. Ends with 1 when something is bad. Changes nothing.",
  words: [],
  options: [],
  examples: ["tidemill doctor"],
  async run(context: Context) {
    const findings = await diagnose(context);
    const rows = findings.map(({ level, subject, message, fix }) => [
      level,
      subject,
      fix === null ? message : `${message}; ${fix}`,
    ]);
    context.output.result({ findings }, renderColumns(rows));
    return findings.some(({ level }) => level === "bad") ? exitCodes.failed : exitCodes.done;
  },
};

import { CliError, usageError } from "../cli-error.ts";
import { valueOf } from "../command.ts";
import type { Given } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { isoOf } from "../moment.ts";
import { readSite } from "../read-site.ts";

/** A site remembers fifteen days, of which a page has one. */
const pagesMax = 20;

/** What the running site remembers of a role, as the text of a trace. */
export async function readHistory(
  context: Context,
  given: Given,
  lastMs: number,
): Promise<{ readonly name: string; readonly text: string }> {
  const role = valueOf(given, "role") ?? (await readSite(context)).defaultRole;
  if (role === null) throw usageError("Which role? None of this site listens: say --role");
  const client = context.client();
  const to = Date.now();
  const lines: string[] = [];
  let from: number | null = to - lastMs;
  for (let page = 0; page < pagesMax && from !== null; page += 1) {
    const { fiveMinutes, next } = await client.history({ role, from, to });
    for (const { at, rates = [] } of fiveMinutes) {
      for (const [second, rate] of rates.entries())
        if (rate !== null) lines.push(`${isoOf(at / 1_000 + second)},${rate}`);
    }
    from = next;
  }
  if (lines.length >= 2) return { name: `history of ${role}`, text: lines.join("\n") };
  throw new CliError(`The site remembers nothing of ${role} in that time`, {
    code: "no_history",
    exit: exitCodes.failed,
    next: context.hint("tidemill status"),
  });
}

import type { ScaleBody } from "../../api/contract.ts";
import { usageError } from "../cli-error.ts";
import type { Command, Given } from "../command.ts";
import { isGiven } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { followSite } from "../follow-site.ts";
import { durationOf, timeoutMs, timeoutOption } from "../given-values.ts";
import { createProgress } from "../progress.ts";
import type { Status } from "../client.ts";

/** Changes how many machines a role has. */
export const scale: Command = {
  name: "scale",
  summary: "Set or pin the number of a role's machines, or leave it to the load",
  details:
    "`scale web=4` sets the number now; scaling by load goes on from there. `scale pin web=6` holds it, " +
    "for a while with `--for`, until `scale auto web` leaves it to the load again. The bounds of the site " +
    "file always win.",
  words: [{ form: "<what...>", about: "role=count, or pin role=count, or auto role" }],
  options: [
    { flags: "--for <duration>", about: "with pin: until then, e.g. 2h" },
    { flags: "--no-wait", about: "do not wait until the machines serve" },
    timeoutOption,
  ],
  examples: [
    "tidemill scale web=4",
    "tidemill scale pin web=6 --for 2h",
    "tidemill scale auto web",
  ],
  async run(context, given) {
    const startedAtMs = Date.now();
    const waitMs = timeoutMs(given);
    const { role, wish } = readWish(given);
    const client = context.client();
    const before = await client.status();
    await client.scale(role, wish);
    const after = await client.status();
    if (isGiven(given, "wait")) {
      const tell = createProgress(null, before, context.output.progress, startedAtMs);
      const isDone = (status: Status): boolean => isAtTarget(status, role);
      const goesOn = "the controller goes on";
      const what = `${role} to have its machines`;
      await followSite(context, {
        client,
        timeoutMs: waitMs,
        what,
        goesOn,
        tell,
        isDone,
      });
    }
    const now = (await client.status()).roles.find((r) => r.role === role);
    const target = now?.target ?? after.roles.find((r) => r.role === role)?.target ?? 0;
    const line = `${role}: ${now?.serving ?? 0} of ${target} serve, ${now?.reason ?? ""}`;
    context.output.result({ role: now ?? null }, [line]);
    return exitCodes.done;
  },
};

/** Machines that leave are still listed while they finish their requests. */
function isAtTarget(status: Status, name: string): boolean {
  const role = status.roles.find((r) => r.role === name);
  if (role === undefined) return false;
  const own = status.machines.filter((machine) => machine.role === name);
  const leaving = own.filter(({ state }) => state === "draining" || state === "terminating");
  return role.serving === role.target && leaving.length === 0;
}

/** What the words after `scale` ask for. */
export function readWish(given: Given): { readonly role: string; readonly wish: ScaleBody } {
  const [first = "", second = ""] = given.words;
  const forMs = durationOf(given, "for");
  if (forMs !== null && first !== "pin") {
    throw usageError("--for goes with pin", "tidemill scale pin web=6 --for 2h");
  }
  if (given.words.length === 2 && first === "auto") {
    return { role: second, wish: { kind: "auto" } };
  }
  if (given.words.length === 2 && first === "pin") {
    const { role, machines } = readCount(second);
    return { role, wish: { kind: "pin", machines, forMs } };
  }
  if (given.words.length !== 1) {
    throw usageError(`scale does not understand ${given.words.join(" ")}`, "tidemill scale --help");
  }
  const { role, machines } = readCount(first);
  return { role, wish: { kind: "set", machines } };
}

function readCount(word: string): { readonly role: string; readonly machines: number } {
  const [, role, digits] = /^([a-z][a-z0-9-]*)=(\d{1,6})$/.exec(word) ?? [];
  if (role === undefined || digits === undefined) {
    throw usageError(`scale needs role=count such as web=4, got ${word}`, "tidemill scale --help");
  }
  return { role, machines: Number(digits) };
}

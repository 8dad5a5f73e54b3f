import { existsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { CliError } from "../cli-error.ts";
import type { Client, Status } from "../client.ts";
import type { Command } from "../command.ts";
import { isGiven } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../figures.ts";
import { timeoutMs, timeoutOption } from "../given-values.ts";
import { createProgress } from "../progress.ts";
import { ensureController } from "../start-controller.ts";
import { hasMachines, isAlive, runningController } from "../controller-address.ts";
import { waitFor } from "../waiting.ts";

/** Ends. */
export const down: Command = {
  name: "down",
  summary: "Give every machine back; the inventory and the logs stay",
  details:
    "Drains first. Works after a crash too: when no controller runs it starts one to clean up. " +
    "`tidemill up` brings the site back as it was.",
  words: [],
  options: [{ flags: "-y, --yes", about: "do not ask" }, timeoutOption],
  examples: ["tidemill down", "tidemill down --yes"],
  async run(context, given) {
    const startedAtMs = Date.now();
    const waitMs = timeoutMs(given);
    const { state } = context.place();
    if (runningController(state) === null && !hasMachines(state)) {
      return tellDown(context, "Nothing is up");
    }
    const client = await ensureController(context);
    const before = await client.status();
    if (before.site === null) return tellDown(context, "Nothing is up");
    if (before.phase === "up" || before.machines.length > 0) {
      if (!isGiven(given, "yes")) await ask(context, before);
    }
    await client.takeDown();
    const tell = createProgress(null, before, context.output.progress, startedAtMs);
    await waitUntilGone(context, client, waitMs, tell);
    return tellDown(
      context,
      `${before.site} is down; inventory and logs are kept in ${state.root}`,
    );
  },
};

function tellDown({ output }: Context, line: string): typeof exitCodes.done {
  output.result({ phase: "down" }, [line]);
  return exitCodes.done;
}

/** Without a terminal there is nobody to ask: the command itself is the answer. */
async function ask({ parts, output }: Context, { site, machines }: Status): Promise<void> {
  if (!parts.isInteractive || output.isJson) return;
  const lines = createInterface({ input: process.stdin, output: parts.stderr });
  const answer = await lines.question(
    `Take ${site} down and give back ${counted(machines.length, "machine")}? [y/N] `,
  );
  lines.close();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CliError("Not taken down", { code: "declined", exit: exitCodes.failed });
}

/** The controller ends by itself when nothing is left. */
async function waitUntilGone(
  context: Context,
  client: Client,
  waitMs: number,
  tell: (status: Status) => void,
): Promise<void> {
  const { state } = context.place();
  const controller = runningController(state);
  await waitFor({
    what: "every machine to be given back",
    goesOn: "the controller goes on giving machines back",
    next: context.hint("tidemill status"),
    timeoutMs: waitMs,
    async look() {
      if (controller !== null && !isAlive(controller.pid)) return true;
      // Its address goes before the process itself, which has still to close what it has open.
      if (runningController(state) === null) return controller === null ? true : null;
      try {
        tell(await client.status());
      } catch (cause) {
        // It ends between two looks when it is done; its address goes first.
        if (existsSync(state.controller)) throw cause;
      }
      return null;
    },
  });
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Status } from "../client.ts";
import type { Command } from "../command.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { Context } from "../context.ts";
import { printable } from "../printable.ts";
import { renderStatus } from "../status-view.ts";

const EVERY_MS = 1_000;
const HOME_AND_CLEAR = "\u001b[H\u001b[J";

/** Looks until Ctrl-C. */
export const watch: Command = {
  name: "watch",
  summary: "Show status again every second; in a pipe, whenever something changes",
  details: null,
  words: [],
  options: [],
  examples: ["tidemill watch", "tidemill watch --json | jq .problems"],
  async run(context): Promise<ExitCode> {
    const client = context.client();
    let shown = "";
    for (;;) {
      const status = await client.status();
      const key = keyOf(status);
      if (context.output.isTerminal && !context.output.isJson) redraw(context, status);
      else if (key !== shown) context.output.result(status, [...renderStatus(status), ""]);
      shown = key;
      await sleep(EVERY_MS);
    }
  },
};

function redraw({ output }: Context, status: Status): void {
  output.raw(`${HOME_AND_CLEAR}${renderStatus(status).map(printable).join("\n")}\n`);
}

/** What counts as a change: not the figures, which never stand still. */
function keyOf({ phase, isMaintenanceOn, machines, roles, problems, deploy }: Status): string {
  return JSON.stringify([
    phase,
    isMaintenanceOn,
    machines.map(({ machine, state, release, problem }) => [machine, state, release, problem]),
    roles.map(({ role, target, serving }) => [role, target, serving]),
    problems,
    deploy?.id,
    deploy?.state,
  ]);
}

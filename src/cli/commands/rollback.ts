import type { Command } from "../command.ts";
import { isGiven } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { describeCount, followDeploy, waitForLock } from "../follow-deploy.ts";
import { timeoutMs, timeoutOption } from "../given-values.ts";
import { createProgress } from "../progress.ts";

/** Goes back. */
export const rollback: Command = {
  name: "rollback",
  summary: "Go back to what ran before the last deploy",
  details:
    "Needs no build and no upload: the last 5 releases are kept. Again without losing a request.",
  words: [],
  options: [
    { flags: "--wait", about: "wait for a deploy that runs, instead of ending with 5" },
    timeoutOption,
  ],
  examples: ["tidemill rollback"],
  async run(context, given) {
    const startedAtMs = Date.now();
    const waitMs = timeoutMs(given);
    const client = context.client();
    if (isGiven(given, "wait")) await waitForLock(context, client, waitMs);
    const before = await client.status();
    const { deploy: id } = await client.rollBack();
    if (id === null) {
      context.output.result({ deploy: null }, ["Nothing to go back to: that is what runs"]);
      return exitCodes.done;
    }
    const tell = createProgress(null, before, context.output.progress, startedAtMs);
    const done = await followDeploy(context, { client, id, timeoutMs: waitMs, tell });
    context.output.result({ deploy: done }, [describeCount(done)]);
    return exitCodes.done;
  },
};

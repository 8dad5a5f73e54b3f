import type { Explanation } from "../client.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted, formatCount, formatRate } from "../figures.ts";

const HISTORY_SHOWN = 10;

/** Why a role has as many machines as it has. */
export const explain: Command = {
  name: "explain",
  summary: "Tell why a role has as many machines as it has",
  details: null,
  words: [{ form: "<role>", about: "a role of the site file" }],
  options: [],
  examples: ["tidemill explain web"],
  async run(context, given) {
    const [role = ""] = given.words;
    const explanation = await context.client().explain(role);
    context.output.result(explanation, renderExplanation(explanation));
    return exitCodes.done;
  },
};

function renderExplanation(given: Explanation): readonly string[] {
  const last = given.inputs.at(-1);
  const wish = given.decision.kind === "hold" ? "stays" : `goes to ${given.decision.machines}`;
  return [
    `${given.role} has a target of ${counted(given.target, "machine")} (${given.min}..${given.max}) and ${wish}: ${given.decision.reason}`,
    `rule: ${given.rule}`,
    ...given.steps.map(({ rule, step, before, after, sentence }) => {
      const moved = before === after ? `${after}` : `${before} → ${after}`;
      return `  ${moved.padEnd(7)} ${rule ?? step}: ${sentence}`;
    }),
    ...(given.near === null ? [] : [`near: ${given.near}`]),
    last === undefined
      ? "seen: nothing yet"
      : `seen: ${formatCount(last.inFlight)} in flight, ${formatCount(last.queue)} queued, ` +
        `${formatRate(last.requestsPerSecond)} requests/s, ${counted(last.serversUp, "server")} up`,
    ...given.history
      .toSorted((a, b) => a.number - b.number)
      .slice(-HISTORY_SHOWN)
      .map(({ at, reason }) => `  ${new Date(at).toISOString().slice(0, 19)}  ${reason}`),
  ];
}

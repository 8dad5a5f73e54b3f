import type { MachineOrder, Status } from "../client.ts";
import type { Command } from "../command.ts";
import { isGiven } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { followSite } from "../follow-site.ts";
import { timeoutMs, timeoutOption } from "../given-values.ts";
import { createProgress } from "../progress.ts";

const orders: Readonly<Record<string, MachineOrder>> = {
  drain: "drain",
  undrain: "undrain",
  replace: "replace",
  rm: "remove",
};

/** Changes one machine by hand. */
export const machine: Command = {
  name: "machine",
  summary: "Drain, undrain, replace or remove one machine by hand",
  details:
    "`drain` takes it out of its pools when its requests are finished and keeps it; `undrain` puts it back; " +
    "`replace` launches another first; `rm` gives it back for good, unless the role would fall below its minimum.",
  words: [
    { form: "<order>", about: "what to do", choices: Object.keys(orders) },
    { form: "<machine>", about: "its name, as status shows it" },
  ],
  options: [{ flags: "--no-wait", about: "do not wait until it is done" }, timeoutOption],
  examples: ["tidemill machine drain web-2", "tidemill machine replace web-1 --no-wait"],
  async run(context, given) {
    const startedAtMs = Date.now();
    const waitMs = timeoutMs(given);
    const [word = "", name = ""] = given.words;
    const order = orders[word] ?? "drain";
    const client = context.client();
    const before = await client.status();
    await client.orderMachine(name, order);
    if (!isGiven(given, "wait")) {
      context.output.result({ machine: name, order, isDone: false }, [
        `${name}: ${word} is on record`,
      ]);
      return exitCodes.done;
    }
    const tell = createProgress(null, before, context.output.progress, startedAtMs);
    await followSite(context, {
      client,
      timeoutMs: waitMs,
      what: `${word} ${name}`,
      goesOn: "the controller goes on",
      tell,
      isDone: (status) => isDone(status, name, order),
    });
    context.output.result({ machine: name, order, isDone: true }, [`${name}: ${ends[order]}`]);
    return exitCodes.done;
  },
};

const ends: Readonly<Record<MachineOrder, string>> = {
  drain: "drained, and kept",
  undrain: "serves again",
  replace: "replaced",
  remove: "given back",
};

function isDone(status: Status, name: string, order: MachineOrder): boolean {
  const machine = status.machines.find((m) => m.machine === name);
  switch (order) {
    case "drain":
      return machine === undefined || machine.state === "drained";
    case "undrain":
      return machine?.state === "serving";
    case "remove":
      return machine === undefined;
    case "replace":
      return machine === undefined && status.problems.length === 0;
  }
}

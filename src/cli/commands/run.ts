import { usageError } from "../cli-error.ts";
import type { Client, OneOff } from "../client.ts";
import type { Command, Given } from "../command.ts";
import { isGiven, valueOf } from "../command.ts";
import type { Context } from "../context.ts";
import { formatDuration } from "../duration.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { followOneOff } from "../follow-one-off.ts";
import { countOf, durationOf } from "../given-values.ts";
import { momentOf } from "../moment.ts";
import { quote } from "../shell-words.ts";
import { renderTable } from "../table.ts";

const LIMIT_MS = 3_600_000;
const COMMAND_CHARS = 60;
const columns = ["RUN", "AT", "BY", "MACHINE", "STATE", "TOOK", "COMMAND"].map(
  (title) => ({ title, align: "left" }) as const,
);

/** Runs a command once where a role runs. */
export const run: Command = {
  name: "run",
  summary: "Run a command once on a machine, in its role's release and environment",
  details:
    "`tidemill run web -- npm run migrate` runs on a machine of the role that serves, `tidemill run web-2 -- …` on that " +
    "machine. It runs as the role's processes do, beside them, gets no PORT, and goes on when nobody watches: Ctrl-C only " +
    "stops watching, `--stop` ends it. One word is read by a shell, several are taken as they are. What it prints comes " +
    "line by line. Ends with 1 when the command ends with anything but 0.",
  words: [
    { form: "[where]", about: "a role, or a machine" },
    { form: "[command...]", about: "after --" },
  ],
  options: [
    { flags: "--limit <duration>", about: "ended after this long (default: 1h, at most 24h)" },
    { flags: "-d, --detach", about: "do not watch it" },
    { flags: "--list", about: "what was run lately, and what runs" },
    { flags: "--stop <id>", about: "end one that runs" },
  ],
  examples: [
    "tidemill run web -- npm run migrate",
    "tidemill run web-2 'ls -l | head'",
    "tidemill run --list",
    "tidemill run --stop 3",
  ],
  async run(context, given) {
    const client = context.client();
    if (isGiven(given, "list")) return showList(context, client);
    if (valueOf(given, "stop") !== null) return stop(context, client, given);
    const [where = "", ...words] = given.words;
    if (where === "" || words.length === 0) {
      const next = "tidemill run web -- npm run migrate";
      throw usageError("run needs a role or machine, and a command", next);
    }
    const command = words.length === 1 ? (words[0] ?? "") : words.map(quote).join(" ");
    const timeoutMs = durationOf(given, "limit") ?? LIMIT_MS;
    const begun = await client.beginOneOff({ where, run: command, timeoutMs });
    context.output.progress(`run ${begun.id} on ${begun.machine}`);
    if (isGiven(given, "detach")) return tell(context, begun);
    return tell(context, await followOneOff(context, client, begun));
  },
};

function tell({ output }: Context, oneOff: OneOff): ExitCode {
  output.result({ run: oneOff }, []);
  if (oneOff.state === "running" || oneOff.state === "done") return exitCodes.done;
  const code = oneOff.exitCode === null ? "" : ` with exit code ${oneOff.exitCode}`;
  output.progress(`run ${oneOff.id} ${oneOff.state}${code}`);
  return exitCodes.failed;
}

async function stop(context: Context, client: Client, given: Given): Promise<ExitCode> {
  const id = countOf(given, "stop", 0, 999_999_999);
  const stopped = await client.stopOneOff(id);
  context.output.result({ run: stopped }, [`run ${id} on ${stopped.machine} is ended`]);
  return exitCodes.done;
}

async function showList({ output }: Context, client: Client): Promise<ExitCode> {
  const runs = (await client.oneOffs()).toReversed();
  const lines = runs.length === 0 ? ["Nothing was run yet"] : renderTable(columns, runs.map(rowOf));
  output.result({ runs }, lines);
  return exitCodes.done;
}

function rowOf(oneOff: OneOff): readonly string[] {
  const { id, by, machine, state, exitCode, startedAt, finishedAt } = oneOff;
  const shownState = exitCode === null || exitCode === 0 ? state : `${state} ${exitCode}`;
  const took = finishedAt === null ? "-" : formatDuration(finishedAt - startedAt);
  const command = oneOff.run.replaceAll(/\s+/g, " ").slice(0, COMMAND_CHARS);
  return [String(id), momentOf(startedAt), by, machine, shownState, took, command];
}

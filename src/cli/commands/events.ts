import type { SiteEvents } from "../client.ts";
import type { Command } from "../command.ts";
import { isGiven } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { follow } from "../feed.ts";
import { countOf } from "../given-values.ts";
import { momentOf } from "../moment.ts";

const COUNT_DEFAULT = 50;
const COUNT_MAX = 5_000;
const KIND_WIDTH = 11;
const SUBJECT_WIDTH = 12;

/** What was done and why. */
export const events: Command = {
  name: "events",
  summary: "Show what was done and why, oldest first",
  details: null,
  words: [{ form: "[subject]", about: "only of this machine, role or deploy" }],
  options: [
    { flags: "-f, --follow", about: "go on with what comes" },
    { flags: "-n, --lines <count>", about: `how many of the past (default: ${COUNT_DEFAULT})` },
  ],
  examples: ["tidemill events", "tidemill events -f", "tidemill events web-2 -n 10"],
  async run(context, given) {
    const { output } = context;
    const client = context.client();
    const [subject = null] = given.words;
    const limit = countOf(given, "lines", COUNT_DEFAULT, COUNT_MAX);
    const isWanted = (event: Row): boolean => subject === null || event.subject === subject;
    const past = await client.events({
      after: 0,
      limit: subject === null ? limit : COUNT_MAX,
      waitMs: 0,
    });
    const rows = past.toSorted((a, b) => a.number - b.number);
    const shown = rows.filter(isWanted).slice(-limit);
    if (!isGiven(given, "follow")) {
      output.result({ events: shown }, shown.map(renderEvent));
      return exitCodes.done;
    }
    const show = (event: Row): void => {
      if (isWanted(event)) output.result({ event }, [renderEvent(event)]);
    };
    shown.forEach(show);
    return follow({ read: (page) => client.events(page), show }, rows.at(-1)?.number ?? 0);
  },
};

type Row = SiteEvents[number];

function renderEvent({ at, kind, subject, reason }: Row): string {
  return `${momentOf(at)}  ${kind.padEnd(KIND_WIDTH)} ${subject.padEnd(SUBJECT_WIDTH)} ${reason}`;
}

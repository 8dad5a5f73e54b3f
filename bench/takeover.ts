/** The controller that leads is killed, frozen, or cut off from the database, in the middle of a deploy or of scaling. */
import { readdirSync } from "node:fs";
import { ask } from "../test/harness/postgres.ts";
import { processesOf } from "../test/harness/processes.ts";
import { createSharedSite } from "../test/harness/shared-site.ts";
import type { SharedController, SharedSite } from "../test/harness/shared-site.ts";
import { until } from "../test/harness/until.ts";
import { count, machine, percentile } from "./report.ts";
import { isAllServing, siteFile, startCrowd } from "./site.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 4);

interface Case {
  readonly name: string;
  readonly hit: (leader: SharedController) => void;
  /** Brings it back, as one that stands by. */
  readonly heal: (shared: SharedSite, former: SharedController) => Promise<unknown>;
}

const cases: readonly Case[] = [
  {
    name: "killed",
    hit: ({ pid }) => process.kill(pid, "SIGKILL"),
    heal: (shared) => shared.startController(),
  },
  {
    name: "frozen",
    hit: ({ pid }) => process.kill(pid, "SIGSTOP"),
    heal(_shared, former) {
      process.kill(former.pid, "SIGCONT");
      return until("it stands by", () => standsBy(former), 15_000);
    },
  },
  {
    name: "cutOff",
    hit: ({ wire }) => wire.cut(),
    heal(_shared, former) {
      former.wire.mend();
      return until("it stands by", () => standsBy(former), 15_000);
    },
  },
];

export async function run(): Promise<object> {
  const shared = await createSharedSite((port) => siteFile(port, { web: "machines: 2..4" }));
  try {
    const { site } = shared;
    await shared.startController();
    await site.apply();
    await site.until(isAllServing, "the site is up", 60_000);
    await shared.startController();
    const load = startCrowd(site, { keepAlive: 8, fresh: 2, post: 2, long: 2 });
    const measured: Record<string, object> = {};
    for (const one of cases.filter(({ name }) => (process.env["CASES"] ?? name).includes(name)))
      measured[one.name] = await measure(shared, one);
    const visits = count(await load.stop());
    return {
      bench: "takeover",
      ...measured,
      ...(await conflicts(shared)),
      ...visits,
      ...machine(),
    };
  } finally {
    await shared.dispose();
  }
}

async function measure(shared: SharedSite, { name, hit, heal }: Case): Promise<object> {
  const leads: number[] = [];
  const acts: number[] = [];
  const settles: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const former = shared.leader();
    if (former === null) throw new Error("nobody leads");
    const finished = await begin(shared, round);
    const [last] = await ask<{ number: number }>(
      shared.databaseUrl,
      "select coalesce(max(number), 0) as number from event",
    );
    const hitAt = Date.now();
    hit(former);
    const lead = await firstEvent(shared, last?.number ?? 0, "kind = 'lead'");
    leads.push((lead.at - hitAt) / 1000);
    const act = await firstEvent(shared, lead.number, "kind <> 'lead'");
    acts.push((act.at - hitAt) / 1000);
    await until("its address is told", () => ![null, former].includes(shared.leader()), 5_000);
    await finished();
    await shared.site.until(isAllServing, "all serves", 60_000);
    settles.push((Date.now() - hitAt) / 1000);
    await heal(shared, former);
    const words = `leads after ${leads.at(-1)} s, acts after ${acts.at(-1)} s: ${act.what}`;
    process.stderr.write(`${name}: ${words}\n`);
  }
  return {
    rounds: ROUNDS,
    leadsSecondsMedian: percentile(leads, 0.5),
    leadsSecondsMax: Math.max(...leads),
    actsSecondsMedian: percentile(acts, 0.5),
    actsSecondsMax: Math.max(...acts),
    doneSecondsMax: Math.max(...settles),
  };
}

/** Something for the next leader to finish: a deploy and scaling in turn. */
async function begin(shared: SharedSite, round: number): Promise<() => Promise<void>> {
  const { site } = shared;
  if (round % 2 === 0) {
    site.writeApplication(`v${process.hrtime.bigint()}`);
    const deploy = await site.apply();
    if (deploy === null) throw new Error("no deploy began");
    return async () => {
      const state = await site.deployEnded(deploy);
      if (state !== "done") throw new Error(`deploy ${deploy} is ${state}`);
    };
  }
  const web = (await site.status()).roles.find(({ role }) => role === "web");
  const machines = web?.target === 4 ? 2 : 4;
  await site.call("POST", "/v1/roles/web/scale", { kind: "pin", machines, forMs: null });
  return () => Promise.resolve();
}

interface FoundEvent {
  readonly number: number;
  readonly at: number;
  readonly what: string;
}

async function firstEvent(
  { databaseUrl }: SharedSite,
  after: number,
  which: string,
): Promise<FoundEvent> {
  const text = `select number, at, kind || ' ' || subject || ', ' || reason as what from event where number > ${after} and ${which} order by number limit 1`;
  const found = async () => (await ask<FoundEvent>(databaseUrl, text))[0];
  return until(`an event: ${which}`, found, 30_000);
}

/** What two leaders at once would leave behind. */
async function conflicts({ site, databaseUrl }: SharedSite): Promise<object> {
  const known = (await site.status()).machines.map(({ machine }) => machine);
  const agents = processesOf(site)
    .filter(({ command }) => command.includes("tidemill.mjs agent"))
    .map(({ machine }) => machine);
  // An action is planned again only where its effect has not happened: then nothing of it is there twice.
  const text = `select kind, subject, count(*) as count, string_agg(reason, ' | ') as reasons from event
    where kind in ('launch', 'finish', 'terminate') group by kind, subject having count(*) > 1`;
  const repeated = await ask<{ kind: string; subject: string; reasons: string }>(databaseUrl, text);
  for (const { kind, subject, reasons } of repeated) {
    process.stderr.write(`${kind} ${subject} again: ${reasons}\n`);
  }
  return {
    duplicates: agents.length - new Set(agents).size,
    plannedAgain: repeated.length,
    orphans: readdirSync(`${site.state}/machines`).filter((name) => !known.includes(name)).length,
    missing: known.filter((name) => !agents.includes(name)).length,
  };
}

function standsBy(controller: SharedController): boolean {
  return /leads no more(?!.*leads, epoch).*stands by at http/s.test(controller.log());
}

/** The load steps up 50 times within a second: how soon is it decided, how soon does a new machine answer? */
import { get } from "node:http";
import type { TestSite } from "../test/harness/site.ts";
import { machine, percentile } from "./report.ts";
import { startCrowd, withSite } from "./site.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
const BASE = 2;
const FACTOR = 50;
/** What a request takes: long enough that requests in flight, not CPU, are what grows. */
const REQUEST_MS = 100;

interface Spike {
  readonly decisionSeconds: number;
  readonly answerSeconds: number;
}

export async function run(): Promise<object> {
  const spikes: Spike[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const spike = await withSite({ web: "machines: 1..4" }, spikeOnce);
    process.stderr.write(`${JSON.stringify(spike)}\n`);
    spikes.push(spike);
  }
  const decisions = spikes.map((spike) => spike.decisionSeconds);
  const answers = spikes.map((spike) => spike.answerSeconds);
  return {
    bench: "spike",
    factor: FACTOR,
    rounds: ROUNDS,
    answerSecondsMedian: percentile(answers, 0.5),
    answerSecondsMax: Math.max(...answers),
    decisionSecondsMedian: percentile(decisions, 0.5),
    decisionSecondsMax: Math.max(...decisions),
    ...machine(),
  };
}

async function spikeOnce(site: TestSite): Promise<Spike> {
  const base = { keepAlive: 0, fresh: 0, post: 0, long: BASE };
  const calm = startCrowd(site, base, REQUEST_MS);
  // The steady state before the step: some figures on record, no wish to grow.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const steppedAt = Date.now();
  const crowd = startCrowd(site, { ...base, long: BASE * (FACTOR - 1) }, REQUEST_MS);
  const answeredAt = await firstAnswerOfNewMachine(site);
  const { events } = await site.call<{ events: readonly { at: number; kind: string }[] }>(
    "GET",
    "/v1/events?subject=web&limit=20",
  );
  const decided = events.filter((event) => event.kind === "scale" && event.at >= steppedAt);
  const decidedAt = Math.min(...decided.map((event) => event.at));
  await crowd.stop();
  await calm.stop();
  return {
    decisionSeconds: (decidedAt - steppedAt) / 1000,
    answerSeconds: (answeredAt - steppedAt) / 1000,
  };
}

const SEARCH_MS = 20_000;

async function firstAnswerOfNewMachine(site: TestSite): Promise<number> {
  const until = Date.now() + SEARCH_MS;
  while (Date.now() < until) {
    const text = await ask(site.url);
    if (text.startsWith("web-") && !text.startsWith("web-1 ")) return Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`no new machine answered within ${SEARCH_MS} ms`);
}

function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve(text));
    }).on("error", reject);
  });
}

/** Stories of a site whose controller is killed at a step of its own, and what may be left of that in the end: nothing. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { stateDirectory } from "../../src/ports/state-directory.ts";
import { processesOf } from "./processes.ts";
import type { TestSite } from "./site.ts";
import { until } from "./until.ts";

export const storyNames = ["launch", "deploy", "scale-in"] as const;
export type StoryName = (typeof storyNames)[number];

/** No step of a story has this name: the controller only tells its steps. */
export const NOWHERE = "nowhere";

const LOW = 2;
const HIGH = 3;
const STORY_MS = 60_000;
const REPEATS_MAX = 5;
/** What ends by itself has ended by then: processes that were told to, archives that nobody needs. */
const SETTLE_MS = 10_000;

export const crashSiteFile = (port: number): string => `site: crash
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, machines: ${LOW}..${HIGH}, deploy: { batch: 2 } }
`;

export interface Ending {
  /** Whether the controller died where it should. */
  readonly hasDied: boolean;
  readonly steps: readonly string[];
}

export interface Leftovers {
  readonly orphans: readonly string[];
  readonly duplicates: readonly string[];
  readonly lost: readonly string[];
}

/** Tells the story with a controller that dies at the step, and ends it well with another one. */
export async function tellStory(
  site: TestSite,
  name: StoryName,
  step: string,
  version: string,
): Promise<Ending> {
  await setScene(site, name);
  await restart(site, step);
  const log = stepLog(site);
  if (name === "deploy") site.writeApplication(version);
  const failure = await finish(site, name, version).catch((cause: unknown) => cause);
  // The last step may be its last act, and its end is heard of after its silence.
  const hasDied = await until("it died", () => !site.isControllerAlive(), 300).catch(() => false);
  if (!hasDied && failure !== undefined) throw failure;
  const steps = log.read();
  if (hasDied) await site.startController();
  await finish(site, name, version);
  return { hasDied, steps };
}

/** How many steps a story has depends on how many machines it begins with. */
async function setScene(site: TestSite, name: StoryName): Promise<void> {
  const machines = name === "launch" ? LOW : HIGH;
  const web = (await site.status()).roles.find(({ role }) => role === "web");
  if (web?.target === machines) return;
  // This controller may still wait for a step at which it dies.
  await restart(site, NOWHERE);
  await pin(site, machines);
}

async function restart(site: TestSite, step: string): Promise<void> {
  process.kill(site.controllerPid(), "SIGKILL");
  await until("the controller is gone", () => !site.isControllerAlive(), 5_000);
  await site.startController({ TIDEMILL_CRASH_AT: step });
  await site.until(isAllServing, "all serves", STORY_MS);
}

function isAllServing({ roles }: Awaited<ReturnType<TestSite["status"]>>): boolean {
  return roles.every((role) => role.serving === role.target && role.machines === role.target);
}

/** Says the wish, again if need be: whoever wished did not hear whether it was heard. */
async function finish(site: TestSite, name: StoryName, version: string): Promise<void> {
  if (name === "deploy") return finishDeploy(site, version);
  await pin(site, name === "launch" ? HIGH : LOW);
}

async function pin(site: TestSite, machines: number): Promise<void> {
  await site.call("POST", "/v1/roles/web/scale", { kind: "pin", machines, forMs: null });
  await untilAlive(site, `${machines} machines serve`, async () => {
    const status = await site.status();
    const web = status.roles.find(({ role }) => role === "web");
    return web?.target === machines && isAllServing(status);
  });
}

async function finishDeploy(site: TestSite, version: string): Promise<void> {
  for (let times = 0; times < REPEATS_MAX; times++) {
    const state = await lastDeployEnded(site);
    if (state === "done" && (await serves(site, version))) return;
    const deploy = await site.apply();
    if (deploy === null || (await lastDeployEnded(site)) === "done") {
      return untilAlive(site, `${version} serves`, () => serves(site, version));
    }
  }
  throw new Error(`${version} was not deployed in ${REPEATS_MAX} times`);
}

async function lastDeployEnded(site: TestSite): Promise<string> {
  let state = "";
  await untilAlive(site, "no deploy is under way", async () => {
    state = (await site.status()).deploy?.state ?? "none";
    return state !== "running" && state !== "reverting";
  });
  return state;
}

/** A controller that has died will answer nothing for as long as one waits. */
async function untilAlive(
  site: TestSite,
  what: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  await until(
    what,
    async () => {
      if (!site.isControllerAlive()) throw new Error(`the controller died before ${what}`);
      return isSo();
    },
    STORY_MS,
  );
}

async function serves(site: TestSite, version: string): Promise<boolean> {
  if (!isAllServing(await site.status())) return false;
  const asked = Array.from({ length: 2 * HIGH }, async () => (await fetch(site.url)).text());
  return (await Promise.all(asked)).every((text) => text.endsWith(` ${version}`));
}

/** Reads the steps that the controller tells from now on. */
function stepLog(site: TestSite): { read(): readonly string[] } {
  const path = join(stateDirectory(site.state).logs, "controller.log");
  const { size } = statSync(path);
  return {
    read: () =>
      [
        ...readFileSync(path)
          .subarray(size)
          .toString()
          .matchAll(/^crash point: (.*)$/gm),
      ].map(([, step = ""]) => step),
  };
}

/** What is still not as it should be when all that ends by itself has ended. */
export async function leftoversOf(site: TestSite): Promise<Leftovers> {
  let found = findLeftovers(site);
  const isClean = (): boolean => {
    found = findLeftovers(site);
    return [found.orphans, found.duplicates, found.lost].every((list) => list.length === 0);
  };
  await until("nothing is left over", isClean, SETTLE_MS).catch(() => undefined);
  return found;
}

interface Row {
  readonly [column: string]: unknown;
}

function findLeftovers(site: TestSite): Leftovers {
  const places = stateDirectory(site.state);
  const database = new DatabaseSync(places.database, { readOnly: true });
  const ask = (sql: string): readonly string[] =>
    (database.prepare(sql).all() as Row[]).map((row) => Object.values(row).join(" "));
  const known = ask("select name from machine");
  const releases = ask("select id from release");
  const archives = readdirSync(places.releases);
  const processes = processesOf(site);
  const agents = processes.filter(({ command }) => command.includes("tidemill.mjs agent"));
  const applications = processes.filter(({ command }) => /node server\.js/.test(command));
  const directories = readdirSync(join(site.state, "machines"));
  const leftovers: Leftovers = {
    orphans: [
      ...directories.filter((name) => !known.includes(name)),
      ...processes.filter(({ machine }) => !known.includes(machine)).map((it) => it.command),
      ...archives.filter((name) => !releases.includes(name.replace(/\.tar\.gz$/, ""))),
      ...ask("select machine from server where machine not in (select name from machine)"),
    ],
    duplicates: [
      ...twice(agents.map(({ machine }) => `agent of ${machine}`)),
      ...twice(applications.map(({ machine }) => `application of ${machine}`)),
      ...twice(ask("select machine, role, instance from server")),
      ...twice(ask("select 'ended', subject from event where kind = 'finish'")),
    ],
    lost: [
      ...known.filter((name) => !directories.includes(name)),
      ...known.filter((name) => !agents.some(({ machine }) => machine === name)),
      ...ask("select 'server', id, state from server where state <> 'ready'"),
      ...ask("select 'deploy', id, state from deploy where state not in ('done', 'reverted')"),
      ...releases.filter((id) => !existsSync(join(places.releases, `${id}.tar.gz`))),
    ],
  };
  database.close();
  return leftovers;
}

function twice(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) < index);
}

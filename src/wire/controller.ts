import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { realpathSync, renameSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSystemClock } from "../adapters/clock/clock.ts";
import { fenceProvider } from "../adapters/fence/fence.ts";
import { openPostgresInventory } from "../adapters/inventory/postgres.ts";
import { openSqliteInventory } from "../adapters/inventory/sqlite.ts";
import { takeLock } from "../adapters/lock/lock.ts";
import { firstFreePort } from "../adapters/process/free-port.ts";
import { createProcessTable } from "../adapters/process/process-table.ts";
import { createReleaseStore } from "../adapters/release/release-store.ts";
import { createSeal } from "../adapters/seal/seal.ts";
import type { AgentServer } from "../adapters/websocket/agent-server.ts";
import { createApi } from "../api/app.ts";
import { createController } from "../controller/controller.ts";
import type { Controller } from "../controller/controller.ts";
import type { Term } from "../controller/leadership.ts";
import { createLogBook } from "../controller/log-book.ts";
import { removeStrayReleases } from "../controller/stray-releases.ts";
import type { Effect } from "../core/action.ts";
import type { SiteEvent } from "../core/inventory.ts";
import type { OpenInventory } from "../ports/access-records.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { LaunchOrder, Provider } from "../ports/provider.ts";
import { stateDirectory } from "../ports/state-directory.ts";
import type { ControllerAddress, StateDirectory } from "../ports/state-directory.ts";
import { openAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { crashPoints } from "./crash-points.ts";
import { openAgentsEntry } from "./agents.ts";
import type { AgentsEntry } from "./agents.ts";
import { openDrills } from "./drills.ts";
import { lastDoorPort, listenAddress, listenForPeople } from "./listen.ts";
import { readMachineHome } from "./machine-home.ts";
import type { MachineHome } from "./machine-home.ts";
import { takePosts } from "./posts.ts";
import { processUserOf } from "./process-user.ts";
import type { Posts } from "./posts.ts";
import { objectionTo, openSiteProvider } from "./provider.ts";
import type { SiteProviderOptions } from "./provider.ts";
import { readDatabaseUrl, serveInTurn } from "./standby.ts";
import { readVersion } from "./version.ts";

const FIRST_BALANCER_PORT = 8080;
const PORTS_TRIED = 200;
/** A controller of a site that is down waits this long for an `up`, then ends. */
const IDLE_MS = 30_000;
/** Long enough for whoever took the site down to see that it is. */
const FAREWELL_MS = 1_000;
/** Of our environment, what the agents get. */
const passedOn = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/** The controller of the site whose state is in this directory, until SIGTERM, SIGINT, or the site is down. */
export async function runControllerProcess(directory: string): Promise<void> {
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  process.once("SIGINT", () => stop.abort());
  mkdirSync(join(directory, "inventory"), { recursive: true, mode: 0o700 });
  const places = stateDirectory(realpathSync(directory));
  const home = readMachineHome(places);
  mkdirSync(home.runtimeDirectory, { recursive: true, mode: 0o700 });
  try {
    await serveSite({ places, home }, stop);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    say(cause.message);
    process.exitCode = 1;
  }
  removeIfEmpty(home.runtimeDirectory);
  process.exit(process.exitCode);
}

interface Site {
  readonly places: StateDirectory;
  readonly home: MachineHome;
}

/** What a controller leads with. */
interface Office {
  readonly inventory: OpenInventory;
  readonly epoch: number;
  /** Null: it listens on the site's last ports, or any that are free. */
  readonly posts: Posts | null;
  /** Null: no other controller can there be. */
  readonly term: Term | null;
  /** Where agents may call, whoever leads. */
  readonly onMembers: (listener: (agentUrls: readonly string[]) => void) => void;
}

async function serveSite(site: Site, stop: AbortController): Promise<void> {
  const databaseUrl = readDatabaseUrl(site.places, process.env["TIDEMILL_DATABASE_URL"]);
  if (databaseUrl === null) await serveAlone(site, stop);
  else await serveShared(site, databaseUrl, stop);
}

/** One SQLite file has one controller: the system's lock keeps others away. */
async function serveAlone(site: Site, stop: AbortController): Promise<void> {
  const lockPath = join(site.home.runtimeDirectory, "controller.sock");
  const lock = await takeLock(lockPath);
  if (lock === null) {
    say("another controller runs this site already");
    process.exitCode = 5;
    return;
  }
  const inventory = await openSqliteInventory(site.places.database, newStickyKey());
  const { epoch } = inventory;
  await serve(
    site,
    { inventory, epoch, posts: null, term: null, onMembers: () => undefined },
    stop,
  );
  lock.release();
  rmSync(lockPath, { force: true });
}

/** Several controllers share a database: this one leads when it has the lease. */
async function serveShared(site: Site, databaseUrl: string, stop: AbortController): Promise<void> {
  const posts = await takePosts(site.places);
  await posts.hold();
  const { ports } = posts;
  const url = `http://127.0.0.1:${ports.api}`;
  const shared = {
    databaseUrl,
    url,
    agentUrl: `wss://127.0.0.1:${ports.door}/v1/agent`,
    clock: createSystemClock(),
    onFollow: (leaderUrl: string | null) => posts.follow(leaderUrl),
    say,
  };
  const lead: Parameters<typeof serveInTurn>[1] = async (term, onMembers) => {
    const inventory = await openPostgresInventory(databaseUrl, newStickyKey(), term);
    const own = new AbortController();
    const end = (): void => own.abort();
    term.signal.addEventListener("abort", end, { once: true });
    if (term.signal.aborted) end();
    await inventory.commit([], [eventOfTerm(term, url)]);
    try {
      await serve(site, { inventory, epoch: term.epoch, posts, term, onMembers }, own);
    } finally {
      await posts.hold();
    }
  };
  await serveInTurn(shared, lead, stop.signal);
}

function eventOfTerm({ epoch, isTakeover }: Term, url: string): SiteEvent {
  const why = isTakeover ? "the one before let go or was not heard of in time" : "nobody led";
  const reason = `${url} leads in epoch ${epoch}: ${why}`;
  return { at: Date.now(), kind: "lead", subject: "controller", reason };
}

function newStickyKey(): string {
  return randomBytes(24).toString("hex");
}

function epochsIn(home: MachineHome): string {
  return join(home.root, "epochs");
}

async function serve({ places, home }: Site, office: Office, stop: AbortController): Promise<void> {
  const { term, epoch } = office;
  const points = crashPoints(process.env["TIDEMILL_CRASH_AT"]);
  const inventory = points.inventory(office.inventory);
  const clock = createSystemClock();
  const seal = await createSeal(places.sealKey);
  const releases = points.releases(createReleaseStore(places.releases));
  await removeStrayReleases(releases, inventory).catch(sayFailure);
  const access = await openAccess({
    siteId: home.siteId,
    inventory,
    records: inventory.access,
    seal,
    clock,
    localToken: readToken(places.token),
  });
  writeFileSync(places.authority, access.authority.certificate);
  const port = office.posts?.ports.door ?? null;
  const formerPort = lastDoorPort(places);
  const entry = await openAgentsEntry({ access, clock, releases, places, port });
  const { agents, controllerUrl } = entry;
  const wanted = () => inventory.state().settings.site?.provider ?? "local";
  const machines = openProvider(home, { wanted, openDoor: (host) => entry.openAt(host) });
  const provider = points.provider(fenceProvider(machines, epochsIn(home), epoch));
  const version = readVersion();
  const logBook = createLogBook();
  agents.onLines((lines) => logBook.add(lines));
  const orderFor = ordersFor(access, controllerUrl);
  const controller = createController({
    inventory,
    provider,
    agents,
    releases,
    clock,
    openSecret: (sealed) => seal.open(sealed),
    orderFor,
    ...(term === null ? {} : { tenure: term }),
  });
  const standbys = followMembers(office, controllerUrl, agents);
  const api = createApi({
    controller,
    drills: openDrills({ siteId: home.siteId, wanted }, { controller, clock, epoch, standbys }),
    inventory,
    releases,
    logBook,
    clock,
    seal,
    version,
    tokens: access.tokens,
    failures: access.failures,
    records: access.records,
    objectionTo,
    chooseBalancerPort: (host) => firstFreePort(host, FIRST_BALANCER_PORT, PORTS_TRIED),
  });
  const listen = listenAddress(places);
  const people = { access, clock, places, listen, port: office.posts?.ports.api ?? null };
  const { server, url } = await listenForPeople(api.fetch, people);
  await office.posts?.leave();
  endWhenDown(controller, inventory, term?.isTakeover === true ? FAREWELL_MS : IDLE_MS, stop);
  if (formerPort !== lastDoorPort(places)) {
    void tellMachines(inventory, provider, orderFor, stop.signal);
  }
  writeAddress(places.controller, { url, pid: process.pid, version });
  await controller.run(stop.signal);
  removeAddress(places.controller);
  await office.posts?.hold();
  hangUp(entry, server);
  if (inventory.state().settings.phase === "down") tidy(home);
  await inventory.close();
}

/** Agents hear of every controller; the answer counts those beside this one. */
function followMembers(
  office: Pick<Office, "onMembers">,
  controllerUrl: string,
  agents: AgentServer,
): () => number {
  let standbys = 0;
  office.onMembers((urls) => {
    const all = [...new Set([controllerUrl, ...urls])];
    standbys = all.length - 1;
    agents.tellControllers(all);
  });
  return () => standbys;
}

/** Of a site that is down. While there are machines, former controllers are kept from them. */
function tidy(home: MachineHome): void {
  const machines = join(home.root, "machines");
  removeIfEmpty(machines);
  removeIfEmpty(join(home.root, "slots"));
  if (!existsSync(machines)) rmSync(epochsIn(home), { recursive: true, force: true });
}

type MachineOrder = Extract<Effect, { kind: "launch" }>;

function ordersFor(
  { registrar, authority }: Access,
  controllerUrl: string,
): (machine: MachineOrder) => Promise<LaunchOrder> {
  return async ({ machine, role, number }) => ({
    name: machine,
    role,
    number,
    token: await registrar.invite(machine, role),
    controllerUrl,
    authority: authority.certificate,
  });
}

/** Machines that were made when the controller had another address read of the new one where they look for it. */
async function tellMachines(
  inventory: Inventory,
  provider: Provider,
  orderFor: (machine: MachineOrder) => Promise<LaunchOrder>,
  signal: AbortSignal,
): Promise<void> {
  for (const { name, role, number, state } of inventory.state().machines.values()) {
    // One that is launching may have been made a moment ago, by a leader that has told us nothing since.
    if (state === "terminating") continue;
    try {
      const order = await orderFor({ kind: "launch", machine: name, role, number });
      await provider.launch(order, signal);
    } catch (cause) {
      sayFailure(cause);
    }
  }
}

function openProvider(
  home: MachineHome,
  site: Pick<SiteProviderOptions, "wanted" | "openDoor">,
): Provider {
  const env = passedOn.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
  return openSiteProvider({
    ...site,
    directory: home.root,
    runtimeDirectory: home.runtimeDirectory,
    agentCommand: [process.execPath, existsSync(program) ? program : builtProgram(), "agent"],
    siteId: home.siteId,
    env: Object.fromEntries(env),
    processes: createProcessTable(),
    processUser: processUserOf(home.siteId),
  });
}

function builtProgram(): string {
  return fileURLToPath(new URL("../../../bin/tidemill.mjs", import.meta.url));
}

function readToken(path: string): string {
  if (!existsSync(path)) {
    writeFileSync(path, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  }
  chmodSync(path, 0o600);
  return readFileSync(path, "utf8").trim();
}

/** Readers see the whole file or none. */
function writeAddress(path: string, address: ControllerAddress): void {
  const draft = `${path}.new`;
  writeFileSync(draft, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** Another leader may have written its own by now. */
function removeAddress(path: string): void {
  if (!existsSync(path)) return;
  const { pid } = JSON.parse(readFileSync(path, "utf8")) as ControllerAddress;
  if (pid === process.pid) rmSync(path, { force: true });
}

function endWhenDown(
  controller: Controller,
  inventory: Inventory,
  idleMs: number,
  stop: AbortController,
): void {
  const first = inventory.state().settings;
  let emptySince: number | null = null;
  controller.onTick(() => {
    const { settings, machines } = inventory.state();
    const provided = controller.observe().provider?.machines.size ?? 1;
    const isDone = settings.phase === "down" && machines.size === 0 && provided === 0;
    emptySince = isDone ? (emptySince ?? Date.now()) : null;
    if (emptySince === null) return;
    // Started for a site that is down already: somebody is about to say what for.
    const isUnasked = settings === first;
    if (Date.now() - emptySince > (isUnasked ? idleMs : FAREWELL_MS)) stop.abort();
  });
}

function hangUp(entry: AgentsEntry, server: Server): void {
  entry.close();
  server.closeAllConnections();
  server.close();
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Something of a living machine is in it, or it is not there.
  }
}

/** Of what can be done without. */
function sayFailure(cause: unknown): void {
  if (!(cause instanceof Failure)) throw cause;
  say(cause.message);
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

import type { Server } from "node:http";
import { fenceProvider } from "../adapters/fence/fence.ts";
import { firstFreePort } from "../adapters/process/free-port.ts";
import { createReleaseStore } from "../adapters/release/release-store.ts";
import { createSeal } from "../adapters/seal/seal.ts";
import type { AgentServer } from "../adapters/websocket/agent-server.ts";
import { createApi } from "../api/app.ts";
import { createController } from "../controller/controller.ts";
import type { Controller } from "../controller/controller.ts";
import type { OrderFor } from "../controller/effects.ts";
import type { Term } from "../controller/leadership.ts";
import { createLogBook } from "../controller/log-book.ts";
import type { LogBook } from "../controller/log-book.ts";
import { removeStrayReleases } from "../controller/stray-releases.ts";
import type { ProviderName } from "../core/desired.ts";
import type { OpenInventory } from "../ports/access-records.ts";
import type { Clock } from "../ports/clock.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Provider } from "../ports/provider.ts";
import type { ReleaseStore } from "../ports/releases.ts";
import type { Seal } from "../ports/seal.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { openAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { openAgentsEntry } from "./agents.ts";
import type { AgentsEntry } from "./agents.ts";
import { readToken, removeAddress, writeAddress } from "./controller-files.ts";
import { crashPoints } from "./crash-points.ts";
import { openDrills } from "./drills.ts";
import { writeKept } from "./kept-file.ts";
import { lastDoorPort, listenAddress, listenForPeople } from "./listen.ts";
import type { ApiServer } from "./listen.ts";
import { epochsIn, tidy } from "./machine-home.ts";
import type { MachineHome } from "./machine-home.ts";
import { ordersFor, tellMachines } from "./machine-orders.ts";

import type { Posts } from "./posts.ts";
import { objectionTo, openSiteProvider } from "./provider.ts";
import { sayFailure } from "./say.ts";
import { readVersion } from "./version.ts";

const FIRST_BALANCER_PORT = 8080;
const PORTS_TRIED = 200;
/** A controller of a site that is down waits this long for an `up`, then ends. */
const IDLE_MS = 30_000;
/** Long enough for whoever took the site down to see that it is. */
const FAREWELL_MS = 1_000;

export interface Site {
  readonly places: StateDirectory;
  readonly home: MachineHome;
  readonly clock: Clock;
}

/** What a controller leads with. */
export interface Office {
  readonly inventory: OpenInventory;
  readonly epoch: number;
  /** Null: it listens on the site's last ports, or any that are free. */
  readonly posts: Posts | null;
  /** Null: no other controller can there be. */
  readonly term: Term | null;
  /** Where agents may call, whoever leads. */
  readonly onMembers: (listener: (agentUrls: readonly string[]) => void) => void;
}

/** Runs the site until `stop` aborts or the site is down and nobody wants it up. Leaves the inventory open. */
export async function serve(site: Site, office: Office, stop: AbortController): Promise<void> {
  const { places, home } = site;
  const formerPort = lastDoorPort(places);
  const desk = await openDesk(site, office);
  const { inventory, controller, entry } = desk;
  const { server, url } = await listen(site, office, desk);
  await office.posts?.leave();
  const idleMs = office.term?.isTakeover === true ? FAREWELL_MS : IDLE_MS;
  endWhenDown(desk, site.clock, idleMs, stop);
  if (formerPort !== lastDoorPort(places)) {
    void tellMachines(inventory, desk.provider, desk.orderFor, stop.signal);
  }
  writeAddress(places.controller, { url, pid: process.pid, version: readVersion() });
  await controller.run(stop.signal);
  removeAddress(places.controller);
  await office.posts?.hold();
  hangUp(entry, server);
  if (inventory.state().settings.phase === "down") tidy(home);
}

/** All that a leading controller works with. */
interface Desk {
  readonly inventory: OpenInventory;
  readonly seal: Seal;
  readonly releases: ReleaseStore;
  readonly access: Access;
  readonly entry: AgentsEntry;
  readonly provider: Provider;
  readonly wanted: () => ProviderName;
  readonly orderFor: OrderFor;
  readonly controller: Controller;
  readonly logBook: LogBook;
  /** Controllers beside this one. */
  readonly standbys: () => number;
}

async function openDesk({ places, home, clock }: Site, office: Office): Promise<Desk> {
  const points = crashPoints(process.env["TIDEMILL_CRASH_AT"]);
  const inventory = points.inventory(office.inventory);
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
  writeKept(places.authority, access.authority.certificate);
  const port = office.posts?.ports.door ?? null;
  const entry = await openAgentsEntry({ access, clock, releases, places, port });
  const { agents, controllerUrl } = entry;
  const wanted = (): ProviderName => inventory.state().settings.site?.provider ?? "local";
  const machines = openSiteProvider(home, { wanted, openDoor: (host) => entry.openAt(host) });
  const provider = points.provider(fenceProvider(machines, epochsIn(home), office.epoch));
  const logBook = createLogBook();
  agents.onLines((lines) => logBook.add(lines));
  const orderFor = ordersFor(access, inventory, controllerUrl);
  const controller = createController({
    inventory,
    provider,
    agents,
    releases,
    clock,
    openSecret: (sealed) => seal.open(sealed),
    orderFor,
    ...(office.term === null ? {} : { tenure: office.term }),
  });
  const standbys = followMembers(office, controllerUrl, agents);
  return {
    inventory,
    seal,
    releases,
    access,
    entry,
    provider,
    wanted,
    orderFor,
    controller,
    logBook,
    standbys,
  };
}

async function listen(
  { places, home, clock }: Site,
  { epoch, posts }: Office,
  desk: Desk,
): Promise<ApiServer> {
  const { access, controller, standbys, wanted } = desk;
  const api = createApi({
    controller,
    drills: openDrills({ siteId: home.siteId, wanted }, { controller, clock, epoch, standbys }),
    inventory: desk.inventory,
    releases: desk.releases,
    logBook: desk.logBook,
    clock,
    seal: desk.seal,
    version: readVersion(),
    tokens: access.tokens,
    failures: access.failures,
    records: access.records,
    objectionTo,
    chooseBalancerPort: (host) => firstFreePort(host, FIRST_BALANCER_PORT, PORTS_TRIED),
  });
  return listenForPeople(api.fetch, {
    access,
    clock,
    places,
    listen: listenAddress(places),
    port: posts?.ports.api ?? null,
  });
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

function endWhenDown(
  { controller, inventory }: { controller: Controller; inventory: Inventory },
  clock: Clock,
  idleMs: number,
  stop: AbortController,
): void {
  const first = inventory.state().settings;
  let emptySince: number | null = null;
  controller.onTick(() => {
    const { settings, machines } = inventory.state();
    const provided = controller.observe().provider?.machines.size ?? 1;
    const isDone = settings.phase === "down" && machines.size === 0 && provided === 0;
    emptySince = isDone ? (emptySince ?? clock.now()) : null;
    if (emptySince === null) return;
    // Started for a site that is down already: somebody is about to say what for.
    const isUnasked = settings === first;
    if (clock.now() - emptySince > (isUnasked ? idleMs : FAREWELL_MS)) stop.abort();
  });
}

function hangUp(entry: AgentsEntry, server: Server): void {
  entry.close();
  server.closeAllConnections();
  server.close();
}

import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { realpathSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSystemClock } from "../adapters/clock/clock.ts";
import { openSqliteInventory } from "../adapters/inventory/sqlite.ts";
import { takeLock } from "../adapters/lock/lock.ts";
import { firstFreePort } from "../adapters/process/free-port.ts";
import { createProcessTable } from "../adapters/process/process-table.ts";
import { createReleaseStore } from "../adapters/release/release-store.ts";
import { createSeal } from "../adapters/seal/seal.ts";
import { createApi } from "../api/app.ts";
import { createController } from "../controller/controller.ts";
import type { Controller } from "../controller/controller.ts";
import { createLogBook } from "../controller/log-book.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Provider } from "../ports/provider.ts";
import { stateDirectory } from "../ports/state-directory.ts";
import type { ControllerAddress, StateDirectory } from "../ports/state-directory.ts";
import { openAccess } from "./access.ts";
import { openAgentsEntry } from "./agents.ts";
import { listenAddress, listenForPeople } from "./listen.ts";
import { objectionTo, openSiteProvider } from "./provider.ts";
import type { SiteProviderOptions } from "./provider.ts";
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
  const siteId = createHash("sha256").update(places.root).digest("hex").slice(0, 8);
  const runtimeDirectory = runtimeDirectoryOf(siteId);
  mkdirSync(runtimeDirectory, { recursive: true, mode: 0o700 });
  const lock = await takeLock(join(runtimeDirectory, "controller.sock"));
  if (lock === null) {
    say("another controller runs this site already");
    process.exitCode = 5;
    return;
  }
  await serve(places, { siteId, runtimeDirectory }, stop);
  lock.release();
  rmSync(join(runtimeDirectory, "controller.sock"), { force: true });
  for (const empty of [
    join(places.root, "machines"),
    join(places.root, "slots"),
    runtimeDirectory,
  ]) {
    removeIfEmpty(empty);
  }
  process.exit(0);
}

interface Identity {
  readonly siteId: string;
  readonly runtimeDirectory: string;
}

async function serve(
  places: StateDirectory,
  identity: Identity,
  stop: AbortController,
): Promise<void> {
  const clock = createSystemClock();
  const seal = await createSeal(places.sealKey);
  const inventory = await openSqliteInventory(places.database, randomBytes(24).toString("hex"));
  const releases = createReleaseStore(places.releases);
  const access = await openAccess({
    siteId: identity.siteId,
    inventory,
    records: inventory.access,
    seal,
    clock,
    localToken: readToken(places.token),
  });
  writeFileSync(places.authority, access.authority.certificate);
  const entry = await openAgentsEntry({ access, clock, releases, places });
  const { agents, controllerUrl } = entry;
  const provider = openProvider(places, identity, {
    wanted: () => inventory.state().settings.site?.provider ?? "local",
    openDoor: (host) => entry.openAt(host),
  });
  const version = readVersion();
  const logBook = createLogBook();
  agents.onLines((lines) => logBook.add(lines));
  const controller = createController({
    inventory,
    provider,
    agents,
    releases,
    clock,
    openSecret: (sealed) => seal.open(sealed),
    orderFor: async ({ machine, role, number }) => ({
      name: machine,
      role,
      number,
      token: await access.registrar.invite(machine, role),
      controllerUrl,
      authority: access.authority.certificate,
    }),
  });
  const api = createApi({
    controller,
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
  const { server, url } = await listenForPeople(api.fetch, { access, clock, places, listen });
  endWhenDown(controller, inventory, stop);
  writeAddress(places.controller, { url, pid: process.pid, version });
  await controller.run(stop.signal);
  rmSync(places.controller, { force: true });
  entry.close();
  server.closeAllConnections();
  server.close();
  await inventory.close();
}

function openProvider(
  places: StateDirectory,
  identity: Identity,
  site: Pick<SiteProviderOptions, "wanted" | "openDoor">,
): Provider {
  const env = passedOn.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const program = fileURLToPath(new URL("../../bin/tidemill.mjs", import.meta.url));
  return openSiteProvider({
    ...site,
    directory: places.root,
    runtimeDirectory: identity.runtimeDirectory,
    agentCommand: [process.execPath, existsSync(program) ? program : builtProgram(), "agent"],
    siteId: identity.siteId,
    env: Object.fromEntries(env),
    processes: createProcessTable(),
  });
}

function builtProgram(): string {
  return fileURLToPath(new URL("../../../bin/tidemill.mjs", import.meta.url));
}

/** Unix sockets have short paths: they cannot live beside the site file. */
function runtimeDirectoryOf(siteId: string): string {
  return join(process.env["XDG_RUNTIME_DIR"] ?? tmpdir(), `tidemill-${siteId}`);
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

function endWhenDown(controller: Controller, inventory: Inventory, stop: AbortController): void {
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
    if (Date.now() - emptySince > (isUnasked ? IDLE_MS : FAREWELL_MS)) stop.abort();
  });
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Something of a living machine is in it, or it is not there.
  }
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

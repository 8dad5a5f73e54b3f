import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { createSystemClock } from "../adapters/clock/clock.ts";
import { readAgentFile } from "../adapters/local/agent-process.ts";
import { createControllerList } from "../adapters/machine-files/controller-list.ts";
import { createDocumentStore } from "../adapters/machine-files/document-store.ts";
import { createLogTail } from "../adapters/machine-files/log-tail.ts";
import { createMachineRecords } from "../adapters/machine-files/machine-records.ts";
import { createProvisioner } from "../adapters/machine-files/provisioner.ts";
import { createProbe } from "../adapters/probe/probe.ts";
import { createProcessHost } from "../adapters/process/process-host.ts";
import { createProcessTable } from "../adapters/process/process-table.ts";
import { createReleaseDirectory } from "../adapters/release/release-directory.ts";
import { createSeal } from "../adapters/seal/seal.ts";
import { createAgentLink } from "../adapters/websocket/agent-link.ts";
import { createCredentials } from "../adapters/websocket/credentials.ts";
import { runAgent } from "../agent/agent.ts";
import { asSeenFrom } from "../agent/same-computer.ts";
import { followLeader } from "../agent/follow-leader.ts";
import { keepCredentials } from "../agent/keep-credentials.ts";
import type { AgentParts } from "../agent/parts.ts";
import { endingWhenRefused } from "../agent/refusal.ts";
import { machineId, machineMarker } from "../core/markers.ts";
import { supervisionLimits } from "../core/supervision/rules.ts";
import type { SupervisionLimits } from "../core/supervision/rules.ts";
import type { AgentSettings } from "../ports/agent-settings.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControllerList } from "../ports/controller-list.ts";
import type { LoadBalancer } from "../ports/load-balancer.ts";
import { environmentWith, everydayNames } from "./environment.ts";
import { balancerUserOf, environmentOfUser } from "./process-user.ts";

const logBytesMax = 10 * 1024 * 1024;

/** The agent of the machine in this directory, until SIGTERM or SIGINT. */
export async function runAgentProcess(directory: string): Promise<void> {
  const settings = readAgentFile(directory);
  // What others are to read must not depend on who started us; what they are not to read has a mode of its own.
  if (settings.processUser !== null) process.umask(0o022);
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort());
  process.once("SIGINT", () => stop.abort());
  const bootId = randomUUID();
  const identity = {
    machine: settings.machine,
    role: settings.role,
    bootId,
    address: settings.address,
    logsDirectory: settings.logsDirectory,
    env: environmentForProcesses(settings),
    limits: limitsFromEnvironment(),
  };
  await runAgent(await assemble(directory, { settings, bootId, stop }), identity, stop.signal);
  // A probe or a fetch that nobody waits for any more must not hold the process.
  process.exit(0);
}

async function assemble(directory: string, { settings, bootId, stop }: Life): Promise<AgentParts> {
  const user = settings.processUser?.id ?? null;
  const forProcesses = settings.processUser?.directory ?? directory;
  const clock = createSystemClock();
  const link = openLink(directory, { settings, bootId, stop }, clock);
  const home = join(forProcesses, "home");
  await mkdir(home, { recursive: true });
  const seal = await createSeal(join(directory, "seal.key"));
  return {
    clock,
    random: Math.random,
    host: createProcessHost({
      machineId: machineId(settings.siteId, settings.machine),
      ports: settings.ports,
      table: createProcessTable(),
      user,
    }),
    releases: createReleaseDirectory({
      directory: join(forProcesses, "releases"),
      owner: user,
      fetchArchive: (id, signal) => link.fetchRelease(id, signal),
    }),
    provisioner: createProvisioner({
      home,
      recordPath: join(directory, "provisioned.json"),
      isHostOfItsOwn: false,
      isRoot: process.getuid?.() === 0,
      user,
    }),
    probe: createProbe(),
    logs: createLogTail({ fileBytesMax: logBytesMax }),
    link,
    documents: createDocumentStore(join(directory, "document.json"), seal),
    records: createMachineRecords(join(directory, "record.json")),
    balancer: settings.role === "balancer" ? await openBalancer(directory, settings, clock) : null,
    say,
  };
}

/** One run of the agent. */
interface Life {
  readonly settings: AgentSettings;
  readonly bootId: string;
  readonly stop: AbortController;
}

/** The way home, and the credentials it is gone with, kept fresh. */
function openLink(directory: string, { settings, bootId, stop }: Life, clock: Clock) {
  const { machine, role } = settings;
  const home = (): string => readAgentFile(directory).controllerUrl;
  const list = createControllerList(join(directory, "controllers.json"), home);
  const controllers: ControllerList = {
    ...list,
    learn: (urls) => list.learn(asSeenFrom(home(), urls)),
  };
  const readTarget = () => {
    const { token, authority } = readAgentFile(directory);
    return Promise.resolve({ url: controllers.current(), token, authority });
  };
  const credentials = createCredentials({ directory, machine, role, clock, readTarget });
  void keepCredentials({ credentials, clock, say }, stop.signal);
  const link = createAgentLink({ machine, bootId, readTarget, credentials });
  return endingWhenRefused(followLeader(link, controllers, clock), (reason) => {
    say(`Ended, so that the provider brings a new token: ${reason}`);
    stop.abort();
  });
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString()} ${text}\n`);
}

/** Loaded only where it is used: most machines are no balancers. */
async function openBalancer(
  directory: string,
  settings: AgentSettings,
  clock: Clock,
): Promise<LoadBalancer> {
  const { createHaproxy } = await import("../adapters/haproxy/load-balancer.ts");
  const options = {
    directory: join(directory, "haproxy"),
    socketDirectory: settings.runtimeDirectory,
    binary: findHaproxy(),
    clock,
    // Found by its marker, and ended, by whoever started the agent: that takes root, as changing the user does.
    runAs: settings.processUser === null ? null : balancerUserOf(settings.processUser),
    env: { [machineMarker]: machineId(settings.siteId, settings.machine) },
  };
  return createHaproxy(options);
}

/** HAProxy lies where the PATH of ordinary users often does not look. */
function findHaproxy(): string {
  const places = (process.env["PATH"] ?? "").split(delimiter);
  const found = [...places, "/usr/local/sbin", "/usr/sbin", "/sbin"]
    .map((place) => join(place, "haproxy"))
    .find((path) => existsSync(path));
  return found ?? "haproxy";
}

function environmentForProcesses(settings: AgentSettings): Readonly<Record<string, string>> {
  const env = environmentWith(everydayNames);
  const { processUser } = settings;
  return {
    ...(processUser === null ? env : environmentOfUser(processUser, env)),
    [machineMarker]: machineId(settings.siteId, settings.machine),
  };
}

/** TIDEMILL_SUPERVISION_LIMITS: JSON that changes single limits, so that a test need not wait for minutes. */
function limitsFromEnvironment(): SupervisionLimits {
  const text = process.env["TIDEMILL_SUPERVISION_LIMITS"];
  if (text === undefined) return supervisionLimits;
  return { ...supervisionLimits, ...(JSON.parse(text) as Partial<SupervisionLimits>) };
}

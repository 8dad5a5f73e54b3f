import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentMarker, machineId, machineMarker } from "../../core/markers.ts";
import { controllerUrl } from "../../core/received/controller-message.ts";
import {
  isMisfit,
  noFit,
  nullable,
  reasonOf,
  record,
  text,
  whole,
} from "../../core/received/shape.ts";
import type { Shape } from "../../core/received/shape.ts";
import type { AgentSettings } from "../../ports/agent-settings.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineGround } from "../../ports/machine-ground.ts";

/** Writes `agent.json` if it says something else; the agent reads it again before each connection. */
export function writeAgentFile(directory: string, settings: AgentSettings): void {
  const path = join(directory, "agent.json");
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

/** Throws a `Failure` that says what is wrong with the file; the provider writes it anew at each launch. */
export function readAgentFile(directory: string): AgentSettings {
  const path = join(directory, "agent.json");
  try {
    const settings = agentSettings(JSON.parse(readFileSync(path, "utf8")));
    if (isMisfit(settings)) throw new Error(reasonOf(settings));
    return { ...settings, controllerUrl: new URL(settings.controllerUrl).href };
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("rejected", `Cannot read ${path}: ${said}`, { cause });
  }
}

const name = text(10_000);
const port = whole(1, 65_535);
const portRange = record({ first: port, last: port });
const agentSettings: Shape<AgentSettings> = record({
  siteId: name,
  machine: name,
  role: name,
  token: name,
  controllerUrl,
  authority: text(100_000),
  address: name,
  ports: (value) => {
    const range = portRange(value);
    return isMisfit(range) || range.first <= range.last ? range : noFit("no range of ports");
  },
  logsDirectory: name,
  runtimeDirectory: name,
  processUser: nullable(record({ id: whole(0, 2 ** 32 - 1), directory: name })),
});

/** Starts the agent in a session of its own: it outlives whoever started it. */
export async function spawnAgent(
  options: {
    readonly agentCommand: readonly string[];
    readonly siteId: string;
    readonly env: Readonly<Record<string, string>>;
  },
  ground: MachineGround,
  machine: string,
  places: { readonly machine: string; readonly logs: string },
): Promise<void> {
  const id = machineId(options.siteId, machine);
  const log = openSync(join(places.logs, `${machine}.agent.log`), "a", 0o600);
  try {
    await ground.start(machine, {
      words: [...options.agentCommand, places.machine],
      directory: places.machine,
      env: { ...options.env, [machineMarker]: id, [agentMarker]: id },
      log,
    });
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new Failure("unavailable", `Cannot start the agent of ${machine}: ${words}`, { cause });
  } finally {
    closeSync(log);
  }
}

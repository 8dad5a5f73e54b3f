import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentMarker, machineId, machineMarker } from "../../core/markers.ts";
import type { AgentSettings } from "../../ports/agent-settings.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineGround } from "../../ports/machine-ground.ts";

/** Writes `agent.json` if it says something else; the agent reads it again before each connection. */
export function writeAgentFile(directory: string, settings: AgentSettings): void {
  const path = join(directory, "agent.json");
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Throws what the file system says. */
export function readAgentFile(directory: string): AgentSettings {
  return JSON.parse(readFileSync(join(directory, "agent.json"), "utf8")) as AgentSettings;
}

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

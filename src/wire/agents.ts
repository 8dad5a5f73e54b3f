import { join } from "node:path";
import { createAgentDoor } from "../adapters/websocket/agent-door.ts";
import { createAgentServer } from "../adapters/websocket/agent-server.ts";
import type { AgentServer } from "../adapters/websocket/agent-server.ts";
import type { Clock } from "../ports/clock.ts";
import { CONTROLLER_NAME } from "../ports/registrar.ts";
import type { ReleaseStore } from "../ports/releases.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { serverCertificate } from "./access.ts";
import type { Access } from "./access.ts";
import { listenForAgents } from "./listen.ts";

/** The agents, and the door they come in by. */
export interface AgentsEntry {
  readonly agents: AgentServer;
  /** What agents are told to call. */
  readonly controllerUrl: string;
  /** Opens the door at another address of this computer too, at the same port; gives what to call there. */
  openAt(host: string): Promise<string>;
  close(): void;
}

export async function openAgentsEntry(parts: {
  readonly access: Access;
  readonly clock: Clock;
  readonly releases: ReleaseStore;
  readonly places: StateDirectory;
  readonly port: number | null;
}): Promise<AgentsEntry> {
  const { access, clock, releases, places } = parts;
  const expel = (machine: string): void => {
    door.expel(machine);
    // Its name is on no record any more, which keeps it out already: a failure here is none.
    access.records.revokeMachine(machine, clock.now()).catch(() => undefined);
  };
  const agents = createAgentServer({ clock, onForget: expel });
  const path = join(places.root, "inventory", "door.sealed");
  const door = createAgentDoor({
    ...(await serverCertificate(access, clock, [CONTROLLER_NAME], path)),
    authority: access.authority.certificate,
    registrar: access.registrar,
    agents,
    releases,
    clock,
  });
  const controllerUrl = `wss://${await listenForAgents(door, places, parts.port)}/v1/agent`;
  return {
    agents,
    controllerUrl,
    async openAt(host) {
      const port = Number(new URL(controllerUrl).port);
      return `wss://${host}:${await door.listen(host, port)}/v1/agent`;
    },
    close() {
      door.close();
      agents.close();
    },
  };
}

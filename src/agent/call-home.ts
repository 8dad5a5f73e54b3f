import type { MachineDocument } from "../core/document.ts";
import type { ControllerConnection } from "../ports/controller-link.ts";
import type { AgentParts } from "./parts.ts";
import { wordsOf } from "./runner.ts";

const firstDelayMs = 100;
const delayMsMax = 2_000;

export interface HomeListener {
  onDocument(document: MachineDocument): void;
  onConnection(connection: ControllerConnection | null): void;
}

/** Stays connected to the controller, for ever: a controller that is away comes back. */
export async function callHome(
  parts: AgentParts,
  listener: HomeListener,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let lastWords = "";
  while (!signal.aborted) {
    const words = await stayConnected(parts, signal, {
      onConnection: (connection) => listener.onConnection(connection),
      onDocument(document) {
        // Only a controller that hands out a document has accepted this agent.
        failures = 0;
        listener.onDocument(document);
      },
    });
    if (signal.aborted) return;
    if (words !== lastWords) parts.say(words);
    lastWords = words;
    await parts.clock.sleep(reconnectMs(failures, parts.random()), signal);
    failures += 1;
  }
}

/** Half fixed, half by chance, so that agents that lost one controller do not come back in step. */
export function reconnectMs(failures: number, chance: number): number {
  const full = Math.min(firstDelayMs * 2 ** Math.min(failures, 10), delayMsMax);
  return full / 2 + (full / 2) * chance;
}

/** Returns why the connection ended, or was never made. */
async function stayConnected(
  parts: AgentParts,
  signal: AbortSignal,
  listener: HomeListener,
): Promise<string> {
  try {
    const connection = await parts.link.connect((message) => {
      if (message.kind === "document") listener.onDocument(message.document);
    }, signal);
    listener.onConnection(connection);
    const reason = await connection.ended;
    listener.onConnection(null);
    return `The connection to the controller has ended: ${reason}`;
  } catch (error) {
    return wordsOf(error);
  }
}

/** For programs that must choose a server by themselves, with no balancer between: a cache, a queue, a database. */
import { connect } from "node:net";

export interface Candidate {
  readonly host: string;
  readonly port: number;
  /** Twice the weight is first twice as often; 1 when it is not said. 0: only when none of the others lives. */
  readonly weight?: number;
}

export interface ChoiceOptions {
  /** Who has not accepted a connection within this time is not live. Milliseconds, 1,000 when it is not said. */
  readonly timeoutMs?: number;
  /** The next one is asked as well when the one before has said nothing for so long. Milliseconds, 100 when it is not said. */
  readonly headStartMs?: number;
  /** 0 ≤ n < 1. */
  readonly random?: () => number;
}

const TIMEOUT_MS = 1_000;
const HEAD_START_MS = 100;

/** Whether somebody accepts TCP connections there within the time. Never rejects. */
export function probeTcp(
  host: string,
  port: number,
  timeoutMs: number = TIMEOUT_MS,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (isLive: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isLive);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    socket.once("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}

/**
 * The first of the candidates that lives; null when none does. They are asked in an order drawn by their
 * weights, so that many clients spread over them; a silent one holds nobody up for longer than the head start.
 */
export async function firstLive<Server extends Candidate>(
  candidates: readonly Server[],
  options: ChoiceOptions = {},
): Promise<Server | null> {
  const { timeoutMs = TIMEOUT_MS, headStartMs = HEAD_START_MS, random = Math.random } = options;
  const left = drawOrder(candidates, random);
  return new Promise((resolve) => {
    let asked = 0;
    let failed = 0;
    let headStart: NodeJS.Timeout | undefined;
    const askNext = (): void => {
      clearTimeout(headStart);
      const server = left[asked];
      if (server === undefined) return;
      asked += 1;
      headStart = setTimeout(askNext, headStartMs);
      void probeTcp(server.host, server.port, timeoutMs).then((isLive) => {
        if (isLive) return end(server);
        failed += 1;
        if (failed === left.length) end(null);
        else if (failed === asked) askNext();
      });
    };
    const end = (server: Server | null): void => {
      clearTimeout(headStart);
      asked = left.length;
      resolve(server);
    };
    if (left.length === 0) resolve(null);
    else askNext();
  });
}

/** All of them, in an order in which each is before the others as often as its weight says; without weight last. */
export function drawOrder<Server extends Candidate>(
  candidates: readonly Server[],
  random: () => number,
): readonly Server[] {
  const drawn = candidates.map((server) => {
    const weight = server.weight ?? 1;
    // The exponential race: who has twice the weight arrives first twice as often.
    const at = weight > 0 ? -Math.log(1 - random()) / weight : Infinity;
    return { server, at };
  });
  return drawn.toSorted((a, b) => (a.at === b.at ? 0 : a.at - b.at)).map(({ server }) => server);
}

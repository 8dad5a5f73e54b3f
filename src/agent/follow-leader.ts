import type { ControllerMessage } from "../core/messages.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControllerConnection, ControllerLink } from "../ports/controller-link.ts";
import type { ControllerList } from "../ports/controller-list.ts";
import { Failure } from "../ports/failure.ts";

/** A leader answers within a second; one that is silent for longer may have a successor. */
const SUSPECT_MS = 1_500;
const LOOK_MS = 250;

/**
 * The link to whichever controller leads: all are tried in turn, beginning after the one that was lost. While the
 * leader is silent the others are asked as well, and it is left as soon as one of them leads: those that stand by
 * hang up, so that an agent never leaves a leader that is only slow.
 */
export function followLeader(
  link: ControllerLink,
  list: ControllerList,
  clock: Clock,
): ControllerLink {
  let hear: (message: ControllerMessage) => void = () => undefined;
  const listen = (message: ControllerMessage): void => {
    if (message.kind === "controllers") list.learn(message.urls);
    else hear(message);
  };
  let held: Promise<ControllerConnection | null> = Promise.resolve(null);
  let leaving = new AbortController();
  const follow = (connection: ControllerConnection, signal: AbortSignal): ControllerConnection => {
    const leave = new AbortController();
    leaving = leave;
    held = hold(connection, { list, clock, call: () => link.connect(listen, signal) });
    const left = held.then((next) => {
      if (next === null) return "it has ended";
      // What it was fetching comes from the other one.
      leaving = new AbortController();
      leave.abort();
      return "another controller leads";
    });
    return { ...connection, ended: Promise.race([connection.ended, left]) };
  };
  return {
    async connect(onMessage, signal) {
      hear = onMessage;
      const next = await held;
      held = Promise.resolve(null);
      const call = (): Promise<ControllerConnection> => link.connect(listen, signal);
      return follow(next ?? (await callInTurn(list, call, signal)), signal);
    },
    async fetchRelease(id, signal) {
      const { signal: left } = leaving;
      try {
        return await link.fetchRelease(id, AbortSignal.any([signal, left]));
      } catch (cause) {
        if (!left.aborted || signal.aborted) throw cause;
        const words = `Cannot fetch release ${id}: another controller leads`;
        throw new Failure("unavailable", words, { cause });
      }
    },
  };
}

async function callInTurn(
  list: ControllerList,
  call: () => Promise<ControllerConnection>,
  signal: AbortSignal,
): Promise<ControllerConnection> {
  for (let left = list.size() - 1; ; left--) {
    try {
      return await call();
    } catch (cause) {
      list.advance();
      // Only a leader refuses in so many words: nobody else would say anything different.
      const isRefused = cause instanceof Failure && cause.code === "rejected";
      if (left === 0 || isRefused || signal.aborted) throw cause;
    }
  }
}

interface Search {
  readonly list: ControllerList;
  readonly clock: Clock;
  readonly call: () => Promise<ControllerConnection>;
}

/** Resolves when the connection has ended, or with the one to another controller that leads in its place. */
async function hold(
  connection: ControllerConnection,
  search: Search,
): Promise<ControllerConnection | null> {
  const over = new AbortController();
  void connection.ended.then(() => over.abort());
  while (!over.signal.aborted) {
    await search.clock.sleep(LOOK_MS, over.signal);
    if (over.signal.aborted || connection.silentMs() < SUSPECT_MS) continue;
    const next = await findOther(search);
    if (next === null) continue;
    connection.close();
    return next;
  }
  search.list.advance();
  return null;
}

/** Each of the others once; in the end it is the former one's turn again. */
async function findOther({ list, call }: Search): Promise<ControllerConnection | null> {
  for (let left = list.size() - 1; left > 0; left--) {
    list.advance();
    try {
      return await call();
    } catch (cause) {
      if (!(cause instanceof Failure)) throw cause;
    }
  }
  list.advance();
  return null;
}

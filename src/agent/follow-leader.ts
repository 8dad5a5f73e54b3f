import type { ControllerMessage } from "../core/messages.ts";
import type { ControllerLink } from "../ports/controller-link.ts";
import type { ControllerList } from "../ports/controller-list.ts";
import { Failure } from "../ports/failure.ts";

/** The link to whichever controller leads: all are tried in turn, beginning after the one that was lost. */
export function followLeader(link: ControllerLink, list: ControllerList): ControllerLink {
  return {
    async connect(onMessage, signal) {
      const listen = (message: ControllerMessage): void => {
        if (message.kind === "controllers") list.learn(message.urls);
        else onMessage(message);
      };
      for (let left = list.size() - 1; ; left--) {
        try {
          const connection = await link.connect(listen, signal);
          void connection.ended.then(() => list.advance());
          return connection;
        } catch (cause) {
          list.advance();
          // Only a leader refuses in so many words: nobody else would say anything different.
          const isRefused = cause instanceof Failure && cause.code === "rejected";
          if (left === 0 || isRefused || signal.aborted) throw cause;
        }
      }
    },
    fetchRelease: (id, signal) => link.fetchRelease(id, signal),
  };
}

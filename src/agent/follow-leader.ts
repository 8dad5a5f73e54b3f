import type { ControllerLink } from "../ports/controller-link.ts";
import type { ControllerList } from "../ports/controller-list.ts";

/** The link to whichever controller leads: after each connection that ends or fails it is the next one's turn. */
export function followLeader(link: ControllerLink, list: ControllerList): ControllerLink {
  return {
    async connect(onMessage, signal) {
      try {
        const connection = await link.connect((message) => {
          if (message.kind === "controllers") list.learn(message.urls);
          else onMessage(message);
        }, signal);
        void connection.ended.then(() => list.advance());
        return connection;
      } catch (cause) {
        list.advance();
        throw cause;
      }
    },
    fetchRelease: (id, signal) => link.fetchRelease(id, signal),
  };
}

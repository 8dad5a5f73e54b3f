import type { ControllerLink } from "../ports/controller-link.ts";
import { Failure } from "../ports/failure.ts";

/** In a row: a token that has just been replaced is read at the next try. */
const refusalsMax = 5;

/**
 * The link of an agent that ends when it is not let in again and again. Its machine then is one without an agent,
 * and the provider brings it a new token with the next one; its processes go on meanwhile.
 */
export function endingWhenRefused(
  link: ControllerLink,
  end: (reason: string) => void,
): ControllerLink {
  let refusals = 0;
  return {
    ...link,
    async connect(onMessage, signal) {
      try {
        const connection = await link.connect(onMessage, signal);
        refusals = 0;
        return connection;
      } catch (error) {
        const isRefusal = error instanceof Failure && error.code === "rejected";
        refusals = isRefusal ? refusals + 1 : 0;
        if (isRefusal && refusals >= refusalsMax) end(error.message);
        throw error;
      }
    },
  };
}

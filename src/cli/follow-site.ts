import type { Client, Status } from "./client.ts";
import type { Context } from "./context.ts";
import { waitFor } from "./waiting.ts";

export interface SiteWatch {
  readonly client: Client;
  readonly timeoutMs: number;
  readonly what: string;
  readonly goesOn: string;
  readonly tell: (status: Status) => void;
  readonly isDone: (status: Status) => boolean;
}

/** Waits until the site is as wished, telling what changes on the way. */
export async function followSite(context: Context, watch: SiteWatch): Promise<Status> {
  const { client, timeoutMs, what, goesOn, tell, isDone } = watch;
  return waitFor({
    what,
    goesOn,
    next: context.hint("tidemill status"),
    timeoutMs,
    async look() {
      const status = await client.status();
      tell(status);
      return isDone(status) ? status : null;
    },
  });
}

import { CliError } from "./cli-error.ts";
import type { Client, Drill } from "./client.ts";
import type { Context } from "./context.ts";
import { progressLine } from "./progress.ts";
import { ensureController } from "./start-controller.ts";
import { waitFor } from "./waiting.ts";

/** Beyond the drill's own limit, which ends it. */
const LATE_MS = 60_000;
/** A standby that takes over does so in five seconds; one that was counted may have died since. */
const TAKEOVER_MS = 10_000;

export interface DrillWatch {
  readonly client: Client;
  readonly drill: Drill;
  /** It is watched at least so long. */
  readonly watchMs: number;
}

/** Watches until the site is whole again, or the drill's limit is over; gives the client that reached it last. */
export async function followDrill(
  context: Context,
  { client, drill, watchMs }: DrillWatch,
): Promise<Client> {
  const beganAtMs = Date.now();
  const tell = createTeller(context, drill);
  return waitFor({
    what: `drill ${drill.id}`,
    goesOn: "what the drill changed is put back",
    next: context.hint("tidemill drill history"),
    timeoutMs: drill.limitMs + LATE_MS,
    async look() {
      const reached = await reach(context, client, drill, Date.now() - beganAtMs);
      const seen = await readDrill(reached, drill);
      if (reached === null || seen === null) return null;
      tell(seen);
      const elapsedMs = Date.now() - beganAtMs;
      const isOver = seen.state !== "running" || elapsedMs > seen.limitMs;
      return isOver || (seen.capacityMs !== null && elapsedMs >= watchMs) ? reached : null;
    },
  });
}

/** The controller as it can be reached now; null while another may take over. Who has killed it starts it again. */
export async function reach(
  context: Context,
  client: Client,
  { kind, successor }: Drill,
  waitedMs: number,
): Promise<Client | null> {
  if (kind !== "controller") return client;
  try {
    const found = context.client();
    await found.version();
    return found;
  } catch (cause) {
    if (!(cause instanceof CliError)) throw cause;
    if (successor === "standby" && waitedMs < TAKEOVER_MS) return null;
    const why = successor === "standby" ? "nobody takes over" : "the controller is gone";
    context.output.progress(
      progressLine("controller", `${why}: it is started, as \`up\` does`, null),
    );
    return ensureController(context);
  }
}

/** Null when there is no answer and one will come: a controller that is about to die gives its last words. */
async function readDrill(client: Client | null, drill: Drill): Promise<Drill | null> {
  if (client === null) return null;
  try {
    return await client.drill(drill.id);
  } catch (cause) {
    if (cause instanceof CliError && drill.kind === "controller") return null;
    throw cause;
  }
}

/** What a drill hits, by name. */
export function hitBy({ kind, machine, role }: Drill): string {
  return kind === "controller" ? kind : (machine ?? role);
}

/** One line per milestone, with its time since the fault. */
function createTeller({ output }: Context, first: Drill): (drill: Drill) => void {
  const told = new Set<string>();
  const subject = hitBy(first);
  const say = (text: string, afterMs: number | null): void => {
    if (afterMs === null || told.has(text)) return;
    told.add(text);
    output.progress(progressLine(subject, text, afterMs));
  };
  say(first.sentence, 0);
  return (drill) => {
    say("noticed", drill.detectedMs);
    say(replaced[drill.kind], drill.replacedMs);
    say("connected again", drill.reconnectedMs);
    say("whole again", drill.capacityMs);
  };
}

const replaced: Readonly<Record<Drill["kind"], string>> = {
  machine: "another serves",
  balancer: "HAProxy is back",
  controller: "its successor acts",
  network: "as many serve as before",
  deploy: "the first new server takes requests",
};

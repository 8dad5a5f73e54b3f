import { existsSync } from "node:fs";
import type { Site } from "../../core/desired.ts";
import type { Client, Preview, Status } from "../client.ts";
import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted } from "../figures.ts";
import { followDeploy } from "../follow-deploy.ts";
import { followSite } from "../follow-site.ts";
import { timeoutMs, timeoutOption } from "../given-values.ts";
import { createProgress, progressLine } from "../progress.ts";
import { readSecrets, readSite } from "../read-site.ts";
import { packRoles } from "../send-releases.ts";
import { isSettled } from "../serving.ts";
import { ensureController } from "../start-controller.ts";
import { wishFor } from "../wish.ts";

/** Makes the site as its file says. */
export const up: Command = {
  name: "up",
  summary: "Make the site as the site file says, and wait until it serves",
  details:
    "Starts the controller when it does not run, deploys roles that have no release yet, applies everything " +
    "else that changed in the site file, and prints the address last. Code that changed is not deployed: " +
    "that is `tidemill deploy`. Running it again is safe.",
  words: [],
  options: [timeoutOption],
  examples: ["tidemill up", "tidemill up -e staging --timeout 5m"],
  async run(context, given) {
    const startedAtMs = Date.now();
    const waitMs = timeoutMs(given);
    const site = await readSite(context);
    await readSecrets(context, site);
    const { client, before, deploy } = await apply(context, site);
    const tell = createProgress(site, before, context.output.progress, startedAtMs);
    if (deploy !== null)
      await followDeploy(context, { client, id: deploy, timeoutMs: waitMs, tell });
    const status = await followSite(context, {
      client,
      timeoutMs: Math.max(1, waitMs - (Date.now() - startedAtMs)),
      what: "every role to serve",
      goesOn: "the controller goes on",
      tell,
      isDone: isSettled,
    });
    context.output.result({ url: status.url, deploy, status }, [status.url ?? ""]);
    return exitCodes.done;
  },
};

interface Applied {
  readonly client: Client;
  readonly before: Status;
  readonly deploy: number | null;
}

async function apply(context: Context, site: Site): Promise<Applied> {
  // On a first `up` every role needs a release, so packing need not wait for the controller to say so.
  const { database, databaseUrl } = context.place().state;
  const isFirst = !existsSync(database) && !existsSync(databaseUrl);
  const [client, early] = await Promise.all([
    ensureController(context),
    isFirst ? packRoles(context, site.roles, null) : null,
  ]);
  const before = await client.status();
  // A first release that never worked is not one to keep: its code may have been mended since.
  const failed = before.deploy?.state === "failed" ? before.deploy.roles : [];
  const isThere = (name: string): boolean =>
    before.roles.some(({ role, release }) => role === name && release !== null) &&
    !failed.some(({ role, from }) => role === name && from === null);
  const lacking = site.roles.filter((role) => !isThere(role.name));
  const packed = early ?? (await packRoles(context, lacking, null));
  try {
    await packed.send(client);
    const kind = lacking.length > 0 ? "deploy" : "settings";
    const wish = await wishFor(context, site, packed.releases, kind);
    context.output.progress(progressLine("plan", describePlan(await client.plan(wish)), null));
    const { deploy } = await client.putSite(wish);
    return { client, before, deploy };
  } finally {
    await packed.dispose();
  }
}

function describePlan({ steps, deploys }: Preview): string {
  const launches = new Map<string, string[]>();
  for (const { kind, subject, reason } of steps) {
    if (kind !== "launch") continue;
    const role = subject.replace(/-\d+$/, "");
    launches.set(role, [...(launches.get(role) ?? []), reason]);
  }
  const made = [...launches].map(([role, reasons]) =>
    role === "lb"
      ? counted(reasons.length, "balancer")
      : counted(reasons.length, `${role} machine`),
  );
  const changed = deploys.map(({ role }) => `deploy ${role}`);
  const parts = made.length > 0 ? made : changed;
  const why = [...new Set([...launches.values()].flat())].join("; ");
  return parts.length === 0
    ? "nothing to launch or deploy"
    : `${parts.join(", ").padEnd(36)} ${why}`.trimEnd();
}

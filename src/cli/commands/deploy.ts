import type { Role, Site } from "../../core/desired.ts";
import { usageError } from "../cli-error.ts";
import type { Client, Deploy } from "../client.ts";
import type { Command, Given } from "../command.ts";
import { isGiven, valueOf } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { shortRelease } from "../figures.ts";
import { describeCount, followDeploy, refuseWhenLocked, waitForLock } from "../follow-deploy.ts";
import { timeoutMs, timeoutOption } from "../given-values.ts";
import { createProgress } from "../progress.ts";
import { readSecrets, readSite } from "../read-site.ts";
import { packRoles } from "../send-releases.ts";
import type { Releases } from "../send-releases.ts";
import { ensureController } from "../start-controller.ts";
import { wishFor } from "../wish.ts";

/** Ships code. */
export const deploy: Command = {
  name: "deploy",
  summary: "Ship the code, machine by machine, without losing a request",
  details:
    "Packs each role's source into a release, sends it, and changes the machines over in waves: new processes " +
    "start and join when healthy, old ones finish their requests and stop. When the new release does not " +
    "become healthy, or its errors rise, every machine goes back by itself.",
  words: [{ form: "[role...]", about: "only these roles (default: all)" }],
  options: [
    {
      flags: "--ref <ref>",
      about: "a git commit, branch or tag instead of the directory as it is",
    },
    { flags: "--wait", about: "wait for a deploy that runs, instead of ending with 5" },
    timeoutOption,
  ],
  examples: ["tidemill deploy", "tidemill deploy --ref v1.4.2", "tidemill deploy web --wait"],
  async run(context, given) {
    const startedAtMs = Date.now();
    const waitMs = timeoutMs(given);
    const site = await readSite(context);
    const roles = rolesOf(site, given);
    await readSecrets(context, site);
    const client = await ensureController(context);
    await yieldToOthers(context, client, isGiven(given, "wait") ? waitMs : null);
    const before = await client.status();
    const { releases, id } = await begin(context, client, {
      site,
      roles,
      ref: valueOf(given, "ref"),
    });
    if (id === null) return tellNothing(context, releases);
    const tell = createProgress(site, before, context.output.progress, startedAtMs);
    const done = await followDeploy(context, { client, id, timeoutMs: waitMs, tell });
    context.output.result({ deploy: done, releases }, [describeCount(done)]);
    return exitCodes.done;
  },
};

function rolesOf(site: Site, given: Given): readonly Role[] {
  const names = site.roles.map((role) => role.name);
  const unknown = given.words.find((word) => !names.includes(word));
  if (unknown !== undefined) {
    throw usageError(`There is no role ${unknown}; roles: ${names.join(", ")}`);
  }
  return given.words.length === 0
    ? site.roles
    : site.roles.filter((role) => given.words.includes(role.name));
}

/** `waitMs` null: not at all. */
async function yieldToOthers(
  context: Context,
  client: Client,
  waitMs: number | null,
): Promise<void> {
  if (waitMs !== null) await waitForLock(context, client, waitMs);
  else refuseWhenLocked(context, await client.status());
}

interface Begun {
  readonly releases: Releases;
  readonly id: Deploy["id"] | null;
}

async function begin(
  context: Context,
  client: Client,
  what: { readonly site: Site; readonly roles: readonly Role[]; readonly ref: string | null },
): Promise<Begun> {
  const packed = await packRoles(context, what.roles, what.ref);
  try {
    await packed.send(client);
    const wish = await wishFor(context, what.site, packed.releases, "deploy");
    const { deploy: id } = await client.putSite(wish);
    return { releases: packed.releases, id };
  } finally {
    await packed.dispose();
  }
}

function tellNothing({ output }: Context, releases: Releases): typeof exitCodes.done {
  const shown = [...new Set(Object.values(releases))].map(shortRelease).join(", ");
  output.result({ deploy: null, releases }, [
    `Nothing to deploy: release ${shown} is the one that runs`,
  ]);
  return exitCodes.done;
}

import type { Site } from "../../core/desired.ts";
import type { Preview } from "../client.ts";
import type { Command } from "../command.ts";
import { isGiven } from "../command.ts";
import type { Context } from "../context.ts";
import { clientOf, runningController } from "../controller-address.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted, shortRelease } from "../figures.ts";
import { readSiteWithDoubts } from "../read-site.ts";
import { packRoles } from "../send-releases.ts";
import { renderColumns } from "../table.ts";
import { wishFor } from "../wish.ts";

/** Shows what `up` would do. */
export const plan: Command = {
  name: "plan",
  summary: "Show what up would do, with reasons; changes nothing",
  details:
    "Asks the controller when it runs. Else it tells from the site file alone what a first `tidemill up` makes.",
  words: [],
  options: [{ flags: "--exit-code", about: "end with 3 when there are changes" }],
  examples: ["tidemill plan", "tidemill plan --exit-code"],
  async run(context, given) {
    const { site, doubtLines } = await readSiteWithDoubts(context);
    const { preview, isFromController } = await previewOf(context, site);
    const count = preview.steps.length + preview.deploys.length;
    const lines = [
      ...doubtLines,
      ...renderColumns([
        ...preview.deploys.map(({ role, from }) => [
          role,
          "deploy",
          from === null ? "the first release" : `replaces revision ${shortRelease(from)}`,
        ]),
        ...preview.steps.map(({ subject, kind, reason }) => [subject, kind, reason]),
      ]),
      count === 0
        ? "No changes"
        : `${counted(count, "step")}. Nothing was changed; \`${context.hint("tidemill up")}\` does it`,
    ];
    context.output.result({ isFromController, hasChanges: count > 0, ...preview }, lines);
    return count > 0 && isGiven(given, "exitCode") ? exitCodes.changes : exitCodes.done;
  },
};

async function previewOf(
  context: Context,
  site: Site,
): Promise<{ readonly preview: Preview; readonly isFromController: boolean }> {
  const { state } = context.place();
  const address = runningController(state);
  if (address === null) return { preview: firstSteps(site), isFromController: false };
  const client = clientOf(state, address, context.parts.user);
  const status = await client.status();
  const isThere = (name: string): boolean =>
    status.roles.some((role) => role.role === name && role.release !== null);
  const lacking = site.roles.filter((role) => !isThere(role.name));
  // A role without a release cannot be planned without one: it is sent, and runs nowhere until `up`.
  const packed = await packRoles(context, lacking, null);
  try {
    await packed.send(client);
    const wish = await wishFor(context, site, packed.releases, "settings");
    return { preview: await client.plan(wish), isFromController: true };
  } finally {
    await packed.dispose();
  }
}

function firstSteps(site: Site): Preview {
  const machines = (role: string, count: number, reason: string) =>
    Array.from({ length: count }, (_, at) => ({
      kind: "launch",
      subject: `${role === "balancer" ? "lb" : role}-${at + 1}`,
      reason,
    }));
  return {
    deploys: site.roles.map(({ name }) => ({ role: name, from: null, to: "the first release" })),
    steps: [
      ...machines(
        "balancer",
        site.balancer.machines,
        `the site file wants ${site.balancer.machines}`,
      ),
      ...site.roles.flatMap((role) =>
        machines(role.name, role.machines.min, `the site file wants at least ${role.machines.min}`),
      ),
    ],
  };
}

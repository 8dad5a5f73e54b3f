import { CliError } from "./cli-error.ts";
import type { Client, Deploy, Status } from "./client.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { formatCount } from "./figures.ts";
import { describeServing, isDeploying } from "./serving.ts";
import { waitFor } from "./waiting.ts";

export interface DeployWatch {
  readonly client: Client;
  readonly id: number;
  readonly timeoutMs: number;
  readonly tell: (status: Status) => void;
}

/** Waits for the end of a deploy; throws `CliError` when it did not end well. */
export async function followDeploy(context: Context, watch: DeployWatch): Promise<Deploy> {
  const { client, id, timeoutMs, tell } = watch;
  let isGoingBack = false;
  const deploy = await waitFor({
    what: `deploy ${id}`,
    goesOn: `deploy ${id} goes on in the controller`,
    next: context.hint("tidemill status"),
    timeoutMs,
    async look() {
      tell(await client.status());
      const seen = await client.deploy(id);
      if (seen.state === "reverting" && !isGoingBack) {
        isGoingBack = true;
        context.output.progress(`${seen.failure?.message ?? "the deploy failed"}: going back`);
      }
      return seen.finishedAt === null ? null : seen;
    },
  });
  if (deploy.state === "done") return deploy;
  throw deployFailure(context, deploy, await client.status());
}

function deployFailure(context: Context, deploy: Deploy, status: Status): CliError {
  const { failure } = deploy;
  const what = failure?.message ?? "its machines did not become healthy";
  const fate = deploy.state === "reverted" ? "; every machine is back on the release before" : "";
  const where = failure?.machine === null ? "" : ` --machine ${failure?.machine}`;
  return new CliError(`Deploy ${deploy.id} failed: ${what}${fate}`, {
    code: "deploy_failed",
    exit: exitCodes.failed,
    details: failure?.lastLines ?? [],
    serving: describeServing(status),
    next: context.hint(`tidemill logs${failure === null ? "" : where}`),
  });
}

/** `0 failed of 12,431 requests`, by the balancer's own count. */
export function describeCount(deploy: Deploy): string {
  return `${formatCount(deploy.failed ?? 0)} failed of ${formatCount(deploy.requests ?? 0)} requests`;
}

/** Comes back when no deploy runs any more. */
export async function waitForLock(
  context: Context,
  client: Client,
  timeoutMs: number,
): Promise<void> {
  let isTold = false;
  await waitFor({
    what: "the deploy that runs",
    goesOn: "that deploy goes on, yours was not begun",
    next: context.hint("tidemill status"),
    timeoutMs,
    async look() {
      const status = await client.status();
      if (!isDeploying(status)) return status;
      if (!isTold)
        context.output.progress(
          `waiting for deploy ${status.deploy?.id}, begun by ${status.deploy?.by}`,
        );
      isTold = true;
      return null;
    },
  });
}

/** Throws the error of a held lock before any work is done for nothing. */
export function refuseWhenLocked(context: Context, status: Status): void {
  if (!isDeploying(status) || status.deploy === null) return;
  const { id, by, state } = status.deploy;
  const doing = state === "running" ? "is running" : "is going back";
  throw new CliError(`Deploy ${id}, begun by ${by}, ${doing}`, {
    code: "locked",
    exit: exitCodes.locked,
    serving: describeServing(status),
    next: `${context.hint("tidemill status")}, or the same again with --wait`,
  });
}

import type { Action, StepResult } from "../action.ts";
import type { DeployChange, DeployRecord, HookRun } from "../inventory.ts";
import type { Roster } from "../roster.ts";
import { isTaskOverdue } from "./patience.ts";

/** Long enough for a migration, short enough to notice one that hangs; its agent ends it then. */
export const HOOK_TIMEOUT_MS = 600_000;

export type HookName = "before" | "after";

export function hookTaskId(deploy: number, role: string, hook: HookName): string {
  return `deploy-${deploy}-${role}-${hook}`;
}

/** Starts, or waits for, the first hook that has not ended; null when none is left. */
export function hookAction(
  roster: Roster,
  deploy: DeployRecord,
  hook: HookName,
): StepResult | null {
  for (const change of deploy.changes) {
    const run = change[hook];
    if (run.state === "waiting") return startHook(roster, deploy, change, hook);
    if (run.state === "running") return awaitHook(roster, deploy, change, hook);
  }
  return null;
}

function startHook(
  roster: Roster,
  deploy: DeployRecord,
  change: DeployChange,
  hook: HookName,
): StepResult {
  const machine = roster
    .machinesOf(change.role)
    .find((m) => m.state === "running" && roster.observed.agents.get(m.name)?.isConnected === true);
  if (machine === undefined) {
    return {
      actions: [],
      holds: [{ subject: change.role, reason: `no machine to run ${hook} on` }],
    };
  }
  const reason = `runs the hook ${hook} the deploy on ${machine.name}`;
  return setHook(
    deploy,
    change,
    hook,
    { state: "running", machine: machine.name, startedAt: roster.now, lastLines: [] },
    reason,
  );
}

function awaitHook(
  roster: Roster,
  deploy: DeployRecord,
  change: DeployChange,
  hook: HookName,
): StepResult {
  const { machine } = change[hook];
  if (machine === null || !roster.state.machines.has(machine)) {
    const reason = `the machine that ran the hook ${hook} the deploy is gone`;
    return setHook(deploy, change, hook, { state: "failed", machine, lastLines: [] }, reason);
  }
  const id = hookTaskId(deploy.id, change.role, hook);
  const task = roster.sight.reportOf(machine)?.tasks.find((t) => t.id === id);
  if (task === undefined || task.state === "running") {
    if (isTaskOverdue(roster, change[hook].startedAt ?? deploy.startedAt, HOOK_TIMEOUT_MS)) {
      const reason = `${machine} does not say that the hook ${hook} the deploy has ended`;
      return setHook(deploy, change, hook, { state: "failed", machine, lastLines: [] }, reason);
    }
    return {
      actions: [],
      holds: [{ subject: machine, reason: `runs the hook ${hook} the deploy` }],
    };
  }
  const outcome = task.state === "done" ? "done" : `failed with exit code ${task.exitCode}`;
  const reason = `the hook ${hook} the deploy is ${outcome}`;
  const { state, lastLines } = task;
  return setHook(deploy, change, hook, { state, machine, lastLines }, reason);
}

function setHook(
  deploy: DeployRecord,
  change: DeployChange,
  hook: HookName,
  run: HookRun,
  reason: string,
): StepResult {
  const changes = deploy.changes.map((c) => (c === change ? { ...change, [hook]: run } : c));
  const action: Action = {
    kind: "deploy",
    subject: `deploy ${deploy.id}`,
    reason,
    changes: [{ kind: "deploy", deploy: { ...deploy, changes } }],
    effect: null,
  };
  return { actions: [action], holds: [] };
}

import type { Denial, Outcome } from "../commands/outcome.ts";
import { refused, unknown } from "../commands/outcome.ts";
import type { Instant } from "../instant.ts";
import type { InventoryState, MachineRecord } from "../inventory.ts";
import type { Observed } from "../observed.ts";
import type { DesiredRole } from "../roles.ts";
import { totalsNow } from "../rollout/totals.ts";
import { BALANCER_ROLE, isMachineServing, takeRoster, takeSight } from "../roster.ts";
import type { Roster } from "../roster.ts";
import type { DrillGoal, DrillKind, DrillRecord } from "./record.ts";
import { balancerProcess, runningDrill, whatIsMissing } from "./sight.ts";

/** The history; the oldest go. */
const DRILLS_KEPT = 500;

export interface DrillWish {
  readonly kind: DrillKind;
  /** Null: the role that takes what no route matches. */
  readonly role: string | null;
  readonly goal: DrillGoal;
  /** How long a machine is cut off. */
  readonly cutMs: number;
  readonly limitMs: number;
  readonly by: string;
  /** Whoever asks starts the controller again when nobody takes over. */
  readonly startsController: boolean;
}

/** What the world allows. */
export interface DrillMeans {
  /** Why machines of this provider cannot be cut off; null when they can. */
  readonly objectionToCut: string | null;
  /** Controllers that would take over. */
  readonly standbys: number;
  readonly epoch: number;
}

export type DrillDecision = { readonly kind: "go"; readonly drill: DrillRecord } | Denial;

/** Whether the site survives the drill, and then whom it hits. Nothing is changed. */
export function decideDrill(
  observed: Observed,
  wish: DrillWish,
  means: DrillMeans,
  now: Instant,
): DrillDecision {
  const roster = takeRoster(observed, observed.inventory, takeSight(observed), now);
  const name = roleOf(observed.inventory, wish);
  const role = roster.roles.find((it) => it.name === name);
  if (role === undefined || (role.role === null && name !== BALANCER_ROLE)) {
    const known = observed.inventory.settings.site?.roles.map((it) => it.name).join(", ") ?? "none";
    return unknown(`there is no role ${name ?? ""}; roles: ${known}`);
  }
  const objection = objectionTo(roster, role, wish, means);
  if (objection !== null) return refused(...objection);
  return { kind: "go", drill: draft(roster, role, wish, means) };
}

/** The drill on record, before anything is done to the site. */
export function beginDrill(state: InventoryState, drill: DrillRecord): Outcome {
  const surplus = [...state.drills.keys()].sort((a, b) => b - a).slice(DRILLS_KEPT - 1);
  const subject = subjectOf(drill);
  return {
    kind: "done",
    changes: [
      { kind: "drill", drill },
      ...surplus.map((id) => ({ kind: "drill-gone" as const, id })),
    ],
    event: {
      kind: "drill",
      subject,
      reason: `drill ${drill.id} by ${drill.by}: ${describeFault(drill)}`,
    },
    deploy: null,
  };
}

/** What a drill hits, by name. */
export function subjectOf({ kind, machine, role }: DrillRecord): string {
  return kind === "controller" ? kind : (machine ?? role);
}

/** What is about to be done, in words. */
export function describeFault({ kind, role, machine, cutMs, successor }: DrillRecord): string {
  switch (kind) {
    case "machine":
      return `the machine ${machine} is killed with everything on it`;
    case "balancer":
      return `HAProxy of ${machine} is killed`;
    case "controller":
      return `the controller is killed; ${successor === "standby" ? "another takes over" : "it is started again"}`;
    case "network":
      return `the machine ${machine} is cut off for ${(cutMs ?? 0) / 1_000} s`;
    case "deploy":
      return `every server of ${role} is replaced by a new one of the same release`;
  }
}

function roleOf({ settings }: InventoryState, wish: DrillWish): string | null {
  if (wish.kind === "balancer") return BALANCER_ROLE;
  return wish.role ?? settings.site?.defaultRole ?? settings.site?.roles[0]?.name ?? null;
}

type Objection = readonly [guard: string, message: string];

function objectionTo(
  roster: Roster,
  role: DesiredRole,
  wish: DrillWish,
  means: DrillMeans,
): Objection | null {
  return objectionNow(roster) ?? objectionToFault(roster, role, wish, means);
}

/** Whatever is to be drilled. */
function objectionNow(roster: Roster): Objection | null {
  const { settings } = roster.state;
  if (settings.phase === "down") return ["going down", "the site is being taken down"];
  if (settings.isMaintenanceOn) {
    return ["maintenance", "maintenance is on: no visitor would see what the drill does"];
  }
  if (roster.activeDeploy !== null) {
    return ["deploy", `deploy ${roster.activeDeploy.id} is not over`];
  }
  const other = runningDrill(roster.state);
  if (other !== null) return ["one drill", `drill ${other.id}, begun by ${other.by}, runs`];
  const missing = whatIsMissing(roster);
  return missing === null ? null : ["not whole", `the site is not whole: ${missing}`];
}

function objectionToFault(
  roster: Roster,
  role: DesiredRole,
  wish: DrillWish,
  means: DrillMeans,
): Objection | null {
  switch (wish.kind) {
    case "machine":
      return objectionToLoss(roster, role);
    case "network":
      if (means.objectionToCut !== null) return ["provider", means.objectionToCut];
      return objectionToLoss(roster, role);
    case "controller":
      if (means.standbys > 0 || wish.startsController) return null;
      return ["successor", "no other controller stands by, and nobody would start this one again"];
    case "deploy":
      if (role.role !== null) return null;
      return ["balancer", "HAProxy is reloaded, not deployed: `drill balancer` kills it"];
    case "balancer":
      return null;
  }
}

/** A drill is our own doing: it takes no role below its minimum. */
function objectionToLoss(roster: Roster, role: DesiredRole): Objection | null {
  const serving = servingOf(roster, role.name).length;
  const left = serving - 1;
  if (serving > 0 && left >= role.min) return null;
  if (role.name === BALANCER_ROLE) {
    const provider = roster.state.settings.site?.provider ?? "";
    const why =
      provider === "netns"
        ? "its successor has another address"
        : "nothing answers until its successor does";
    const guard = serving > 1 ? "minimum" : "only balancer";
    const many = `the site file wants ${role.min} balancers, and ${left} would be left`;
    const one = `the site has one balancer, and with provider ${provider} ${why}`;
    return [guard, `${serving > 1 ? many : one}; \`drill balancer\` kills only its HAProxy`];
  }
  const way =
    role.max > role.min
      ? `\`tidemill scale ${role.name}=${Math.min(role.max, role.min + 1)}\` adds one`
      : `raise its maximum above ${role.max} and scale it out`;
  const message = `${role.name} would serve with ${Math.max(left, 0)}, its minimum is ${role.min}: ${way}`;
  return ["minimum", message];
}

function servingOf(roster: Roster, role: string): readonly MachineRecord[] {
  return roster.machinesOf(role).filter((machine) => isMachineServing(roster, machine));
}

function draft(roster: Roster, role: DesiredRole, wish: DrillWish, means: DrillMeans): DrillRecord {
  const { state, now, sight } = roster;
  const { kind, by, goal, limitMs } = wish;
  const serving = servingOf(roster, role.name);
  const isHit = kind === "machine" || kind === "network" || kind === "balancer";
  const machine = isHit ? (serving[0]?.name ?? null) : null;
  const takesOver = means.standbys > 0 ? ("standby" as const) : ("starter" as const);
  return {
    id: Math.max(0, ...state.drills.keys()) + 1,
    kind,
    state: "running",
    by,
    role: role.name,
    machine,
    startedAt: now,
    finishedAt: null,
    goal,
    cutMs: kind === "network" ? wish.cutMs : null,
    successor: kind === "controller" ? takesOver : null,
    limitMs,
    before: {
      machines: roster.machinesOf(role.name).map(({ name }) => name),
      serving: serving.length,
      nextServerId: state.settings.nextServerId,
      balancerProcess: kind === "balancer" ? balancerProcess(roster, machine) : null,
      epoch: means.epoch,
      totals: totalsNow(sight),
    },
    milestones: { detectedAt: null, replacedAt: null, capacityAt: null, reconnectedAt: null },
    probes: null,
    balancer: null,
    shortfalls: [],
  };
}

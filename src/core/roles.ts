import type { Role } from "./desired.ts";
import type { Instant } from "./instant.ts";
import type { InventoryState, RoleRecord } from "./inventory.ts";

/** What a role should be now: the site file's bounds with the operator's and the scaling's wishes inside them. */
export interface DesiredRole {
  readonly name: string;
  /** `web` gives `web-1`; the balancer's machines are `lb-1`, … */
  readonly machinePrefix: string;
  readonly min: number;
  readonly max: number;
  readonly target: number;
  readonly targetReason: string;
  readonly instances: number;
  /** Null for the balancer and for roles the site file no longer has. */
  readonly role: Role | null;
  readonly record: RoleRecord;
}

/** The balancer first: it needs no release and everything else needs it. */
export function desiredRoles(state: InventoryState, now: Instant): readonly DesiredRole[] {
  const { site, phase } = state.settings;
  if (site === null) return [];
  const isDown = phase === "down";
  const known = site.roles.map((role) => desiredRole(state, role, isDown, now));
  const names = new Set(known.map((role) => role.name));
  const orphaned = new Set<string>();
  for (const machine of state.machines.values()) {
    if (machine.role !== "balancer" && !names.has(machine.role)) orphaned.add(machine.role);
  }
  const gone = [...orphaned].sort().map((name) => goneRole(state, name, now));
  return [balancerRole(state, isDown, now), ...known, ...gone];
}

export function roleRecord(state: InventoryState, name: string, now: Instant): RoleRecord {
  return (
    state.roles.get(name) ?? {
      role: name,
      target: 0,
      targetReason: "new",
      targetAt: now,
      pin: null,
      revision: null,
      nextMachineNumber: 1,
      bootsMs: [],
      spendTold: null,
    }
  );
}

function desiredRole(
  state: InventoryState,
  role: Role,
  isDown: boolean,
  now: Instant,
): DesiredRole {
  const record = roleRecord(state, role.name, now);
  const { min, max } = role.machines;
  const target = isDown ? 0 : Math.min(Math.max(record.target, min), max);
  const reason =
    target > record.target
      ? `the site file wants at least ${min}`
      : target < record.target
        ? `the site file allows at most ${max}`
        : record.targetReason;
  return {
    name: role.name,
    machinePrefix: role.name,
    min: isDown ? 0 : min,
    max,
    target,
    targetReason: isDown ? "the site is taken down" : reason,
    instances: role.instances,
    role,
    record,
  };
}

function balancerRole(state: InventoryState, isDown: boolean, now: Instant): DesiredRole {
  const machines = isDown ? 0 : (state.settings.site?.balancer.machines ?? 0);
  return {
    name: "balancer",
    machinePrefix: "lb",
    min: machines,
    max: Math.max(machines, 1),
    target: machines,
    targetReason: isDown ? "the site is taken down" : `the site file wants ${machines}`,
    instances: 0,
    role: null,
    record: roleRecord(state, "balancer", now),
  };
}

function goneRole(state: InventoryState, name: string, now: Instant): DesiredRole {
  return {
    name,
    machinePrefix: name,
    min: 0,
    max: 0,
    target: 0,
    targetReason: "the site file no longer has this role",
    instances: 0,
    role: null,
    record: roleRecord(state, name, now),
  };
}

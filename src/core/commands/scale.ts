import type { Instant } from "../instant.ts";
import type { InventoryState, RoleRecord } from "../inventory.ts";
import { desiredRoles } from "../roles.ts";
import type { Outcome } from "./outcome.ts";
import { refused, unknown } from "./outcome.ts";

export type ScaleOrder =
  /** Now; scaling by load goes on from there. */
  | { readonly kind: "set"; readonly machines: number }
  /** And no further, until the time is over or `auto`. */
  | { readonly kind: "pin"; readonly machines: number; readonly until: Instant | null }
  | { readonly kind: "auto" };

export function scaleRole(
  state: InventoryState,
  name: string,
  order: ScaleOrder,
  by: string,
  now: Instant,
): Outcome {
  const role = desiredRoles(state, now).find((r) => r.name === name && r.role !== null);
  if (role === undefined) {
    const known = state.settings.site?.roles.map((r) => r.name).join(", ") ?? "none";
    return unknown(`there is no role ${name}; roles: ${known}`);
  }
  if (order.kind !== "auto" && (order.machines < role.min || order.machines > role.max)) {
    return refused(
      "bounds",
      `${name}=${order.machines} is outside the site file's bounds ${role.min}..${role.max}`,
    );
  }
  const record = scaled(role.record, order, by, now);
  return {
    kind: "done",
    changes: [{ kind: "role", role: record }],
    event: { kind: "scale", subject: name, reason: record.targetReason },
    deploy: null,
  };
}

function scaled(record: RoleRecord, order: ScaleOrder, by: string, now: Instant): RoleRecord {
  switch (order.kind) {
    case "auto":
      return { ...record, pin: null, targetReason: `left to its load by ${by}` };
    case "set":
      return {
        ...record,
        pin: null,
        target: order.machines,
        targetAt: now,
        targetReason: `set to ${order.machines} by ${by}`,
      };
    case "pin":
      return {
        ...record,
        pin: { machines: order.machines, until: order.until },
        target: order.machines,
        targetAt: now,
        targetReason: `pinned to ${order.machines} by ${by}`,
      };
  }
}

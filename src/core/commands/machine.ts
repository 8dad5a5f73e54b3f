import type { Instant } from "../instant.ts";
import type { Change, InventoryState, MachineRecord } from "../inventory.ts";
import { desiredRoles } from "../roles.ts";
import type { Outcome } from "./outcome.ts";
import { refused, unknown } from "./outcome.ts";

export type MachineOrder = "drain" | "undrain" | "replace" | "remove";

export function orderMachine(
  state: InventoryState,
  name: string,
  order: MachineOrder,
  by: string,
  now: Instant,
): Outcome {
  const machine = state.machines.get(name);
  if (machine === undefined) {
    const known = [...state.machines.keys()].sort().join(", ");
    return unknown(`there is no machine ${name}; machines: ${known === "" ? "none" : known}`);
  }
  const objection = objectionTo(state, machine, order, now);
  if (objection !== null) return objection;
  return {
    kind: "done",
    changes: changesFor(state, machine, order, now),
    event: { kind: "machine", subject: name, reason: `${order} ordered by ${by}` },
    deploy: null,
  };
}

function objectionTo(
  state: InventoryState,
  machine: MachineRecord,
  order: MachineOrder,
  now: Instant,
): Outcome | null {
  if (machine.state === "terminating") {
    return refused("leaving", `${machine.name} is being given back already`);
  }
  if (order === "undrain") {
    const isDrained = machine.mark === "drain";
    return isDrained ? null : refused("not drained", `${machine.name} was not drained by hand`);
  }
  if (machine.state === "draining" && machine.mark !== "drain") {
    return refused("leaving", `${machine.name} is leaving already: ${machine.reason}`);
  }
  const role = desiredRoles(state, now).find((r) => r.name === machine.role);
  if (machine.role === "balancer") {
    return refused(
      "balancer",
      `${machine.name} is a balancer: it holds the site's address, and is replaced when it dies`,
    );
  }
  if (order === "remove" && role !== undefined && role.target - 1 < role.min) {
    return refused(
      "minimum",
      `${machine.role} would have ${role.target - 1} machines, its minimum is ${role.min}; ` +
        `\`tidemill machine replace ${machine.name}\` puts another in its place`,
    );
  }
  return null;
}

function changesFor(
  state: InventoryState,
  machine: MachineRecord,
  order: MachineOrder,
  now: Instant,
): readonly Change[] {
  if (order === "undrain") {
    const back: MachineRecord = { ...machine, mark: null, state: "running", stateAt: now };
    return [{ kind: "machine", machine: back }];
  }
  const marked: Change = { kind: "machine", machine: { ...machine, mark: order } };
  const role = desiredRoles(state, now).find((r) => r.name === machine.role);
  if (order !== "remove" || role === undefined) return [marked];
  const target = role.target - 1;
  const targetReason = `${machine.name} was removed by hand`;
  return [marked, { kind: "role", role: { ...role.record, target, targetReason, targetAt: now } }];
}

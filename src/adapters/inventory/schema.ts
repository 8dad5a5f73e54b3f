import type { AccessTables } from "./access-tables.ts";

/**
 * The inventory's tables, the same on every engine. Times are milliseconds since 1970; what only the core
 * reads nested is JSON text, what people ask for has a column of its own.
 */
export interface InventoryTables extends AccessTables {
  readonly settings: SettingsTable;
  readonly role: RoleTable;
  readonly machine: MachineTable;
  readonly server: ServerTable;
  readonly release: ReleaseTable;
  readonly revision: RevisionTable;
  readonly deploy: DeployTable;
  readonly drill: DrillTable;
  readonly one_off: OneOffTable;
  readonly event: EventTable;
  readonly arrivals: ArrivalsTable;
  readonly rental: RentalTable;
  readonly decision: DecisionTable;
  readonly decision_state: DecisionStateTable;
  readonly lease: LeaseTable;
  readonly controller: ControllerTable;
}

/** One row, `id` 1. */
export interface SettingsTable {
  readonly id: number;
  readonly content: string;
}

export interface RoleTable {
  readonly role: string;
  readonly target: number;
  readonly target_reason: string;
  readonly target_at: number;
  readonly pin: string | null;
  readonly revision: string | null;
  readonly next_machine_number: number;
  readonly boots_ms: string | null;
  readonly spend_told: string | null;
}

export interface MachineTable {
  readonly name: string;
  readonly role: string;
  readonly number: number;
  readonly provider: string;
  readonly type: string | null;
  readonly state: string;
  readonly state_at: number;
  readonly created_at: number;
  readonly address: string | null;
  readonly called_home_at: number | null;
  readonly launched_at: number | null;
  readonly serving_at: number | null;
  readonly reason: string;
  readonly mark: string | null;
}

export interface ServerTable {
  readonly id: number;
  readonly machine: string;
  readonly role: string;
  readonly instance: number;
  readonly revision: string;
  readonly state: string;
  readonly state_at: number;
  readonly created_at: number;
  readonly address: string | null;
  readonly port: number | null;
  readonly reason: string;
}

export interface ReleaseTable {
  readonly id: string;
  readonly archive_sha256: string;
  readonly bytes: number;
  readonly files: number;
  readonly origin: string;
  readonly created_at: number;
}

export interface RevisionTable {
  readonly id: string;
  readonly role: string;
  readonly release: string;
  readonly created_at: number;
  readonly content: string;
}

export interface DeployTable {
  readonly id: number;
  readonly state: string;
  readonly started_by: string;
  readonly kind: string;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly requests: number | null;
  readonly failed: number | null;
  readonly content: string;
}

export interface DrillTable {
  readonly id: number;
  readonly kind: string;
  readonly state: string;
  readonly role: string;
  readonly machine: string | null;
  readonly started_by: string;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly content: string;
}

export interface OneOffTable {
  readonly id: number;
  readonly state: string;
  readonly role: string;
  readonly machine: string;
  readonly started_by: string;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly content: string;
}

export interface EventTable {
  readonly number: number;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly reason: string;
}

/** What came for a role in five minutes; `rates` as in `core/history/arrivals.ts`. */
export interface ArrivalsTable {
  readonly role: string;
  readonly start_s: number;
  readonly known: number;
  readonly mean: number;
  readonly rates: string;
}

/** A machine that is off the record, and the time it was paid for; `ended_at` null: it may still be there. */
export interface RentalTable {
  readonly machine: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly left_at: number | null;
  readonly role: string;
  readonly provider: string;
  readonly type: string | null;
}

/** What was decided about a role's size, and why; `content` as in `core/scaling/decision-record.ts`. */
export interface DecisionTable {
  readonly number: number;
  readonly role: string;
  readonly at: number;
  readonly machines_before: number;
  readonly machines_after: number;
  readonly content: string;
}

/** What the next decision goes on from; `content` as in `core/scaling/kept-state.ts`. */
export interface DecisionStateTable {
  readonly role: string;
  readonly at: number;
  readonly content: string;
}

/** One row, `name` controller. */
export interface LeaseTable {
  readonly name: string;
  readonly holder: string;
  readonly url: string;
  readonly until: number;
  readonly epoch: number;
}

/** Controllers that were there lately. */
export interface ControllerTable {
  readonly id: string;
  readonly url: string;
  readonly seen_at: number;
}

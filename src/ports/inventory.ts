import type { Rental } from "../core/cost/rental.ts";
import type { ArrivalsFilter, ArrivalsMean, ArrivalsRecord } from "../core/history/arrivals.ts";
import type { Instant } from "../core/instant.ts";
import type { Change, InventoryState, SiteEvent } from "../core/inventory.ts";
import type {
  DecisionFilter,
  DecisionRecord,
  KeptDecision,
} from "../core/scaling/decision-record.ts";

/** The database of record. One writer: the controller. */
export interface Inventory {
  /** The committed state, as an immutable value. */
  state(): InventoryState;
  /** All changes and events, durably, or nothing. Throws `Failure`. */
  commit(changes: readonly Change[], events: readonly SiteEvent[]): Promise<void>;
  /** Newest first. */
  events(filter: EventFilter): Promise<readonly RecordedEvent[]>;
  /**
   * Writes what came in five minutes. Of the same five minutes the record that knows more stays; of each role the
   * newest `arrivalsKeptMax`. Throws `Failure`.
   */
  writeArrivals(records: readonly ArrivalsRecord[]): Promise<void>;
  /** Oldest first. */
  arrivals(filter: ArrivalsFilter): Promise<readonly ArrivalsRecord[]>;
  /** All there are, without their seconds. */
  arrivalsMeans(): Promise<readonly ArrivalsMean[]>;
  /** Of machines off the record: those that did not end before `from` and began before `to`, by their beginnings. */
  rentals(filter: RentalFilter): Promise<readonly Rental[]>;
  /**
   * Writes what is to be remembered and told of decisions: it is no part of the state, and no document is made from it.
   * Of each role the newest `decisionsKeptMax` of the last fifteen days stay. Throws `Failure`.
   */
  writeDecisions(page: DecisionPage): Promise<void>;
  /** Newest first. */
  decisions(filter: DecisionFilter): Promise<readonly KeptDecision[]>;
  /** By role, as text. */
  decisionStates(): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
}

export interface DecisionPage {
  readonly at: Instant;
  /** Of all roles there are, as text: those of others are forgotten. */
  readonly states: ReadonlyMap<string, string>;
  readonly records: readonly DecisionRecord[];
}

export interface EventFilter {
  readonly subject?: string;
  /** Only events with a higher number. */
  readonly after?: number;
  readonly limit: number;
}

export interface RentalFilter {
  readonly from: Instant;
  readonly to: Instant;
  readonly limit: number;
}

export interface RecordedEvent extends SiteEvent {
  /** Grows by one with each event. */
  readonly number: number;
}

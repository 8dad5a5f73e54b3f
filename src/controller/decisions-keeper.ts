import type { Instant } from "../core/instant.ts";
import type { Decision } from "../core/scaling/decision.ts";
import { isNews } from "../core/scaling/decision-record.ts";
import type { DecisionRecord } from "../core/scaling/decision-record.ts";
import { readState, writeState } from "../core/scaling/kept-state.ts";
import type { DecisionState } from "../core/scaling/rules/state.ts";
import { Failure } from "../ports/failure.ts";
import type { Inventory } from "../ports/inventory.ts";

/** Keeps what was decided in the inventory: for the next controller to go on from, and to be told later. */
export interface DecisionsKeeper {
  /** What another controller has decided last. Asked before the first decision of this one. Throws `Failure`. */
  recall(): Promise<ReadonlyMap<string, Decision>>;
  /** What was decided now, of all roles there are. */
  note(decisions: ReadonlyMap<string, Decision>, records: readonly DecisionRecord[]): void;
  /** Writes what is due. What fails is tried again by a later call. */
  keep(now: Instant): Promise<Failure | null>;
  /** Writes where each role stands, for whoever goes on. */
  leave(now: Instant): Promise<void>;
}

/** What a controller that is killed has decided since goes with it. */
const keptEveryMs = 60_000;
/** While the inventory cannot be written, it is asked this often, … */
const againAfterMs = 10_000;
/** … and so many decisions wait; beyond them the oldest is given up. */
const unwrittenMax = 1_000;

export function createDecisionsKeeper(inventory: Inventory): DecisionsKeeper {
  let decisions: ReadonlyMap<string, Decision> = new Map();
  /** Of so many roles the state is kept. */
  let keptRoles = 0;
  const told = new Map<string, DecisionRecord>();
  let unwritten: readonly DecisionRecord[] = [];
  let keptAt: Instant = -Infinity;
  let againAt: Instant = -Infinity;

  /** Another number of machines is always news. */
  const isDue = (now: Instant): boolean =>
    unwritten.length > 0 ||
    keptRoles !== decisions.size ||
    (decisions.size > 0 && Math.abs(now - keptAt) >= keptEveryMs);
  const write = async (now: Instant): Promise<void> => {
    const states = new Map([...decisions].map(([role, { state }]) => [role, writeState(state)]));
    const records = unwritten;
    await inventory.writeDecisions({ at: now, states, records });
    unwritten = unwritten.slice(records.length);
    keptRoles = states.size;
    keptAt = now;
  };
  return {
    async recall() {
      const found = new Map<string, Decision>();
      for (const [role, text] of await inventory.decisionStates()) {
        const state = readState(text);
        if (state !== null) found.set(role, remembered(state));
      }
      keptRoles = found.size;
      return found;
    },
    note(decided, records) {
      decisions = decided;
      const news = records.filter((record) => isNews(told.get(record.role) ?? null, record));
      for (const record of news) told.set(record.role, record);
      if (news.length > 0) unwritten = [...unwritten, ...news].slice(-unwrittenMax);
    },
    async keep(now) {
      if (!isDue(now) || (now < againAt && againAt - now <= againAfterMs)) return null;
      try {
        await write(now);
        return null;
      } catch (cause) {
        if (!(cause instanceof Failure)) throw cause;
        againAt = now + againAfterMs;
        return cause;
      }
    },
    async leave(now) {
      if (decisions.size === 0) return;
      try {
        await write(now);
      } catch (cause) {
        // Whoever comes next goes on from what was written a minute ago.
        if (!(cause instanceof Failure)) throw cause;
      }
    },
  };
}

/** Of a former decision only the state is needed: why it was made is in the log. */
function remembered(state: DecisionState): Decision {
  const desired = state.asked?.desired ?? 0;
  return { desired, isActing: true, state, reasons: [], near: null, nextS: 0 };
}

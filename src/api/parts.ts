import type { AccessRecords } from "../ports/access-records.ts";
import type { ProviderName } from "../core/desired.ts";
import type { Clock } from "../ports/clock.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { ReleaseStore } from "../ports/releases.ts";
import type { Seal } from "../ports/seal.ts";
import type { Controller } from "../controller/controller.ts";
import type { Drills } from "../controller/drills.ts";
import type { FailureCount } from "../controller/failure-count.ts";
import type { LogBook } from "../controller/log-book.ts";
import type { TokenBook } from "../controller/token-book.ts";

/** What the routes stand on. */
export interface ApiParts {
  readonly controller: Controller;
  readonly drills: Drills;
  readonly inventory: Inventory;
  readonly releases: ReleaseStore;
  readonly logBook: LogBook;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly version: string;
  readonly tokens: TokenBook;
  readonly failures: FailureCount;
  readonly records: Pick<AccessRecords, "addAudit" | "audit">;
  /** Why machines of this provider cannot be made here; null when they can. */
  readonly objectionTo: (provider: ProviderName) => string | null;
  /** A free port for the balancer, for sites that name none. */
  readonly chooseBalancerPort: (host: string) => Promise<number>;
}

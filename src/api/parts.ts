import type { Clock } from "../ports/clock.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { ReleaseStore } from "../ports/releases.ts";
import type { Seal } from "../ports/seal.ts";
import type { Controller } from "../controller/controller.ts";
import type { LogBook } from "../controller/log-book.ts";

/** What the routes stand on. */
export interface ApiParts {
  readonly controller: Controller;
  readonly inventory: Inventory;
  readonly releases: ReleaseStore;
  readonly logBook: LogBook;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly version: string;
  /** People's token. */
  readonly token: string;
  /** Token of a machine's agent. */
  readonly tokenOf: (machine: string) => string;
  /** A free port for the balancer, for sites that name none. */
  readonly chooseBalancerPort: (host: string) => Promise<number>;
}

import { join } from "node:path";

/** Where things of one site are kept on the controller's computer. What `down` leaves is under `inventory` and `logs`. */
export interface StateDirectory {
  readonly root: string;
  readonly database: string;
  /** Address of the PostgreSQL database that takes the file's place; absent where there is none. */
  readonly databaseUrl: string;
  /** Whose machines these are and where they live. */
  readonly machineHome: string;
  readonly sealKey: string;
  readonly token: string;
  /** Certificate of the site's authority; no secret. */
  readonly authority: string;
  readonly releases: string;
  readonly logs: string;
  /** Where the controller listens; there while it runs. */
  readonly controller: string;
}

export function stateDirectory(root: string): StateDirectory {
  const inventory = join(root, "inventory");
  return {
    root,
    database: join(inventory, "inventory.db"),
    databaseUrl: join(inventory, "database.json"),
    machineHome: join(inventory, "machines.json"),
    sealKey: join(inventory, "seal.key"),
    token: join(inventory, "token"),
    authority: join(inventory, "authority.pem"),
    releases: join(inventory, "releases"),
    logs: join(root, "logs"),
    controller: join(root, "controller.json"),
  };
}

/** Content of `controller.json`. */
export interface ControllerAddress {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
}

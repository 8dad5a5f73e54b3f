import type { MachineDocument } from "../core/document.ts";

/** The last document on this machine's disk, its secrets sealed. */
export interface DocumentStore {
  /** Null when there never was one. Throws `Failure` when there is one that cannot be read. */
  load(): Promise<MachineDocument | null>;
  /** Durable when it returns. */
  save(document: MachineDocument): Promise<void>;
}

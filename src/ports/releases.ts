import type { Readable } from "node:stream";
import type { ReleaseReference } from "../core/document.ts";
import type { ReleaseRecord } from "../core/inventory.ts";

/** Makes releases where the code is. */
export interface ReleasePacker {
  /**
   * Copies the tree, builds it, packs it. The same content gives the same id and archive, whenever and
   * wherever it is packed. Throws `Failure`: `not_found` directory or ref, `rejected` a build that failed
   * (with its last lines) or a link that leaves the tree.
   */
  pack(order: PackOrder, signal: AbortSignal): Promise<PackedRelease>;
}

export interface PackOrder {
  /** Absolute path of the code. */
  readonly directory: string;
  /** Git ref to take instead of the working tree; null: the directory as it is. */
  readonly ref: string | null;
  /** In .gitignore's form. `.git` and `.tidemill` are always left out. */
  readonly ignore: readonly string[];
  /** Shell command run in the copy before packing. */
  readonly build: string | null;
  /** Output of the build, line by line. */
  readonly onLine: (line: string) => void;
}

export interface PackedRelease {
  readonly release: Omit<ReleaseRecord, "createdAt">;
  readonly archivePath: string;
  /** Removes the archive and the copy. */
  dispose(): Promise<void>;
}

/** Keeps archives at the controller, by release id. */
export interface ReleaseStore {
  /** Throws `Failure` (`rejected`) and keeps nothing when the bytes are not those the record names. */
  put(release: ReleaseReference, archive: Readable, signal: AbortSignal): Promise<void>;
  has(id: string): Promise<boolean>;
  /** Throws `Failure` (`not_found`). */
  open(id: string): Promise<Readable>;
  /** Ids of whatever is kept, halves that a crash has left included. */
  list(): Promise<readonly string[]>;
  remove(id: string): Promise<void>;
}

/** Unpacked releases on a machine, side by side. */
export interface ReleaseDirectory {
  /** Path of the unpacked release; fetched, verified and unpacked when it is not there. */
  ensure(release: ReleaseReference, signal: AbortSignal): Promise<string>;
  /** Points `current` at the release, atomically. */
  activate(id: string): Promise<void>;
  /** Removes every other unpacked release. */
  keepOnly(ids: readonly string[]): Promise<void>;
}

import { posix } from "node:path";

/** What a release holds at a path. Directories are listed only where they are empty. */
export type Entry =
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: FileMode;
      readonly bytes: number;
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "directory"; readonly path: string };

export type FileMode = 0o644 | 0o755;

/** Enough for any tree with its packages; a larger one is a slip, e.g. a directory too high up. */
export const entriesMax = 200_000;

/** Small enough to be held in memory, a few at a time. */
export const smallFileBytesMax = 1_048_576;

/** Files in work at a time: enough to keep two cores and a disk busy. */
export const filesAtOnce = 16;

/** What an archive of that many bytes may unfold to. Far above what code compresses, far below a bomb. */
export function unpackedBytesMax(archiveBytes: number): number {
  return 64 * 1_048_576 + 200 * archiveBytes;
}

/** What systems take; a longer one would only cost time. */
const pathLengthMax = 4_096;

/** Null, or why the path must not be in a release. */
export function refusePath(path: string): string | null {
  if (path.length > pathLengthMax) return "its name is too long";
  if (path === "" || path.startsWith("/")) return "it is not relative";
  if (path.includes("\0") || path.includes("\\")) return "its name holds a backslash or NUL";
  const steps = path.split("/");
  return steps.some((step) => step === ".." || step === "." || step === "")
    ? "it leads out of the tree"
    : null;
}

/**
 * Null, or why the link must not be in a release. Only leading `..` are allowed: behind another link, a `..`
 * in the middle leads to a place that the text does not tell.
 */
export function refuseLink(path: string, target: string): string | null {
  if (target === "" || target.startsWith("/")) return `it points to ${target || "nothing"}`;
  if (target.length > pathLengthMax || target.includes("\0")) return "its target is no path";
  const steps = target.split("/");
  const inner = steps.findIndex((step) => step !== ".." && step !== ".");
  const isTwisted = inner !== -1 && steps.slice(inner).includes("..");
  const meant = posix.join(posix.dirname(path), target);
  const isOutside = meant === ".." || meant.startsWith("../");
  return isTwisted || isOutside ? `it points to ${target}, out of the tree` : null;
}

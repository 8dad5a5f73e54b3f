import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../ports/failure.ts";
import { entriesMax, filesAtOnce, refuseLink, refusePath, type Entry } from "./entry.ts";
import type { Ignore } from "./ignore.ts";

/** Everything in the directory that is not ignored, sorted by path, byte by byte the same on every machine. */
export async function readTree(
  root: string,
  isIgnored: Ignore,
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const open: string[] = [""];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    signal.throwIfAborted();
    const parent = next;
    const children = await readdir(join(root, parent), { withFileTypes: true });
    const kept = children
      .map((child) => ({ child, path: parent === "" ? child.name : `${parent}/${child.name}` }))
      .filter(({ child, path }) => !isIgnored(path, child.isDirectory()));
    if (kept.length === 0 && parent !== "") entries.push({ kind: "directory", path: parent });
    for (const { child, path } of kept) if (child.isDirectory()) open.push(path);
    const leaves = kept.filter(({ child }) => !child.isDirectory()).map(({ path }) => path);
    for (let at = 0; at < leaves.length; at += filesAtOnce) {
      const some = leaves.slice(at, at + filesAtOnce);
      entries.push(...(await Promise.all(some.map((path) => readEntry(root, path)))));
    }
    if (entries.length > entriesMax)
      throw refusal(root, `it holds more than ${entriesMax} files; ignore some`);
  }
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function readEntry(root: string, path: string): Promise<Entry> {
  const absolute = join(root, path);
  const why = refusePath(path);
  if (why !== null) throw refusal(path, why);
  const stat = await lstat(absolute);
  if (stat.isSymbolicLink()) {
    const target = await readlink(absolute);
    const reason = refuseLink(path, target);
    if (reason !== null) throw refusal(path, reason);
    return { kind: "link", path, target };
  }
  if (!stat.isFile()) throw refusal(path, "it is neither a file, a directory nor a link");
  const mode = (stat.mode & 0o100) === 0 ? 0o644 : 0o755;
  return { kind: "file", path, mode, bytes: stat.size };
}

function refusal(what: string, why: string): Failure {
  return new Failure("rejected", `Cannot pack ${what}: ${why}`);
}

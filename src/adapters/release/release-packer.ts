import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, mkdir, rm, stat, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Failure } from "../../ports/failure.ts";
import type { PackedRelease, PackOrder, ReleasePacker } from "../../ports/releases.ts";
import { writeArchive } from "./archive.ts";
import { runBuild } from "./build.ts";
import { filesAtOnce, unpackedBytesMax, type Entry } from "./entry.ts";
import { failing } from "./failing.ts";
import { exportCommit, resolveCommit } from "./git.ts";
import { createIgnore, type Ignore } from "./ignore.ts";
import { readTree } from "./tree.ts";

export interface ReleasePackerSettings {
  /** Where copies and archives are made. */
  readonly directory: string;
  /** Environment of the build command and of git. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Packs a directory or a git ref. `ignore` speaks of the source; what a build makes is kept, also where a
 * pattern would match it, so that an ignored `node_modules` or `dist` can be made anew by the build.
 */
export function createReleasePacker(settings: ReleasePackerSettings): ReleasePacker {
  return {
    pack(order, signal) {
      return failing(`pack ${order.directory}`, signal, async () => {
        const work = join(settings.directory, `pack-${randomUUID()}`);
        const dispose = () => rm(work, { recursive: true, force: true });
        try {
          await checkDirectory(order.directory);
          await mkdir(work, { recursive: true });
          return { ...(await packInto(work, order, settings.env, signal)), dispose };
        } catch (error) {
          await dispose();
          throw error;
        }
      });
    },
  };
}

async function packInto(
  work: string,
  order: PackOrder,
  env: ReleasePackerSettings["env"],
  signal: AbortSignal,
): Promise<Omit<PackedRelease, "dispose">> {
  const copy = join(work, "tree");
  let root = order.directory;
  let origin = basename(order.directory);
  let isIgnored: Ignore = createIgnore(order.ignore);
  if (order.ref !== null) {
    const commit = await resolveCommit(order.directory, order.ref, env, signal);
    origin = `${order.ref} (${commit.slice(0, 7)})`;
    root = join(work, "source");
    await mkdir(root);
    await exportCommit(order.directory, commit, root, { env, signal });
  }
  if (order.build !== null) {
    await copyTree(root, await readTree(root, isIgnored, signal), copy, signal);
    await runBuild({ command: order.build, directory: copy, env, onLine: order.onLine }, signal);
    root = copy;
    isIgnored = createIgnore([]);
  }
  const archivePath = join(work, "release.tar.gz");
  const entries = await readTree(root, isIgnored, signal);
  const { unpackedBytes, ...archive } = await writeArchive(root, entries, archivePath, signal);
  if (unpackedBytes > unpackedBytesMax(archive.bytes))
    throw new Failure("rejected", `Cannot pack ${order.directory}: it holds vast empty files`);
  return { release: { ...archive, origin }, archivePath };
}

async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => null);
  if (found?.isDirectory() !== true)
    throw new Failure("not_found", `Cannot pack ${directory}: no such directory`);
}

async function copyTree(
  from: string,
  entries: readonly Entry[],
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const parents = entries.map(({ kind, path }) => (kind === "directory" ? path : dirname(path)));
  for (const parent of new Set([".", ...parents]))
    await mkdir(join(to, parent), { recursive: true });
  for (let at = 0; at < entries.length; at += filesAtOnce) {
    signal.throwIfAborted();
    await Promise.all(
      entries.slice(at, at + filesAtOnce).map(async (entry) => {
        const target = join(to, entry.path);
        if (entry.kind === "link") await symlink(entry.target, target);
        // A copy that shares its blocks until one side changes, where the file system can.
        if (entry.kind === "file")
          await copyFile(join(from, entry.path), target, constants.COPYFILE_FICLONE);
      }),
    );
  }
}

import { access, mkdir, readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ReleaseReference } from "../../core/document.ts";
import type { ReleaseDirectory } from "../../ports/releases.ts";
import { failing } from "./failing.ts";
import { handOver } from "./hand-over.ts";
import { checkedId } from "./release-store.ts";
import { unpackRelease } from "./unpack.ts";

export interface ReleaseDirectorySettings {
  readonly directory: string;
  /** User and group that releases are given to, so that they may write in them; null: whoever calls. */
  readonly owner: number | null;
  /** Bytes of the archive, from wherever the controller keeps it. */
  readonly fetchArchive: (id: string, signal: AbortSignal) => Promise<Readable>;
}

/** A fetch that several may wait for; it is stopped when nobody does any more. */
interface Fetch {
  readonly done: Promise<string>;
  readonly stop: AbortController;
  waiting: number;
}

/** Unpacked releases side by side: `<directory>/<id>`, and `current`. */
export function createReleaseDirectory(settings: ReleaseDirectorySettings): ReleaseDirectory {
  const { directory, fetchArchive } = settings;
  const fetches = new Map<string, Fetch>();

  function fetchOnce(release: ReleaseReference): Fetch {
    const running = fetches.get(release.id);
    if (running !== undefined && !running.stop.signal.aborted) return running;
    const stop = new AbortController();
    // A fetch that is being stopped still holds the directory the next one unpacks into.
    const former = running?.done.catch(() => "") ?? Promise.resolve("");
    const done = former.then(() => fetchAndUnpack(release, stop.signal));
    const fetch: Fetch = { done, stop, waiting: 0 };
    fetches.set(release.id, fetch);
    const forget = () => {
      if (fetches.get(release.id) === fetch) fetches.delete(release.id);
    };
    done.then(forget, forget);
    return fetch;
  }

  async function fetchAndUnpack(release: ReleaseReference, signal: AbortSignal): Promise<string> {
    const path = join(directory, release.id);
    if (await exists(path)) return path;
    const aside = join(directory, `.${release.id}.unpacking`);
    try {
      await rm(aside, { recursive: true, force: true });
      await mkdir(aside, { recursive: true });
      const archive = await fetchArchive(release.id, signal);
      await unpackRelease(archive, release, aside, signal);
      // Before anything of it runs: nobody can have put a link in the way.
      if (settings.owner !== null) await handOver(aside, settings.owner);
      await rename(aside, path);
    } catch (error) {
      await rm(aside, { recursive: true, force: true });
      throw error;
    }
    return path;
  }

  return {
    ensure(release, signal) {
      return failing(`unpack release ${release.id}`, signal, async () => {
        signal.throwIfAborted();
        const path = join(directory, checkedId(release.id));
        if (await exists(path)) return path;
        signal.throwIfAborted();
        return waitFor(fetchOnce(release), signal);
      });
    },
    activate(id) {
      return failing(`activate release ${id}`, null, async () => {
        await access(join(directory, checkedId(id)));
        // A link cannot be replaced in place; renaming another over it can be seen only before or after.
        const aside = join(directory, ".current.next");
        await rm(aside, { force: true });
        await symlink(id, aside);
        await rename(aside, join(directory, "current"));
      });
    },
    keepOnly(ids) {
      return failing(`tidy the releases in ${directory}`, null, async () => {
        const kept = new Set(["current", ...ids]);
        for (const id of fetches.keys()) kept.add(id).add(`.${id}.unpacking`);
        for (const name of await list(directory)) {
          if (kept.has(name)) continue;
          // Renamed first: a release that is half removed must not be taken for a whole one.
          const aside = name.startsWith(".") ? name : `.${name}.removing`;
          if (aside !== name) await rename(join(directory, name), join(directory, aside));
          await rm(join(directory, aside), { recursive: true, force: true });
        }
      });
    },
  };
}

async function waitFor(fetch: Fetch, signal: AbortSignal): Promise<string> {
  fetch.waiting++;
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([fetch.done, left]);
  } finally {
    signal.removeEventListener("abort", leave);
    if (--fetch.waiting === 0) fetch.stop.abort();
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

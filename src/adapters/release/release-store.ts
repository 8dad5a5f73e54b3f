import { createWriteStream } from "node:fs";
import { access, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReleaseReference } from "../../core/document.ts";
import { Failure } from "../../ports/failure.ts";
import type { ReleaseStore } from "../../ports/releases.ts";
import { failing } from "./failing.ts";
import { verify } from "./unpack.ts";

/** Archives in a directory, one file each, only ever seen whole. */
export function createReleaseStore(directory: string): ReleaseStore {
  const pathOf = (id: string) => join(directory, `${checkedId(id)}.tar.gz`);
  const partOf = (id: string) => join(directory, `.${checkedId(id)}.part`);
  // Two uploads of one release take turns, so that each part file has one writer and a crash leaves at most one.
  const turns = new Map<string, Promise<void>>();

  async function store(release: ReleaseReference, archive: Readable, signal: AbortSignal) {
    const part = partOf(release.id);
    try {
      await mkdir(directory, { recursive: true });
      const sink = createWriteStream(part, { flush: true });
      await pipeline(archive, verify(release), sink, { signal });
      await rename(part, pathOf(release.id));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  return {
    put(release, archive, signal) {
      return failing(`keep release ${release.id}`, signal, async () => {
        checkedId(release.id);
        const former = turns.get(release.id) ?? Promise.resolve();
        const turn = former.then(() => store(release, archive, signal));
        const settled = turn.catch(() => {});
        turns.set(release.id, settled);
        await turn.finally(() => {
          if (turns.get(release.id) === settled) turns.delete(release.id);
        });
      });
    },
    async has(id) {
      return access(pathOf(id)).then(
        () => true,
        () => false,
      );
    },
    open(id) {
      return failing(`open release ${id}`, null, async () => {
        const file = await open(pathOf(id));
        return file.createReadStream();
      });
    },
    list() {
      return failing("list the releases", null, async () => {
        await mkdir(directory, { recursive: true });
        const ids = (await readdir(directory)).flatMap((name) => idIn(name) ?? []);
        return [...new Set(ids)];
      });
    },
    remove(id) {
      return failing(`remove release ${id}`, null, async () => {
        await rm(pathOf(id), { force: true });
        await rm(partOf(id), { force: true });
      });
    },
  };
}

function idIn(name: string): string | null {
  return /^\.?([0-9a-f]{12})\.(?:tar\.gz|part)$/.exec(name)?.[1] ?? null;
}

/** The id, which is part of a path: it comes from outside and must be nothing but a hash. */
export function checkedId(id: string): string {
  if (/^[0-9a-f]{12}$/.test(id)) return id;
  throw new Failure("rejected", `Cannot use ${JSON.stringify(id)} as a release: it is no id`);
}

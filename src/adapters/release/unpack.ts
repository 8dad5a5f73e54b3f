import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Extract } from "tar-stream";
import type { ReleaseReference } from "../../core/document.ts";
import { Failure } from "../../ports/failure.ts";
import {
  entriesMax,
  filesAtOnce,
  refuseLink,
  refusePath,
  smallFileBytesMax,
  unpackedBytesMax,
} from "./entry.ts";

/**
 * Unpacks a release's archive into an empty directory and proves on the way that it is the one that was
 * named. Nothing is written outside the directory; whoever calls throws it away when this fails.
 */
export async function unpackRelease(
  archive: Readable,
  release: ReleaseReference,
  into: string,
  signal: AbortSignal,
): Promise<void> {
  const tar = extract();
  const bytesMax = unpackedBytesMax(release.bytes);
  const stop = new AbortController();
  await both(
    pipeline(archive, verify(release), createGunzip(), limited(bytesMax), tar, { signal }),
    writeEntries(tar, { into, bytesMax, signal: stop.signal }),
    tar,
    stop,
  );
}

/** Unpacks a tar that was made on this machine, e.g. by `git archive`. */
export async function unpackTar(
  source: Readable,
  into: string,
  signal: AbortSignal,
): Promise<void> {
  const tar = extract();
  const stop = new AbortController();
  await both(
    pipeline(source, tar, { signal }),
    writeEntries(tar, { into, bytesMax: Number.MAX_SAFE_INTEGER, signal: stop.signal }),
    tar,
    stop,
  );
}

/** Passes the archive on and ends with a `Failure` where it is not the one the reference names. */
export function verify(release: ReleaseReference): Transform {
  const hash = createHash("sha256");
  let bytes = 0;
  const mismatch = (what: string) =>
    new Failure("rejected", `Cannot take release ${release.id}: ${what}`);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes > release.bytes) done(mismatch(`more than its ${release.bytes} bytes`));
      else done(null, chunk);
    },
    flush(done) {
      if (bytes !== release.bytes) done(mismatch(`${bytes} bytes instead of ${release.bytes}`));
      else if (hash.digest("hex") !== release.archiveSha256) done(mismatch("its SHA-256 differs"));
      else done();
    },
  });
}

/** Headers count too: an archive of headers alone is a bomb as well. */
function limited(bytesMax: number): Transform {
  const overheadBytesMax = 4 * blockBytes * entriesMax;
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > bytesMax + overheadBytesMax) done(refusal("archive", "it unfolds too far"));
      else done(null, chunk);
    },
  });
}
const blockBytes = 512;

/** Waits for both ends; when one fails the other is ended, and the error that says why is thrown. */
async function both(
  piping: Promise<void>,
  writing: Promise<void>,
  tar: Extract,
  stop: AbortController,
): Promise<void> {
  const errors: unknown[] = [];
  const note = (error: unknown) => {
    errors.push(error);
    tar.destroy(error as Error);
    // An entry whose tar has ended before anybody read it tells nobody: whoever begins then would wait for ever.
    stop.abort(error);
  };
  await Promise.all([piping.catch(note), writing.catch(note)]);
  // A refusal waits for what is being written, and may come after the end of the stream that it caused.
  const refused = errors.find((error) => error instanceof Failure);
  if (errors.length > 0) throw refused ?? errors[0];
}

interface Unpacking {
  readonly into: string;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

async function writeEntries(tar: Extract, { into, bytesMax, signal }: Unpacking): Promise<void> {
  const made = new Map<string, Promise<unknown>>();
  const links = new Set<string>();
  const pending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let bytes = 0;
  let entries = 0;
  try {
    for await (const entry of tar) {
      bytes += entry.header.size;
      if (++entries > entriesMax || bytes > bytesMax)
        throw refusal("archive", "it unfolds too far");
      const path = checkEntry(entry, links);
      if (path !== "") await writeEntry(entry, path);
      else entry.resume();
      if (pending.size >= filesAtOnce) await Promise.race(pending);
      if (failures.length > 0) break;
    }
  } finally {
    // Whoever called removes the directory when this fails: nothing may be written into it any more.
    await Promise.all(pending);
  }
  if (failures.length > 0) throw failures[0];

  async function writeEntry(entry: TarEntry, path: string): Promise<void> {
    const { type, size, mode, linkname } = entry.header;
    const target = join(into, path);
    await directory(type === "directory" ? target : dirname(target));
    const options = { mode: (mode & 0o100) === 0 ? 0o644 : 0o755, flag: "wx" };
    if (type === "file" && size > smallFileBytesMax)
      return pipeline(entry, createWriteStream(target, { mode: options.mode, flags: "wx" }), {
        signal,
      });
    const content = await collect(entry);
    if (type === "symlink") await symlink(linkname ?? "", target);
    if (type === "file") later(writeFile(target, content, options));
  }

  function directory(path: string): Promise<unknown> {
    const making = made.get(path) ?? mkdir(path, { recursive: true });
    made.set(path, making);
    return making;
  }

  function later(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => void failures.push(error))
      .finally(() => pending.delete(tracked));
    pending.add(tracked);
  }
}

/** The entry's path, empty for the top itself. */
function checkEntry(entry: TarEntry, links: Set<string>): string {
  const { name, type, linkname, size } = entry.header;
  // The library never ends the content of a directory that claims to have one: whoever reads it waits for ever.
  if (type !== "file" && size !== 0) throw refusal(name, "it claims a size and is no file");
  const path = name.replace(/^(\.\/)+/, "").replace(/\/$/, "");
  if (type === "directory" && (path === "" || path === ".")) return "";
  if (type !== "file" && type !== "directory" && type !== "symlink")
    throw refusal(name, `it is a ${type} and not a file, a directory or a link`);
  const why = refusePath(path);
  if (why !== null) throw refusal(name, why);
  for (let parent = dirname(path); parent !== "."; parent = dirname(parent))
    if (links.has(parent)) throw refusal(name, `${parent} is a link`);
  if (type === "symlink") {
    const reason = refuseLink(path, linkname ?? "");
    if (reason !== null) throw refusal(name, reason);
    links.add(path);
  }
  return path;
}

/** One entry of a tar as it is read; the package has no name for it. */
type TarEntry = Extract extends AsyncIterable<infer Entry> ? Entry : never;

async function collect(entry: TarEntry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function refusal(what: string, why: string): Failure {
  return new Failure("rejected", `Cannot unpack ${what}: ${why}`);
}

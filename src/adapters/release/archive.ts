import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack, type Header, type Pack } from "tar-stream";
import { filesAtOnce, smallFileBytesMax, type Entry } from "./entry.ts";

/** What was written, named by its content. */
export interface Archive {
  readonly id: string;
  readonly archiveSha256: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly files: number;
}

const idLength = 12;

/**
 * Writes the entries as a gzipped tar with nothing in it but content: no owner, no time. One pass over the
 * files gives the archive and the id, so both speak of the same bytes even while the tree changes.
 */
export async function writeArchive(
  root: string,
  entries: readonly Entry[],
  archivePath: string,
  signal: AbortSignal,
): Promise<Archive> {
  const tar = pack();
  const archiveHash = createHash("sha256");
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      archiveHash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const written = pipeline(
    tar,
    batched(),
    createGzip({ level: 1 }),
    meter,
    createWriteStream(archivePath),
    {
      signal,
    },
  );
  const manifest = addEntries(tar, root, entries).catch((error: unknown) => {
    tar.destroy(error as Error);
    throw error;
  });
  // A file that cannot be read ends the pipeline too; the reader's error says why.
  const [added, piped] = await Promise.allSettled([manifest, written]);
  signal.throwIfAborted();
  if (added.status === "rejected") throw added.reason;
  if (piped.status === "rejected") throw piped.reason;
  return {
    id: added.value.digest.slice(0, idLength),
    archiveSha256: archiveHash.digest("hex"),
    bytes,
    unpackedBytes: added.value.unpackedBytes,
    files: entries.filter(({ kind }) => kind !== "directory").length,
  };
}

/** A tar of small files comes in scraps, and each scrap would cost the compressor a trip to its thread. */
function batched(): Transform {
  let scraps: Buffer[] = [];
  let bytes = 0;
  const take = () => {
    const batch = Buffer.concat(scraps);
    scraps = [];
    bytes = 0;
    return batch;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      scraps.push(chunk);
      bytes += chunk.length;
      done(null, bytes < batchBytes ? undefined : take());
    },
    flush: (done) => done(null, take()),
  });
}
const batchBytes = 262_144;

async function addEntries(tar: Pack, root: string, entries: readonly Entry[]) {
  const manifest = createHash("sha256");
  let unpackedBytes = 0;
  for (let at = 0; at < entries.length; at += filesAtOnce) {
    const some = entries.slice(at, at + filesAtOnce);
    const contents = await Promise.all(some.map((entry) => readSmall(root, entry)));
    for (const [index, entry] of some.entries()) {
      const digest = await addEntry(tar, root, entry, contents[index] ?? null);
      const mode = entry.kind === "file" ? entry.mode.toString(8) : "";
      manifest.update(`${entry.kind}\0${mode}\0${entry.path}\0${digest}\n`);
      if (entry.kind === "file") unpackedBytes += entry.bytes;
    }
  }
  tar.finalize();
  return { digest: manifest.digest("hex"), unpackedBytes };
}

async function readSmall(root: string, entry: Entry): Promise<Buffer | null> {
  if (entry.kind !== "file" || entry.bytes > smallFileBytesMax) return null;
  const content = await readFile(join(root, entry.path));
  if (content.length === entry.bytes) return content;
  throw new Error(`${entry.path} changed while it was packed`);
}

/** Gives what the manifest says of the entry: the hash of its content, or the link's target. */
async function addEntry(tar: Pack, root: string, entry: Entry, content: Buffer | null) {
  if (entry.kind === "link") {
    await put(tar, headers(entry.path, 0o777, { type: "symlink", linkname: entry.target }), null);
    return entry.target;
  }
  if (entry.kind === "directory") {
    await put(tar, headers(entry.path, 0o755, { type: "directory" }), null);
    return "";
  }
  const hash = createHash("sha256");
  const header = headers(entry.path, entry.mode, { type: "file", size: entry.bytes });
  if (content !== null) {
    await put(tar, header, content);
    return hash.update(content).digest("hex");
  }
  const sink = tar.entry(header);
  const source = createReadStream(join(root, entry.path));
  source.on("data", (chunk) => hash.update(chunk));
  await pipeline(source, sink);
  return hash.digest("hex");
}

type TarHeader = Partial<Header> & Pick<Header, "name">;

function headers(name: string, mode: number, rest: Partial<Header>): TarHeader {
  return { name, mode, mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "", ...rest };
}

/** Waits where the pipeline behind is slower than the disk. */
function put(tar: Pack, header: TarHeader, content: Buffer | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content === null) tar.entry(header, done);
    else tar.entry(header, content, done);
  });
}

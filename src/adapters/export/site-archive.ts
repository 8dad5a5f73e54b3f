import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { PassThrough } from "node:stream";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { extract, pack } from "tar-stream";
import type { Pack } from "tar-stream";
import { Failure } from "../../ports/failure.ts";
import { readSealedFile, writeSealedFile } from "./sealed-file.ts";

/** One table's rows, a part at a time. */
export interface ArchivedPart {
  readonly table: string;
  readonly rows: readonly object[];
}

export interface ArchiveContent {
  readonly manifest: object;
  readonly tables: AsyncIterable<ArchivedPart>;
  /** Every file under it goes along, but those that are left out, by their path in it. */
  readonly directory: string;
  readonly isLeftOut: (path: string) => boolean;
}

export interface ArchiveCount {
  readonly files: number;
  readonly rows: number;
}

const MANIFEST = "manifest.json";
const filesMax = 1_000_000;
/** What an export may unfold to: tables compress well, but a bomb does a thousandfold. */
const bytesFloor = 64 * 1024 * 1024;
const ratioMax = 200;

/** Writes tables and files into one file. */
export async function writeSiteArchive(
  path: string,
  content: ArchiveContent,
  passphrase: string | null,
): Promise<ArchiveCount> {
  const tar = pack();
  const filled = fill(tar, content).catch((cause: unknown) => {
    tar.destroy(cause as Error);
    throw cause;
  });
  const zip = createGzip({ level: 6 });
  const zipped = pipeline(tar, zip);
  // The reader of the last stream tells what broke the first.
  const [count, , written] = await Promise.allSettled([
    filled,
    zipped,
    writeSealedFile(path, zip, passphrase),
  ]);
  if (count.status === "rejected") throw count.reason;
  if (written.status === "rejected") throw written.reason;
  return count.value;
}

async function fill(tar: Pack, content: ArchiveContent): Promise<ArchiveCount> {
  await addText(tar, MANIFEST, JSON.stringify(content.manifest));
  let [parts, rows, files] = [0, 0, 0];
  for await (const part of content.tables) {
    const lines = part.rows.map((row) => JSON.stringify(row)).join("\n");
    await addText(tar, `tables/${String(parts).padStart(6, "0")}.${part.table}.jsonl`, lines);
    parts += 1;
    rows += part.rows.length;
  }
  for await (const name of filesUnder(content.directory, "")) {
    if (content.isLeftOut(name)) continue;
    await addFile(tar, `files/${name}`, join(content.directory, name));
    files += 1;
  }
  tar.finalize();
  return { files, rows };
}

async function* filesUnder(root: string, directory: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, directory), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesUnder(root, name);
    else if (entry.isFile()) yield name;
  }
}

function addText(tar: Pack, name: string, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  tar.entry({ name, mode: 0o600 }, text, (error) =>
    error === undefined || error === null ? resolve() : reject(error),
  );
  return promise;
}

async function addFile(tar: Pack, name: string, path: string): Promise<void> {
  const { size } = await stat(path);
  const entry = tar.entry({ name, size, mode: 0o600 });
  // A file that grows meanwhile is taken as long as it was.
  const bytes: Readable =
    size === 0 ? new PassThrough().end() : createReadStream(path, { end: size - 1 });
  await pipeline(bytes, entry);
}

/** Unpacks into an empty directory: `files` and `tables` under it. Nothing in it is to be used before it resolves. */
export async function unpackSiteArchive(
  path: string,
  passphrase: string | null,
  directory: string,
): Promise<object> {
  const unzip = createGunzip();
  const tar = extract();
  const unzipped = pipeline(unzip, tar);
  const stop = new AbortController();
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  const taken = take(tar, {
    directory,
    bytesMax: bytesFloor + ratioMax * size,
    signal: stop.signal,
  });
  // Whichever fails first ends the others: they would wait for more for ever.
  const endAll = (cause: unknown): never => {
    stop.abort(cause);
    unzip.destroy(cause as Error);
    tar.destroy(cause as Error);
    throw cause;
  };
  const outcomes = await Promise.allSettled([
    readSealedFile(path, passphrase, unzip).catch(endAll),
    unzipped.catch(endAll),
    taken.catch(endAll),
  ]);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw unpackFailure(path, failed.reason);
  return readUnpacked(path, async () =>
    parseJson(await readFile(join(directory, MANIFEST), "utf8")),
  );
}

interface Taking {
  readonly directory: string;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

async function take(
  tar: ReturnType<typeof extract>,
  { directory, bytesMax, signal }: Taking,
): Promise<void> {
  let [files, bytes] = [0, 0];
  for await (const entry of tar) {
    const { name, type, size } = entry.header;
    files += 1;
    bytes += size;
    if (type !== "file" || !isInside(name) || files > filesMax || bytes > bytesMax) {
      throw new Failure("rejected", `Cannot unpack ${name}: it does not belong into an export`);
    }
    const target = join(directory, name);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    // An entry whose tar has ended before it is read here tells nobody: only the signal does.
    await pipeline(entry, createWriteStream(target, { mode: 0o600, flags: "wx" }), { signal });
  }
}

/** Damage shows in many ways; whoever rebuilds needs to know that the file is at fault. */
function unpackFailure(path: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  return new Failure("rejected", `Cannot unpack ${path}: ${said}`, { cause });
}

async function readUnpacked<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw unpackFailure(path, cause);
  }
}

function parseJson(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null) return value;
  throw new Error("it holds something else");
}

function isInside(name: string): boolean {
  return name === MANIFEST || (normalize(name) === name && /^(files|tables)\/./.test(name));
}

/** The tables of an unpacked archive, as they were written. */
export async function* archivedTables(directory: string): AsyncGenerator<{
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}> {
  const names = await readUnpacked("the tables", () => readdir(join(directory, "tables")));
  for (const name of names.toSorted()) {
    const [, table = ""] = name.split(".");
    const rows = await readUnpacked(name, async () => {
      const text = await readFile(join(directory, "tables", name), "utf8");
      return text.split("\n").map((line) => parseJson(line) as Record<string, unknown>);
    });
    yield { table, rows };
  }
}

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
): Promise<unknown> {
  const unzip = createGunzip();
  const tar = extract();
  const unzipped = pipeline(unzip, tar);
  const taken = take(tar, directory);
  // Whichever fails first ends the others: they would wait for more for ever.
  const endAll = (cause: unknown): never => {
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
  if (failed !== undefined) throw failed.reason;
  return JSON.parse(await readFile(join(directory, MANIFEST), "utf8"));
}

async function take(tar: ReturnType<typeof extract>, directory: string): Promise<void> {
  let files = 0;
  for await (const entry of tar) {
    const { name, type } = entry.header;
    files += 1;
    if (type !== "file" || !isInside(name) || files > filesMax) {
      throw new Failure("rejected", `Cannot unpack ${name}: it does not belong into an export`);
    }
    const target = join(directory, name);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await pipeline(entry, createWriteStream(target, { mode: 0o600, flags: "wx" }));
  }
}

function isInside(name: string): boolean {
  return name === MANIFEST || (normalize(name) === name && /^(files|tables)\/./.test(name));
}

/** The tables of an unpacked archive, as they were written. */
export async function* archivedTables(directory: string): AsyncGenerator<{
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}> {
  const names = await readdir(join(directory, "tables"));
  for (const name of names.toSorted()) {
    const [, table = ""] = name.split(".");
    const text = await readFile(join(directory, "tables", name), "utf8");
    const rows = text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    yield { table, rows };
  }
}

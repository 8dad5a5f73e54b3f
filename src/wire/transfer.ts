import { existsSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  archivedTables,
  unpackSiteArchive,
  writeSiteArchive,
} from "../adapters/export/site-archive.ts";
import { readEpoch, readTables, writeTables } from "../adapters/inventory/copy.ts";
import type { Database } from "../adapters/inventory/inventory.ts";
import { checkPostgresUrl, openPostgresDatabase } from "../adapters/inventory/postgres.ts";
import { openSqliteDatabase } from "../adapters/inventory/sqlite.ts";
import type { Settings } from "../core/inventory.ts";
import { isMisfit, nullable, number, reasonOf, record, text } from "../core/received/shape.ts";
import { Failure } from "../ports/failure.ts";
import type { ExportSummary } from "../ports/site-export.ts";
import { stateDirectory } from "../ports/state-directory.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { writeKept } from "./kept-file.ts";
import { readDatabaseUrl } from "./standby.ts";
import { readVersion } from "./version.ts";

interface OpenDatabase {
  readonly engine: "sqlite" | "postgres";
  readonly db: Database;
}

/** The file's own manifest. */
interface Manifest extends Pick<ExportSummary, "site" | "at"> {
  readonly epoch: number;
  readonly version: string;
}

/** Everything a new controller needs, in one file. The running controller, if there is one, goes on. */
export async function exportSite(
  places: StateDirectory,
  given: { readonly path: string; readonly passphrase: string | null; readonly url: string | null },
): Promise<ExportSummary> {
  const { db, engine } = openOwn(places, given.url);
  try {
    const site = await siteName(db);
    const manifest: Manifest = {
      site,
      at: Date.now(),
      epoch: await readEpoch(db),
      version: readVersion(),
    };
    const content = {
      manifest,
      tables: readTables(db, engine),
      directory: join(places.root, "inventory"),
      // The database is in the tables; where it was is no matter of the new place.
      isLeftOut: (path: string) => /^(inventory\.db|database\.json)/.test(path),
    };
    const count = await writeSiteArchive(given.path, content, given.passphrase);
    const { size: bytes } = await stat(given.path);
    return { site, at: manifest.at, bytes, isEncrypted: given.passphrase !== null, ...count };
  } finally {
    await db.destroy();
  }
}

/** The state of a new controller from an export. It has a site when it resolves, or nothing has changed. */
export async function rebuildSite(
  places: StateDirectory,
  given: { readonly path: string; readonly passphrase: string | null; readonly url: string | null },
): Promise<{ readonly site: string | null; readonly at: number }> {
  const inventory = join(places.root, "inventory");
  if (existsSync(inventory)) {
    throw new Failure(
      "rejected",
      `Cannot rebuild in ${places.root}: there is an inventory already`,
    );
  }
  const scratch = join(places.root, "rebuilding");
  await mkdir(places.root, { recursive: true, mode: 0o700 });
  await mkdir(scratch, { mode: 0o700 }).catch(() => {
    throw new Failure("rejected", `Cannot rebuild in ${places.root}: ${scratch} is there already`);
  });
  try {
    const manifest = readManifest(
      await unpackSiteArchive(given.path, given.passphrase, scratch),
      given.path,
    );
    const built = stateDirectory(scratch);
    await rename(join(scratch, "files"), join(scratch, "inventory"));
    // Above anything that agents and providers may have seen since: only time is known to have gone on.
    const now = Date.now();
    const terms = { epochMin: now, generationMin: now };
    const { db, engine } = given.url === null ? openFile(built) : openShared(given.url);
    try {
      await writeTables(db, engine, archivedTables(scratch), terms).catch((cause: unknown) => {
        if (cause instanceof Failure) throw cause;
        const said = cause instanceof Error ? cause.message : String(cause);
        throw new Failure("rejected", `Cannot rebuild from ${given.path}: ${said}`, { cause });
      });
    } finally {
      await db.destroy();
    }
    if (given.url !== null) keepUrl(built, given.url);
    await rename(join(scratch, "inventory"), inventory);
    return { site: manifest.site, at: manifest.at };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** From the SQLite file to PostgreSQL; the file stays beside, under another name. No controller may run. */
export async function moveToPostgres(places: StateDirectory, url: string): Promise<void> {
  if (!existsSync(places.database)) {
    throw new Failure("not_found", `Cannot move the inventory: there is no ${places.database}`);
  }
  const from = openFile(places);
  const to = openShared(url);
  try {
    const terms = { epochMin: await readEpoch(from.db), generationMin: 0 };
    await writeTables(to.db, to.engine, readTables(from.db, from.engine), terms);
  } finally {
    await from.db.destroy();
    await to.db.destroy();
  }
  keepUrl(places, url);
  await rename(places.database, `${places.database}.moved`);
}

function readManifest(value: object, path: string): Pick<Manifest, "site" | "at"> {
  const manifest = manifestShape(value);
  if (!isMisfit(manifest)) return manifest;
  throw new Failure("rejected", `Cannot rebuild from ${path}: ${reasonOf(manifest)}`);
}

const manifestShape = record({ site: nullable(text(100)), at: number(0, 8_640_000_000_000_000) });

function keepUrl(places: StateDirectory, url: string): void {
  writeKept(places.databaseUrl, `${JSON.stringify({ url })}\n`);
}

function openOwn(places: StateDirectory, given: string | null): OpenDatabase {
  const url = readDatabaseUrl(places, given ?? undefined);
  if (url !== null) return openShared(url);
  if (existsSync(places.database)) return openFile(places);
  throw new Failure("not_found", `Cannot export the site: there is no inventory in ${places.root}`);
}

function openFile(places: StateDirectory): OpenDatabase {
  return { engine: "sqlite", db: openSqliteDatabase(places.database) };
}

function openShared(url: string): OpenDatabase {
  checkPostgresUrl(url);
  return { engine: "postgres", db: openPostgresDatabase(url) };
}

async function siteName(db: Database): Promise<string | null> {
  const row = await db.selectFrom("settings").selectAll().executeTakeFirst();
  return row === undefined ? null : ((JSON.parse(row.content) as Settings).site?.name ?? null);
}

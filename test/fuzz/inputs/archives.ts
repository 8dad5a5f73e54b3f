import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import type { Header } from "tar-stream";
import { unpackSiteArchive, writeSiteArchive } from "../../../src/adapters/export/site-archive.ts";
import { archivedTables } from "../../../src/adapters/export/site-archive.ts";
import { unpackRelease } from "../../../src/adapters/release/unpack.ts";
import { Failure } from "../../../src/ports/failure.ts";
import type { FuzzInput } from "../input.ts";
import { mutateBytes } from "../mutate.ts";
import type { Random } from "../random.ts";
import { scratchDirectory } from "../scratch.ts";

const names = [
  "server.js",
  "lib/a.js",
  "lib",
  "./lib/b.js",
  "../escape",
  "lib/../../escape",
  "/escape",
  "link/escape",
  "link",
  "a\nb",
  "a\\b",
  "..",
  ".",
  "",
  "x".repeat(300),
  "d/".repeat(60),
  "é/ü",
];
const targets = [
  "server.js",
  "..",
  "../escape",
  "/etc/passwd",
  "lib/../../escape",
  "lib",
  "",
  "x".repeat(5_000),
  "link",
];
const types = [
  "file",
  "file",
  "file",
  "directory",
  "symlink",
  "link",
  "character-device",
  "block-device",
  "fifo",
] as const;
const blockBytes = 512;

/** A tar of whatever a tar can hold. */
async function tarOf(random: Random): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(tar);
  for (let entry = 0; entry < 1 + random.below(5); entry++) {
    const type = random.pick(types);
    const header: Partial<Header> & Pick<Header, "name"> = {
      name: random.pick(names),
      type,
      mode: random.below(0o10000),
      linkname: random.pick(targets),
      ...(random.oneIn(10)
        ? { pax: { path: random.pick(names), size: String(random.below(2 ** 31)) } }
        : {}),
    };
    tar.entry(header, type === "file" ? random.bytes(random.below(40)) : Buffer.alloc(0));
  }
  tar.finalize();
  return bytes;
}

/** Its numbers and sums changed, so that the reader's own limits are met. */
function spoiled(tar: Buffer, random: Random): Buffer {
  const copy = Buffer.from(tar);
  const at = blockBytes * random.below(Math.max(1, copy.length / blockBytes));
  if (at + blockBytes > copy.length) return copy;
  const size = random.pick([
    "77777777777",
    "00000000000",
    "-1         ",
    "99999999999",
    "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
  ]);
  copy.write(size, at + 124, "latin1");
  if (random.oneIn(3))
    copy.write(random.pick(["x", "g", "L", "K", "5", "1", "7", "S"]), at + 156, "latin1");
  copy.write("        ", at + 148, "latin1");
  const sum = copy.subarray(at, at + blockBytes).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  return copy;
}

async function archiveOf(random: Random): Promise<Buffer> {
  const tar = await tarOf(random);
  const changed = random.oneIn(3)
    ? spoiled(tar, random)
    : random.oneIn(4)
      ? mutateBytes(tar, random)
      : tar;
  const zipped = gzipSync(changed, { level: 1 });
  return random.oneIn(8) ? mutateBytes(zipped, random) : zipped;
}

/** Nothing beside the place, and no link in it that leads out of it. */
function judgePlace(root: string, place: string): void {
  assert.deepEqual(readdirSync(root).toSorted(), ["place", "secret"]);
  const look = (directory: string): void => {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const found = lstatSync(path);
      if (found.isDirectory()) look(path);
      else if (found.isSymbolicLink()) {
        const end = relative(place, resolve(dirname(path), readlinkSync(path)));
        assert.ok(!end.startsWith("..") && !end.startsWith("/"), `a link to ${end}`);
      } else assert.ok(found.isFile(), `${path} is neither file, directory nor link`);
    }
  };
  look(place);
}

function openPlace() {
  const root = scratchDirectory();
  const place = join(root, "place");
  writeFileSync(join(root, "secret"), "");
  const renew = (): void => {
    // Most archives are refused before anything of them is written.
    if (existsSync(place) && readdirSync(place).length === 0) return;
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
  };
  renew();
  return { root, place, renew, close: async () => rmSync(root, { recursive: true, force: true }) };
}

/** Code that a machine gets. */
export const releaseArchives: FuzzInput = {
  name: "release-archives",
  open: async () => {
    const { root, place, renew, close } = openPlace();
    return {
      async run(random) {
        const archive = await archiveOf(random);
        const archiveSha256 = createHash("sha256").update(archive).digest("hex");
        const release = { id: "aaaaaaaaaaaa", archiveSha256, bytes: archive.length };
        const isRight = !random.oneIn(10);
        const named = isRight
          ? release
          : { ...release, bytes: release.bytes + 1 - random.below(3) * 2 };
        const error = await unpackRelease(
          Readable.from([archive]),
          named,
          place,
          new AbortController().signal,
        ).then(
          () => null,
          (cause: unknown) => cause,
        );
        // Whoever unpacks says what every error means; what is no error of a reader is a slip of ours.
        const isSlip =
          error instanceof TypeError ||
          error instanceof RangeError ||
          error instanceof ReferenceError;
        if (isSlip) throw error;
        if (!isRight) assert.ok(error !== null, "it is not what was named");
        judgePlace(root, place);
        renew();
      },
      close,
    };
  },
};

async function* tables() {
  yield { table: "settings", rows: [{ id: 1, content: "{}" }] };
}

/** What `rebuild` makes a controller of. */
export const exportFiles: FuzzInput = {
  name: "export-files",
  open: async () => {
    const { root, place, renew, close } = openPlace();
    const scratch = scratchDirectory();
    const path = join(scratch, "site.export");
    const content = {
      manifest: { site: "shop", at: 1 },
      tables: tables(),
      directory: place,
      isLeftOut: () => false,
    };
    writeFileSync(join(place, "token"), "t");
    await writeSiteArchive(path, content, null);
    const { readFileSync } = await import("node:fs");
    const good = readFileSync(path);
    renew();
    const header = good.subarray(0, good.indexOf("\n") + 1);
    return {
      async run(random) {
        const body = random.oneIn(2) ? await archiveOf(random) : good.subarray(header.length);
        const sent = random.oneIn(3)
          ? mutateBytes(Buffer.concat([header, body]), random)
          : Buffer.concat([header, body]);
        writeFileSync(path, sent);
        try {
          await unpackSiteArchive(path, null, place);
          for await (const { rows } of archivedTables(place)) assert.ok(Array.isArray(rows));
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
        judgePlace(root, place);
        renew();
      },
      async close() {
        await close();
        rmSync(scratch, { recursive: true, force: true });
      },
    };
  },
};

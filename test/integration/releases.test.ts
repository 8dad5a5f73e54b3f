import { until } from "../harness/until.ts";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { execFileSync } from "node:child_process";
import { after, before, beforeEach, describe, it } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { extract as tarExtract, pack as tarPack, type Header } from "tar-stream";
import { createReleaseDirectory } from "../../src/adapters/release/release-directory.ts";
import { createReleasePacker } from "../../src/adapters/release/release-packer.ts";
import { createReleaseStore } from "../../src/adapters/release/release-store.ts";
import type { ReleaseReference } from "../../src/core/document.ts";
import { Failure, type FailureCode } from "../../src/ports/failure.ts";
import type { PackOrder } from "../../src/ports/releases.ts";

type TarHeader = Partial<Header> & Pick<Header, "name">;

const live = () => AbortSignal.timeout(30_000);
const failsWith = (code: FailureCode, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, text);
  return true;
};

let home = "";
let place = "";
let places = 0;
before(async () => {
  home = await mkdtemp(join(tmpdir(), "tidemill-releases-"));
});
beforeEach(async () => {
  place = join(home, String(++places));
  await mkdir(place);
});
after(() => rm(home, { recursive: true, force: true }));

async function plant(files: Readonly<Record<string, string>>, name = "app"): Promise<string> {
  const root = join(place, name);
  await mkdir(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

function pack(directory: string, order: Partial<PackOrder> = {}, signal = live()) {
  const packer = createReleasePacker({ directory: join(place, "work"), env: process.env });
  const plain = { ref: null, ignore: [], build: null, onLine: () => {} };
  return packer.pack({ ...plain, ...order, directory }, signal);
}

/** Packs, unpacks, and gives the paths that came out. */
async function throughArchive(directory: string, order: Partial<PackOrder> = {}) {
  const packed = await pack(directory, order);
  const releases = createReleaseDirectory({
    directory: join(place, "releases"),
    owner: null,
    fetchArchive: async () => createReadStream(packed.archivePath),
  });
  const root = await releases.ensure(packed.release, live());
  await packed.dispose();
  return { root, paths: await listFiles(root), release: packed.release, releases };
}

async function headersOf(archivePath: string): Promise<readonly Header[]> {
  const tar = tarExtract();
  tar.end(gunzipSync(await readFile(archivePath)));
  const headers: Header[] = [];
  for await (const entry of tar) {
    headers.push(entry.header);
    entry.resume();
  }
  assert.ok(headers.length > 0);
  return headers;
}

async function listFiles(root: string): Promise<readonly string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

describe("packing a release", () => {
  it("keeps content, the executable bit, links and empty directories, and nothing else", async () => {
    const big = "0123456789abcdef".repeat(100_000);
    const app = await plant({
      "a.js": "a",
      "bin/run": "#!/bin/sh\n",
      big,
      "naïve ✓.txt": "é",
      ".git/x": "",
      "sub/.tidemill/y": "",
    });
    await plant({ [`${"long/".repeat(40)}name`]: "deep" });
    await chmod(join(app, "bin/run"), 0o711);
    await chmod(join(app, "a.js"), 0o600);
    await symlink("../a.js", join(app, "bin/link"));
    await mkdir(join(app, "empty"));
    const { root, paths, release } = await throughArchive(app);
    assert.deepEqual(paths, [
      "a.js",
      "big",
      "bin/link",
      "bin/run",
      `${"long/".repeat(40)}name`,
      "naïve ✓.txt",
    ]);
    assert.equal(release.files, 6);
    assert.equal(release.origin, "app");
    assert.equal(await readFile(join(root, "big"), "utf8"), big);
    assert.equal(await readlink(join(root, "bin/link")), "../a.js");
    assert.equal((await stat(join(root, "bin/run"))).mode & 0o100, 0o100);
    assert.equal(
      (await stat(join(root, "a.js"))).mode & 0o777 & ~process.umask(),
      0o644 & ~process.umask(),
    );
    assert.ok((await stat(join(root, "empty"))).isDirectory());
    assert.deepEqual(await readdir(join(place, "work")), []);
  });

  it("gives the same id and archive for the same content, another for any change of it", async () => {
    const files = { "b/c": "1", a: "2", "b-c": "3" };
    const one = await pack(await plant(files, "one"));
    const again = await plant(files, "two");
    await utimes(join(again, "a"), 1, 1);
    const two = await pack(again);
    const { origin: _, ...same } = two.release;
    assert.deepEqual({ ...same, origin: "one" }, one.release);
    const digest = createHash("sha256")
      .update(await readFile(one.archivePath))
      .digest("hex");
    assert.equal(one.release.archiveSha256, digest);
    assert.equal((await stat(one.archivePath)).size, one.release.bytes);
    for (const header of await headersOf(two.archivePath)) {
      const { mtime, uid, gid, uname, gname } = header;
      const nobody = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" };
      assert.deepEqual({ mtime, uid, gid, uname, gname }, nobody);
    }
    await chmod(join(again, "a"), 0o755);
    const changed = [await pack(again)];
    await writeFile(join(again, "a"), "x");
    changed.push(await pack(again));
    const ids = new Set([one, ...changed].map(({ release }) => release.id));
    assert.equal(ids.size, 3);
    for (const id of ids) assert.match(id, /^[0-9a-f]{12}$/);
  });

  it("leaves out what is ignored, and lets the build make it anew in a copy", async () => {
    const app = await plant({ "a.js": "a", "dist/old": "", "x.log": "" });
    const lines: string[] = [];
    const build = "mkdir dist && cp a.js dist/new && echo made; echo warned >&2; printf end";
    const { paths } = await throughArchive(app, {
      ignore: ["dist/", "*.log"],
      build,
      onLine: (line) => lines.push(line),
    });
    assert.deepEqual(paths, ["a.js", "dist/new"]);
    assert.deepEqual(lines.toSorted(), ["end", "made", "warned"]);
    assert.deepEqual(await listFiles(app), ["a.js", "dist/old", "x.log"]);
  });

  it("takes a ref of git instead of the working tree, also below the top of the repository", async () => {
    const app = await plant({ "a.js": "first", "sub/b.js": "b" });
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-C", app, "-c", "user.name=t", "-c", "user.email=t@t.test", ...args], {
        encoding: "utf8",
      });
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-q", "-m", "one");
    const commit = git("rev-parse", "HEAD").trim();
    await writeFile(join(app, "a.js"), "second");
    const { root, release } = await throughArchive(app, { ref: "main" });
    assert.equal(release.origin, `main (${commit.slice(0, 7)})`);
    assert.equal(await readFile(join(root, "a.js"), "utf8"), "first");
    assert.deepEqual((await throughArchive(join(app, "sub"), { ref: "HEAD" })).paths, ["b.js"]);
    await assert.rejects(pack(app, { ref: "nothing" }), failsWith("not_found", /no such ref/));
    await assert.rejects(pack(app, { ref: "--all" }), failsWith("not_found", /^Cannot find --all/));
  });

  it("fails by one sentence and leaves nothing behind", async () => {
    const app = await plant({ a: "" });
    await assert.rejects(pack(join(place, "none")), failsWith("not_found", /no such directory/));
    await assert.rejects(
      pack(app, { ref: "main" }),
      failsWith("not_found", /not a git repository|no such ref/),
    );
    const build = "echo about to fail; exit 3";
    await assert.rejects(
      pack(app, { build }),
      failsWith("rejected", /ended with 3\nabout to fail/),
    );
    for (const target of ["/etc/passwd", "../../x"]) {
      await symlink(target, join(app, "out"));
      await assert.rejects(pack(app), failsWith("rejected", /^Cannot pack out: it points to/));
      await rm(join(app, "out"));
    }
    assert.deepEqual(await readdir(join(place, "work")), []);
  });

  it("stops the whole build when it is told to", async () => {
    const app = await plant({ a: "" });
    const stop = new AbortController();
    const pidFile = join(place, "pid");
    const build = `sleep 60 & echo $! > ${pidFile}; echo started; wait`;
    const packing = pack(app, { build, onLine: () => stop.abort() }, stop.signal);
    await assert.rejects(packing, failsWith("aborted", /stopped/));
    const pid = Number(await readFile(pidFile, "utf8"));
    await until("the build is ended", async () => !(await isRunning(pid)));
  });
});

async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return status !== "" && !/\) Z /.test(status);
}

describe("a release directory", () => {
  /** Fetches one prepared archive, and counts. */
  function serve(
    archive: Buffer,
    release: Partial<ReleaseReference> = {},
    gate: Promise<undefined> = Promise.resolve(undefined),
  ) {
    const reference: ReleaseReference = {
      id: "0123456789ab",
      archiveSha256: createHash("sha256").update(archive).digest("hex"),
      bytes: archive.length,
      ...release,
    };
    let fetches = 0;
    const directory = join(place, "releases");
    const releases = createReleaseDirectory({
      directory,
      owner: null,
      fetchArchive: async (_id, signal) => {
        fetches++;
        const stopped = once(signal, "abort").then(() => signal.throwIfAborted());
        await Promise.race([gate, stopped]);
        return Readable.from([archive.subarray(0, 100), archive.subarray(100)]);
      },
    });
    return { releases, reference, directory, fetches: () => fetches };
  }

  async function archiveOf(
    ...entries: readonly (readonly [TarHeader, string?])[]
  ): Promise<Buffer> {
    const tar = tarPack();
    for (const [header, content] of entries) tar.entry(header, content ?? "");
    tar.finalize();
    return gzipSync(await buffer(tar));
  }

  it("fetches once for all who wait, and never again", async () => {
    const { releases, reference, directory, fetches } = serve(
      await archiveOf([{ name: "a" }, "1"]),
    );
    const paths = await Promise.all([1, 2, 3].map(() => releases.ensure(reference, live())));
    assert.deepEqual(new Set(paths), new Set([join(directory, reference.id)]));
    await releases.ensure(reference, live());
    assert.equal(fetches(), 1);
    assert.deepEqual(await readdir(directory), [reference.id]);
  });

  it("goes on for the others when one of them stops waiting", async () => {
    const gate = Promise.withResolvers<undefined>();
    const archive = await archiveOf([{ name: "a" }, "1"]);
    const { releases, reference, fetches } = serve(archive, {}, gate.promise);
    const stop = new AbortController();
    const left = releases.ensure(reference, stop.signal);
    const stays = releases.ensure(reference, live());
    await until("the fetches have begun", () => fetches() === 1);
    stop.abort();
    await assert.rejects(left, failsWith("aborted", /stopped/));
    gate.resolve(undefined);
    await stays;
    assert.equal(fetches(), 1);
  });

  it("stops the fetch when nobody waits any more, and begins another for the next", async () => {
    const never = new Promise<undefined>(() => {});
    const archive = await archiveOf([{ name: "a" }, "1"]);
    const { releases, reference, directory, fetches } = serve(archive, {}, never);
    for (const expected of [1, 2]) {
      const stop = new AbortController();
      const left = releases.ensure(reference, stop.signal);
      await until("the fetches have begun", () => fetches() === expected);
      stop.abort();
      await assert.rejects(left, failsWith("aborted", /stopped/));
    }
    await until("nothing is left", async () => (await readdir(directory)).length === 0);
  });

  it("refuses what is not the archive that was named, and keeps nothing of it", async () => {
    const archive = await archiveOf([{ name: "a" }, "content"]);
    for (const [wrong, said] of [
      [{ archiveSha256: "0".repeat(64) }, /SHA-256 differs/],
      [{ bytes: archive.length - 1 }, /more than its/],
      [{ bytes: archive.length + 1 }, /instead of/],
      [{ id: "../../../etc" }, /it is no id/],
    ] as const) {
      const { releases, reference, directory } = serve(archive, wrong);
      await assert.rejects(releases.ensure(reference, live()), failsWith("rejected", said));
      assert.deepEqual(await readdir(directory).catch(() => []), []);
    }
  });

  it("refuses whatever could leave the tree, and keeps nothing of it", async () => {
    const bad: readonly (readonly [readonly (readonly [TarHeader, string?])[], RegExp])[] = [
      [[[{ name: "/etc/x" }]], /not relative|out of the tree/],
      [[[{ name: "../x" }]], /out of the tree/],
      [[[{ name: "a/../../x" }]], /out of the tree/],
      [[[{ name: "l", type: "symlink", linkname: "/etc" }]], /points to \/etc/],
      [[[{ name: "l", type: "symlink", linkname: "a/../../x" }]], /out of the tree/],
      [[[{ name: "l", type: "symlink", linkname: "." }], [{ name: "l/x" }, "1"]], /l is a link/],
      [[[{ name: "a" }, "1"], [{ name: "h", type: "link", linkname: "a" }]], /it is a link/],
      [[[{ name: "d", type: "block-device" }]], /it is a block-device/],
      [[[{ name: "f", type: "fifo" }]], /it is a fifo/],
    ];
    for (const [entries, said] of bad) {
      const { releases, reference, directory } = serve(await archiveOf(...entries));
      await assert.rejects(releases.ensure(reference, live()), failsWith("rejected", said));
      assert.deepEqual(await readdir(directory), []);
    }
  });

  it("refuses an archive that unfolds to far more than it is", async () => {
    const bomb = await archiveOf([{ name: "zeros" }, "\0".repeat(110 * 1_048_576)]);
    const { releases, reference, directory } = serve(bomb);
    await assert.rejects(
      releases.ensure(reference, live()),
      failsWith("rejected", /unfolds too far/),
    );
    assert.deepEqual(await readdir(directory), []);
  });

  it("refuses bytes that are no archive", async () => {
    const { releases, reference, directory } = serve(Buffer.alloc(500, 7));
    await assert.rejects(releases.ensure(reference, live()), failsWith("unavailable", /unpack/));
    assert.deepEqual(await readdir(directory), []);
  });

  it("switches `current` in one step and tidies the rest", async () => {
    const { releases, reference, directory } = serve(await archiveOf([{ name: "a" }, "1"]));
    const other = { ...reference, id: "ba9876543210" };
    await releases.ensure(reference, live());
    await releases.ensure(other, live());
    await releases.activate(reference.id);
    await releases.activate(other.id);
    await releases.activate(other.id);
    assert.equal(await readlink(join(directory, "current")), other.id);
    await mkdir(join(directory, ".0123456789ab.unpacking"));
    await releases.keepOnly([other.id]);
    assert.deepEqual((await readdir(directory)).toSorted(), [other.id, "current"]);
    await assert.rejects(releases.activate(reference.id), failsWith("not_found", /activate/));
  });
});

describe("a release store", () => {
  const bytes = Buffer.from("an archive");
  const release: ReleaseReference = {
    id: "0123456789ab",
    archiveSha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
  };

  it("keeps, gives back and removes archives, each call as often as one likes", async () => {
    const store = createReleaseStore(join(place, "store"));
    assert.equal(await store.has(release.id), false);
    await Promise.all([1, 2, 3].map(() => store.put(release, Readable.from([bytes]), live())));
    assert.equal(await store.has(release.id), true);
    assert.deepEqual(await buffer(await store.open(release.id)), bytes);
    assert.deepEqual(await readdir(join(place, "store")), [`${release.id}.tar.gz`]);
    // What an upload leaves that a crash cut off.
    await writeFile(join(place, "store", ".ba9876543210.part"), bytes);
    assert.deepEqual((await store.list()).toSorted(), [release.id, "ba9876543210"]);
    await store.remove("ba9876543210");
    assert.deepEqual(await store.list(), [release.id]);
    await store.remove(release.id);
    await store.remove(release.id);
    assert.equal(await store.has(release.id), false);
    await assert.rejects(store.open(release.id), failsWith("not_found", /open release/));
  });

  it("keeps nothing of what is not the archive that was named, or broke off", async () => {
    const store = createReleaseStore(join(place, "store"));
    const put = (content: Readable, signal = live()) => store.put(release, content, signal);
    await assert.rejects(put(Readable.from([bytes.subarray(1)])), failsWith("rejected", /bytes/));
    await assert.rejects(
      put(Readable.from([Buffer.from("AN ARCHIVE")])),
      failsWith("rejected", /SHA/),
    );
    const stop = new AbortController();
    const endless = new Readable({ read: () => stop.abort() });
    await assert.rejects(put(endless, stop.signal), failsWith("aborted", /stopped/));
    assert.deepEqual(await readdir(join(place, "store")), []);
    await put(Readable.from([bytes]));
    assert.equal(await store.has(release.id), true);
  });
});

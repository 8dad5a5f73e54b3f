import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createCliSite, fetchPage } from "./cli-site.ts";

describe("a first up that does not work", () => {
  const site = createCliSite();
  after(() => site.dispose());

  it("is mended by mending the code and going up again", async () => {
    const code = join(site.directory, "server.js");
    const good = join(site.directory, "..", "server.js");
    cpSync(code, good);
    await site.run("init");
    rmSync(code);
    const failed = await site.run("up");
    assert.equal(failed.code, 1, failed.stderr);
    assert.match(failed.stderr, /Cannot find module/);
    cpSync(good, code);
    const mended = await site.run("up");
    assert.equal(mended.code, 0, mended.stderr);
    assert.equal((await fetchPage(mended.stdout.trim())).status, 200);
    const again = await site.run("up");
    assert.doesNotMatch(again.stderr, /send {3}release/, "a release that works is kept");
  });
});

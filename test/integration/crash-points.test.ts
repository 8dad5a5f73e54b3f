import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { crashSiteFile, leftoversOf, tellStory } from "../harness/crash-stories.ts";
import type { StoryName } from "../harness/crash-stories.ts";
import { createTestSite } from "../harness/site.ts";
import type { TestSite } from "../harness/site.ts";
import { startLoad } from "../harness/visitors.ts";

/** One of each kind, in the order in which a story makes what the next one needs; the bench has them all. */
const points: readonly (readonly [StoryName, string])[] = [
  ["launch", "after write launch"],
  ["deploy", "after keep release"],
  ["scale-in", "amid terminate"],
  ["launch", "amid launch web"],
  ["deploy", "after write join 3"],
  ["scale-in", "before write forget"],
];

describe("a controller that is killed in the middle", () => {
  let site: TestSite;

  before(async () => {
    site = await createTestSite(crashSiteFile);
    await site.startController();
    await site.apply();
    await site.until(
      ({ roles }) => roles.every((role) => role.serving === role.target),
      "the site is up",
    );
  });
  after(() => site.dispose());

  for (const [index, [story, step]] of points.entries()) {
    it(`leaves nothing lost or double: ${story}, ${step}`, async () => {
      const load = startLoad({
        host: site.host,
        port: site.port,
        hostHeader: "crash.localhost",
        crowd: { keepAlive: 3, fresh: 1, post: 1, long: 1 },
        thinkMs: 10,
        longMs: 300,
        timeMsMax: 120_000,
      });
      const { hasDied, steps } = await tellStory(site, story, step, `v${index + 2}`);
      assert.ok(hasDied, `it met ${steps.join("; ")}`);
      const clean = { orphans: [], duplicates: [], lost: [] };
      assert.deepEqual(await leftoversOf(site), clean);
      const visits = Object.values(await load.stop());
      assert.deepEqual(
        visits.flatMap(({ failures }) => failures),
        [],
      );
      assert.ok(visits.every(({ requests }) => requests > 0));
    });
  }
});

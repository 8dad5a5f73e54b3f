import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readSiteFile } from "../../site/site-file.ts";
import { resolveSecrets } from "./secrets.ts";

describe("secrets", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "tidemill-secrets-"));
    await writeFile(join(directory, "key"), " two words \n");
    await writeFile(join(directory, "empty"), "\n");
  });
  after(() => rm(directory, { recursive: true, force: true }));

  function siteWith(...references: readonly string[]) {
    const secrets = references.map((reference, at) => `S${at}: "\${${reference}}"`).join(", ");
    const text = `site: s\nweb: { run: a, secrets: { ${secrets} } }\napi: { run: a }\n`;
    const reading = readSiteFile([{ path: "f", text }]);
    assert.ok(reading.kind === "site");
    return reading.site;
  }

  it("come from the environment and from files, without the line break at the end", async () => {
    const site = siteWith("env:A", "file:key", `file:${join(directory, "key")}`);
    assert.deepEqual(await resolveSecrets(site, { env: { A: "1" }, directory }), {
      kind: "values",
      values: { web: { S0: "1", S1: " two words ", S2: " two words " }, api: {} },
    });
  });

  it("that are missing are told all at once, by what stands in the file", async () => {
    const site = siteWith("env:A", "file:nothing", "file:empty", "file:.", "file:key");
    const resolved = await resolveSecrets(site, { env: {}, directory });
    assert.ok(resolved.kind === "missing");
    assert.deepEqual(
      resolved.missing.map(({ role, name, reference, why }) => [role, name, reference, why]),
      [
        ["web", "S0", `\${env:A}`, "not set in the environment"],
        ["web", "S1", `\${file:nothing}`, `${join(directory, "nothing")} does not exist`],
        ["web", "S2", `\${file:empty}`, `${join(directory, "empty")} is empty`],
        ["web", "S3", `\${file:.}`, `${directory} cannot be read: EISDIR`],
      ],
    );
  });
});

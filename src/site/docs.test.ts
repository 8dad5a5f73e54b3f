import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { stringify } from "yaml";
import { siteFileJsonSchema, describedSchema } from "./json-schema.ts";
import { renderSiteFileDocs } from "./docs.ts";
import { roleShape } from "./role-schema.ts";
import { topShape } from "./schema.ts";
import { readSiteFile } from "./site-file.ts";

const root = new URL("../../", import.meta.url);
const stored = (path: string) => readFileSync(new URL(path, root), "utf8");

describe("the documentation of the site file", () => {
  it("is what the schema says now (`npm run docs` writes it)", () => {
    assert.equal(stored("docs/site-file.md"), renderSiteFileDocs());
    assert.deepEqual(JSON.parse(stored("docs/site-file.schema.json")), siteFileJsonSchema());
  });

  it("describes every key with an example that is right", () => {
    const described = describedSchema();
    const role = described.additionalProperties;
    assert.ok(typeof role === "object");
    for (const [shape, schema] of [
      [topShape, described],
      [roleShape, role],
    ] as const) {
      for (const key of Object.keys(shape)) {
        const field = schema.properties?.[key];
        assert.ok((field?.description ?? "").length > 0, key);
        assert.ok(field?.sample !== undefined, key);
        const roles = { web: { run: "a", check: "/" }, api: { run: "a" }, sorry: { run: "a" } };
        // Only machines of this provider can do all that is described.
        const top = { site: "shop", provider: "netns", ...roles };
        const file =
          schema === described
            ? { ...top, [key]: field.sample }
            : { ...top, web: { ...roles.web, [key]: field.sample } };
        const reading = readSiteFile([{ path: "f", text: stringify(file) }], () => "text");
        assert.equal(reading.kind, "site", `${key}: ${JSON.stringify(reading)}`);
      }
    }
  });
});

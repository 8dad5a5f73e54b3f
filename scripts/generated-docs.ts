import { renderCliDocs } from "../src/cli/reference.ts";
import { renderSiteFileDocs } from "../src/site/docs.ts";
import { siteFileJsonSchema } from "../src/site/json-schema.ts";

/** Files written from the code, and what writes them. */
export const generatedDocs: readonly (readonly [
  path: string,
  render: () => string | Promise<string>,
])[] = [
  ["docs/cli.md", renderCliDocs],
  ["docs/site-file.md", renderSiteFileDocs],
  ["docs/site-file.schema.json", () => `${JSON.stringify(siteFileJsonSchema(), null, 2)}\n`],
];

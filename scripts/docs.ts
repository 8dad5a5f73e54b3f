/** `npm run docs`: writes what is generated from the code. A test compares the files with their generators. */
import { writeFileSync } from "node:fs";
import { generatedDocs } from "./generated-docs.ts";

for (const [path, render] of generatedDocs) {
  writeFileSync(new URL(`../${path}`, import.meta.url), await render());
  console.log(path);
}

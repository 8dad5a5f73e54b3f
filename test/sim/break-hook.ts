/** Loaded before everything else, by `--import`: breaks the rule that TIDEMILL_BREAK names. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { breaks } from "./breaks.ts";

const wanted = breaks.find(({ name }) => name === process.env["TIDEMILL_BREAK"]);
if (wanted === undefined) {
  throw new Error(
    `no such rule: ${process.env["TIDEMILL_BREAK"]}; rules: ${breaks.map(({ name }) => name).join(", ")}`,
  );
}
const { file, find, replace } = wanted;
const url = new URL(`../../${file}`, import.meta.url).href;
if (!readFileSync(fileURLToPath(url), "utf8").includes(find)) {
  throw new Error(`${file} does not hold what ${wanted.name} replaces`);
}

registerHooks({
  load(asked, context, nextLoad) {
    if (asked !== url) return nextLoad(asked, context);
    const source = readFileSync(fileURLToPath(url), "utf8").replace(find, () => replace);
    return { format: "module-typescript", source, shortCircuit: true };
  },
});

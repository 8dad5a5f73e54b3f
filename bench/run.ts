/** `npm run bench -- NAME`: runs bench/NAME.ts and prints its figures as one JSON line last. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const name = process.argv[2] ?? "";
const file = new URL(`./${name}.ts`, import.meta.url);
const apart = new Set(["run.ts", "report.ts", "site.ts", "steady-site.ts"]);

if (!/^[a-z-]+$/.test(name) || !existsSync(file) || apart.has(`${name}.ts`)) {
  const known = readdirSync(fileURLToPath(new URL(".", import.meta.url)))
    .filter((entry) => entry.endsWith(".ts") && !apart.has(entry))
    .map((entry) => entry.slice(0, -3));
  process.stderr.write(`Which one? ${known.join(", ")}\n`);
  process.exit(2);
}
const { run } = (await import(file.href)) as { run: () => Promise<object> };
console.log(JSON.stringify(await run()));
process.exit(0);

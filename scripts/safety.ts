/** Part of `npm run check`: what must not be in our code, nor come with the packages we use. Prints what it finds. */
import { globSync, readFileSync } from "node:fs";

interface Rule {
  readonly form: RegExp;
  readonly why: string;
}

/** Tests and this file may name what they forbid. */
const ours = globSync("{src,scripts,bench,bin}/**/*.{ts,mjs}").filter(
  (path) => !path.endsWith(".test.ts") && path !== "scripts/safety.ts",
);
const rules: readonly Rule[] = [
  { form: /\beval\s*\(/, why: "runs a text as code" },
  { form: /\bnew Function\s*\(/, why: "runs a text as code" },
  { form: /from "node:vm"/, why: "runs a text as code" },
  {
    form: /import[^;]*\b(exec|execSync)\b[^;]*from "node:child_process"/,
    why: "gives a text to a shell: use spawn with a list of words",
  },
  { form: /\bshell: true\b/, why: "gives a text to a shell: use spawn with a list of words" },
  { form: /\b(curl|wget)\b[^\n]*\|\s*(ba)?sh\b/, why: "runs what a network answers" },
  { form: /\bimport\s*\(\s*["'`]https?:/, why: "runs what a network answers" },
  { form: /rejectUnauthorized: false/, why: "believes any certificate" },
];
/** Who joins has no certificate yet; the door judges every other call itself. */
const allowed: ReadonlySet<string> = new Set([
  "src/adapters/websocket/agent-door.ts believes any certificate",
]);
const licences: ReadonlySet<string> = new Set([
  "MIT",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
]);

interface LockedPackage {
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
}

const found = [...ours.flatMap(lookThrough), ...lookAtPackages()];
for (const line of found) console.log(line);
process.exitCode = found.length === 0 ? 0 : 1;

function lookThrough(path: string): readonly string[] {
  const text = readFileSync(path, "utf8");
  return rules
    .filter(({ form, why }) => form.test(text) && !allowed.has(`${path} ${why}`))
    .map(({ why }) => `${path}: ${why}`);
}

function lookAtPackages(): readonly string[] {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(lock.packages).flatMap(([name, locked]) =>
    name === "" ? [] : objectionsTo(locked).map((why) => `${name}: ${why}`),
  );
}

function objectionsTo(locked: LockedPackage): readonly string[] {
  const { license = "none", hasInstallScript, resolved, integrity } = locked;
  return [
    ...(hasInstallScript === true ? ["has an install script"] : []),
    ...(licences.has(license) ? [] : [`its licence is ${license}`]),
    ...(integrity === undefined ? ["its content is not pinned"] : []),
    ...(resolved === undefined ? [] : ["comes from one address only"]),
  ];
}

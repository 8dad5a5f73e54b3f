import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { SecretReference, Site } from "../../core/desired.ts";

/** Where references lead: an environment, and the directory relative paths start from. */
export interface SecretSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
}

export type ResolvedSecrets =
  | {
      readonly kind: "values";
      /** Role → environment name → value. Every role of the site is there. */
      readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
    }
  | { readonly kind: "missing"; readonly missing: readonly MissingSecret[] };

/** A reference that leads to nothing. */
export interface MissingSecret {
  readonly role: string;
  readonly name: string;
  /** As it stands in the site file. */
  readonly reference: string;
  readonly why: string;
}

/** A secret is an environment value in the end, and those have a limit of their own. */
const valueLengthMax = 65_536;

/** Follows every secret reference of the site; what is missing is told all at once. */
export async function resolveSecrets(site: Site, source: SecretSource): Promise<ResolvedSecrets> {
  const missing: MissingSecret[] = [];
  const values: [string, Readonly<Record<string, string>>][] = [];
  for (const role of site.roles) {
    const found: [string, string][] = [];
    for (const [name, reference] of Object.entries(role.secrets)) {
      const result = await resolveReference(reference, source);
      if ("value" in result) found.push([name, result.value]);
      else
        missing.push({
          role: role.name,
          name,
          reference: formatReference(reference),
          why: result.why,
        });
    }
    values.push([role.name, Object.fromEntries(found)]);
  }
  if (missing.length > 0) return { kind: "missing", missing };
  return { kind: "values", values: Object.fromEntries(values) };
}

async function resolveReference(
  reference: SecretReference,
  { env, directory }: SecretSource,
): Promise<{ readonly value: string } | { readonly why: string }> {
  if (reference.kind === "env") {
    const value = env[reference.name];
    return value === undefined || value === "" ? { why: "not set in the environment" } : { value };
  }
  const path = resolve(directory, reference.path);
  try {
    const value = (await readFile(path, "utf8")).replace(/\r?\n$/, "");
    if (value === "") return { why: `${path} is empty` };
    const isFit = value.length <= valueLengthMax && !value.includes("\0");
    return isFit ? { value } : { why: `${path} holds no text of at most 64 KiB` };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return {
      why: code === "ENOENT" ? `${path} does not exist` : `${path} cannot be read: ${code}`,
    };
  }
}

function formatReference(reference: SecretReference): string {
  return reference.kind === "env" ? `\${env:${reference.name}}` : `\${file:${reference.path}}`;
}

import { createHash } from "node:crypto";
import type { SiteOrder } from "../core/commands/apply-site.ts";
import type { Role, Site } from "../core/desired.ts";
import type { Instant } from "../core/instant.ts";
import type {
  DeployRecord,
  InventoryState,
  RevisionRecord,
  RevisionSecret,
} from "../core/inventory.ts";
import type { Seal } from "../ports/seal.ts";

/** What a person sends to change the site. */
export interface SiteWish {
  readonly site: Site;
  /** Values by role and environment name. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** New releases by role; the others keep theirs. */
  readonly releases: Readonly<Record<string, string>>;
  readonly by: string;
  readonly kind: DeployRecord["kind"];
}

export type OrderResult =
  | { readonly kind: "order"; readonly order: SiteOrder }
  | { readonly kind: "incomplete"; readonly message: string };

/** Turns a wish into an order: secrets sealed, each role's revision named by a hash of its content. */
export function orderFrom(
  state: InventoryState,
  wish: SiteWish,
  parts: { readonly seal: Seal; readonly balancerPort: number },
  now: Instant,
): OrderResult {
  const revisions: RevisionRecord[] = [];
  for (const role of wish.site.roles) {
    const release = wish.releases[role.name] ?? releaseOf(state, role.name);
    if (release === null) return incomplete(`${role.name} has no release yet: deploy it first`);
    if (!state.releases.has(release)) return incomplete(`the release ${release} is not here`);
    const secrets = sealSecrets(role, wish.secrets[role.name] ?? {}, parts.seal);
    if (typeof secrets === "string") return incomplete(secrets);
    revisions.push(revisionOf(state, role, release, secrets, now));
  }
  const { site, by, kind } = wish;
  return { kind: "order", order: { site, revisions, balancerPort: parts.balancerPort, by, kind } };
}

function incomplete(message: string): OrderResult {
  return { kind: "incomplete", message };
}

function releaseOf(state: InventoryState, role: string): string | null {
  const revision = state.roles.get(role)?.revision ?? null;
  return revision === null ? null : (state.revisions.get(revision)?.release ?? null);
}

function sealSecrets(
  role: Role,
  values: Readonly<Record<string, string>>,
  seal: Seal,
): Readonly<Record<string, RevisionSecret>> | string {
  const sealed: Record<string, RevisionSecret> = {};
  for (const [name, reference] of Object.entries(role.secrets)) {
    const value = values[name];
    if (value === undefined) return `the secret ${name} of ${role.name} has no value`;
    sealed[name] = { reference, sealed: seal.seal(value), fingerprint: seal.fingerprint(value) };
  }
  return sealed;
}

function revisionOf(
  state: InventoryState,
  role: Role,
  release: string,
  secrets: Readonly<Record<string, RevisionSecret>>,
  now: Instant,
): RevisionRecord {
  const { name, run, env, check, supervision, provisioning } = role;
  const fingerprints = Object.fromEntries(
    Object.entries(secrets).map(([key, secret]) => [key, secret.fingerprint]),
  );
  const content = { name, release, run, env, fingerprints, check, supervision, provisioning };
  const id = createHash("sha256").update(canonical(content)).digest("hex").slice(0, 12);
  const known = state.revisions.get(id);
  if (known !== undefined) return known;
  return {
    id,
    role: name,
    release,
    run,
    env,
    secrets,
    check,
    supervision,
    provisioning,
    createdAt: now,
  };
}

/** JSON with sorted keys: the order in a file must not make another revision. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

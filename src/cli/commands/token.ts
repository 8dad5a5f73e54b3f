import { accessRoles } from "../../core/access/roles.ts";
import type { AccessRole } from "../../core/access/roles.ts";
import { usageError } from "../cli-error.ts";
import type { Tokens } from "../client.ts";
import type { Command, Given } from "../command.ts";
import { valueOf } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { durationOf } from "../given-values.ts";
import { renderTable } from "../table.ts";

/** Who may use the API. */
export const token: Command = {
  name: "token",
  summary: "Make, list or revoke tokens for people and programs",
  details:
    "`read` looks, `deploy` also changes what runs, `admin` also takes the site down, drills it and makes tokens. A token is shown " +
    "once, when it is made; only its hash is kept. It is used by TIDEMILL_TOKEN together with TIDEMILL_URL, or as a " +
    "Bearer token.",
  words: [
    { form: "<action>", about: "what to do", choices: ["create", "list", "revoke"] },
    { form: "[name]", about: "whose it is, e.g. ci or ada" },
  ],
  options: [
    { flags: "--role <role>", about: `${accessRoles.join(", ")} (default: read)` },
    { flags: "--expires <duration>", about: "how long it is good, e.g. 90d (default: for ever)" },
  ],
  examples: [
    "tidemill token create ci --role deploy --expires 90d",
    "tidemill token list",
    "tidemill token revoke ci",
  ],
  run(context, given) {
    const [action = "list", name = null] = given.words;
    if (action === "list") return list(context);
    if (name === null) throw usageError(`token ${action} needs a name, e.g. ci`);
    return action === "create" ? create(context, given, name) : revoke(context, name);
  },
};

async function create(context: Context, given: Given, name: string): Promise<ExitCode> {
  const role = roleOf(given);
  const lifeMs = durationOf(given, "expires");
  const made = await context.client().createToken({ name, role, lifeMs });
  context.output.progress(
    `This is the only time it is shown; \`tidemill token revoke ${name}\` ends it`,
  );
  context.output.result({ name, role, token: made }, [made]);
  return exitCodes.done;
}

async function list(context: Context): Promise<ExitCode> {
  const tokens = await context.client().tokens();
  const rows = tokens.map((it) => [it.name, it.role, day(it.createdAt), it.createdBy, stateOf(it)]);
  const titles = ["NAME", "ROLE", "MADE", "BY", "STATE"];
  const columns = titles.map((title) => ({ title, align: "left" as const }));
  const lines =
    rows.length === 0 ? ["No tokens beside this computer's own"] : renderTable(columns, rows);
  context.output.result({ tokens }, lines);
  return exitCodes.done;
}

async function revoke(context: Context, name: string): Promise<ExitCode> {
  await context.client().revokeToken(name);
  context.output.result({ name, isRevoked: true }, [`${name}: revoked`]);
  return exitCodes.done;
}

function roleOf(given: Given): AccessRole {
  const text = valueOf(given, "role") ?? "read";
  const role = accessRoles.find((it) => it === text);
  if (role === undefined) throw usageError(`--role needs ${accessRoles.join(", ")}, got ${text}`);
  return role;
}

function stateOf({ expiresAt, revokedAt }: Tokens[number]): string {
  if (revokedAt !== null) return `revoked ${day(revokedAt)}`;
  if (expiresAt === null) return "in force";
  return expiresAt <= Date.now() ? `expired ${day(expiresAt)}` : `until ${day(expiresAt)}`;
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

import { rmdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Role } from "../core/desired.ts";
import type { PackedRelease, PackOrder } from "../ports/releases.ts";
import { Failure } from "../ports/failure.ts";
import { CliError } from "./cli-error.ts";
import type { Client } from "./client.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { counted, formatBytes, shortRelease } from "./figures.ts";
import { progressLine } from "./progress.ts";

const PACK_MS = 1_800_000;

/** Release ids by role. */
export type Releases = Readonly<Record<string, string>>;

/** Releases that wait to be sent. `dispose` must be called in the end. */
export interface PackedRoles {
  readonly releases: Releases;
  send(client: Client): Promise<void>;
  dispose(): Promise<void>;
}

/** They describe the site, they are not its code: a changed bound must not make another release. */
const siteFiles: readonly string[] = ["/tidemill.yaml", "/tidemill.*.yaml"];

/** Packs what the roles run, once for all that share source, ignore and build. */
export async function packRoles(
  context: Context,
  roles: readonly Role[],
  ref: string | null,
): Promise<PackedRoles> {
  const { directory, state } = context.place();
  const work = join(state.root, "packing");
  const packer = await context.parts.createPacker(work);
  const packs = new Map<string, PackedRelease>();
  const releases: Record<string, string> = {};
  const dispose = async (): Promise<void> => {
    for (const packed of packs.values()) await packed.dispose();
    removeIfEmpty(work);
  };
  try {
    for (const role of roles) {
      const key = JSON.stringify([role.source, role.ignore, role.build]);
      const order = packOrder(context, resolve(directory, role.source), role, ref);
      const packed = packs.get(key) ?? (await packer.pack(order, AbortSignal.timeout(PACK_MS)));
      packs.set(key, packed);
      releases[role.name] = packed.release.id;
    }
  } catch (cause) {
    await dispose();
    throw packFailure(context, cause);
  }
  return {
    releases,
    dispose,
    async send(client) {
      for (const packed of packs.values()) await sendOnce(context, client, packed);
    },
  };
}

function packOrder(context: Context, directory: string, role: Role, ref: string | null): PackOrder {
  if (role.build !== null) context.output.progress(progressLine("build", role.build, null));
  return {
    directory,
    ref,
    ignore: [...siteFiles, ...role.ignore],
    build: role.build,
    onLine: (line) => context.output.progress(`  ${line}`),
  };
}

async function sendOnce({ output }: Context, client: Client, packed: PackedRelease): Promise<void> {
  const { id, files, bytes } = packed.release;
  if (await client.hasRelease(id)) return;
  await client.sendRelease(packed);
  const text = `release ${shortRelease(id)}, ${counted(files, "file")}, ${formatBytes(bytes)}`;
  output.progress(progressLine("send", text, null));
}

function packFailure(context: Context, cause: unknown): unknown {
  if (!(cause instanceof Failure)) return cause;
  const [message = "", ...details] = cause.message.split("\n");
  return new CliError(message, {
    code: cause.code === "not_found" ? "usage" : "failed",
    exit: cause.code === "not_found" ? exitCodes.usage : exitCodes.failed,
    // Only a build says more than one line, and its lines were shown as they came.
    details: context.output.isJson ? details : [],
    serving: "everything as before; nothing was changed",
    next: context.hint("tidemill check"),
  });
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Another command packs there, or nothing was.
  }
}

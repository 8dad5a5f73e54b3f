import { createHash } from "node:crypto";
import { accessSync, constants, copyFileSync, existsSync, linkSync, mkdirSync } from "node:fs";
import { chmodSync, chownSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ProcessUser } from "../ports/agent-settings.ts";

/** Between what containers and what accounts are given, so that nobody else has these numbers. */
const firstId = 1_900_000_000;
const ids = 100_000_000;
/** State directories lie in people's own, through which nobody else may pass. */
const directory = "/var/lib/tidemill";

/**
 * As whom a site's processes run when root runs the site: an even number of the site's own, one for all machines,
 * so that they can share a directory. Null: as whoever runs the site, who is nobody special.
 */
export function processUserOf(siteId: string): ProcessUser | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o711);
  const hash = createHash("sha256").update(siteId).digest().readUInt32BE(0);
  return { id: firstId + 2 * (hash % ids), directory: join(directory, siteId) };
}

/** As whom the balancer's worker runs: the site's processes must not be able to look into it. */
export function balancerUserOf({ id }: ProcessUser): number {
  return id + 1;
}

/** What processes find in their environment instead of root's own. */
export function environmentOfUser(
  { id, directory }: ProcessUser,
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const home = join(directory, "user");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  chownSync(home, id, id);
  const { USER: _user, TMPDIR: _temporary, ...rest } = env;
  return { ...rest, HOME: home, PATH: pathOfUser(directory, env["PATH"] ?? "") };
}

/** The Node.js that runs us may lie where only root can go: then the machine has it under a second name. */
function pathOfUser(directory: string, path: string): string {
  if (isReachable(process.execPath)) return path;
  const programs = join(directory, "bin");
  const node = join(programs, "node");
  mkdirSync(programs, { recursive: true, mode: 0o755 });
  if (!existsSync(node)) {
    try {
      linkSync(realpathSync(process.execPath), node);
    } catch {
      // Another file system.
      copyFileSync(process.execPath, node, constants.COPYFILE_FICLONE);
      chmodSync(node, 0o755);
    }
  }
  return `${programs}:${path}`;
}

/** Whether everybody may run the program. */
function isReachable(program: string): boolean {
  accessSync(program, constants.X_OK);
  for (let path = realpathSync(program); path !== "/"; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
  }
  return true;
}

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import type { CliParts } from "../cli/parts.ts";
import { runProgram } from "../cli/program.ts";
import type { RemoteController } from "../cli/remote.ts";
import { controllerFlags } from "./controller-flags.ts";
import { environmentWith, everydayNames } from "./environment.ts";
import { programPath } from "./program-path.ts";
import { readVersion } from "./version.ts";

/** Of our environment, what the controller gets: the values of secrets may be in the rest. */
const controllerNames = [
  ...everydayNames,
  "XDG_RUNTIME_DIR",
  "NODE_COMPILE_CACHE",
  "TIDEMILL_LISTEN",
  "TIDEMILL_DATABASE_URL",
];

/** The command line. Adapters are loaded by the commands that need them: `status` needs none. */
export async function runCli(argv: readonly string[]): Promise<void> {
  process.exitCode = await runProgram(parts(), argv);
}

function parts(): CliParts {
  return {
    version: readVersion(),
    cwd: process.cwd(),
    user: userName(),
    remote: remoteController(),
    stdout: process.stdout,
    stderr: process.stderr,
    isInteractive: process.stdin.isTTY && process.stderr.isTTY,
    controllerCommand: [process.execPath, ...controllerFlags, programPath(), "controller"],
    controllerEnv: environmentWith(controllerNames),
    async resolveSecrets(site, directory) {
      const { resolveSecrets } = await import("../adapters/secrets/secrets.ts");
      return resolveSecrets(site, { env: process.env, directory });
    },
    async createPacker(directory) {
      const { createReleasePacker } = await import("../adapters/release/release-packer.ts");
      return createReleasePacker({ directory, env: process.env });
    },
    openTransfer: () => import("./transfer.ts"),
    transferSettings: {
      exportPassphrase: process.env["TIDEMILL_EXPORT_PASSPHRASE"] ?? null,
      databaseUrl: process.env["TIDEMILL_DATABASE_URL"] ?? null,
    },
    readHaproxyVersion,
    openPage,
  };
}

/** TIDEMILL_URL, TIDEMILL_TOKEN and TIDEMILL_CA: the site's controller on another computer. */
function remoteController(): RemoteController | null {
  const { TIDEMILL_URL: url, TIDEMILL_TOKEN: token, TIDEMILL_CA: path } = process.env;
  if (url === undefined) return null;
  return { url, token: token ?? null, authorityPath: path ?? null };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the password file, as containers have it.
    return process.env["USER"] ?? "somebody";
  }
}

/** HAProxy lies where the PATH of ordinary users often does not look. */
function readHaproxyVersion(): string | null {
  const places = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
  ];
  const path = places.map((place) => join(place, "haproxy")).find((file) => existsSync(file));
  if (path === undefined) return null;
  const { stdout } = spawnSync(path, ["-v"], { encoding: "utf8", timeout: 5_000 });
  return /version (\d+\.\d+[\w.-]*)/i.exec(stdout ?? "")?.[1] ?? null;
}

function openPage(url: string): boolean {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const isThere = (process.env["PATH"] ?? "")
    .split(delimiter)
    .some((place) => existsSync(join(place, opener)));
  if (!isThere) return false;
  const child = spawn(opener, [url], { detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
  return true;
}

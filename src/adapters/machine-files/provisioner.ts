import { createHash } from "node:crypto";
import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize } from "node:path";
import type { ProvisionedFile, ProvisioningSettings } from "../../core/desired.ts";
import { isMisfit, list, text } from "../../core/received/shape.ts";
import { Failure } from "../../ports/failure.ts";
import type { Provisioner, ProvisioningPlace } from "../../ports/provisioner.ts";
import { readJson, writeDurably } from "./durable-file.ts";
import { runCommand } from "./run-command.ts";

export interface ProvisionerOptions {
  /** Where relative paths of files begin. */
  readonly home: string;
  /** File that remembers which set-up commands are done. */
  readonly recordPath: string;
  /** False where other machines share the computer: absolute paths are refused there. */
  readonly isHostOfItsOwn: boolean;
  readonly isRoot: boolean;
  /** User and group of files and set-up commands; null: those of whoever calls. Packages are always root's. */
  readonly user: number | null;
}

const setupMs = 10 * 60_000;
const recordsMax = 500;

/** Packages by apt, files by content, set-up commands once per content. One after the other, never two at once. */
export function createProvisioner(options: ProvisionerOptions): Provisioner {
  let last: Promise<void> = Promise.resolve();
  return {
    apply(settings, place, signal) {
      const next = last.then(() => applyAll(options, settings, place, signal));
      // The next one waits for the end of this one, however it ends.
      last = next.catch(() => undefined);
      return next;
    },
  };
}

async function applyAll(
  options: ProvisionerOptions,
  settings: ProvisioningSettings,
  place: ProvisioningPlace,
  signal: AbortSignal,
): Promise<void> {
  await installPackages(options, settings.packages, place, signal);
  for (const file of settings.files) await putFile(options, file);
  await runSetup(options, settings, place, signal);
}

async function installPackages(
  options: ProvisionerOptions,
  packages: readonly string[],
  place: ProvisioningPlace,
  signal: AbortSignal,
): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) {
    const asked = await runCommand(["dpkg-query", "-W", "-f=${Status}", name], place, signal);
    if (asked.code !== 0 || !asked.output.includes("install ok installed")) missing.push(name);
  }
  if (missing.length === 0) return;
  const wish = `Cannot install the packages ${missing.join(" ")}`;
  if (!options.isRoot) {
    throw new Failure(
      "rejected",
      `${wish}: only root can, by \`apt-get install ${missing.join(" ")}\``,
    );
  }
  const command = ["apt-get", "install", "-y", "--no-install-recommends", "--", ...missing];
  const quiet = { ...place, env: { ...place.env, DEBIAN_FRONTEND: "noninteractive" } };
  const done = await runCommand(
    command,
    quiet,
    AbortSignal.any([signal, AbortSignal.timeout(setupMs)]),
  );
  if (done.code !== 0) throw new Failure("rejected", `${wish}: ${lastOf(done.output)}`);
}

async function putFile(options: ProvisionerOptions, file: ProvisionedFile): Promise<void> {
  const path = placeOf(options, file.path);
  try {
    const present = await readFile(path, "utf8").catch(() => null);
    if (present !== file.content) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, file.content, { mode: file.mode });
    }
    await chmod(path, file.mode);
    // Its directory stays ours: nobody can put a link in the place of what we write next time.
    if (options.user !== null) await chown(path, options.user, options.user);
  } catch (cause) {
    throw new Failure("rejected", `Cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

function placeOf(options: ProvisionerOptions, path: string): string {
  if (isAbsolute(path)) {
    if (options.isHostOfItsOwn) return path;
    throw new Failure(
      "rejected",
      `Cannot write ${path}: this machine shares its computer with others`,
    );
  }
  const clean = normalize(path);
  if (clean.startsWith("..")) {
    throw new Failure("rejected", `Cannot write ${path}: it is outside the machine's home`);
  }
  return join(options.home, clean);
}

async function runSetup(
  options: ProvisionerOptions,
  settings: ProvisioningSettings,
  place: ProvisioningPlace,
  signal: AbortSignal,
): Promise<void> {
  if (settings.setup.length === 0) return;
  const done = await readSetupRecord(options.recordPath);
  const kept = [...done];
  for (const command of settings.setup) {
    const key = await contentKey(command, settings, place);
    if (kept.includes(key)) continue;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(setupMs)]);
    const run = await runCommand(
      ["/bin/sh", "-c", command],
      { ...place, user: options.user },
      limit,
    );
    if (run.code !== 0) {
      throw new Failure("rejected", `Cannot run the set-up \`${command}\`: ${lastOf(run.output)}`);
    }
    kept.push(key);
    await writeDurably(options.recordPath, JSON.stringify(kept.slice(-recordsMax)));
  }
}

/** Which set-ups are done. A damaged record is none: they run again, since a machine that never starts is worse. */
export async function readSetupRecord(path: string): Promise<readonly string[]> {
  const stored = await readJson(path).catch((cause: unknown) => {
    if (cause instanceof Failure && cause.code === "rejected") return null;
    throw cause;
  });
  const record = setupRecord(stored);
  return isMisfit(record) ? [] : record;
}

const setupRecord = list(text(100), recordsMax);

/** A release that was removed and unpacked again is a new place: what was done in it is gone. */
async function contentKey(
  command: string,
  settings: ProvisioningSettings,
  place: ProvisioningPlace,
): Promise<string> {
  const { ino, birthtimeMs } = await stat(place.directory);
  const facts = [command, settings.files, place.releaseId, ino, birthtimeMs];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

function lastOf(output: string): string {
  return output.trimEnd().split("\n").slice(-3).join(" | ") || "it said nothing";
}

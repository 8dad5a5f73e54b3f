import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../ports/failure.ts";
import type { ExportSummary } from "../ports/site-export.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { CliError, usageError } from "./cli-error.ts";
import { valueOf } from "./command.ts";
import type { Given, Option } from "./command.ts";
import type { Context } from "./context.ts";
import { runningController } from "./controller-address.ts";
import { exitCodes } from "./exit-codes.ts";
import { waitFor } from "./waiting.ts";

/** Whole sites on the move. Throws `Failure`. */
export interface SiteTransfer {
  exportSite(state: StateDirectory, file: TransferFile): Promise<ExportSummary>;
  rebuildSite(
    state: StateDirectory,
    file: TransferFile,
  ): Promise<{ readonly site: string | null; readonly at: number }>;
  moveToPostgres(state: StateDirectory, url: string): Promise<void>;
}

export interface TransferFile {
  readonly path: string;
  /** Null: not encrypted. */
  readonly passphrase: string | null;
  /** Of the database that controllers share; null: the one on record, or a file. */
  readonly url: string | null;
}

const STOP_MS = 30_000;

export const passphraseOption: Option = {
  flags: "--passphrase-file <file>",
  about: "the passphrase is its first line (else: TIDEMILL_EXPORT_PASSPHRASE)",
};

/** The file of an export and how it is encrypted. */
export function transferFile({ parts }: Context, given: Given, path: string): TransferFile {
  const { exportPassphrase, databaseUrl: url } = parts.transferSettings;
  return {
    path: resolve(parts.cwd, path),
    passphrase: passphraseFrom(given) ?? exportPassphrase,
    url,
  };
}

function passphraseFrom(given: Given): string | null {
  const path = valueOf(given, "passphraseFile");
  if (path === null) return null;
  if (!existsSync(path) || !statSync(path).isFile()) throw usageError(`There is no file ${path}`);
  const [line = ""] = readFileSync(path, "utf8").split(/\r?\n/, 1);
  if (line === "") throw usageError(`The first line of ${path} is empty: it is the passphrase`);
  return line;
}

/** Runs it; a failure of the outside ends the command with what is to be done. */
export async function transferring<Result>(
  { parts }: Context,
  run: (transfer: SiteTransfer) => Promise<Result>,
): Promise<Result> {
  try {
    return await run(await parts.openTransfer());
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    const exit = cause.code === "unavailable" ? exitCodes.failed : exitCodes.usage;
    const code = cause.code === "rejected" ? "invalid" : "failed";
    throw new CliError(cause.message, { code, exit });
  }
}

/** Ends the controller; machines and visitors do not notice. */
export async function stopController(context: Context): Promise<void> {
  const { state } = context.place();
  const running = runningController(state);
  if (running === null) return;
  process.kill(running.pid, "SIGTERM");
  await waitFor({
    what: "the controller to end",
    goesOn: "it still runs",
    next: context.hint("tidemill doctor"),
    timeoutMs: STOP_MS,
    look: () => Promise.resolve(runningController(state) === null ? true : null),
  });
}

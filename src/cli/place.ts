import { existsSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { stateDirectory } from "../ports/state-directory.ts";
import type { StateDirectory } from "../ports/state-directory.ts";
import { CliError, usageError } from "./cli-error.ts";
import { exitCodes } from "./exit-codes.ts";

export const SITE_FILE_NAME = "tidemill.yaml";
const STATE_NAME = ".tidemill";

/** Where a site is described and where its state is. */
export interface Place {
  readonly directory: string;
  /** The site file, then the environment's overlay. */
  readonly files: readonly string[];
  readonly environment: string | null;
  readonly state: StateDirectory;
}

export interface PlaceWish {
  readonly cwd: string;
  readonly file: string | null;
  readonly environment: string | null;
}

/** The site the command is about: the file given, or the nearest one upwards. */
export function findPlace({ cwd, file, environment }: PlaceWish): Place {
  if (environment !== null && !/^[a-z0-9][a-z0-9-]{0,40}$/.test(environment)) {
    throw usageError(`-e needs a name of small letters, digits and dashes, got ${environment}`);
  }
  const path = file === null ? searchUpwards(cwd) : resolve(cwd, file);
  const directory = dirname(path);
  const stem = basename(path, extname(path));
  const overlay = join(directory, `${stem}.${environment}${extname(path)}`);
  return {
    directory,
    files: environment === null ? [path] : [path, overlay],
    environment,
    state: stateDirectory(join(directory, STATE_NAME, environment ?? "default")),
  };
}

function searchUpwards(cwd: string): string {
  for (let directory = cwd; ; directory = dirname(directory)) {
    // A site whose file was lost can still be looked at and taken down.
    const isHere = [SITE_FILE_NAME, STATE_NAME].some((name) => existsSync(join(directory, name)));
    if (isHere) return join(directory, SITE_FILE_NAME);
    if (dirname(directory) === directory) break;
  }
  throw new CliError(`There is no ${SITE_FILE_NAME} in ${cwd} or above it`, {
    code: "no_site_file",
    exit: exitCodes.usage,
    next: "tidemill init",
  });
}

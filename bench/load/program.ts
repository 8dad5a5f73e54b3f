import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);
const timeMsMax = 120_000;

/** Where the system's packages put their programs. */
export const searchPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;

/** Runs a program of the system's packages beside us; says how to get it where it is missing. */
export async function runProgramApart(program: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, PATH: searchPath };
  try {
    const { stdout } = await execute(program, [...args], { env, timeout: timeMsMax });
    return stdout;
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) throw error;
    throw new Error(`${program} is missing: apt-get install ${program}`, { cause: error });
  }
}

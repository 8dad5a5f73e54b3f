import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";

const chunkBytes = 1 << 20;
const mebibyte = 1 << 20;

export interface FileWish {
  readonly cwd: string;
  readonly path: string;
  readonly bytesMax: number;
  /** What it should be, e.g. `the trace`. */
  readonly what: string;
}

/** The text of a file, or of a pipe, that may be as large as it likes: no more of it is read than is allowed. */
export async function readBounded({ cwd, path, bytesMax, what }: FileWish): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    await using file = await open(resolve(cwd, path), "r");
    if ((await file.stat()).size > bytesMax) throw tooLarge(what, path, bytesMax);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      if (bytes > bytesMax) throw tooLarge(what, path, bytesMax);
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw unreadable(`Cannot read ${what} ${path}: ${whyOf(cause as NodeJS.ErrnoException)}`);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}

/** What the system's code means. */
export function whyOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a directory";
  if (code === "ENOTDIR") return "a part of the path is no directory";
  return code === "EACCES" ? "it may not be read by this user" : (code ?? message);
}

function tooLarge(what: string, path: string, bytesMax: number): CliError {
  const most = `${Math.round(bytesMax / mebibyte)} MiB`;
  return unreadable(`Cannot read ${what} ${path}: it is larger than ${most}`);
}

function unreadable(message: string): CliError {
  return new CliError(message, { code: "unreadable", exit: exitCodes.usage });
}

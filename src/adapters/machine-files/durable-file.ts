import { open, readFile, rename } from "node:fs/promises";
import { Failure } from "../../ports/failure.ts";

/** Replaces the file as a whole: after a crash it is the old one or the new one. Mode 0600. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  try {
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    throw failed("write", path, cause);
  }
}

/** Null when there is no such file. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw failed("read", path, cause);
  }
}

function failed(what: string, path: string, cause: unknown): Failure {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new Failure("rejected", `Cannot ${what} ${path}: ${words}`, { cause });
}

import { Failure } from "../../ports/failure.ts";

/** Runs the work and gives whatever it throws as a `Failure`: our own stop as `aborted`, the disk as `unavailable`. */
export async function failing<T>(
  what: string,
  signal: AbortSignal | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal?.aborted === true)
      throw new Failure("aborted", `Cannot ${what}: stopped before it was done`, { cause });
    if (cause instanceof Failure) throw cause;
    const said = cause instanceof Error ? cause.message : String(cause);
    const isAbsent = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const code = isAbsent ? "not_found" : "unavailable";
    throw new Failure(code, `Cannot ${what}: ${said}`, { cause });
  }
}

import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import type { ProvisioningPlace } from "../../ports/provisioner.ts";

const outputCharactersMax = 64 * 1024;

/** Runs to the end, output to the log; an abort ends the whole process group, and the code is null. */
export function runCommand(
  [program = "", ...args]: readonly string[],
  place: ProvisioningPlace & { readonly user?: number | null },
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(program, args, {
      cwd: place.directory,
      env: { ...place.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      ...(typeof place.user === "number" ? { uid: place.user, gid: place.user } : {}),
    });
    const onAbort = (): void => killGroup(child.pid);
    const take = (chunk: Buffer): void => {
      appendFileSync(place.logPath, chunk, { mode: 0o600 });
      output = (output + chunk.toString()).slice(-outputCharactersMax);
    };
    const end = (code: number | null, text: string): void => {
      signal.removeEventListener("abort", onAbort);
      resolve({ code, output: text });
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", (error) => end(null, error.message));
    child.once("close", (code) => end(code, output));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}

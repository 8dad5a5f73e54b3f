import { lchown, readdir } from "node:fs/promises";
import { join } from "node:path";
import { filesAtOnce } from "./entry.ts";

/** Gives a tree to the user and the group of that id. Links are given away, not followed. */
export async function handOver(directory: string, user: number): Promise<void> {
  const entries = await readdir(directory, { recursive: true });
  for (let from = 0; from < entries.length; from += filesAtOnce) {
    const part = entries.slice(from, from + filesAtOnce);
    await Promise.all(part.map((entry) => lchown(join(directory, entry), user, user)));
  }
  await lchown(directory, user, user);
}

import { chmod, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { Failure } from "../../ports/failure.ts";
import type { RenderedConfig } from "./config.ts";
import { pathsOf, type Places } from "./places.ts";

/** Writes the file so that a reader sees the old text or the new one, never a part. */
export async function replaceFile(path: string, content: string): Promise<void> {
  try {
    const file = await open(`${path}.tmp`, "w", 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  } catch (cause) {
    throw new Failure("unavailable", `Cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

/** The file's text; null when there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new Failure("unavailable", `Cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** The directories, with what a first configuration check wants to find in them. */
export async function prepareDirectories(places: Places): Promise<void> {
  const paths = pathsOf(places);
  try {
    await mkdir(paths.pages, { recursive: true });
    await mkdir(paths.maps, { recursive: true });
    await mkdir(places.socketDirectory, { recursive: true });
    await chmod(places.socketDirectory, 0o700);
  } catch (cause) {
    throw new Failure("unavailable", `Cannot make ${places.directory}: ${reason(cause)}`, {
      cause,
    });
  }
  for (const path of [paths.routeMap, paths.maintenanceMap, paths.state]) {
    if ((await readIfThere(path)) === null) await replaceFile(path, "");
  }
}

/** Writes the pages that are missing; what the running process uses is not touched. */
export async function writePages(places: Places, config: RenderedConfig): Promise<void> {
  const { pages } = pathsOf(places);
  for (const page of config.pages) {
    const path = `${pages}/${page.name}`;
    if ((await readIfThere(path)) !== page.content) await replaceFile(path, page.content);
  }
}

/** Removes the pages of former configurations. */
export async function removeOldPages(places: Places, config: RenderedConfig): Promise<void> {
  const { pages } = pathsOf(places);
  const used = new Set(config.pages.map((page) => page.name));
  for (const name of await readdir(pages)) {
    if (!used.has(name)) await rm(`${pages}/${name}`, { force: true });
  }
}

/** Files which differ from the configuration; they are written anew. */
export async function writeConfig(
  places: Places,
  config: RenderedConfig,
): Promise<readonly string[]> {
  const wanted = [...config.maps, { path: pathsOf(places).config, text: config.text }];
  const changed: string[] = [];
  for (const { path, text } of wanted) {
    if ((await readIfThere(path)) === text) continue;
    await replaceFile(path, text);
    changed.push(path);
  }
  return changed;
}

/** Words of whatever was thrown. */
export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

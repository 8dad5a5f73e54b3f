import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { controllerUrl } from "../../core/received/controller-message.ts";
import { isMisfit, list } from "../../core/received/shape.ts";
import type { ControllerList } from "../../ports/controller-list.ts";

/** A site has few controllers; whoever names more is not believed. */
const URLS_MAX = 16;
const listShape = list(controllerUrl, URLS_MAX);

/** The list in a file, so that a restarted agent finds a leader that came after its machine was made. */
export function createControllerList(path: string, home: () => string): ControllerList {
  let learned: readonly string[] = read(path);
  let turn = 0;
  const all = (): readonly string[] => [...new Set([...learned, home()])];
  return {
    size: () => all().length,
    current() {
      const urls = all();
      return urls[turn % urls.length] ?? home();
    },
    advance() {
      turn = (turn + 1) % all().length;
    },
    learn(urls) {
      const kept = urls.slice(0, URLS_MAX);
      if (kept.join(" ") === learned.join(" ")) return;
      const tried = this.current();
      learned = kept;
      turn = Math.max(0, all().indexOf(tried));
      write(path, kept);
    },
  };
}

function read(path: string): readonly string[] {
  try {
    const urls = listShape(JSON.parse(readFileSync(path, "utf8")));
    return isMisfit(urls) ? [] : urls.filter((url) => URL.canParse(url));
  } catch {
    // None yet, or one that was torn: the address the machine was made with is always there.
    return [];
  }
}

function write(path: string, urls: readonly string[]): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(urls)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

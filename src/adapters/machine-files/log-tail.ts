import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from "node:fs";
import type { AgentLine } from "../../core/messages.ts";
import type { LogTail } from "../../ports/log-tail.ts";

export interface LogTailOptions {
  /** A file above this size is copied to `<path>.1` and emptied. */
  readonly fileBytesMax: number;
}

interface Followed {
  readonly path: string;
  offset: number;
  /** Start of a line whose end has not been written yet. */
  rest: string;
  /** Read once more. */
  isLast: boolean;
}

const readBytesMax = 256 * 1024;
const lineCharactersMax = 4_000;
const lastBytesMax = 16 * 1024;
const averageLineBytes = 80;

/**
 * Follows files by asking for their size: a few system calls per file and read, and no watch that a removed
 * file would leave behind. Files are written with O_APPEND, so emptying one under its writer is safe; what
 * is written between copy and emptying is lost.
 */
export function createLogTail(options: LogTailOptions): LogTail {
  const followed = new Map<string, Followed>();
  return {
    follow(process, path, from) {
      const known = followed.get(process);
      if (known?.path === path) known.isLast = false;
      else {
        const offset = from === "start" ? 0 : sizeOf(path);
        followed.set(process, { path, offset, rest: "", isLast: false });
      }
    },
    unfollow(process) {
      const file = followed.get(process);
      if (file !== undefined) file.isLast = true;
    },
    read(now) {
      const lines: AgentLine[] = [];
      let dropped = 0;
      for (const [process, file] of followed) {
        const news = readNews(file);
        dropped += news.dropped;
        lines.push(...news.texts.map((text) => ({ at: now, process, text })));
        rotate(file, options.fileBytesMax);
        if (file.isLast) followed.delete(process);
      }
      return { lines, dropped };
    },
    lastLines: readLastLines,
  };
}

function readNews(file: Followed): { readonly texts: readonly string[]; readonly dropped: number } {
  const size = sizeOf(file.path);
  if (size < file.offset) Object.assign(file, { offset: 0, rest: "" });
  if (size === file.offset) return { texts: [], dropped: 0 };
  const skippedBytes = Math.max(0, size - file.offset - readBytesMax);
  if (skippedBytes > 0) Object.assign(file, { offset: file.offset + skippedBytes, rest: "" });
  const text = file.rest + readPart(file.path, file.offset, size - file.offset);
  file.offset = size;
  const pieces = text.split("\n");
  file.rest = (pieces.pop() ?? "").slice(0, lineCharactersMax);
  return {
    texts: pieces.map((piece) => piece.slice(0, lineCharactersMax)),
    // Counting them would mean to read them, which is what is being avoided: an estimate.
    dropped: Math.ceil(skippedBytes / averageLineBytes),
  };
}

function rotate(file: Followed, bytesMax: number): void {
  if (file.offset <= bytesMax) return;
  try {
    copyFileSync(file.path, `${file.path}.1`);
    truncateSync(file.path);
    file.offset = 0;
  } catch {
    // A full disk must not stop the agent; the file is tried again at the next read.
  }
}

function readLastLines(path: string, count: number): readonly string[] {
  const size = sizeOf(path);
  const start = Math.max(0, size - lastBytesMax);
  const lines = readPart(path, start, size - start)
    .trimEnd()
    .split("\n");
  const whole = start > 0 ? lines.slice(1) : lines;
  return whole.filter((line) => line !== "").slice(-count);
}

function readPart(path: string, offset: number, length: number): string {
  if (length <= 0) return "";
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(Math.min(length, fstatSync(file).size));
      const bytes = readSync(file, buffer, 0, buffer.length, offset);
      return buffer.toString("utf8", 0, bytes);
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

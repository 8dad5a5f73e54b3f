import type { CliError } from "./cli-error.ts";
import { printable, printableJson } from "./printable.ts";

export interface Output {
  readonly isJson: boolean;
  /** Data goes to a person, not into a pipe or a file. */
  readonly isTerminal: boolean;
  /** Data: one JSON document with `--json`, else the lines for people. Both on stdout. */
  result(data: object, lines: readonly string[]): void;
  /** Progress, on stderr: never mixed with data. */
  readonly progress: (line: string) => void;
  /** Text as it is, for a display that redraws itself. */
  raw(text: string): void;
  error(error: CliError): void;
}

export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Data on stdout, everything else on stderr. A reader that has left ends the program quietly. */
export function createOutput(streams: OutputStreams, isJson: boolean): Output {
  const { stdout, stderr } = streams;
  stdout.on("error", endQuietly);
  stderr.on("error", endQuietly);
  const print = (line: string): void => {
    stdout.write(`${printable(line)}\n`);
  };
  const say = (line: string): void => {
    stderr.write(`${printable(line)}\n`);
  };
  return {
    isJson,
    isTerminal: stdout.isTTY,
    result(data, lines) {
      if (isJson) stdout.write(`${printableJson({ schema: 1, ...data })}\n`);
      else for (const line of lines) print(line);
    },
    progress: say,
    raw: (text) => {
      stdout.write(text);
    },
    error(error) {
      const { code, details = [], serving = null, next = null } = error.facts;
      const lines = [
        `tidemill: ${error.message}`,
        ...details.map((line) => `  ${line}`),
        ...(serving === null ? [] : [`still serving: ${serving}`]),
        ...(next === null ? [] : [`next: ${next}`]),
      ];
      if (isJson) {
        const said = { code, message: error.message, details, serving, next };
        stdout.write(`${printableJson({ schema: 1, error: said })}\n`);
      } else for (const line of lines) say(line);
    },
  };
}

function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

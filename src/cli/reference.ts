import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import { globalOptions } from "./program.ts";

const introduction = `# The command line

Made from the command definitions by \`npm run docs\`.

Data goes to stdout, progress and errors to stderr. Every command takes \`--json\`: [json-output.md](json-output.md)
says what it prints then. Ctrl-C only ends the watching; the work goes on in the controller. \`NO_COLOR\` and pipes
need no care: nothing is coloured.
`;

/** `docs/cli.md`, from the same definitions that parse the command line. */
export function renderCliDocs(): string {
  const codes = exitCodesHelp.replace("Exit codes: ", "").split(" · ");
  return [
    introduction,
    "## Options of every command\n",
    table(globalOptions.map(({ short, flags, about }) => [both(short, flags), about])),
    "Where a command has a `-f` of its own, only `--file` names the site file.\n",
    "## Exit codes\n",
    table(codes.map((code) => [code.slice(0, 1), code.slice(2)])),
    "## Commands\n",
    ...commands.map(renderCommand),
  ].join("\n");
}

function both(short: string | null, flags: string): string {
  return `\`${short === null ? "" : `${short}, `}${flags}\``;
}

function renderCommand({ name, summary, details, words, options, examples }: Command): string {
  const usage = ["tidemill", name, ...words.map(({ form }) => form)].join(" ");
  const rows = [
    ...words.map(({ form, about, choices }) => [
      `\`${form}\``,
      choices === undefined ? about : `${about}: ${choices.join(", ")}`,
    ]),
    ...options.map(({ flags, about }) => [`\`${flags}\``, about]),
  ];
  return [
    `### \`${usage}\`\n`,
    `${summary}.${details === null ? "" : ` ${details}`}\n`,
    ...(rows.length === 0 ? [] : [table(rows)]),
    `\`\`\`sh\n${examples.join("\n")}\n\`\`\`\n`,
  ].join("\n");
}

function table(rows: readonly (readonly string[])[]): string {
  const lines = rows.map(
    (row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`,
  );
  return `| | |\n|---|---|\n${lines.join("\n")}\n`;
}

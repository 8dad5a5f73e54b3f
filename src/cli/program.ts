import { Argument, Command as Program, CommanderError } from "commander";
import { CliError } from "./cli-error.ts";
import type { Command, Given, Option } from "./command.ts";
import { valueOf } from "./command.ts";
import { commands } from "./commands.ts";
import type { Context } from "./context.ts";
import { clientOf, noController, runningController } from "./controller-address.ts";
import { exitCodes, exitCodesHelp } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { createOutput } from "./output.ts";
import type { CliParts } from "./parts.ts";
import { findPlace } from "./place.ts";
import type { Place } from "./place.ts";
import { remoteClient } from "./remote.ts";

/** Every command takes these. `-f` follows where a command has it; `--file` is the same everywhere. */
export const globalOptions = [
  {
    short: "-f",
    flags: "--file <file>",
    about: "the site file (default: the nearest tidemill.yaml upwards)",
  },
  {
    short: "-e",
    flags: "--env <name>",
    about: "the environment: lays tidemill.<name>.yaml over the site file",
  },
  { short: null, flags: "--json", about: "one JSON document on stdout" },
] as const;

/** Runs one command line; the exit code says how it ended. */
export async function runProgram(parts: CliParts, argv: readonly string[]): Promise<ExitCode> {
  const isJson = argv.includes("--json");
  const output = createOutput(parts, isJson);
  let exit: ExitCode = exitCodes.done;
  const program = createProgram(parts, async (command, given) => {
    exit = await command.run(createContext(parts, given, output), given);
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CliError) {
      output.error(error);
      return error.facts.exit;
    }
    if (error instanceof CommanderError) return commanderExit(error, isJson, output);
    throw error;
  }
}

type Run = (command: Command, given: Given) => Promise<void>;

function createProgram(parts: CliParts, run: Run): Program {
  const program = new Program("tidemill")
    .description("Keeps a web site up on machines that come and go.")
    .version(parts.version, "-V, --version", "the version")
    .enablePositionalOptions()
    .showHelpAfterError("(tidemill --help lists the commands)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => parts.stdout.write(text),
      writeErr: (text) => parts.stderr.write(text),
    });
  program.addHelpText("after", `\n${exitCodesHelp}`);
  addGlobalOptions(program, false);
  for (const command of commands) addCommand(program, command, run);
  return program;
}

function addCommand(program: Program, command: Command, run: Run): void {
  const sub = program
    .command(command.name)
    .summary(command.summary)
    .description([`${command.summary}.`, command.details ?? ""].join("\n\n").trim());
  for (const { form, about, choices } of command.words) {
    const argument = new Argument(form, about);
    sub.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  for (const option of command.options) addOption(sub, option);
  addGlobalOptions(
    sub,
    command.options.some(({ flags }) => flags.startsWith("-f,")),
  );
  const examples = command.examples.map((line) => `  ${line}`).join("\n");
  sub.addHelpText("after", `\nExamples:\n${examples}\n\n${exitCodesHelp}`);
  sub.showHelpAfterError(`(tidemill ${command.name} --help says what it takes)`);
  sub.action(async (...received: unknown[]) => {
    const words = received.slice(0, command.words.length).flat();
    const given = words.filter((word): word is string => typeof word === "string");
    await run(command, { words: given, options: { ...program.opts(), ...sub.opts() } });
  });
}

function addOption(program: Program, { flags, about, isRepeatable = false }: Option): void {
  if (!isRepeatable) program.option(flags, about);
  else
    program.option(
      flags,
      about,
      (value: string, former: readonly string[]) => [...former, value],
      [],
    );
}

function addGlobalOptions(program: Program, isShortTaken: boolean): void {
  for (const { short, flags, about } of globalOptions) {
    const hasShort = short !== null && !(short === "-f" && isShortTaken);
    program.option(hasShort ? `${short}, ${flags}` : flags, about);
  }
}

function createContext(parts: CliParts, given: Given, output: Context["output"]): Context {
  let place: Place | null = null;
  const file = valueOf(given, "file");
  const environment = valueOf(given, "env");
  const named = `${file === null ? "" : ` --file ${file}`}${environment === null ? "" : ` -e ${environment}`}`;
  const findOnce = (): Place => (place ??= findPlace({ cwd: parts.cwd, file, environment }));
  return {
    parts,
    output,
    place: findOnce,
    client() {
      if (parts.remote !== null) return remoteClient(parts.remote, parts.user);
      const { state } = findOnce();
      const address = runningController(state);
      if (address === null) throw noController(state, `tidemill up${named}`);
      return clientOf(state, address, parts.user);
    },
    hint: (command) => `${command}${named}`,
  };
}

function commanderExit(
  error: CommanderError,
  isJson: boolean,
  output: Context["output"],
): ExitCode {
  const isHelp = error.code === "commander.helpDisplayed" || error.code === "commander.version";
  if (isHelp) return exitCodes.done;
  if (isJson) {
    const message = error.message.replace(/^error: /, "");
    output.result({ error: { code: "usage", message, next: "tidemill --help" } }, []);
  }
  return exitCodes.usage;
}

const plain = /^[\w@%+:,./-]+( +[\w@%+=:,./-]+)*$/;
/** What only the shell itself can do. `exec` of them would fail. */
const builtins = new Set(
  ". alias bg break cd command continue eval exec exit export fg for hash if jobs read readonly return set shift source times trap type ulimit umask unset until wait while case".split(
    " ",
  ),
);

/**
 * A plain command takes the shell's place: then the process on record is the program itself, which gets
 * the signals and whose exit code is seen. Whatever needs a shell keeps it.
 */
export function inPlaceOfShell(command: string): string {
  const trimmed = command.trim();
  const [first = ""] = trimmed.split(" ");
  return plain.test(trimmed) && !builtins.has(first) ? `exec ${trimmed}` : command;
}

import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted, formatBytes } from "../figures.ts";
import { passphraseOption, transferFile, transferring } from "../transfer.ts";

/** One file from which a new controller can be made. */
export const exportCommand: Command = {
  name: "export",
  summary: "Write everything a new controller needs into one file",
  details:
    "The inventory with its history, the releases, the sealed secrets and the key that opens them, the authority that " +
    "agents trust, and the tokens: whoever has the file, and its passphrase, has the site. It gets mode 0600. Without a " +
    "passphrase it is not encrypted. The controller may run, and goes on.",
  words: [{ form: "<path>", about: "the file to write; replaced when it is there" }],
  options: [passphraseOption],
  examples: [
    "tidemill export shop.export --passphrase-file ~/.shop-passphrase",
    "TIDEMILL_EXPORT_PASSPHRASE=… tidemill export /backup/shop.export",
  ],
  async run(context, given) {
    const [path = ""] = given.words;
    const file = transferFile(context, given, path);
    const { state } = context.place();
    const done = await transferring(context, (transfer) => transfer.exportSite(state, file));
    const held = done.isEncrypted ? "encrypted" : "NOT encrypted";
    context.output.progress(
      `${file.path} is ${held} and opens the whole site, secrets included: keep it as you keep a key`,
    );
    const counts = `${counted(done.rows, "row")}, ${counted(done.files, "file")}`;
    context.output.result({ path: file.path, ...done }, [
      `${file.path} ${formatBytes(done.bytes)}: ${counts}`,
    ]);
    return exitCodes.done;
  },
};

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatDuration } from "../duration.ts";
import { followSite } from "../follow-site.ts";
import { timeoutMs, timeoutOption } from "../given-values.ts";
import { createProgress } from "../progress.ts";
import { isSettled } from "../serving.ts";
import { ensureController } from "../start-controller.ts";
import { findPlace } from "../place.ts";
import { passphraseOption, transferFile, transferring } from "../transfer.ts";
import { valueOf } from "../command.ts";

/** A new controller from one file. */
export const rebuild: Command = {
  name: "rebuild",
  summary: "Make a new controller from an export, which takes over the machines that run",
  details:
    "In this directory, which has no site yet. Machines that run are taken over as they are; what was launched after the " +
    "export is not known and given back. The old controller must not run any more.",
  words: [{ form: "<path>", about: "the file that `tidemill export` wrote" }],
  options: [passphraseOption, timeoutOption],
  examples: ["tidemill rebuild shop.export --passphrase-file ~/.shop-passphrase"],
  async run(context, given) {
    const startedAtMs = Date.now();
    const [path = ""] = given.words;
    const file = transferFile(context, given, path);
    const wish = { cwd: context.parts.cwd, file: null, environment: valueOf(given, "env") };
    // With it, the site of this directory is found, and none further up.
    mkdirSync(`${context.parts.cwd}/.tidemill`, { recursive: true, mode: 0o700 });
    const { state } = findPlace(wish);
    const { site, at } = await transferring(context, (transfer) =>
      transfer.rebuildSite(state, file),
    );
    const age = formatDuration(Date.now() - at);
    context.output.progress(
      `${site ?? "a site"} as it was ${age} ago, in ${dirname(state.database)}`,
    );
    const client = await ensureController(context);
    const status = await followSite(context, {
      client,
      timeoutMs: timeoutMs(given),
      what: "every role to serve",
      goesOn: "the controller goes on",
      tell: createProgress(null, await client.status(), context.output.progress, startedAtMs),
      isDone: isSettled,
    });
    context.output.result({ url: status.url, exportedAt: at, status }, [status.url ?? ""]);
    return exitCodes.done;
  },
};

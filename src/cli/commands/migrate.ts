import type { Command } from "../command.ts";
import { valueOf } from "../command.ts";
import { usageError } from "../cli-error.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { ensureController } from "../start-controller.ts";
import { stopController, transferring } from "../transfer.ts";

/** The inventory's move to a database that several controllers share. */
export const migrate: Command = {
  name: "migrate",
  summary: "Move the inventory from its file to PostgreSQL, so that controllers can stand by",
  details:
    "Ends the controller, copies everything in one transaction into an empty database, and starts the controller again; " +
    "the machines go on meanwhile. Its address is kept in `inventory/database.json`, mode 0600; the file stays as " +
    "`inventory.db.moved`. A password belongs into TIDEMILL_DATABASE_URL: everybody can read a command line. " +
    "`tidemill controller <state directory>` then starts one more controller.",
  words: [],
  options: [{ flags: "--to <url>", about: "postgres://… (else: TIDEMILL_DATABASE_URL)" }],
  examples: [
    "TIDEMILL_DATABASE_URL=postgres://shop:…@db.internal/shop tidemill migrate",
    "tidemill migrate --to postgres://shop@localhost/shop",
  ],
  async run(context, given) {
    const url = addressFrom(context, valueOf(given, "to"));
    const { state } = context.place();
    await stopController(context);
    try {
      await transferring(context, (transfer) => transfer.moveToPostgres(state, url));
    } finally {
      // Moved or not, somebody must look after the site.
      await ensureController(context);
    }
    const { host, pathname } = new URL(url);
    context.output.result({ database: `${host}${pathname}` }, [
      `The inventory is in ${host}${pathname}`,
    ]);
    return exitCodes.done;
  },
};

function addressFrom({ parts }: Context, given: string | null): string {
  const url = given ?? parts.transferSettings.databaseUrl;
  if (url === null) throw usageError("Where to? --to postgres://…, or TIDEMILL_DATABASE_URL");
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw usageError("The address of the database must begin with postgres://");
  }
  if (given !== null && parsed.password !== "") {
    throw usageError(
      "Everybody can read a command line: put the address with its password into TIDEMILL_DATABASE_URL",
    );
  }
  return url;
}

import { readFileSync } from "node:fs";
import { usageError } from "./cli-error.ts";
import { createClient } from "./client.ts";
import type { Client } from "./client.ts";

/** A controller on another computer, as the environment names it. */
export interface RemoteController {
  /** TIDEMILL_URL. */
  readonly url: string;
  /** TIDEMILL_TOKEN. */
  readonly token: string | null;
  /** TIDEMILL_CA: file with the only authority that is believed, in PEM. */
  readonly authorityPath: string | null;
}

/** The client of a controller elsewhere. Throws `CliError` where the token would travel in the clear or to anybody. */
export function remoteClient(remote: RemoteController, user: string): Client {
  const { url, token, authorityPath } = remote;
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw usageError(`TIDEMILL_URL needs an address such as https://10.0.0.5:7431, got ${url}`);
  }
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(parsed.hostname);
  if (parsed.protocol === "http:" && !isHere) {
    throw usageError("TIDEMILL_URL needs https: the token would travel in the clear");
  }
  if (parsed.protocol === "https:" && authorityPath === null) {
    throw usageError(
      "TIDEMILL_CA must name the site's authority.pem: without it anybody could be the controller",
    );
  }
  if (token === null)
    throw usageError("TIDEMILL_TOKEN is missing: `tidemill token create` makes one");
  const authority = authorityPath === null ? null : readAuthority(authorityPath);
  return createClient({ url: parsed.origin, token, user, authority });
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw usageError(`TIDEMILL_CA cannot be read: ${(cause as Error).message}`);
  }
}

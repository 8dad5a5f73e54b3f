import type { WishBody } from "../api/contract.ts";
import type { Site } from "../core/desired.ts";
import type { Context } from "./context.ts";
import { readSecrets } from "./read-site.ts";
import type { Releases } from "./send-releases.ts";

/** The site file as the controller takes it: secrets resolved here, where the person's environment is. */
export async function wishFor(
  context: Context,
  site: Site,
  releases: Releases,
  kind: WishBody["kind"],
): Promise<WishBody> {
  return { site, secrets: await readSecrets(context, site), releases, kind };
}

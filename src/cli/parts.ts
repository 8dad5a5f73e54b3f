import type { Site } from "../core/desired.ts";
import type { ReleasePacker } from "../ports/releases.ts";
import type { OutputStreams } from "./output.ts";
import type { RemoteController } from "./remote.ts";
import type { SiteTransfer } from "./transfer.ts";

/** What the commands need of the world around them; the composition root gives it. */
export interface CliParts extends OutputStreams {
  readonly version: string;
  readonly cwd: string;
  /** Who types, for the event log. */
  readonly user: string;
  /** A controller elsewhere; null: the one of this computer. */
  readonly remote: RemoteController | null;
  /** Somebody can answer a question. */
  readonly isInteractive: boolean;
  /** Command line of the controller, before the state directory, and its environment. */
  readonly controllerCommand: readonly string[];
  readonly controllerEnv: Readonly<Record<string, string>>;
  resolveSecrets(site: Site, directory: string): Promise<SecretValues>;
  createPacker(directory: string): Promise<ReleasePacker>;
  openTransfer(): Promise<SiteTransfer>;
  readonly transferSettings: {
    readonly exportPassphrase: string | null;
    readonly databaseUrl: string | null;
  };
  /** Null when it is not installed. */
  readHaproxyVersion(): string | null;
  /** False when this computer has no way to show a page. */
  openPage(url: string): boolean;
}

export type SecretValues =
  | {
      readonly kind: "values";
      readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
    }
  | { readonly kind: "missing"; readonly missing: readonly MissingValue[] };

interface MissingValue {
  readonly role: string;
  readonly name: string;
  readonly reference: string;
  readonly why: string;
}

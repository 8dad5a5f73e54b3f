import type { ProvisioningSettings } from "../core/desired.ts";

/** Prepares the machine for a release: packages, files, set-up commands. What is done is skipped. */
export interface Provisioner {
  /** Throws `Failure` (`rejected`) with the last lines of what did not work. */
  apply(
    settings: ProvisioningSettings,
    place: ProvisioningPlace,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface ProvisioningPlace {
  readonly releaseId: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logPath: string;
}

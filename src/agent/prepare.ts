import type { ProcessDocument, TaskDocument } from "../core/document.ts";
import { environmentOf } from "./environment.ts";
import type { AgentIdentity, AgentParts } from "./parts.ts";

/** Makes everything ready that a process or a task needs; returns the directory it runs in. */
export async function prepare(
  parts: AgentParts,
  identity: AgentIdentity,
  wanted: ProcessDocument | TaskDocument,
  logPath: string,
  signal: AbortSignal,
): Promise<string> {
  const directory = await parts.releases.ensure(wanted.release, signal);
  const place = {
    releaseId: wanted.release.id,
    directory,
    env: environmentOf(identity, wanted, null),
    logPath,
  };
  await parts.provisioner.apply(wanted.provisioning, place, signal);
  return directory;
}

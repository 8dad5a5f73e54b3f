import { serverMarker, taskMarker } from "../core/markers.ts";
import type { ProcessDocument, TaskDocument } from "../core/document.ts";
import type { AgentIdentity } from "./parts.ts";

/** What a process of a role finds in its environment. The machine's facts win: they are true. */
export function environmentOf(
  identity: AgentIdentity,
  wanted: ProcessDocument | TaskDocument,
  port: number | null,
): Readonly<Record<string, string>> {
  return {
    ...identity.env,
    ...wanted.env,
    ...wanted.secrets,
    HOST: identity.address,
    ...(port === null ? {} : { PORT: String(port) }),
    TIDEMILL_MACHINE: identity.machine,
    TIDEMILL_ROLE: identity.role,
    TIDEMILL_RELEASE: wanted.release.id,
    ...("name" in wanted ? { [serverMarker]: wanted.name } : { [taskMarker]: wanted.id }),
  };
}

/** Where a process's output is kept. */
export function logPathOf(identity: AgentIdentity, name: string): string {
  // Names of tasks come from outside; a slash in one must not choose another directory.
  return `${identity.logsDirectory}/${name.replaceAll(/[^\w.-]/g, "_")}.log`;
}

/**
 * Everything that runs on a machine carries these in its environment, so that whatever is left behind can
 * be found and ended even when every record of it is lost.
 */
export const machineMarker = "TIDEMILL_MACHINE_ID";

/** Only the agent itself carries it. */
export const agentMarker = "TIDEMILL_AGENT";

/** What keeps a machine up before and after its agent: the first process of its tree. */
export const groundMarker = "TIDEMILL_GROUND";

/** One supervised process and what it has started. */
export const processMarker = "TIDEMILL_PROCESS";

/** Name of the server that a supervised process is, e.g. `web-3.17`. */
export const serverMarker = "TIDEMILL_SERVER";

/** What the document calls the command that a process is run for, once. */
export const taskMarker = "TIDEMILL_TASK_ID";

/** Unique on one computer: two sites may both have a machine `web-1`. */
export function machineId(siteId: string, machine: string): string {
  return `${siteId}/${machine}`;
}

import type { FuzzInput } from "./input.ts";
import { api } from "./inputs/api.ts";
import { exportFiles, releaseArchives } from "./inputs/archives.ts";
import { haproxy } from "./inputs/haproxy.ts";
import { logLines } from "./inputs/log-lines.ts";
import { machineFiles } from "./inputs/machine-files.ts";
import { agentMessages, agentSockets, controllerMessages } from "./inputs/messages.ts";
import { overlays, siteFile } from "./inputs/site-file.ts";
import { traces } from "./inputs/traces.ts";

/** Everything that comes from outside and is read. */
export const fuzzInputs: readonly FuzzInput[] = [
  siteFile,
  overlays,
  api,
  agentMessages,
  agentSockets,
  controllerMessages,
  haproxy,
  logLines,
  releaseArchives,
  exportFiles,
  machineFiles,
  traces,
];

import type { FuzzInput } from "./input.ts";
import { api } from "./inputs/api.ts";
import { exportFiles, releaseArchives } from "./inputs/archives.ts";
import { hugeLine, hugeTree } from "./inputs/giants.ts";
import { haproxy } from "./inputs/haproxy.ts";
import { logLines } from "./inputs/log-lines.ts";
import { machineFiles } from "./inputs/machine-files.ts";
import { agentMessages, agentSockets, controllerMessages } from "./inputs/messages.ts";
import { overlays, siteFile } from "./inputs/site-file.ts";
import { recordedTraces, traces } from "./inputs/traces.ts";

/** Everything that comes from outside and is read. The slow ones first, so that no core waits for the last. */
export const fuzzInputs: readonly FuzzInput[] = [
  exportFiles,
  overlays,
  releaseArchives,
  siteFile,
  api,
  logLines,
  haproxy,
  agentSockets,
  agentMessages,
  machineFiles,
  controllerMessages,
  traces,
  recordedTraces,
];

/** Single cases, as large as nothing honest is. Each is run once. */
export const giants: readonly FuzzInput[] = [hugeLine, hugeTree];

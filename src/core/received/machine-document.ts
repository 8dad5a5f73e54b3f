import type { Balance, Check, ProvisioningSettings, SupervisionSettings } from "../desired.ts";
import type {
  BalancerDocument,
  MachineDocument,
  PoolDocument,
  ProcessDocument,
  ReleaseReference,
  ServerDocument,
  TaskDocument,
} from "../document.ts";
import {
  byKind,
  byName,
  flag,
  isMisfit,
  list,
  noFit,
  nullable,
  number,
  oneOf,
  record,
  text,
  whole,
} from "./shape.ts";
import type { Shape } from "./shape.ts";

/** Far above what a site file may say: this tells a document from what is none, it does not judge it again. */
const itemsMax = 100_000;
const nameLengthMax = 4_000;
const contentLengthMax = 16 * 1024 * 1024;

const name = text(nameLengthMax);
const content = text(contentLengthMax);
const count = whole(0, Number.MAX_SAFE_INTEGER);
const ms = number(0, Number.MAX_SAFE_INTEGER);
const texts = byName(content, itemsMax);

const timing = { everyMs: ms, timeoutMs: ms, rise: count, fall: count };
const check: Shape<Check> = byKind({
  http: record({ path: name, host: nullable(name), ...timing }),
  tcp: record(timing),
  none: record({}),
});

const release: Shape<ReleaseReference> = record({ id: name, archiveSha256: name, bytes: count });

const supervision: Shape<SupervisionSettings> = record({
  startGraceMs: ms,
  restartGraceMs: ms,
  memoryBytesMax: nullable(ms),
  cpuMax: nullable(ms),
  stopTimeoutMs: ms,
});

const provisioning: Shape<ProvisioningSettings> = record({
  packages: list(name, itemsMax),
  files: list(record({ path: name, content, mode: whole(0, 0o7777) }), itemsMax),
  setup: list(content, itemsMax),
});

const process: Shape<ProcessDocument> = record({
  id: count,
  name,
  release,
  run: content,
  env: texts,
  secrets: texts,
  check,
  supervision,
  provisioning,
});

const task: Shape<TaskDocument> = record({
  id: name,
  release,
  run: content,
  env: texts,
  secrets: texts,
  provisioning,
  timeoutMs: ms,
});

const server: Shape<ServerDocument> = record({
  id: count,
  name,
  address: name,
  port: whole(1, 65_535),
  weight: whole(0, 256),
  limit: nullable(count),
  slowStartMs: ms,
  isBackup: flag,
  state: oneOf("ready", "drain"),
});

const plainBalance = oneOf("roundrobin", "leastconn", "first", "random", "source", "uri");
const balance: Shape<Balance> = (value) => {
  if (typeof value === "string" && /^(url_param|hdr)\([\w.-]+\)$/.test(value)) {
    return value as Balance;
  }
  const plain = plainBalance(value);
  return isMisfit(plain) ? noFit("no way to balance") : plain;
};

const pool: Shape<PoolDocument> = record({
  name,
  balance,
  check,
  stickyCookie: nullable(name),
  stickyKey: name,
  hasQueue: flag,
  queueTimeoutMs: ms,
  drainMs: ms,
  servers: list(server, itemsMax),
});

const balancer: Shape<BalancerDocument> = record({
  bind: record({ host: name, port: whole(0, 65_535) }),
  connectTimeoutMs: ms,
  clientTimeoutMs: ms,
  serverTimeoutMs: ms,
  keepAliveTimeoutMs: ms,
  maintenance: record({ isOn: flag, page: content }),
  pools: list(pool, itemsMax),
  routes: list(record({ host: nullable(name), path: name, pool: name }), itemsMax),
  defaultPool: nullable(name),
});

/** A document as the controller sends it, or a disk gives it back. */
export const machineDocument: Shape<MachineDocument> = record({
  generation: count,
  machine: name,
  role: name,
  processes: list(process, itemsMax),
  tasks: list(task, itemsMax),
  balancer: nullable(balancer),
});

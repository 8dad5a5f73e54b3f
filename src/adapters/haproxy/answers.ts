/** One line of `show stat`, by column name: the columns differ between versions. */
export type StatRow = Readonly<Record<string, string>>;

/** Parses the CSV of `show stat`. */
export function parseStat(text: string): readonly StatRow[] {
  const [header = "", ...lines] = text.split("\n").filter((line) => line !== "");
  const columns = header.replace(/^# /, "").split(",");
  return lines
    .filter((line) => line.includes(","))
    .map((line) => {
      const values = line.split(",");
      return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? ""]));
    });
}

/** A column as a number; empty means 0. */
export function statNumber(row: StatRow, column: string): number {
  const value = Number(row[column] ?? "0");
  return Number.isFinite(value) ? value : 0;
}

/** What `show servers state` says of a server. */
export interface ServerStateRow {
  readonly pool: string;
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Bits of SRV_ADMF_*: 0x01 forced maintenance, 0x08 forced drain. */
  readonly admin: number;
  readonly weight: number;
  /** Bits of CHK_ST_*: 0x02 configured, 0x04 enabled. */
  readonly check: number;
}

/** Parses version 1 of `show servers state`, which names its columns. */
export function parseServersState(text: string): readonly ServerStateRow[] {
  const lines = text.split("\n");
  const header = lines.find((line) => line.startsWith("# be_id"));
  if (header === undefined) return [];
  const columns = header.slice(2).split(" ");
  return lines
    .filter((line) => /^\d+ \S+ \d/.test(line))
    .flatMap((line) => {
      const values = line.split(" ");
      const row = (column: string): string => values[columns.indexOf(column)] ?? "";
      const server = {
        pool: row("be_name"),
        id: Number(row("srv_id")),
        name: row("srv_name"),
        address: row("srv_addr"),
        port: Number(row("srv_port")),
        admin: Number(row("srv_admin_state")),
        weight: Number(row("srv_uweight")),
        check: Number(row("srv_check_state")),
      };
      const { id, port, admin, weight, check } = server;
      return [id, port, admin, weight, check].every(Number.isSafeInteger) ? [server] : [];
    });
}

/** What the master's `show proc` says. */
export interface ProcessList {
  readonly master: number;
  /** Null while there is none, e.g. between a failed start and the next. */
  readonly worker: number | null;
  /** Workers of former configurations which still finish requests. */
  readonly oldWorkers: readonly number[];
  readonly failedReloads: number;
}

/** Parses `show proc`; null when the text is something else. */
export function parseProcesses(text: string): ProcessList | null {
  const master = /^(\d+)\s+master\s+\d+(?:\s+\[failed: (\d{1,9})\])?/m.exec(text);
  if (master === null) return null;
  const [current = "", rest = ""] = text.split(/^# old workers/m);
  const workers = (part: string): readonly number[] =>
    [...part.matchAll(/^(\d+)\s+worker/gm)].map((match) => Number(match[1])).filter(isPid);
  if (!isPid(Number(master[1]))) return null;
  return {
    master: Number(master[1]),
    worker: workers(current)[0] ?? null,
    oldWorkers: workers(rest),
    failedReloads: Number(master[2] ?? 0),
  };
}

/** What `show info` says of the worker that answers. */
export interface WorkerInfo {
  readonly pid: number;
  readonly version: string;
  readonly structure: string;
  readonly isStopping: boolean;
}

/** Parses `show info`; null when the text is something else. */
export function parseInfo(text: string): WorkerInfo | null {
  const value = (name: string): string | null =>
    new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1] ?? null;
  const pid = Number(value("Pid") ?? "");
  if (!isPid(pid)) return null;
  return {
    pid,
    version: (value("Version") ?? "").replace(/-.*$/, ""),
    structure: value("description") ?? "",
    isStopping: value("Stopping") === "1",
  };
}

/** What may get a signal: 0 and 1 are no worker, and a signal to 0 goes to ourselves. */
function isPid(value: number): boolean {
  return Number.isInteger(value) && value > 1 && value < 2 ** 31;
}

/** How long a machine that is a network namespace takes: made up to its agent's start, listed, cut off, given back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalProvider } from "../src/adapters/local/local.ts";
import { createNetnsFaults } from "../src/adapters/netns/faults.ts";
import { createNetnsGround } from "../src/adapters/netns/netns.ts";
import { createProcessTable } from "../src/adapters/process/process-table.ts";
import { machine, percentile } from "./report.ts";

const MACHINES = 30;

export async function run(): Promise<object> {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-netns-bench-"));
  const processes = createProcessTable();
  const signal = AbortSignal.timeout(120_000);
  const limits = { cpuMax: 0.5, memoryBytesMax: 256 * 2 ** 20 };
  const siteId = `bench-${process.pid}`;
  const netns = { siteId, processes, claimsDirectory: "/run/tidemill/networks" };
  const provider = createLocalProvider({
    directory,
    runtimeDirectory: join(directory, "run"),
    agentCommand: ["/bin/sh", "-c", "exec sleep 600"],
    siteId,
    env: { PATH: process.env["PATH"] ?? "" },
    processes,
    ground: createNetnsGround(netns),
  });
  const faults = createNetnsFaults(netns);
  const names = Array.from({ length: MACHINES }, (_, index) => `web-${index + 1}`);
  const order = { role: "web", number: 1, limits, token: "none", authority: "none" };
  const controllerUrl = "wss://127.0.0.1:9/v1/agent";
  const launch = (name: string) => provider.launch({ name, ...order, controllerUrl }, signal);
  try {
    const made = await eachMs(names, launch);
    const listed = await eachMs(names, () => provider.list(signal));
    const cut = await eachMs(names, (name) => faults.cutOff(name, signal));
    const ended = await eachMs(names, (name) => provider.terminate(name, signal));
    return {
      bench: "netns",
      machines: MACHINES,
      launchMsMedian: percentile(made, 0.5),
      launchMsMax: Math.max(...made),
      listMsMedian: percentile(listed, 0.5),
      cutOffMsMedian: percentile(cut, 0.5),
      terminateMsMedian: percentile(ended, 0.5),
      left: (await provider.list(signal)).length,
      ...machine(),
    };
  } finally {
    for (const { name } of await provider.list(signal)) await provider.terminate(name, signal);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One after the other, each timed. */
async function eachMs(
  names: readonly string[],
  act: (name: string) => Promise<unknown>,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (const name of names) {
    const started = performance.now();
    await act(name);
    times.push(Math.round((performance.now() - started) * 10) / 10);
  }
  return times;
}

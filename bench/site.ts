import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createTestSite } from "../test/harness/site.ts";
import type { TestSite } from "../test/harness/site.ts";
import type { Crowd } from "./load/visitors.ts";
import type { LoadProcess } from "./load/process.ts";
import { startLoadProcess } from "./load/process.ts";

/** Kept connections, fresh ones, posts that nobody repeats, and requests of two seconds. */
export const mixedCrowd: Crowd = { keepAlive: 12, fresh: 4, post: 4, long: 6 };

export interface BenchSiteWish {
  /** The role `web` beyond run, source and check, in the site file's flow style. */
  readonly web: string;
  readonly balancer?: string;
}

export function siteFile(port: number, wish: BenchSiteWish): string {
  const more = wish.balancer === undefined ? "" : `, ${wish.balancer}`;
  return `site: bench
balancer: { bind: "127.0.0.1:${port}"${more} }
web: { run: node server.js, source: code, check: /up, ${wish.web} }
`;
}

/** Runs the work on a site that is up, and takes it down whatever happens. */
export async function withSite<Result>(
  wish: BenchSiteWish,
  work: (site: TestSite) => Promise<Result>,
): Promise<Result> {
  const site = await createTestSite((port) => siteFile(port, wish));
  try {
    await site.startController();
    await site.apply();
    await site.until(isAllServing, "the site is up", 60_000);
    return await work(site);
  } finally {
    await site.dispose();
  }
}

export function isAllServing(status: Awaited<ReturnType<TestSite["status"]>>): boolean {
  return status.roles.every(
    (role) => role.serving === role.target && role.machines === role.target,
  );
}

export function startCrowd(site: TestSite, crowd: Crowd, longMs = 2000): LoadProcess {
  return startLoadProcess({
    host: "127.0.0.1",
    port: site.port,
    hostHeader: "bench.localhost",
    crowd,
    thinkMs: 10,
    longMs,
    timeMsMax: 1_500_000,
  });
}

export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
  /** `site id/machine`. */
  readonly machine: string;
}

/** Every living process of the site's machines, by the marker in its environment. */
export function processesOf(site: TestSite): readonly SeenProcess[] {
  const agents = readdirSync(`${site.state}/machines`);
  return readdirSync("/proc").flatMap((entry): readonly SeenProcess[] => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
      const marker = environment.find((line) => line.startsWith("TIDEMILL_MACHINE_ID="));
      const machine = marker?.slice("TIDEMILL_MACHINE_ID=".length) ?? "";
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
      const isOurs = machine.startsWith(`${siteId(site)}/`) && command !== "";
      const name = machine.slice(machine.indexOf("/") + 1);
      return isOurs && agents.includes(name)
        ? [{ pid: Number(entry), command, machine: name }]
        : [];
    } catch {
      return [];
    }
  });
}

export function kill9(processes: readonly SeenProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended with the one before.
    }
  }
}

function siteId(site: TestSite): string {
  const [machine = ""] = readdirSync(`${site.state}/machines`);
  const text = readFileSync(`${site.state}/machines/${machine}/agent.json`, "utf8");
  return (JSON.parse(text) as { siteId: string }).siteId;
}

/** Runs a program of the system's packages; says how to get it where it is missing. */
export function runProgram(program: string, args: readonly string[]): string {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  try {
    return execFileSync(program, [...args], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!isMissing) throw error;
    throw new Error(`${program} is missing: apt-get install ${program}`, { cause: error });
  }
}

import { execFileSync } from "node:child_process";
import { createTestSite } from "../test/harness/site.ts";
import type { TestSite } from "../test/harness/site.ts";
import type { Crowd } from "../test/harness/visitors.ts";
import type { LoadProcess } from "../test/harness/load-process.ts";
import { startLoadProcess } from "../test/harness/load-process.ts";

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

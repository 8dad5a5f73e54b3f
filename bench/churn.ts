/** 200 machines join and 200 leave, the balancer is reloaded in between, under the load of the deploys. */
import { count, machine } from "./report.ts";
import { isAllServing, mixedCrowd, siteFile, startCrowd, withSite } from "./site.ts";

const CYCLES = Number(process.env["CYCLES"] ?? 50);
const RELOAD_EVERY = 5;

export function run(): Promise<object> {
  return withSite({ web: "machines: 2..6" }, async (site) => {
    const load = startCrowd(site, mixedCrowd);
    let [joins, leaves, reloads] = [0, 0, 0];
    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      for (const machines of [6, 2]) {
        await site.call("POST", "/v1/roles/web/scale", { kind: "pin", machines, forMs: null });
        if (cycle % RELOAD_EVERY === 0) {
          // Another time-out is another structure: HAProxy is reloaded while machines come and go.
          reloads += 1;
          const balancer = `client_timeout: ${30 + (reloads % 7)}s`;
          site.writeSiteFile(siteFile(site.port, { web: "machines: 2..6", balancer }));
          await site.apply({ keepReleases: true });
        }
        await site.until(
          (status) => isAllServing(status) && status.machines.length === machines + 1,
          `${machines} machines`,
          60_000,
        );
        if (machines === 6) joins += 4;
        else leaves += 4;
      }
      const { failed, requests } = count(await load.tell());
      process.stderr.write(`cycle ${cycle}: ${failed} failed of ${requests}\n`);
    }
    return { bench: "churn", ...count(await load.stop()), joins, leaves, reloads, ...machine() };
  });
}

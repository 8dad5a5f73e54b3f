/** 20 rolling deploys of 4 machines under mixed load: how many requests fail? */
import { count, machine, percentile } from "./report.ts";
import { mixedCrowd, startCrowd, withSite } from "./site.ts";

const DEPLOYS = Number(process.env["DEPLOYS"] ?? 20);
const REQUESTS_MIN = Number(process.env["REQUESTS"] ?? 100_000);

export function run(): Promise<object> {
  return withSite({ web: "machines: 4, deploy: { batch: 1 }" }, async (site) => {
    const load = startCrowd(site, mixedCrowd);
    const seconds: number[] = [];
    let failedByBalancer = 0;
    for (let n = 1; n <= DEPLOYS; n++) {
      site.writeApplication(`v${n + 1}`);
      const started = performance.now();
      const id = await site.apply();
      if (id === null) throw new Error("no deploy began");
      const state = await site.deployEnded(id);
      if (state !== "done") throw new Error(`deploy ${id} is ${state}`);
      seconds.push((performance.now() - started) / 1000);
      failedByBalancer += (await site.call<{ failed: number }>("GET", `/v1/deploys/${id}`)).failed;
      const { failed, requests } = count(await load.tell());
      process.stderr.write(`deploy ${n}: ${failed} failed of ${requests}\n`);
    }
    while (count(await load.tell()).requests < REQUESTS_MIN) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const result = await load.stop();
    return {
      bench: "deploy",
      ...count(result),
      failedByBalancer,
      deploys: DEPLOYS,
      deploySecondsMedian: Number(percentile(seconds, 0.5).toFixed(2)),
      p99Ms: Number(percentile(result.keepAlive.latenciesMs, 0.99).toFixed(1)),
      ...machine(),
    };
  });
}

/** 20 rolling deploys of 4 machines under mixed load: how many requests fail? */
import { createTestSite } from "../test/harness/site.ts";
import { startLoadProcess } from "./load/process.ts";
import { count, machine, percentile } from "./report.ts";

const DEPLOYS = Number(process.env["DEPLOYS"] ?? 20);
const REQUESTS_MIN = Number(process.env["REQUESTS"] ?? 100_000);

export async function run(): Promise<object> {
  const site = await createTestSite(
    (port) => `site: bench
balancer: { bind: "127.0.0.1:${port}" }
web: { run: node server.js, source: code, check: /up, machines: 4, deploy: { batch: 1 } }
`,
  );
  try {
    await site.startController();
    await site.apply();
    await site.until((s) => s.roles.every((r) => r.serving === r.target), "the site is up");
    const load = startLoadProcess({
      host: "127.0.0.1",
      port: site.port,
      hostHeader: "bench.localhost",
      crowd: { keepAlive: 12, fresh: 4, post: 4, long: 6 },
      thinkMs: 10,
      longMs: 2000,
      timeMsMax: 900_000,
    });
    const seconds: number[] = [];
    const own: number[] = [];
    for (let n = 1; n <= DEPLOYS; n++) {
      site.writeApplication(`v${n + 1}`);
      const started = performance.now();
      const id = await site.apply();
      if (id === null) throw new Error("no deploy began");
      const state = await site.deployEnded(id);
      if (state !== "done") throw new Error(`deploy ${id} is ${state}`);
      seconds.push((performance.now() - started) / 1000);
      const told = await site.call<{ failed: number }>("GET", `/v1/deploys/${id}`);
      own.push(told.failed);
      const sofar = count(await load.tell());
      process.stderr.write(
        `deploy ${n}: ${seconds.at(-1)?.toFixed(1)} s, ${sofar.failed} failed of ${sofar.requests}\n`,
      );
    }
    while (count(await load.tell()).requests < REQUESTS_MIN) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const result = await load.stop();
    const { requests, failed, failures } = count(result);
    return {
      bench: "deploy",
      requests,
      failed,
      failedByBalancer: own.reduce((a, b) => a + b, 0),
      deploys: DEPLOYS,
      deploySecondsMedian: Number(percentile(seconds, 0.5).toFixed(2)),
      p99Ms: Number(percentile(result.keepAlive.latenciesMs, 0.99).toFixed(1)),
      failures,
      ...machine(),
    };
  } finally {
    await site.dispose();
  }
}

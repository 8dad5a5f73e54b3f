import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  countsOf,
  forgetServers,
  newLedger,
  recordWorkers,
  siteKey,
  totalCounts,
} from "./counters.ts";

describe("counts over many processes", () => {
  it("reads requests and failures as the client had them", () => {
    const counts = countsOf([
      { pxname: "site:http", svname: "FRONTEND", req_tot: "10", hrsp_5xx: "2" },
      { pxname: "web", svname: "a", hrsp_2xx: "5", hrsp_5xx: "1", eresp: "3", srv_abrt: "1" },
      { pxname: "web", svname: "BACKEND", srv_abrt: "1", hrsp_5xx: "2" },
    ]);
    assert.deepEqual(counts, { [siteKey]: [10, 3], "web/a": [8, 0, 4] });
  });

  it("never lose or repeat a count when workers come and go", () => {
    const step = fc.record({ add: fc.nat(20), isReload: fc.boolean(), isOldGone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let ledger = newLedger("e", 1);
        let workers = [{ pid: 10, count: 0 }];
        let expected = 0;
        let nextPid = 11;
        for (const { add, isReload, isOldGone } of steps) {
          const current = workers.at(-1);
          if (current !== undefined) current.count += add;
          expected += add;
          if (isReload) workers.push({ pid: nextPid, count: 0 });
          nextPid += 1;
          const readings = new Map(workers.map((w) => [w.pid, { [siteKey]: [w.count, 0] }]));
          ledger = recordWorkers(
            ledger,
            workers.map((w) => w.pid),
            readings,
          );
          if (isOldGone) workers = workers.slice(-1);
        }
        assert.equal(totalCounts(ledger)[siteKey]?.[0] ?? 0, expected);
      }),
      { numRuns: 200 },
    );
  });

  it("keep the last counts of a worker that does not answer any more", () => {
    const first = recordWorkers(newLedger("e", 1), [10], new Map([[10, { "web/a": [4, 0, 0] }]]));
    const silent = recordWorkers(first, [10], new Map());
    assert.deepEqual(totalCounts(silent), { "web/a": [4, 0, 0] });
    const gone = recordWorkers(silent, [], new Map());
    assert.deepEqual(totalCounts(gone), { "web/a": [4, 0, 0] });
    assert.deepEqual(totalCounts(forgetServers(gone, new Set())), {});
  });
});

import assert from "node:assert/strict";
import { createReader } from "../../../src/adapters/haproxy/access-log.ts";
import {
  parseInfo,
  parseProcesses,
  parseServersState,
  parseStat,
  statNumber,
} from "../../../src/adapters/haproxy/answers.ts";
import {
  countsOf,
  newLedger,
  parseLedger,
  recordWorkers,
  totalCounts,
} from "../../../src/adapters/haproxy/counters.ts";
import { createLatencyWindow } from "../../../src/adapters/haproxy/latency.ts";
import { parseMap } from "../../../src/adapters/haproxy/routes.ts";
import type { FuzzInput } from "../input.ts";
import { mutateBytes, mutateValue, nastyTexts } from "../mutate.ts";

const stat = `# pxname,svname,qcur,scur,rate,req_tot,hrsp_2xx,hrsp_4xx,hrsp_5xx,eresp,srv_abrt,status
site:http,FRONTEND,,3,12,400,390,5,5,,,OPEN
web,web-1.1,0,2,6,,200,2,1,0,0,UP
web,BACKEND,0,3,12,,390,5,5,0,1,UP
`;
const servers = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord
3 web 17 web-1.17 127.1.1.1 2 0 100 100 5 6 3 4 6 0 0 1 - 20001 -
`;
const processes = `#<PID>          <type>          <reloads>       <uptime>        <version>
1162            master          5 [failed: 1]   0d00h02m07s     2.6.12
# workers
1271            worker          0               0d00h00m00s     2.6.12
# old workers
1233            worker          3               0d00h00m43s     2.6.12
`;
const info = "Name: HAProxy\nVersion: 2.6.12-1\nPid: 17\ndescription: tidemill-a\nStopping: 0\n\n";
const log = "web web-1.1 200 12 ----\nweb <NOSRV> 503 -1 sC--\nServer web/web-1.1 is DOWN.\n";
const map = "0x1 shop.example.com/ web\n0x2 /api api\n";
const words = [
  ...nastyTexts,
  ",",
  "\n",
  "\n\n",
  " ",
  "9".repeat(400),
  "# old workers",
  "# be_id",
  "__proto__,__proto__\n",
  "\n".repeat(500),
  " ".repeat(500),
];

/** Answers of the runtime socket and lines of its log. */
export const haproxy: FuzzInput = {
  name: "haproxy",
  open: async () => {
    const ledger = recordWorkers(
      newLedger("e", 17),
      [17],
      new Map([[17, countsOf(parseStat(stat))]]),
    );
    return {
      run(random) {
        const said = (text: string): string =>
          random.oneIn(10)
            ? random.bytes(random.below(300)).toString("latin1")
            : mutateBytes(Buffer.from(text), random, words).toString();
        const rows = parseStat(said(stat));
        for (const row of rows)
          assert.ok(Number.isFinite(statNumber(row, random.pick(["qcur", "rate", "req_tot"]))));
        for (const counts of Object.values(countsOf(rows)))
          assert.ok(counts.every(Number.isFinite));
        for (const { id, port, admin, weight, check } of parseServersState(said(servers))) {
          assert.ok(
            [id, port, admin, weight, check].every(Number.isSafeInteger),
            "a server with no number",
          );
        }
        const list = parseProcesses(said(processes));
        if (list !== null) {
          const pids = [
            list.master,
            ...list.oldWorkers,
            ...(list.worker === null ? [] : [list.worker]),
          ];
          assert.ok(
            pids.every((pid) => Number.isSafeInteger(pid) && pid > 1),
            `pids ${pids.join(" ")}`,
          );
          assert.ok(Number.isSafeInteger(list.failedReloads));
        }
        const worker = parseInfo(said(info));
        if (worker !== null)
          assert.ok(Number.isSafeInteger(worker.pid) && worker.pid > 1, `pid ${worker.pid}`);
        readLog(said(info + log), random.below(40));
        parseMap(said(map));
        const stored = random.oneIn(2)
          ? said(JSON.stringify(ledger))
          : JSON.stringify(mutateValue(ledger, random));
        const read = parseLedger(stored);
        if (read === null) return;
        for (const counts of Object.values(totalCounts(recordWorkers(read, [18], new Map())))) {
          assert.ok(counts.every(Number.isFinite), "a count that is no number");
        }
      },
    };
  },
};

function readLog(text: string, cutAt: number): void {
  const latencies = createLatencyWindow();
  const read = createReader(17, {
    onAccess({ pool, status, durationMs }) {
      assert.ok(Number.isSafeInteger(status) && Number.isSafeInteger(durationMs), "no number");
      latencies.record(pool, durationMs, 1_000_000);
    },
    onNotice: (line) => assert.ok(line.length <= 128_000),
  });
  if (read(text.slice(0, cutAt))) read(text.slice(cutAt));
}

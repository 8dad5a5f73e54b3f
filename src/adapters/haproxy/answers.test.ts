import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../ports/failure.ts";
import { parseInfo, parseProcesses, parseServersState, parseStat, statNumber } from "./answers.ts";
import { assertDone } from "./runtime-api.ts";

describe("HAProxy's answers", () => {
  it("reads statistics by column name", () => {
    const rows = parseStat(
      "# pxname,svname,scur,status,\nweb,web-1.1,3,UP 1/2,\nweb,BACKEND,,UP,\n",
    );
    assert.deepEqual(
      rows.map((row) => [row["svname"], statNumber(row, "scur"), row["status"]]),
      [
        ["web-1.1", 3, "UP 1/2"],
        ["BACKEND", 0, "UP"],
      ],
    );
  });

  it("reads the states of servers by column name", () => {
    const text =
      "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_check_state srv_port\n" +
      "4 web 17 web-3.17 127.0.1.3 2 8 100 6 9001\n";
    assert.deepEqual(parseServersState(text), [
      {
        pool: "web",
        id: 17,
        name: "web-3.17",
        address: "127.0.1.3",
        port: 9_001,
        admin: 8,
        weight: 100,
        check: 6,
      },
    ]);
    assert.deepEqual(parseServersState("Unknown command."), []);
  });

  it("reads the processes of 2.6 and of 3.0, with old workers or without a worker", () => {
    const two = [
      "#<PID>          <type>          <reloads>       <uptime>        <version>",
      "1162            master          5 [failed: 1]   0d00h02m07s     2.6.12",
      "# workers",
      "1271            worker          1               0d00h00m00s     2.6.12",
      "# old workers",
      "1233            worker          3               0d00h00m43s     2.6.12",
      "1244            worker          2               0d00h00m03s     2.6.12",
      "# programs",
    ].join("\n");
    assert.deepEqual(parseProcesses(two), {
      master: 1162,
      worker: 1271,
      oldWorkers: [1233, 1244],
      failedReloads: 1,
    });
    const bare = "#<PID> <type>\n7 master 0 [failed: 0] 0d 3.0.11\n# workers\n";
    assert.deepEqual(parseProcesses(bare), {
      master: 7,
      worker: null,
      oldWorkers: [],
      failedReloads: 0,
    });
    assert.equal(parseProcesses(""), null);
  });

  it("reads who answers", () => {
    const text =
      "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 12\ndescription: tidemill-1\nStopping: 1";
    assert.deepEqual(parseInfo(text), {
      pid: 12,
      version: "2.6.12",
      structure: "tidemill-1",
      isStopping: true,
    });
    assert.equal(parseInfo("Permission denied"), null);
  });

  it("takes silence and known words for success, everything else for a refusal", () => {
    assertDone("add web/a", "New server registered.\n\n\n");
    assertDone("drain web/a", "");
    const refused = (code: string) => (error: unknown) =>
      error instanceof Failure && error.code === code;
    assert.throws(() => assertDone("drain web/a", "No such server.\n"), refused("not_found"));
    assert.throws(() => assertDone("drain web/a", "Proxy is disabled."), refused("rejected"));
    assert.throws(() => assertDone("add web/a", "New server registered.\n\nOops"), {
      message: "Cannot add web/a: Oops",
    });
  });

  it("hold no process that must not get a signal", () => {
    for (const pid of ["0", "1", "99999999999999999999", "x"]) {
      assert.equal(parseInfo(`Name: HAProxy\nPid: ${pid}\n`), null);
      assert.equal(parseProcesses(`${pid} master 5\n`), null);
      assert.equal(parseProcesses(`17 master 5\n${pid} worker 0\n`)?.worker, null);
    }
  });
});

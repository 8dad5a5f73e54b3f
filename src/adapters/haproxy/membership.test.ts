import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BalancerDocument, ServerDocument } from "../../core/document.ts";
import { planMembership, runningServers, type RunningServer } from "./membership.ts";

const running: RunningServer = {
  pool: "web",
  id: 1,
  name: "web-1.1",
  address: "127.0.0.1",
  port: 9_001,
  admin: 0,
  weight: 100,
  check: 6,
  limit: null,
  isBackup: false,
};

const server: ServerDocument = {
  id: 1,
  name: "web-1.1",
  address: "127.0.0.1",
  port: 9_001,
  weight: 100,
  limit: null,
  slowStartMs: 0,
  isBackup: false,
  state: "ready",
};

function plan(servers: readonly ServerDocument[], present: readonly RunningServer[]): string[] {
  const document: BalancerDocument = {
    bind: { host: "127.0.0.1", port: 1 },
    connectTimeoutMs: 1,
    clientTimeoutMs: 1,
    serverTimeoutMs: 1,
    keepAliveTimeoutMs: 1,
    maintenance: { isOn: false, page: "" },
    routes: [],
    defaultPool: "web",
    pools: [
      {
        name: "web",
        balance: "roundrobin",
        check: { kind: "tcp", everyMs: 1, timeoutMs: 1, rise: 1, fall: 1 },
        stickyCookie: null,
        stickyKey: "",
        hasQueue: false,
        queueTimeoutMs: 1,
        drainMs: 1,
        servers,
      },
    ],
  };
  return planMembership(document, present).map(
    (step) => `${step.kind}: ${step.kind === "command" ? step.command : step.why}`,
  );
}

describe("the plan for the members of a pool", () => {
  it("is empty when all is as it should be", () => {
    assert.deepEqual(plan([server], [running]), []);
    assert.deepEqual(plan([{ ...server, state: "drain" }], [{ ...running, admin: 8 }]), []);
    assert.deepEqual(plan([{ ...server, state: "drain" }], []), []);
  });

  it("lets a missing server join and cuts one that is in no document", () => {
    assert.deepEqual(plan([server], []), ["join: web/web-1.1 was missing"]);
    assert.deepEqual(plan([], [running]), ["cut: web/web-1.1 is in no document"]);
  });

  it("replaces a server whose address has changed", () => {
    assert.deepEqual(plan([{ ...server, port: 9_002 }], [running]), [
      "cut: web/web-1.1 was 127.0.0.1:9001 with id 1",
      "join: web/web-1.1 was missing",
    ]);
  });

  it("drains and takes back", () => {
    assert.deepEqual(plan([{ ...server, state: "drain" }], [running]), [
      "command: set server web/web-1.1 state drain",
    ]);
    assert.deepEqual(plan([server], [{ ...running, admin: 1 }]), [
      "command: set server web/web-1.1 state ready",
    ]);
  });

  it("changes weight, limit and checks in place, and leaves the backup flag to a reload", () => {
    assert.deepEqual(plan([{ ...server, weight: 7, limit: 3 }], [{ ...running, check: 2 }]), [
      "command: enable health web/web-1.1",
      "command: set weight web/web-1.1 7",
      "command: set maxconn server web/web-1.1 3",
    ]);
    assert.deepEqual(plan([server], [{ ...running, limit: 5 }]), [
      "command: set maxconn server web/web-1.1 0",
    ]);
    assert.deepEqual(plan([{ ...server, isBackup: true }], [running]), [
      "reload: web/web-1.1 changed between backup and active",
    ]);
  });

  it("joins what two commands say of a server", () => {
    const { limit: _limit, isBackup: _isBackup, ...state } = running;
    const row = { pxname: "web", svname: "web-1.1", slim: "4", bck: "1" };
    assert.deepEqual(runningServers([state], [row]), [{ ...running, limit: 4, isBackup: true }]);
  });
});

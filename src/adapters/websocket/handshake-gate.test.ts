import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Server } from "node:https";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { createHandshakeGate } from "./handshake-gate.ts";

/** A caller that shakes hands when the test says so. */
function aCaller(port: number): Socket {
  const caller = new EventEmitter();
  return Object.assign(caller, { remoteAddress: "127.0.0.1", remotePort: port }) as Socket;
}

function aGate(callers: number) {
  const server = new EventEmitter() as Server;
  const begun: Socket[] = [];
  server.on("connection", (socket: Socket) => begun.push(socket));
  const enter = createHandshakeGate(server);
  const all = Array.from({ length: callers }, (_, index) => aCaller(index));
  for (const caller of all) enter(caller);
  return { server, begun, all };
}

describe("the gate before the handshakes", () => {
  it("lets a few shake hands at a time, and the next ones when those have", () => {
    const { server, begun, all } = aGate(40);
    assert.equal(begun.length, 32);
    server.emit("secureConnection", all[0]);
    all[1]?.emit("close");
    assert.deepEqual(begun.slice(32), [all[32], all[33]]);
    // Whoever has shaken hands and leaves makes no second place.
    all[0]?.emit("close");
    assert.equal(begun.length, 34);
  });

  it("forgets who leaves while it waits", () => {
    const { server, begun, all } = aGate(34);
    all[32]?.emit("close");
    server.emit("secureConnection", all[0]);
    assert.deepEqual(begun.slice(32), [all[33]]);
  });

  it("does not wait for those who say nothing", async () => {
    const { begun } = aGate(40);
    const end = performance.now() + 5_000;
    while (begun.length < 40 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(begun.length, 40);
  });
});

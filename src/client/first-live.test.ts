import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { after, describe, it } from "node:test";
import { createRandom } from "../../test/sim/random.ts";
import { drawOrder, firstLive, probeTcp } from "./first-live.ts";

const HOST = "127.0.0.1";
const open: Server[] = [];
/** Documentation's own network: nobody answers, nobody refuses. */
const silent = { host: "192.0.2.1", port: 9, weight: 1_000_000 };

async function listen(): Promise<number> {
  const server = createServer((socket) => socket.end());
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return (server.address() as AddressInfo).port;
}

/** Nobody listens there any more. */
async function closedPort(): Promise<number> {
  const port = await listen();
  await new Promise((resolve) => open.pop()?.close(resolve));
  return port;
}

describe("the choice of a server", () => {
  after(() => {
    for (const server of open) server.close();
  });

  it("tells who accepts connections from who refuses", async () => {
    assert.equal(await probeTcp(HOST, await listen()), true);
    assert.equal(await probeTcp(HOST, await closedPort()), false);
  });

  it("takes the first that lives, whatever is before it", async () => {
    const live = { host: HOST, port: await listen(), weight: 0, name: "spare" };
    const dead = { host: HOST, port: await closedPort(), weight: 1, name: "dead" };
    assert.equal((await firstLive([live, dead]))?.name, "spare");
    assert.equal(
      (await firstLive([silent, live], { timeoutMs: 60_000, headStartMs: 5 }))?.port,
      live.port,
    );
  });

  it("takes nobody where nobody lives", async () => {
    const dead = { host: HOST, port: await closedPort() };
    assert.equal(await firstLive([dead, dead, dead]), null);
    assert.equal(await firstLive([]), null);
  });

  it("draws who comes first by weight, and those without weight last", () => {
    const candidates = [
      { host: "spare", port: 1, weight: 0 },
      { host: "one", port: 1 },
      { host: "three", port: 1, weight: 3 },
    ];
    const draws = 4_000;
    const random = createRandom(7);
    const orders = Array.from({ length: draws }, () =>
      drawOrder(candidates, () => random.next()).map(({ host }) => host),
    );
    assert.ok(orders.every((order) => order.at(-1) === "spare"));
    const share = orders.filter(([first]) => first === "three").length / draws;
    assert.ok(share > 0.72 && share < 0.78, `${share}`);
  });
});

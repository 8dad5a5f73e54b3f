import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asSeenFrom } from "./same-computer.ts";

describe("the controllers of a machine's own computer", () => {
  const told = ["wss://127.0.0.1:7731/v1/agent", "wss://192.0.2.7:7731/v1/agent"];

  it("are called at the site's bridge by a machine with a network of its own", () => {
    assert.deepEqual(asSeenFrom("wss://10.64.1.1:7732/v1/agent", told), [
      "wss://10.64.1.1:7731/v1/agent",
      "wss://192.0.2.7:7731/v1/agent",
    ]);
  });

  it("are none where the address names no host", () => {
    const home = "wss://127.0.0.1:7732/v1/agent";
    assert.deepEqual(asSeenFrom(home, ["wss://127.0.0.999:1/v1/agent", home]), [home]);
  });

  it("are called at their loopback address by every other machine", () => {
    assert.deepEqual(asSeenFrom("wss://127.0.0.1:7732/v1/agent", told), told);
  });
});

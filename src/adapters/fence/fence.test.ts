import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Provider } from "../../ports/provider.ts";
import { fenceProvider } from "./fence.ts";

const directory = mkdtempSync(join(tmpdir(), "tidemill-fence-"));
after(() => rmSync(directory, { recursive: true }));

const signal = new AbortController().signal;

function recorder(calls: string[]): Provider {
  return {
    launch: (order) => {
      calls.push(`launch ${order.name}`);
      return Promise.resolve({ name: order.name, address: "", condition: "running" });
    },
    limit: (name) => Promise.resolve(void calls.push(`limit ${name}`)),
    terminate: (name) => Promise.resolve(void calls.push(`terminate ${name}`)),
    list: () => Promise.resolve([]),
  };
}

describe("a fenced provider", () => {
  it("lets a former term look, and touch nothing", async () => {
    const calls: string[] = [];
    const epochs = join(directory, "epochs");
    const former = fenceProvider(recorder(calls), epochs, 3);
    await former.terminate("web-1", signal);
    const present = fenceProvider(recorder(calls), epochs, 4);
    await assert.rejects(former.terminate("web-2", signal), { code: "rejected" });
    const limits = { cpuMax: null, memoryBytesMax: null };
    await assert.rejects(former.limit("web-2", limits, signal), { code: "rejected" });
    await present.terminate("web-2", signal);
    await present.terminate("web-2", signal);
    assert.deepEqual(await former.list(signal), []);
    assert.deepEqual(calls, ["terminate web-1", "terminate web-2", "terminate web-2"]);
    assert.throws(() => fenceProvider(recorder(calls), epochs, 3), { code: "rejected" });
    assert.deepEqual(readdirSync(epochs), ["4"]);
  });
});

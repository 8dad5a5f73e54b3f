import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readAgentFile } from "../../../src/adapters/local/agent-process.ts";
import { createControllerList } from "../../../src/adapters/machine-files/controller-list.ts";
import { createDocumentStore } from "../../../src/adapters/machine-files/document-store.ts";
import { createMachineRecords } from "../../../src/adapters/machine-files/machine-records.ts";
import { readSetupRecord } from "../../../src/adapters/machine-files/provisioner.ts";
import { createSeal } from "../../../src/adapters/seal/seal.ts";
import { neverStarted } from "../../../src/core/supervision/supervised.ts";
import { Failure } from "../../../src/ports/failure.ts";
import { aRole, aSite } from "../../sim/site.ts";
import { beginDeploy, createWorld, settle } from "../../sim/world.ts";
import type { FuzzInput } from "../input.ts";
import { mutateBytes, mutateValue } from "../mutate.ts";
import { scratchDirectory } from "../scratch.ts";

const home = "wss://127.0.0.1:7731/v1/agent";
const running = { pid: 17, startTicks: 4 };
const record = {
  processes: [
    {
      id: 1,
      name: "web-1.1",
      releaseId: "aaaaaaaaaaaa",
      port: 20_000,
      stopTimeoutMs: 1_000,
      running,
      supervised: neverStarted(1),
    },
  ],
  tasks: [
    {
      id: "t",
      running: null,
      startedAt: 1,
      report: { id: "t", state: "done", exitCode: 0, lastLines: ["x"] },
    },
  ],
  releases: ["aaaaaaaaaaaa"],
};
const settings = {
  siteId: "s",
  machine: "web-1",
  role: "web",
  token: "t",
  controllerUrl: home,
  authority: "",
  address: "127.1.1.1",
  ports: { first: 20_000, last: 20_014 },
  logsDirectory: "/logs",
  runtimeDirectory: "/run",
  processUser: null,
};

/** What an agent finds on its disk after a crash, or after somebody else was there. */
export const machineFiles: FuzzInput = {
  name: "machine-files",
  open: async () => {
    const directory = scratchDirectory();
    const at = (name: string): string => join(directory, name);
    const seal = await createSeal(at("seal.key"));
    const world = createWorld(aSite([aRole("web", { secrets: {} })]));
    beginDeploy(world, "web", "r1");
    settle(world);
    const documents = [...world.machines.values()].map(({ document }) => document);
    const store = createDocumentStore(at("document.json"), seal);
    const records = createMachineRecords(at("record.json"));
    return {
      async run(random) {
        const damaged = (value: unknown): Buffer => {
          const text = Buffer.from(JSON.stringify(value));
          if (random.oneIn(2)) return Buffer.from(JSON.stringify(mutateValue(value, random)));
          // A torn write: a part, or zeros where a part should be.
          const cut = text.subarray(0, random.below(text.length));
          return random.oneIn(2)
            ? cut
            : random.oneIn(2)
              ? Buffer.concat([cut, Buffer.alloc(20)])
              : mutateBytes(text, random);
        };
        const read = async (work: () => unknown): Promise<void> => {
          try {
            await work();
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
            assert.match(error.message, /^Cannot /);
          }
        };
        switch (random.below(5)) {
          case 0:
            writeFileSync(at("document.json"), damaged(random.pick(documents)));
            return read(async () => {
              const document = await store.load();
              for (const { env, check } of document?.processes ?? [])
                assert.ok(typeof env === "object" && check.kind !== undefined);
            });
          case 1:
            writeFileSync(at("record.json"), damaged(record));
            return read(async () => {
              for (const { supervised, running } of (await records.load()).processes) {
                assert.ok(
                  Array.isArray(supervised.restartedAt) && typeof supervised.failures === "number",
                );
                assert.ok(
                  running === null || (Number.isSafeInteger(running.pid) && running.pid > 1),
                  "a pid that is none",
                );
              }
            });
          case 2: {
            writeFileSync(at("controllers.json"), damaged([home, "wss://127.0.0.1:7732/v1/agent"]));
            const list = createControllerList(at("controllers.json"), () => home);
            for (let turn = 0; turn < list.size(); turn++, list.advance()) {
              assert.ok(URL.canParse(list.current()), list.current());
            }
            return;
          }
          case 3:
            writeFileSync(at("agent.json"), damaged(settings));
            return read(() => {
              const { machine, ports } = readAgentFile(directory);
              assert.ok(typeof machine === "string" && ports.first <= ports.last);
            });
          default:
            writeFileSync(at("provisioned.json"), damaged(["a".repeat(64)]));
            return read(async () => {
              for (const key of await readSetupRecord(at("provisioned.json")))
                assert.equal(typeof key, "string");
            });
        }
      },
      close: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
};

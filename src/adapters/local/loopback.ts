import { spawn } from "node:child_process";
import type { MachineGround } from "../../ports/machine-ground.ts";
import { describeSlot, slotsMax } from "./slots.ts";

/** Loopback addresses and port ranges: nothing to make, nothing to remove, nothing kept apart. */
export function createLoopback(siteId: string): MachineGround {
  return {
    machinesMax: slotsMax,
    // Linux answers on all of 127.0.0.0/8; other systems only on 127.0.0.1.
    place: async (number) => describeSlot(siteId, number, process.platform === "linux"),
    // There is nothing to make: only a look at what runs tells.
    prepare: async () => "stood",
    // Nothing keeps processes of this computer to a share of it.
    limit: () => undefined,
    async start(_name, { words: [program = "", ...args], directory, env, log }) {
      const child = spawn(program, args, {
        cwd: directory,
        env,
        stdio: ["ignore", log, log],
        detached: true,
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", reject);
      });
      child.unref();
    },
    clear: async () => undefined,
    names: () => [],
    close: async () => undefined,
  };
}

/** Launches and gives back one machine again and again until it is killed. Arguments: directory, site id, claims. */
import { createLocalProvider } from "../../src/adapters/local/local.ts";
import { createNetnsGround } from "../../src/adapters/netns/netns.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";

const [, , directory = "", siteId = "", claimsDirectory = ""] = process.argv;
const processes = createProcessTable();
const signal = AbortSignal.timeout(20_000);
const limits = { cpuMax: null, memoryBytesMax: null };
const provider = createLocalProvider({
  directory,
  runtimeDirectory: `${directory}/run`,
  agentCommand: ["/bin/sh", "-c", "exec sleep 600"],
  siteId,
  env: { PATH: process.env["PATH"] ?? "" },
  processes,
  ground: createNetnsGround({ siteId, processes, claimsDirectory }),
});
const order = { name: "web-1", role: "web", number: 1, limits, token: "none", authority: "none" };
process.stdout.write("begins\n");
while (!signal.aborted) {
  await provider.launch({ ...order, controllerUrl: "wss://127.0.0.1:9/v1/agent" }, signal);
  await provider.terminate("web-1", signal);
}

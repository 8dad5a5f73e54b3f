import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { createLocalProvider } from "../../src/adapters/local/local.ts";
import { namesOf } from "../../src/adapters/netns/names.ts";
import { createNetnsFaults } from "../../src/adapters/netns/faults.ts";
import { createNetnsGround } from "../../src/adapters/netns/netns.ts";
import type { NetnsGround } from "../../src/adapters/netns/netns.ts";
import { netnsObjection } from "../../src/adapters/netns/objection.ts";
import { createProcessTable } from "../../src/adapters/process/process-table.ts";
import type { MachineFaults } from "../../src/ports/machine-faults.ts";
import type { ProcessEntry } from "../../src/ports/process-table.ts";
import type { Provider } from "../../src/ports/provider.ts";
import { cgroupFigures } from "../harness/cgroup-figures.ts";
import { until } from "../harness/until.ts";
import { describeProvider } from "./provider.ts";
import type { OpenProvider } from "./provider.ts";

const skip = netnsObjection() ?? false;
const signal = AbortSignal.timeout(200_000);
const table = createProcessTable();
const path = process.env["PATH"] ?? "";
const claimsDirectory = mkdtempSync(join(tmpdir(), "tidemill-claims-"));
const limits = { cpuMax: 0.5, memoryBytesMax: 256 * 1024 * 1024 };
/** An agent that only listens: what it answers is the namespace's own name. */
const listening = `require("node:net").createServer((s) => s.end(require("node:os").hostname())).listen(20000)`;
let sites = 0;

interface Place {
  readonly provider: Provider;
  readonly ground: NetnsGround;
  readonly faults: MachineFaults;
  readonly directory: string;
  readonly siteId: string;
  close(): Promise<void>;
}

function openPlace(agentCommand: readonly string[] = ["/bin/sh", "-c", "exec sleep 600"]): Place {
  const directory = mkdtempSync(join(tmpdir(), "tidemill-netns-"));
  const siteId = `contract-${process.pid}-${sites++}`;
  const netns = { siteId, processes: table, claimsDirectory };
  const ground = createNetnsGround(netns);
  const provider = createLocalProvider({
    directory,
    runtimeDirectory: join(directory, "run"),
    agentCommand,
    siteId,
    env: { PATH: path },
    processes: table,
    ground,
  });
  const faults = createNetnsFaults(netns);
  const close = async (): Promise<void> => {
    for (const { name } of await provider.list(signal)) await provider.terminate(name, signal);
    rmSync(directory, { recursive: true, force: true });
  };
  return { provider, ground, faults, directory, siteId, close };
}

const order = (name: string) => ({
  name,
  role: "web",
  number: 1,
  limits,
  token: "secret-token",
  controllerUrl: "wss://127.0.0.1:9/v1/agent",
  authority: "none",
});

async function living(place: Place, name: string, marker: string): Promise<ProcessEntry[]> {
  const found: ProcessEntry[] = [];
  for (const entry of await table.list()) {
    const environment = await table.environment(entry.pid);
    if (environment.get(marker) === `${place.siteId}/${name}`) found.push(entry);
  }
  return found;
}

/** Everything the kernel holds of the site. */
function remains(place: Place): readonly string[] {
  const { tag, bridge } = namesOf(place.siteId);
  const cables = ["web-1", "web-2"].map((name) => namesOf(place.siteId).cable(name));
  const namespaces = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  const groups = readdirSync("/sys/fs/cgroup").flatMap((tree) => {
    const group = `/sys/fs/cgroup/${tree}/tidemill-${tag}`;
    return existsSync(group) ? [group] : [];
  });
  return [
    ...readdirSync("/sys/class/net").filter((it) => it === bridge || cables.includes(it)),
    ...namespaces.filter((it) => it.includes(tag)),
    ...groups,
    ...(existsSync(`/sys/fs/cgroup/tidemill-${tag}`) ? [`tidemill-${tag}`] : []),
  ];
}

async function openNetns(): Promise<OpenProvider> {
  const place = openPlace();
  return {
    provider: place.provider,
    async killAgent(name) {
      for (const agent of await living(place, name, "TIDEMILL_AGENT")) {
        await table.signal(agent, "SIGKILL");
      }
    },
    async startProcess(name) {
      const log = openSync("/dev/null", "w");
      await place.ground.start(name, {
        words: ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.2; done"],
        directory: "/",
        env: { PATH: path, TIDEMILL_MACHINE_ID: `${place.siteId}/${name}` },
        log,
      });
      closeSync(log);
    },
    async countProcesses(name) {
      const all = await living(place, name, "TIDEMILL_MACHINE_ID");
      // What the shell's loop sleeps with is not counted.
      const pids = new Set(all.map((it) => it.pid));
      return all.filter((it) => !pids.has(it.parent)).length;
    },
    async close() {
      await place.close();
      assert.deepEqual(remains(place), []);
    },
  };
}

describeProvider("the netns provider", openNetns, skip);

/** What the machine's port answers, or why nothing does. */
function ask(address: string, withinMs = 1_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port: 20_000, timeout: withinMs });
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("end", () => resolve(text));
    socket.on("error", (error) => resolve(error.message));
    socket.on("timeout", () => {
      socket.destroy();
      resolve("no answer");
    });
  });
}

const figures = ({ siteId }: Place) => cgroupFigures(siteId, "web-1");

function lacksNft(): string | false {
  const { status } = spawnSync("nft", ["--version"], { env: { PATH: "/usr/sbin:/usr/bin" } });
  return status === 0 ? false : "there is no nft";
}

describe("the netns provider's machines", { skip }, () => {
  after(() => rmSync(claimsDirectory, { recursive: true, force: true }));

  it("have a name, an address and processes of their own, and the same port", async () => {
    const place = openPlace([process.execPath, "-e", listening]);
    try {
      for (const name of ["web-1", "web-2"]) {
        const { address } = await place.provider.launch(order(name), signal);
        await until(`${name} answers`, async () => (await ask(address)) === name);
      }
      const [agent] = await living(place, "web-1", "TIDEMILL_AGENT");
      assert.ok(agent);
      const status = readFileSync(`/proc/${agent.pid}/status`, "utf8");
      assert.match(status, /^NSpid:\t\d+\t\d+$/m);
      const groups = readFileSync(`/proc/${agent.pid}/cgroup`, "utf8");
      assert.match(groups, new RegExp(`tidemill-${namesOf(place.siteId).tag}/web-1`));
    } finally {
      await place.close();
    }
    assert.deepEqual(remains(place), []);
  });

  it("can be cut off, frozen, killed, each for itself, and given back while frozen", async () => {
    const place = openPlace([process.execPath, "-e", listening]);
    try {
      const one = (await place.provider.launch(order("web-1"), signal)).address;
      const two = (await place.provider.launch(order("web-2"), signal)).address;
      const answers = (address: string, text: string) =>
        until(`${address} answers ${text}`, async () => (await ask(address)) === text);
      await answers(one, "web-1");
      await answers(two, "web-2");
      await place.faults.cutOff("web-1", signal);
      assert.notEqual(await ask(one, 300), "web-1");
      await answers(two, "web-2");
      await place.faults.reconnect("web-1", signal);
      await answers(one, "web-1");
      await place.faults.freeze("web-1");
      assert.equal(await ask(one, 300), "no answer");
      await place.faults.thaw("web-1");
      await answers(one, "web-1");
      await place.faults.kill("web-1");
      const listed = async () =>
        (await place.provider.list(signal)).find((it) => it.name === "web-1")?.condition;
      await until("web-1 is gone", async () => (await listed()) === "gone");
      await answers(two, "web-2");
      await place.faults.freeze("web-2");
      await place.provider.terminate("web-2", signal);
      await assert.rejects(place.faults.freeze("web-2"), { code: "not_found" });
    } finally {
      await place.close();
    }
    assert.deepEqual(remains(place), []);
  });

  it("stand still when they are frozen, not a moment later", async () => {
    // Busy in the kernel, where nobody is stopped at once.
    const copy = "while :; do dd if=/dev/zero of=/dev/null bs=1M count=50 2>/dev/null; done";
    const place = openPlace(["/bin/sh", "-c", copy]);
    try {
      await place.provider.launch(order("web-1"), signal);
      for (let round = 0; round < 10; round += 1) {
        await place.faults.freeze("web-1");
        assert.equal(figures(place).isFrozen, true, `round ${round}`);
        await place.faults.thaw("web-1");
      }
    } finally {
      await place.close();
    }
  });

  it("lose packets for as long as they are told to", { skip: lacksNft() }, async () => {
    const place = openPlace([process.execPath, "-e", listening]);
    try {
      const { address } = await place.provider.launch(order("web-1"), signal);
      await until("web-1 answers", async () => (await ask(address)) === "web-1");
      await place.faults.lose("web-1", 1, signal);
      assert.equal(await ask(address, 300), "no answer");
      await place.faults.lose("web-1", 0.3, signal);
      await place.faults.lose("web-1", null, signal);
      assert.equal(await ask(address), "web-1");
    } finally {
      await place.close();
    }
  });

  it("get no more CPU than their limit, and less when slowed", async () => {
    const place = openPlace(["/bin/sh", "-c", "while :; do :; done"]);
    try {
      // So little that a computer which is busy with other things gives it as well.
      const little = { ...limits, cpuMax: 0.1 };
      await place.provider.launch({ ...order("web-1"), limits: little }, signal);
      const [agent] = await living(place, "web-1", "TIDEMILL_AGENT");
      assert.ok(agent);
      /** Used in the time in which the group was held back in so many of its periods, and what that time allows. */
      const shares = async (cpuMax: number) => {
        const from = (await table.find(agent.pid))?.cpuSeconds ?? 0;
        const before = figures(place);
        await until("it is held back", () => figures(place).throttled - before.throttled >= 10);
        const used = ((await table.find(agent.pid))?.cpuSeconds ?? 0) - from;
        const periods = figures(place).periods - before.periods + 2;
        return { used, allowed: periods * 0.02 * cpuMax };
      };
      // The kernel counts in hundredths of a second, and lends what a period has not used up.
      const full = await shares(0.1);
      assert.ok(full.used <= full.allowed + 0.05, `${full.used} s of ${full.allowed}`);
      await place.faults.slow("web-1", 0.05);
      const slow = await shares(0.05);
      assert.ok(slow.used <= slow.allowed + 0.05, `${slow.used} s of ${slow.allowed}`);
      await place.faults.slow("web-1", null);
      assert.equal(figures(place).cpuMax, 0.1);
    } finally {
      await place.close();
    }
  });

  it("end what grows beyond their memory, and stay", async () => {
    const place = openPlace();
    try {
      const made = await place.provider.launch(order("web-1"), signal);
      const log = openSync("/dev/null", "w");
      const marker = { GROWS: place.siteId };
      const grow = "const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));";
      await place.ground.start("web-1", {
        words: [process.execPath, "-e", grow],
        directory: "/",
        env: { PATH: path, ...marker },
        log,
      });
      closeSync(log);
      const growing = async (): Promise<boolean> => {
        for (const { pid } of await table.list()) {
          if ((await table.environment(pid)).get("GROWS") === place.siteId) return true;
        }
        return false;
      };
      await until("the kernel ends it", () => figures(place).ended === 1, 30_000);
      await until("it is gone", async () => !(await growing()));
      assert.ok(figures(place).memoryBytesPeak <= limits.memoryBytesMax);
      assert.deepEqual(await place.provider.list(signal), [made]);
    } finally {
      await place.close();
    }
  });

  it("have the limits of the latest order while they run", async () => {
    const place = openPlace();
    try {
      const made = await place.provider.launch(order("web-1"), signal);
      const [agent] = await living(place, "web-1", "TIDEMILL_AGENT");
      const others = { cpuMax: 0.25, memoryBytesMax: 2 ** 27 };
      const again = await place.provider.launch({ ...order("web-1"), limits: others }, signal);
      assert.deepEqual(again, made);
      const limited = figures(place);
      assert.deepEqual([limited.cpuMax, limited.memoryBytesMax], [0.25, 2 ** 27]);
      const none = { cpuMax: null, memoryBytesMax: null };
      await place.provider.limit("web-1", none, signal);
      const { cpuMax, memoryBytesMax } = figures(place);
      assert.deepEqual([cpuMax, memoryBytesMax], [null, null]);
      await place.faults.slow("web-1", 0.25);
      await place.faults.slow("web-1", null);
      assert.equal(figures(place).cpuMax, null, "slowed without a limit, it has none again");
      const [same] = await living(place, "web-1", "TIDEMILL_AGENT");
      assert.equal(same?.pid, agent?.pid);
    } finally {
      await place.close();
    }
  });

  it("are made anew from whatever a broken launch has left", async () => {
    const place = openPlace();
    const names = namesOf(place.siteId);
    const run = (command: string): void => {
      const done = spawnSync("/bin/sh", ["-ec", command], { encoding: "utf8" });
      assert.equal(done.status, 0, done.stderr);
    };
    const name = names.namespace("web-1");
    const cable = names.cable("web-1");
    const broken = [
      `ip link add ${names.bridge} type bridge`,
      `mkdir -p /run/netns; : >/run/netns/${name}`,
      `ip netns add ${name}`,
      `ip netns add ${name}; ip link add ${cable} type veth peer name eth0 netns ${name}`,
      `ip link add ${cable} type veth peer name tm-other`,
    ];
    try {
      for (const command of broken) {
        run(command);
        const made = await place.provider.launch(order("web-1"), signal);
        assert.deepEqual(await place.provider.list(signal), [made], command);
        await place.provider.terminate("web-1", signal);
        assert.deepEqual(remains(place), [], command);
      }
      run(`ip netns add ${name}`);
      const [left] = await place.provider.list(signal);
      assert.deepEqual(left, { name: "web-1", address: "", condition: "gone" });
      await place.provider.terminate("web-1", signal);
      assert.deepEqual(remains(place), []);
    } finally {
      await place.close();
    }
  });

  it("leave nothing when whoever makes them is killed at any moment", async () => {
    const place = openPlace();
    const launcher = fileURLToPath(new URL("./netns-launcher.ts", import.meta.url));
    try {
      for (let round = 0; round < 12; round++) {
        const words = [launcher, place.directory, place.siteId, claimsDirectory];
        const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
        await once(child.stdout, "data");
        // Its cycle takes about a tenth of a second: twelve moments of it, and none twice.
        await setTimeout(10 + round * 17);
        child.kill("SIGKILL");
        await once(child, "exit");
        const [left, ...others] = await place.provider.list(signal);
        assert.deepEqual(others, []);
        if (left !== undefined && round % 2 === 0) {
          // What was just being ended may still be seen for a moment: the next tick launches again.
          await until("it runs", async () => {
            const made = await place.provider.launch(order("web-1"), signal);
            return isDeepStrictEqual(await place.provider.list(signal), [made]);
          });
        }
        await place.provider.terminate("web-1", signal);
        assert.deepEqual(await place.provider.list(signal), []);
        assert.deepEqual(remains(place), [], `round ${round}`);
      }
    } finally {
      await place.close();
    }
  });

  it("launched at the same time are in one network", async () => {
    const place = openPlace();
    try {
      const names = Array.from({ length: 6 }, (_, index) => `web-${index + 1}`);
      const made = await Promise.all(
        names.map((name) => place.provider.launch(order(name), signal)),
      );
      assert.equal(new Set(made.map(({ address }) => address)).size, names.length);
      const networks = made.map(({ address }) => address.split(".").slice(0, 3).join("."));
      assert.equal(new Set(networks).size, 1);
    } finally {
      await place.close();
    }
    assert.deepEqual(remains(place), []);
  });

  it("of two sites share nothing, and an address is never given twice", async () => {
    const places = [openPlace(), openPlace(), openPlace()];
    try {
      const made = await Promise.all(
        places.map((place) => place.provider.launch(order("web-1"), signal)),
      );
      const networks = made.map(({ address }) => address.split(".").slice(0, 3).join("."));
      assert.equal(new Set(networks).size, 3);
      const [first] = places;
      assert.ok(first);
      await first.provider.terminate("web-1", signal);
      assert.deepEqual(remains(first), []);
      assert.ok(places.slice(1).every((place) => remains(place).length > 0));
    } finally {
      for (const place of places) await place.close();
    }
  });
});

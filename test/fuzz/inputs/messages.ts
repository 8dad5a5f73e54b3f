import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import type { Duplex } from "node:stream";
import type { IncomingMessage } from "node:http";
import { createAgentServer } from "../../../src/adapters/websocket/agent-server.ts";
import { readJsonMessage } from "../../../src/adapters/websocket/json-message.ts";
import { asSeenFrom } from "../../../src/agent/same-computer.ts";
import type { Observed } from "../../../src/core/observed.ts";
import { plan } from "../../../src/core/plan.ts";
import { agentMessage } from "../../../src/core/received/agent-message.ts";
import { controllerMessage } from "../../../src/core/received/controller-message.ts";
import { isMisfit, reasonOf } from "../../../src/core/received/shape.ts";
import { reportNews } from "../../../src/core/report-news.ts";
import type { AgentReport } from "../../../src/core/report.ts";
import { siteStatus } from "../../../src/core/status.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { aRole, aSite } from "../../sim/site.ts";
import { beginDeploy, createWorld, observe, settle } from "../../sim/world.ts";
import type { FuzzInput } from "../input.ts";
import { anyValue, mutateBytes, mutateValue } from "../mutate.ts";
import type { Random } from "../random.ts";

/** Numbers that JSON cannot say, and keys that it says twice. */
const words = [
  "1e999",
  "-1e999",
  '"__proto__":',
  "null",
  "[".repeat(500),
  "{}",
  ",",
  '"\\ud800"',
  "00",
  "NaN",
];

function messageBytes(samples: readonly unknown[], random: Random): Buffer {
  const sample = random.pick(samples);
  switch (random.below(8)) {
    case 0:
      return random.bytes(random.below(100));
    case 1:
      return Buffer.from(JSON.stringify(anyValue(random)) ?? "");
    case 2:
    case 3:
      return mutateBytes(Buffer.from(JSON.stringify(sample)), random, words);
    default:
      return Buffer.from(JSON.stringify(mutateValue(sample, random)));
  }
}

function running() {
  const world = createWorld(aSite([aRole("web", { machines: { min: 2, max: 4 } })]));
  beginDeploy(world, "web", "r1");
  settle(world);
  const seen = observe(world);
  const reports = [...seen.agents.values()].flatMap(({ report }) =>
    report === null ? [] : [report],
  );
  const samples: readonly unknown[] = [
    ...reports.map((report) => ({ kind: "report", report })),
    { kind: "hello", protocol: 1, machine: "web-1", bootId: "b" },
    { kind: "lines", lines: [{ at: 1, process: "web-1.1", text: "GET /" }], dropped: 0 },
  ];
  return { world, seen, reports, samples };
}

/** The site as it looks when one machine says this. */
function withReport(seen: Observed, machine: string, report: AgentReport): Observed {
  const agent = seen.agents.get(machine);
  assert.ok(agent);
  return { ...seen, agents: new Map([...seen.agents, [machine, { ...agent, report }]]) };
}

/** What an agent sends, up to what is decided and shown from it. */
export const agentMessages: FuzzInput = {
  name: "agent-messages",
  open: async () => {
    const { world, seen, reports, samples } = running();
    return {
      run(random) {
        const read = readJsonMessage(messageBytes(samples, random), agentMessage);
        if (isMisfit(read)) return assert.ok(reasonOf(read).length < 300);
        if (read.kind !== "report") return;
        const before = random.pick(reports);
        for (const event of reportNews(before, { ...read.report, bootId: before.bootId })) {
          assert.doesNotThrow(() => new Date(event.at).toISOString());
        }
        const lied = withReport(seen, before.machine, { ...read.report, machine: before.machine });
        plan(lied, world.now);
        JSON.stringify(siteStatus(lied, [], world.now));
      },
    };
  },
};

const home = "wss://127.0.0.1:7731/v1/agent";

/** What an agent receives. */
export const controllerMessages: FuzzInput = {
  name: "controller-messages",
  open: async () => {
    const { world } = running();
    const samples: readonly unknown[] = [
      ...[...world.machines.values()].map(({ document }) => ({ kind: "document", document })),
      { kind: "controllers", urls: [home] },
    ];
    return {
      run(random) {
        const read = readJsonMessage(messageBytes(samples, random), controllerMessage);
        if (isMisfit(read)) return assert.ok(reasonOf(read).length < 300);
        if (read.kind === "controllers") asSeenFrom(home, read.urls);
      },
    };
  },
};

const request = {
  method: "GET",
  headers: {
    upgrade: "websocket",
    connection: "upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  },
} as unknown as IncomingMessage;

/** A frame as a client sends it; now and then one that is none. */
function frame(payload: Buffer, random: Random): Buffer {
  const opcode = random.oneIn(20) ? random.below(256) : random.pick([0x81, 0x82]);
  const length = Buffer.alloc(10);
  const claimed = random.oneIn(30) ? random.below(2 ** 31) : payload.length;
  length.writeUInt8(0x80 | (claimed < 126 ? claimed : 127), 1);
  length.writeUInt8(opcode, 0);
  if (claimed >= 126) length.writeBigUInt64BE(BigInt(claimed), 2);
  return Buffer.concat([length.subarray(0, claimed < 126 ? 2 : 10), Buffer.alloc(4), payload]);
}

/** Bytes of a connection that has been let in: frames, greetings and messages, right and wrong. */
export const agentSockets: FuzzInput = {
  name: "agent-sockets",
  open: async () => {
    const { samples } = running();
    let now = 1_000_000;
    const clock = { now: () => now } as unknown as Clock;
    const agents = createAgentServer({ clock, onForget: () => undefined });
    agents.onLines((lines) => {
      for (const { text, machine } of lines)
        assert.ok(typeof text === "string" && machine === "web-1");
    });
    let client: Duplex | null = null;
    const greeting = Buffer.from(JSON.stringify(samples.at(-2)));
    return {
      async run(random) {
        now += 1_000;
        if (client === null || client.destroyed || client.writableEnded) {
          const [ours, theirs] = duplexPair();
          client = ours;
          ours.on("error", () => ours.destroy());
          ours.on("end", () => ours.destroy());
          ours.resume();
          agents.accept(request, theirs, Buffer.alloc(0), "web-1");
          if (!random.oneIn(5)) ours.write(frame(greeting, { ...random, oneIn: () => false }));
        }
        client.write(frame(messageBytes(samples, random), random));
        await new Promise((resolve) => setImmediate(resolve));
        const report = agents.observe().get("web-1")?.report ?? null;
        if (report !== null) assert.ok(!isMisfit(agentMessage({ kind: "report", report })));
        if (random.oneIn(50)) agents.forget("web-1");
      },
      close: async () => agents.close(),
    };
  },
};

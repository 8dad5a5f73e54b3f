import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderConfig } from "../../../src/adapters/haproxy/config.ts";
import { openSqliteInventory } from "../../../src/adapters/inventory/sqlite.ts";
import { createReleaseStore } from "../../../src/adapters/release/release-store.ts";
import { createSeal } from "../../../src/adapters/seal/seal.ts";
import { createApi } from "../../../src/api/app.ts";
import type { ApiParts } from "../../../src/api/parts.ts";
import { createController } from "../../../src/controller/controller.ts";
import { createDrills } from "../../../src/controller/drills.ts";
import { createFailureCount } from "../../../src/controller/failure-count.ts";
import { createLogBook } from "../../../src/controller/log-book.ts";
import { createTokenBook } from "../../../src/controller/token-book.ts";
import { applyChanges } from "../../../src/core/changes.ts";
import { documentsFor } from "../../../src/core/traffic/documents.ts";
import { activeDeploy } from "../../../src/core/roster.ts";
import { plan } from "../../../src/core/plan.ts";
import { siteStatus } from "../../../src/core/status.ts";
import type { Agents } from "../../../src/ports/agents.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Provider } from "../../../src/ports/provider.ts";
import { aRole, aSite } from "../../sim/site.ts";
import type { FuzzInput } from "../input.ts";
import { anyValue, mutateBytes, mutateOnce, mutateValue, nastyTexts } from "../mutate.ts";
import type { Random } from "../random.ts";
import { scratchDirectory } from "../scratch.ts";

const token = "the-local-token";
const release = "aaaaaaaaaaaa";
/** The inventory's history and tokens grow with the cases: a new one now and then. */
const casesPerInventory = 3_000;
const codes = [
  "unauthorized",
  "forbidden",
  "limited",
  "invalid",
  "unknown",
  "locked",
  "refused",
  "unavailable",
];

interface Rig {
  readonly parts: ApiParts;
  readonly api: ReturnType<typeof createApi>;
  readonly routes: readonly (readonly [string, string])[];
  close(): Promise<void>;
}

async function openRig(directory: string): Promise<Rig> {
  let now = 1_700_000_000_000;
  const clock: Clock = {
    now: () => (now += 10),
    sleep: async () => undefined,
    deadline: () => new AbortController().signal,
  };
  const inventory = await openSqliteInventory(":memory:", "key");
  const bytes = 1;
  await inventory.commit(
    [
      {
        kind: "release",
        release: {
          id: release,
          archiveSha256: "0".repeat(64),
          bytes,
          files: 1,
          origin: "",
          createdAt: now,
        },
      },
    ],
    [],
  );
  const records = inventory.access;
  const seal = await createSeal(join(directory, "seal.key"));
  const releases = createReleaseStore(join(directory, "releases"));
  const provider: Provider = {
    launch: async ({ name }) => ({ name, address: "127.1.1.1", condition: "running" }),
    limit: async () => undefined,
    terminate: async () => undefined,
    list: async () => [],
  };
  const agents: Agents = {
    observe: () => new Map(),
    send: () => undefined,
    forget: () => undefined,
    onNews: () => undefined,
    onLines: () => undefined,
  };
  const orderFor = () => assert.fail("nothing is launched here");
  const controller = createController({
    inventory,
    provider,
    agents,
    releases,
    clock,
    openSecret: (sealed) => seal.open(sealed),
    orderFor,
  });
  const faults = {
    kill: async () => undefined,
    cutOff: async () => undefined,
    reconnect: async () => undefined,
    killBalancer: async () => undefined,
    killController: () => undefined,
    objectionToCut: () => null,
  };
  const parts: ApiParts = {
    controller,
    drills: createDrills({ controller, clock, faults, standbys: () => 0, epoch: 1 }),
    inventory,
    releases,
    logBook: createLogBook(),
    clock,
    seal,
    version: "1",
    tokens: createTokenBook({ records, clock, localToken: token }),
    failures: createFailureCount(clock),
    records,
    objectionTo: () => null,
    chooseBalancerPort: async () => 8_080,
  };
  const api = createApi(parts);
  const answer = await api.request("/v1/openapi.json", {
    headers: { authorization: `Bearer ${token}` },
  });
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
  );
  return { parts, api, routes, close: () => inventory.close() };
}

const wish = {
  site: aSite([
    aRole("web", { env: { COLOR: "blue" }, secrets: { KEY: { kind: "env", name: "KEY" } } }),
    aRole("api", { check: { kind: "tcp", everyMs: 1_000, timeoutMs: 1_000, rise: 1, fall: 1 } }),
  ]),
  secrets: { web: { KEY: "s" } },
  releases: { web: release, api: release },
  kind: "deploy",
};
const goal = { failedMax: 0, detectedMs: null, replacedMs: null, capacityMs: null };
const bodies: Readonly<Record<string, readonly unknown[]>> = {
  "PUT /v1/site": [wish],
  "POST /v1/plan": [wish],
  "POST /v1/roles/{role}/scale": [
    { kind: "set", machines: 2 },
    { kind: "pin", machines: 3, forMs: 1_000 },
    { kind: "auto" },
  ],
  "PUT /v1/maintenance": [{ isOn: true }],
  "POST /v1/tokens": [{ name: "ada", role: "read", lifeMs: 1_000 }],
  "POST /v1/drills": [
    { kind: "machine", role: "web", goal, cutMs: 1_000, limitMs: 1_000, startsController: false },
  ],
  "POST /v1/drills/plan": [
    { kind: "deploy", role: null, goal, cutMs: 1_000, limitMs: 1_000, startsController: false },
  ],
  "POST /v1/drills/{id}/end": [{ probes: null, stopped: "x" }],
};
const paths: Readonly<Record<string, readonly string[]>> = {
  role: ["web", "api", "balancer"],
  machine: ["web-1", "lb-1"],
  order: ["drain", "undrain", "replace", "remove"],
  id: ["1", "0", release, "-1", "1e9"],
  name: ["ada", "local"],
};

function pathOf(template: string, random: Random): string {
  const path = template.replace(/\{(\w+)\}/g, (_all, name: string) =>
    encode(random.oneIn(3) ? random.pick(nastyTexts) : random.pick(paths[name] ?? ["x"])),
  );
  const archiveSha256 = createHash("sha256").update("x").digest("hex");
  const facts = {
    archiveSha256,
    bytes: 1,
    files: 1,
    origin: "here",
    after: 0,
    limit: 5,
    subject: "web",
    machine: "web-1",
  };
  const query = Object.entries(facts)
    .filter(() => !random.oneIn(6))
    .map(([key, value]) => `${key}=${random.oneIn(5) ? encode(random.pick(nastyTexts)) : value}`);
  return `${random.oneIn(40) ? encode(random.pick(nastyTexts)) : path}?${query.join("&")}`;
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).slice(0, 3_000);
}

function bodyOf(route: string, random: Random): string | Buffer {
  const sample = random.pick(bodies[route] ?? [{}]);
  switch (random.below(8)) {
    case 0:
      return mutateBytes(Buffer.from(JSON.stringify(sample)), random);
    case 1:
      return JSON.stringify(anyValue(random)) ?? "";
    case 2:
      return JSON.stringify(sample);
    case 4:
    case 5:
      // So little that it is often taken.
      return JSON.stringify(mutateOnce(sample, random));
    case 3:
      return "x";
    default:
      return JSON.stringify(mutateValue(sample, random));
  }
}

function headersOf(random: Random): Headers {
  const headers = new Headers();
  const put = (name: string, value: string): void => {
    // What cannot be sent at all says nothing about who receives.
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.set(name, value);
  };
  put(
    "content-type",
    random.oneIn(12)
      ? random.pick([...nastyTexts, "text/plain", "multipart/form-data"])
      : "application/json",
  );
  put(
    "authorization",
    random.oneIn(20) ? random.pick([...nastyTexts, "Basic eDp5"]) : `Bearer ${token}`,
  );
  if (random.oneIn(3)) put("x-tidemill-user", random.pick(nastyTexts));
  return headers;
}

/** A deploy that goes on would keep all others out. */
async function endDeploy({ parts: { inventory, controller } }: Rig): Promise<void> {
  const deploy = activeDeploy(inventory.state());
  if (deploy !== null)
    await controller.record([{ kind: "deploy", deploy: { ...deploy, state: "done" } }]);
}

/** A site that was taken can be planned, shown and written for HAProxy: without a line that nobody meant. */
function judgeState({ parts }: Rig): void {
  const { controller, clock } = parts;
  let seen = controller.observe();
  // As the controller's next ticks would have it, with a provider that makes every machine.
  for (let turn = 0; turn < roundsMax; turn++) {
    const changes = plan(seen, clock.now()).actions.flatMap((action) => action.changes);
    const next = applyChanges(seen.inventory, changes);
    const machines = [...next.machines.keys()].map(
      (name) => [name, { name, address: "127.1.1.1", condition: "running" }] as const,
    );
    seen = { ...seen, inventory: next, provider: { at: clock.now(), machines: new Map(machines) } };
  }
  JSON.stringify(siteStatus(seen, [], clock.now()));
  const balancers = [...seen.inventory.machines.values()].filter(({ role }) => role === "balancer");
  for (const { balancer } of documentsFor(seen.inventory, balancers, (sealed) => sealed)) {
    if (balancer === null) continue;
    const { text } = renderConfig(balancer, places, { maxconn: 1, runAs: null });
    for (const line of text.split("\n")) {
      assert.ok(
        !unsafe.test(line) && (line === "" || keywords.has(firstWord.exec(line)?.[1])),
        `HAProxy reads ${JSON.stringify(line)}`,
      );
    }
  }
}

const roundsMax = 4;
const places = { directory: "/d", socketDirectory: "/s" };
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f]/;
/** What our lines begin with, as the golden file has them. */
const golden = new URL("../../../src/adapters/haproxy/config.golden.cfg", import.meta.url);
const firstWord = /^ *(#|[a-z][a-z-]*)/;
const keywords = new Set(
  readFileSync(fileURLToPath(golden), "utf8")
    .split("\n")
    .map((line) => firstWord.exec(line)?.[1]),
);

/** Every route of the OpenAPI document, with a real controller and inventory behind it. */
export const api: FuzzInput = {
  name: "api",
  open: async () => {
    const directory = scratchDirectory();
    let rig = await openRig(directory);
    let left = casesPerInventory;
    return {
      async run(random) {
        if (--left === 0) {
          left = casesPerInventory;
          await rig.close();
          rig = await openRig(directory);
        }
        // Most of what can be said is said to this one.
        const [method, template] = random.oneIn(3)
          ? (["PUT", "/v1/site"] as const)
          : random.pick(rig.routes);
        const route = `${method} ${template}`;
        const hasBody = method !== "GET" && method !== "DELETE";
        const init = {
          method: random.oneIn(50) ? random.pick(["PATCH", "OPTIONS", "HEAD"]) : method,
          headers: headersOf(random),
        };
        const body = hasBody && init.method === method ? bodyOf(route, random) : null;
        const answer = await rig.api.request(pathOf(template, random), { ...init, body });
        const text = await answer.text();
        assert.ok(
          answer.status < 500 || answer.status === 503,
          `${route}: ${answer.status} ${text}`,
        );
        if (answer.status >= 400 && init.method !== "HEAD") {
          const { error } = JSON.parse(text) as { error: { code: string; message: unknown } };
          assert.ok(codes.includes(error.code) && typeof error.message === "string", text);
          assert.ok(!text.includes("    at "), "a stack");
        }
        if (answer.status !== 200 || !hasBody) return;
        judgeState(rig);
        await endDeploy(rig);
      },
      async close() {
        await rig.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openSqliteInventory } from "../adapters/inventory/sqlite.ts";
import type { SqliteInventory } from "../adapters/inventory/sqlite.ts";
import type { Controller } from "../controller/controller.ts";
import { createFailureCount } from "../controller/failure-count.ts";
import { createTokenBook } from "../controller/token-book.ts";
import type { TokenBook } from "../controller/token-book.ts";
import type { Clock } from "../ports/clock.ts";
import { accessRoles, includesRole } from "../core/access/roles.ts";
import { routeRoles } from "./access.ts";
import { createApi } from "./app.ts";
import type { ApiParts } from "./parts.ts";

const localToken = "the-local-token";
const never = "never handed to anybody";

describe("access to the API", () => {
  let now = 1_000_000;
  let inventory: SqliteInventory;
  let tokens: TokenBook;
  let api: ReturnType<typeof createApi>;
  before(async () => {
    const clock = { now: () => now } as Clock;
    inventory = await openSqliteInventory(":memory:", "key");
    const records = inventory.access;
    tokens = createTokenBook({ records, clock, localToken });
    const controller = {
      execute: () => Promise.resolve({ kind: "done", changes: [], event: null, deploy: null }),
    } as unknown as Controller;
    const failures = createFailureCount(clock);
    const parts = { controller, inventory, clock, tokens, failures, records, version: "1" };
    api = createApi(parts as unknown as ApiParts);
  });
  after(() => inventory.close());

  const call = (method: string, path: string, token: string | null, from = "10.0.0.1") => {
    const headers = new Headers({ "content-type": "application/json", "x-tidemill-user": "ada" });
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    const body = method === "GET" ? null : JSON.stringify({ isOn: true });
    const incoming = { socket: { remoteAddress: from } };
    return api.request(path, { method, headers, body }, { incoming });
  };
  const create = async (name: string, role: (typeof accessRoles)[number], lifeMs: number | null) =>
    (await tokens.create({ name, role, lifeMs, by: "test" })) ?? assert.fail(`${name} is taken`);
  const errorOf = async (response: Response) =>
    ((await response.json()) as { error: { code: string; message: string } }).error;

  it("is declared for each route of the OpenAPI document, and for nothing else", async () => {
    const answer = await call("GET", "/v1/openapi.json", localToken);
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const own = ["GET /v1/openapi.json"];
    assert.deepEqual(Object.keys(routeRoles).toSorted(), [...described, ...own].toSorted());
  });

  it("refuses a token whose role does not suffice, on every route, and says what is needed", async () => {
    for (const role of accessRoles) {
      const token = await create(`of-${role}`, role, null);
      for (const [route, needs] of Object.entries(routeRoles)) {
        if (includesRole(role, needs)) continue;
        const [method = "", path = ""] = route.split(" ");
        const response = await call(method, path.replace(/\{\w+\}/g, "drain"), token);
        assert.equal(response.status, 403, `${role} at ${route}`);
        const { code, message } = await errorOf(response);
        assert.equal(code, "forbidden");
        assert.equal(message, `the token of-${role} is for ${role}; this needs ${needs}`);
      }
    }
  });

  it("is for the local token and for tokens in force, and ends with them", async () => {
    const token = await create("short", "deploy", 5_000);
    const put = (shown: string) => call("PUT", "/v1/maintenance", shown);
    assert.equal((await put(localToken)).status, 200);
    assert.equal((await put(token)).status, 200);
    assert.equal(await tokens.create({ name: "short", role: "read", lifeMs: null, by: "x" }), null);
    now += 5_000;
    assert.equal((await put(token)).status, 401, "expired");
    const next = await create("short", "deploy", null);
    assert.equal((await put(next)).status, 200, "the name is free again");
    assert.equal(await tokens.revoke("short"), true);
    assert.equal(await tokens.revoke("short"), false);
    assert.equal((await put(next)).status, 401, "revoked");
    assert.equal(await tokens.create({ name: "local", role: "read", lifeMs: null, by: "x" }), null);
  });

  it("takes no body that only fills the memory, and none whose end nobody knows", async () => {
    const put = async (header: string, value: string) => {
      const headers = { authorization: `Bearer ${localToken}`, [header]: value };
      const body = JSON.stringify({ isOn: true });
      const init = {
        method: "PUT",
        body,
        headers: { ...headers, "content-type": "application/json" },
      };
      const answer = await api.request("/v1/maintenance", init);
      return answer.status === 200 ? "" : (await errorOf(answer)).message;
    };
    assert.equal(await put("content-length", "13"), "");
    const tooLarge = "the body is larger than 16777216 bytes";
    assert.equal(await put("content-length", String(2 ** 40)), tooLarge);
    assert.equal(await put("content-length", "much"), tooLarge);
    const endless = "the body's length is missing: send content-length";
    assert.equal(await put("transfer-encoding", "chunked"), endless);
  });

  it("keeps no token, only hashes", async () => {
    const token = await create("kept", "read", null);
    const listed = JSON.stringify(await inventory.access.apiTokens());
    assert.match(listed, /"kept"/);
    assert.ok(!listed.includes(token) && !listed.includes(token.slice(9)));
    const answer = await (await call("GET", "/v1/tokens", localToken)).text();
    assert.match(answer, /"kept"/);
    assert.ok(!answer.includes("hash") && !answer.includes(token));
  });

  it("limits wrong tokens by address, and never keeps out a right one", async () => {
    now += 3_600_000;
    const guess = (from: string) => call("GET", "/v1/status", never, from);
    for (let turn = 0; turn < 10; turn++) assert.equal((await guess("10.0.0.9")).status, 401);
    const limited = await guess("10.0.0.9");
    assert.equal(limited.status, 429);
    assert.equal(limited.headers.get("retry-after"), "6");
    assert.equal((await guess("10.0.0.8")).status, 401, "another address");
    assert.equal((await call("PUT", "/v1/maintenance", localToken, "10.0.0.9")).status, 200);
    now += 6_000;
    assert.equal((await guess("10.0.0.9")).status, 401);
  });

  it("tells who changed what, from where, and who was refused", async () => {
    const token = await create("ci", "read", null);
    await call("PUT", "/v1/maintenance", localToken);
    await call("PUT", "/v1/maintenance", token, "10.0.0.2");
    await call("GET", "/v1/audit", localToken);
    const answer = await call("GET", "/v1/audit?limit=2", localToken);
    const { entries } = (await answer.json()) as { entries: readonly object[] };
    const shown = entries.map((entry) => ({ ...entry, number: 0, at: 0 }));
    const what = "PUT /v1/maintenance";
    const why = "the token ci is for read; this needs deploy";
    assert.deepEqual(shown, [
      {
        number: 0,
        at: 0,
        who: "ada (token ci)",
        address: "10.0.0.2",
        what,
        outcome: `refused: ${why}`,
      },
      { number: 0, at: 0, who: "ada", address: "10.0.0.1", what, outcome: "done" },
    ]);
  });
});

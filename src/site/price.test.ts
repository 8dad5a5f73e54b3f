import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { siteSchema } from "../api/site-schema.ts";
import type { Prices } from "../core/cost/prices.ts";
import { doubtsAbout } from "./scale-lint.ts";
import { readSiteFile } from "./site-file.ts";

const head = "site: shop\nweb: { run: node server.js, check: /up, machines: 1..10 }\n";

function read(text: string): Prices | null {
  const reading = readSiteFile([{ path: "f", text: head + text }]);
  assert.ok(reading.kind === "site", JSON.stringify(reading));
  assert.deepEqual(siteSchema.parse(reading.site), reading.site);
  return reading.site.prices ?? null;
}

function issues(text: string): readonly string[] {
  const reading = readSiteFile([{ path: "f", text }]);
  assert.ok(reading.kind === "issues");
  return reading.issues.map(
    (one) => `${one.line}:${one.column}: ${one.path}: ${one.message} (${one.hint})`,
  );
}

describe("prices in the site file", () => {
  it("are amounts per hour, to the last digit, or machine types", () => {
    const prices = read(
      "prices:\n  machines: { web: 0.0104 USD per hour, balancer: t3.micro }\n  billing: hour\n  minimum: 0s\n",
    );
    assert.deepEqual(prices, {
      machines: {
        web: { kind: "amount", nanosPerHour: 10_400_000, currency: "USD" },
        balancer: { kind: "type", type: "t3.micro" },
      },
      billing: { unit: "hour", minimumMs: 0 },
    });
    assert.equal(read(""), null);
    assert.deepEqual(read("prices: { machines: { web: t3.small } }")?.billing, {
      unit: "second",
      minimumMs: 60_000,
    });
  });

  it("are taken exactly", () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.nat(999_999_999), (whole, nanos) => {
        const amount = `${whole}.${String(nanos).padStart(9, "0")}`;
        const price = read(`prices: { machines: { web: ${amount} USD per hour } }`)?.machines[
          "web"
        ];
        assert.ok(price?.kind === "amount");
        assert.equal(price.nanosPerHour, whole * 1e9 + nanos);
      }),
      { numRuns: 50 },
    );
  });

  it("are refused with line and column, and what was meant", () => {
    assert.deepEqual(issues(`${head}prices: { machines: { web: 0.0104 USD } }`), [
      '3:28: prices.machines.web: expected a price such as 0.0104 USD per hour, or a machine type such as t3.micro, got "0.0104 USD" ()',
    ]);
    assert.match(
      issues(`${head}prices: { machines: { web: t3.mikro } }`)[0] ?? "",
      /^3:28: .*got "t3.mikro" \(did you mean t3.micro\? For others give the price itself\)$/,
    );
    assert.deepEqual(issues(`${head}prices: { machines: { wep: t3.micro } }`), [
      "3:23: prices.machines.wep: no role is named wep (did you mean web?)",
    ]);
    assert.deepEqual(
      issues(`${head}prices: { machines: { web: t3.micro, balancer: 1 EUR per hour } }`),
      [
        "3:48: prices.machines.balancer: this is in EUR, but prices.machines.web is in USD (give all amounts in one currency)",
      ],
    );
    for (const wrong of ["-1 USD per hour", "1e3 USD per hour", "1 usd per hour", "5", "[]"]) {
      assert.equal(issues(`${head}prices: { machines: { web: ${wrong} } }`).length, 1, wrong);
    }
  });

  it("are in the currency of the limits they are held against", () => {
    const web = "web: { run: x, scale: { in_flight: 8, spend: { per month: 9 EUR } } }";
    assert.deepEqual(issues(`site: shop\n${web}\nprices: { machines: { web: t3.micro } }`), [
      "2:59: web.scale.spend.per month: this is in EUR, but prices.machines.web is in USD (give all amounts in one currency)",
    ]);
  });

  it("are missed where a limit needs them", () => {
    const doubts = (more: string): readonly string[] => {
      const web = "web: { run: x, scale: { in_flight: 8, spend: { per month: 9 USD } } }";
      const reading = readSiteFile([{ path: "f", text: `site: shop\n${web}\n${more}` }]);
      assert.ok(reading.kind === "site");
      return doubtsAbout(reading.site).map(({ message }) => message);
    };
    assert.deepEqual(doubts(""), ["it limits nothing: what web's machines cost is not known"]);
    assert.deepEqual(doubts("prices: { machines: { web: t3.micro } }"), []);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatMoney, formatPrice } from "./money.ts";

describe("money, as people read it", () => {
  it("has two digits after the point, prices as many as they need", () => {
    assert.equal(formatMoney(120_450, "USD"), "1,204.50 USD");
    assert.equal(formatMoney(5, "EUR"), "0.05 EUR");
    assert.equal(formatPrice(1, "USD"), "1.00 USD");
    assert.equal(formatPrice(0.0104, "USD"), "0.0104 USD");
    assert.equal(formatPrice(0.000_000_001, "USD"), "0.000000001 USD");
  });
});

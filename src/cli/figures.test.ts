import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  counted,
  formatBytes,
  formatCount,
  formatLatency,
  formatRate,
  formatShare,
  shortRelease,
} from "./figures.ts";

describe("figures", () => {
  it("groups thousands without asking the locale", () => {
    assert.equal(formatCount(0), "0");
    assert.equal(formatCount(999), "999");
    assert.equal(formatCount(12_431), "12,431");
    assert.equal(formatCount(1_234_567.4), "1,234,567");
  });

  it("keeps one decimal of what is small", () => {
    assert.equal(formatRate(0), "0");
    assert.equal(formatRate(0.42), "0.4");
    assert.equal(formatRate(1204.4), "1,204");
    assert.equal(formatLatency(1.26), "1.3ms");
    assert.equal(formatLatency(830), "830ms");
  });

  it("says nothing about what was not measured", () => {
    assert.equal(formatLatency(null), "-");
    assert.equal(formatShare(null), "-");
    assert.equal(formatBytes(null), "-");
    assert.equal(shortRelease(null), "-");
  });

  it("shows bytes in powers of 1024", () => {
    assert.equal(formatBytes(512), "512 B");
    assert.equal(formatBytes(1_536), "1.5 KiB");
    assert.equal(formatBytes(47 * 2 ** 20), "47 MiB");
  });

  it("shortens both releases of a machine that changes over, and no engine's name", () => {
    assert.equal(shortRelease("a1b2c3d4e5f6 → 0123456789ab"), "a1b2c3d → 0123456");
    assert.equal(shortRelease("HAProxy 2.6.12"), "HAProxy 2.6.12");
  });

  it("counts nouns", () => {
    assert.equal(counted(1, "machine"), "1 machine");
    assert.equal(counted(1_000, "machine"), "1,000 machines");
  });
});

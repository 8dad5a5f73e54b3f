import assert from "node:assert/strict";
import { parseTrace } from "../../../src/simulate/trace.ts";
import { readTrace, rescale } from "../../harness/trace.ts";
import type { FuzzInput } from "../input.ts";
import { mutateBytes, nastyTexts } from "../mutate.ts";

const trace =
  "timestamp,requests_per_second\n1998-05-12T06:36:00Z,20.3\n1998-05-12T06:38:00Z,958\n";
const words = [...nastyTexts, ",", "\n", "1e999", "-5", "Infinity", "0x10"];

/** Recorded crowds, from a file. */
export const traces: FuzzInput = {
  name: "traces",
  open: async () => ({
    run(random) {
      const text = random.oneIn(10)
        ? random.bytes(200).toString("latin1")
        : mutateBytes(Buffer.from(trace), random, words).toString();
      let rows: ReturnType<typeof readTrace>;
      try {
        rows = readTrace(text);
      } catch (error) {
        assert.match(
          (error as Error).message,
          /^no rate in the trace's row|^the trace has no rows/,
        );
        return;
      }
      for (const row of rescale(rows, 500)) {
        assert.ok(
          row.requestsPerSecond >= 0 && row.requestsPerSecond <= 500,
          `${row.requestsPerSecond} requests`,
        );
      }
    },
  }),
};

const recorded =
  "timestamp,rps\n2026-06-11T20:30:00Z,20.3\n1781209860,958\n1781209920,1e2\n1781210100,0\n";
const safe = /^[ -~…]+$/;

/** What people give to the simulator. */
export const recordedTraces: FuzzInput = {
  name: "recorded-traces",
  open: async () => ({
    run(random) {
      const text = random.oneIn(10)
        ? random.bytes(200).toString("latin1")
        : mutateBytes(Buffer.from(recorded), random, words).toString();
      const parsed = parseTrace(text);
      const told = parsed.kind === "trace" ? parsed.warnings : parsed.issues;
      for (const { message } of told) assert.ok(safe.test(message), message);
      if (parsed.kind === "unreadable")
        return assert.ok(told.length > 0, "an unreadable trace without a reason");
      const { startS, stepS, rates } = parsed.trace;
      assert.ok(
        Number.isInteger(startS) && Number.isInteger(stepS) && stepS > 0,
        `${startS}, ${stepS}`,
      );
      assert.ok(rates.length >= 2 && rates.every((rate) => rate >= 0 && rate <= 1e9));
    },
  }),
};

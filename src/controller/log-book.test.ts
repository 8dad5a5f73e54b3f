import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLogBook } from "./log-book.ts";

const linesOf = (machine: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({ at, machine, process: "p", text: `${at}` }));
const all = { after: 0, limit: 100_000, machine: null, role: null };

describe("the log book", () => {
  it("keeps the newest lines, in their order", () => {
    const book = createLogBook();
    for (let turn = 0; turn < 40; turn++) book.add(linesOf("web-1", 1_000));
    const kept = book.read(all);
    assert.ok(kept.length >= 20_000 && kept.length <= 25_000, `${kept.length} lines`);
    assert.equal(kept.at(-1)?.number, 40_000);
    assert.ok(kept.every((line, at) => at === 0 || line.number > (kept[at - 1]?.number ?? 0)));
  });

  it("keeps what quiet machines have said, however much another one says", () => {
    const book = createLogBook();
    book.add(linesOf("web-1", 50));
    book.add(linesOf("api-1", 3_000));
    for (let turn = 0; turn < 100; turn++) book.add(linesOf("web-2", 2_000));
    assert.equal(book.read({ ...all, machine: "web-1" }).length, 50);
    assert.equal(book.read({ ...all, machine: "api-1" }).length, 3_000);
    const [loudest] = book.read({ ...all, machine: "web-2", limit: 1 });
    assert.equal(loudest?.number, 203_050, "and the newest of the loud one");
  });
});

import type { Page } from "./client.ts";

/** Something that grows and whose entries have growing numbers. */
interface Entry {
  readonly number: number;
}

const WAIT_MS = 20_000;
const PAGE = 1_000;

export interface Feed<Row extends Entry> {
  readonly read: (page: Page) => Promise<readonly Row[]>;
  readonly show: (row: Row) => void;
}

/** Shows what comes, as it comes, until the reader leaves. */
export async function follow<Row extends Entry>(feed: Feed<Row>, last: number): Promise<never> {
  let after = last;
  for (;;) {
    const rows = await feed.read({ after, limit: PAGE, waitMs: WAIT_MS });
    for (const row of rows.toSorted((a, b) => a.number - b.number)) {
      if (row.number > after) feed.show(row);
      after = Math.max(after, row.number);
    }
  }
}

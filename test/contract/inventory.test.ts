import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { openSqliteInventory } from "../../src/adapters/inventory/sqlite.ts";
import { describeInventory } from "./inventory.ts";

const directory = mkdtempSync(join(tmpdir(), "tidemill-inventory-"));
after(() => rmSync(directory, { recursive: true }));

describeInventory("SQLite", () => openSqliteInventory(join(directory, "inventory.db"), "key"));

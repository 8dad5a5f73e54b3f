import type { MachineDocument } from "../../core/document.ts";
import type { DocumentStore } from "../../ports/document-store.ts";
import type { Seal } from "../../ports/seal.ts";
import { readJson, writeDurably } from "./durable-file.ts";

/** The document as JSON, readable but for its secrets, which are sealed one by one. */
export function createDocumentStore(path: string, seal: Seal): DocumentStore {
  return {
    async load() {
      const stored = await readJson(path);
      return stored === null
        ? null
        : mapSecrets(stored as MachineDocument, (text) => seal.open(text));
    },
    save: (document) =>
      writeDurably(
        path,
        JSON.stringify(
          mapSecrets(document, (text) => seal.seal(text)),
          null,
          1,
        ),
      ),
  };
}

function mapSecrets(document: MachineDocument, change: (text: string) => string): MachineDocument {
  const mapAll = (secrets: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(secrets).map(([name, text]) => [name, change(text)]));
  const { balancer } = document;
  return {
    ...document,
    processes: document.processes.map((it) => ({ ...it, secrets: mapAll(it.secrets) })),
    tasks: document.tasks.map((it) => ({ ...it, secrets: mapAll(it.secrets) })),
    balancer: balancer && {
      ...balancer,
      pools: balancer.pools.map((pool) => ({ ...pool, stickyKey: change(pool.stickyKey) })),
    },
  };
}

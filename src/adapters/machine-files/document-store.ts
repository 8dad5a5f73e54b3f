import type { MachineDocument } from "../../core/document.ts";
import { machineDocument } from "../../core/received/machine-document.ts";
import { isMisfit, reasonOf } from "../../core/received/shape.ts";
import { Failure } from "../../ports/failure.ts";
import type { DocumentStore } from "../../ports/document-store.ts";
import type { Seal } from "../../ports/seal.ts";
import { readJson, writeDurably } from "./durable-file.ts";

/** The document as JSON, readable but for its secrets, which are sealed one by one. */
export function createDocumentStore(path: string, seal: Seal): DocumentStore {
  return {
    async load() {
      const stored = await readJson(path);
      if (stored === null) return null;
      const document = machineDocument(stored);
      if (!isMisfit(document)) return mapSecrets(document, (text) => seal.open(text));
      throw new Failure("rejected", `Cannot read ${path}: ${reasonOf(document)}`);
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

import type { MachineDocument } from "./document.ts";
import type { AgentReport } from "./report.ts";

/**
 * What an agent says over its WebSocket, one JSON text per message. The first must be `hello`, in the name
 * that its certificate says.
 */
export type AgentMessage =
  | {
      readonly kind: "hello";
      readonly protocol: 1;
      readonly machine: string;
      readonly bootId: string;
    }
  | { readonly kind: "report"; readonly report: AgentReport }
  | {
      readonly kind: "lines";
      readonly lines: readonly AgentLine[];
      /** Lines left out because there were too many. */
      readonly dropped: number;
    };

export interface AgentLine {
  readonly at: number;
  readonly process: string;
  readonly text: string;
}

/**
 * What the controller says. A refused `hello` is answered by closing with code 4401 and a reason.
 * Releases are fetched beside the socket by the same certificate: `GET <controller>/v1/agent/releases/<id>`;
 * the answer is the archive.
 */
export type ControllerMessage =
  | { readonly kind: "document"; readonly document: MachineDocument }
  /** Where to call when this one is gone: all controllers of the site, the leader first. */
  | { readonly kind: "controllers"; readonly urls: readonly string[] };

import type { SupervisionLimits } from "../core/supervision/rules.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControllerLink } from "../ports/controller-link.ts";
import type { DocumentStore } from "../ports/document-store.ts";
import type { LoadBalancer } from "../ports/load-balancer.ts";
import type { LogTail } from "../ports/log-tail.ts";
import type { MachineRecords } from "../ports/machine-records.ts";
import type { Probe } from "../ports/probe.ts";
import type { ProcessHost } from "../ports/process-host.ts";
import type { Provisioner } from "../ports/provisioner.ts";
import type { ReleaseDirectory } from "../ports/releases.ts";

/** Everything of the outside that an agent uses. */
export interface AgentParts {
  readonly clock: Clock;
  /** 0 ≤ n < 1. */
  readonly random: () => number;
  readonly host: ProcessHost;
  readonly releases: ReleaseDirectory;
  readonly provisioner: Provisioner;
  readonly probe: Probe;
  readonly logs: LogTail;
  readonly link: ControllerLink;
  readonly documents: DocumentStore;
  readonly records: MachineRecords;
  /** Null on machines that are no balancers. */
  readonly balancer: LoadBalancer | null;
  /** One line for the agent's own log. */
  readonly say: (text: string) => void;
}

/** Who this agent is. */
export interface AgentIdentity {
  readonly machine: string;
  readonly role: string;
  readonly bootId: string;
  readonly address: string;
  readonly logsDirectory: string;
  /** What every process gets, e.g. PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly limits: SupervisionLimits;
}

/** One round of samples, reports and retries. */
export const tickMs = 1_000;

import type { BalancerDocument } from "../core/document.ts";
import type { BalancerReport } from "../core/report.ts";

/** The real balancer on this machine, as its agent drives it. */
export interface LoadBalancer {
  /**
   * Makes the running balancer and its file equal to the document, without losing a request, and starts it
   * where it does not run. Returns as soon as the change is in effect; a server told to drain goes on
   * leaving in the background, which `report` shows. Idempotent. Throws `Failure`; then the former
   * configuration goes on serving.
   */
  converge(document: BalancerDocument, generation: number, signal: AbortSignal): Promise<void>;
  /** What it does now. Never throws: a balancer that does not answer is reported as not serving. */
  report(signal: AbortSignal): Promise<BalancerReport>;
  /** Called when something happened that the controller should know at once. */
  onNews(listener: () => void): void;
  /** Stops watching it; the balancer itself goes on serving. */
  detach(): Promise<void>;
  /** Ends the balancer and removes its files. */
  stop(signal: AbortSignal): Promise<void>;
}

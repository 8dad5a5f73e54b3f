/** Where this machine's agent looks for the controller that leads. */
export interface ControllerList {
  /** How many there are; at least one. */
  size(): number;
  /** The one to call. */
  current(): string;
  /** It did not answer, or does not lead: the next one's turn. */
  advance(): void;
  /** What the leader says: all controllers of the site. Kept for the next agent. */
  learn(urls: readonly string[]): void;
}

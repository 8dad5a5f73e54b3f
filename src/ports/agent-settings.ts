/** What a provider tells the agent of a machine it makes: the content of `agent.json`, mode 0600. */
export interface AgentSettings {
  readonly siteId: string;
  readonly machine: string;
  readonly role: string;
  readonly token: string;
  /** WebSocket address, e.g. `ws://127.0.0.1:7431/v1/agent`. */
  readonly controllerUrl: string;
  readonly address: string;
  /** Ports of this machine's own processes, both ends included. */
  readonly ports: { readonly first: number; readonly last: number };
  readonly logsDirectory: string;
  /** Short path for sockets. */
  readonly runtimeDirectory: string;
}

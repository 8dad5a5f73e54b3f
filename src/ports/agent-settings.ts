/** What a provider tells the agent of a machine it makes: the content of `agent.json`, mode 0600. */
export interface AgentSettings {
  readonly siteId: string;
  readonly machine: string;
  readonly role: string;
  /** One-time token by which the agent joins. */
  readonly token: string;
  /** WebSocket address, e.g. `wss://127.0.0.1:7432/v1/agent`. */
  readonly controllerUrl: string;
  /** PEM of the authority that names the controller. */
  readonly authority: string;
  readonly address: string;
  /** Ports of this machine's own processes, both ends included. */
  readonly ports: { readonly first: number; readonly last: number };
  readonly logsDirectory: string;
  /** Short path for sockets. */
  readonly runtimeDirectory: string;
  /** Null: processes run as the agent does, from its own directory. */
  readonly processUser: ProcessUser | null;
}

/** Somebody without rights as whom processes run. */
export interface ProcessUser {
  /** Of user and group; no account needs to exist. */
  readonly id: number;
  /** Where their releases and files are: everybody may pass through to it. */
  readonly directory: string;
}

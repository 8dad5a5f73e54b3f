/** Where one balancer keeps its things. */
export interface Places {
  /** Configuration, maps, pages, state, log, counters. */
  readonly directory: string;
  /** Short: a unix socket's path has at most 107 bytes. */
  readonly socketDirectory: string;
}

/** Every path, by what is there. */
export interface Paths {
  readonly config: string;
  readonly candidate: string;
  readonly routeMap: string;
  readonly maintenanceMap: string;
  readonly pages: string;
  readonly maps: string;
  readonly state: string;
  readonly log: string;
  readonly pid: string;
  readonly counters: string;
  readonly runtimeSocket: string;
  readonly masterSocket: string;
}

/** The layout of a balancer's directories. */
export function pathsOf({ directory, socketDirectory }: Places): Paths {
  return {
    config: `${directory}/haproxy.cfg`,
    candidate: `${directory}/candidate.cfg`,
    maps: `${directory}/maps`,
    routeMap: `${directory}/maps/routes.map`,
    maintenanceMap: `${directory}/maps/maintenance.map`,
    pages: `${directory}/errors`,
    state: `${directory}/state`,
    log: `${directory}/haproxy.log`,
    pid: `${directory}/haproxy.pid`,
    counters: `${directory}/counters.json`,
    runtimeSocket: `${socketDirectory}/runtime.sock`,
    masterSocket: `${socketDirectory}/master.sock`,
  };
}

import { rm } from "node:fs/promises";
import type { BalancerDocument } from "../../core/document.ts";
import type { BalancerReport } from "../../core/report.ts";
import type { Clock } from "../../ports/clock.ts";
import { Failure } from "../../ports/failure.ts";
import type { AccessLog } from "./access-log.ts";
import { assertFree } from "./address.ts";
import { parseInfo, parseServersState, parseStat } from "./answers.ts";
import type { RenderedConfig } from "./config.ts";
import { Bookkeeping } from "./bookkeeping.ts";
import { isCrowd, loadOf } from "./crowd.ts";
import { Departures } from "./departures.ts";
import { isAlive, send, type Engine, type Running } from "./engine.ts";
import {
  prepareDirectories,
  readIfThere,
  removeOldPages,
  replaceFile,
  writeConfig,
  writePages,
} from "./files.ts";
import type { LatencyWindow } from "./latency.ts";
import { planMembership, runningServers, type MembershipStep } from "./membership.ts";
import { pathsOf, type Places } from "./places.ts";
import { isMapDifferent, replaceMap } from "./running-config.ts";
import { assertDone } from "./runtime-api.ts";
import { isUp, lookAtWorkers, poolReports, serverReports, type Snapshot } from "./statistics.ts";

export interface SiteOptions {
  readonly places: Places;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly latencies: LatencyWindow;
  readonly log: AccessLog;
}

interface Wanted {
  readonly document: BalancerDocument;
  readonly config: RenderedConfig;
}

/** Changes may need a look, a change and a second look; more rounds mean that somebody works against us. */
const roundsMax = 4;
const driftMax = 20;

/** The running HAProxy and what it should be. Its callers take turns. */
export class Site {
  readonly #options: SiteOptions;
  readonly #books: Bookkeeping;
  readonly #departures: Departures;
  #wanted: Wanted | null = null;
  #running: Running | null = null;
  #snapshot: Snapshot | null = null;
  #joining = new Set<string>();
  /** Requests in flight and queued as the last report told them. */
  #loadTold = 0;
  #states = "";
  #reloads = 0;
  #drift: BalancerReport["drift"] = [];
  #trouble: string | null = null;
  #version: string | null = null;

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#books = new Bookkeeping(options.places, options.clock);
    this.#departures = new Departures(options.engine, options.clock);
  }

  running(): Running | null {
    return this.#running;
  }

  master(): number | null {
    return this.#running?.master ?? null;
  }

  /** Whether servers are on their way in or out. */
  isChanging(): boolean {
    return this.#departures.isAnyLeaving() || this.#joining.size > 0;
  }

  /** Whether workers are there which take their counts with them when they end. */
  hasOldWorkers(): boolean {
    return (this.#running?.oldWorkers.length ?? 0) > 0;
  }

  prepare(): Promise<void> {
    return prepareDirectories(this.#options.places);
  }

  trouble(what: string): void {
    this.#trouble = what;
  }

  clearTrouble(): void {
    this.#trouble = null;
  }

  problem(): string | null {
    if (this.#trouble !== null) return this.#trouble;
    return this.#running === null ? "HAProxy does not run" : this.#departures.problem();
  }

  /** Makes process and files equal to the document. A refused configuration changes nothing. */
  async bring(
    document: BalancerDocument,
    config: RenderedConfig,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine } = this.#options;
    const running = await engine.probe(signal);
    const isAdopted = this.#running === null && running !== null;
    if (running === null || running.structure !== config.structure) await this.#try(config, signal);
    if (running !== null && (await this.#isMoving(config))) await assertFree(document.bind);
    this.#running = running;
    if (isAdopted) await this.#books.adopt(running);
    const former = this.#wanted;
    this.#wanted = { document, config };
    try {
      await this.#bringConfig(config, signal);
    } catch (cause) {
      // The former configuration goes on: in the file, and as what a crashed process is started with.
      this.#wanted = former;
      if (former !== null) await writeConfig(this.#options.places, former.config);
      throw cause;
    }
    await removeOldPages(this.#options.places, config);
    const repaired = await this.#equalise(signal);
    if (isAdopted) this.#note(repaired);
  }

  async #bringConfig(config: RenderedConfig, signal: AbortSignal): Promise<void> {
    if (this.#running === null) return this.#start(signal);
    if (this.#running.structure !== config.structure) return this.#reload(signal);
    await writeConfig(this.#options.places, config);
    await this.#replaceMaps(config, signal);
  }

  /** The process is gone: what it counted since the last look is lost, its connections are too. */
  died(): void {
    this.#running = null;
    this.#snapshot = null;
  }

  /** Starts HAProxy again with the last accepted document, which its file has. */
  async revive(signal: AbortSignal): Promise<void> {
    await this.#start(signal);
    await this.#equalise(signal);
  }

  /** Reads the statistics and lets servers leave; true when a server's state has changed or a crowd has come. */
  async look(signal: AbortSignal): Promise<boolean> {
    const { engine, clock } = this.#options;
    const wanted = this.#wanted;
    if (wanted === null || this.#running === null) return false;
    const list = await engine.processes(signal);
    this.#running = { ...this.#running, oldWorkers: list.oldWorkers };
    this.#options.log.follow(this.#running.pid);
    const snapshot = await lookAtWorkers(engine, this.#running, clock.now(), signal);
    this.#snapshot = snapshot;
    for (const row of snapshot.current) {
      if (isUp(row)) this.#joining.delete(`${row["pxname"]}/${row["svname"]}`);
    }
    await this.#books.record(snapshot, wanted.document);
    const { current } = snapshot;
    const { oldWorkers } = list;
    const hasLeft = await this.#departures.advance(wanted.document, current, oldWorkers, signal);
    // Its name may be free now for one that the document has elsewhere.
    if (hasLeft) await this.#equalise(signal);
    const { servers, pools } = this.#report();
    const states = servers
      .map((server) => `${server.pool}/${server.id} ${server.state}`)
      .join("\n");
    const hasNews = states !== this.#states || isCrowd(loadOf(pools), this.#loadTold);
    this.#states = states;
    return hasNews;
  }

  /** Undoes what nobody asked us to change; true when there was something. */
  async repair(signal: AbortSignal): Promise<boolean> {
    const { places, engine } = this.#options;
    const wanted = this.#wanted;
    if (wanted === null) return false;
    const files = await writeConfig(places, wanted.config);
    await writePages(places, wanted.config);
    const found = files.map((path) => `${path} was changed`);
    const running = await engine.probe(signal);
    if (running !== null && running.structure !== wanted.config.structure) {
      found.push("HAProxy ran with another configuration");
      this.#running = running;
      await this.#reload(signal);
    }
    for (const { path, text } of wanted.config.maps) {
      if (!(await isMapDifferent(engine, path, text, signal))) continue;
      await replaceMap(engine, path, text, signal);
      found.push(`HAProxy held other entries than ${path}`);
    }
    found.push(...(await this.#equalise(signal)));
    this.#note(found);
    return found.length > 0;
  }

  report(): Omit<BalancerReport, "generation" | "problem"> {
    const version = this.#running?.version ?? this.#version;
    this.#version = version;
    const seen = this.#report();
    this.#loadTold = loadOf(seen.pools);
    return {
      engine: version === null ? "HAProxy" : `HAProxy ${version}`,
      pid: this.#running?.master ?? null,
      isServing: this.#running !== null && this.#snapshot !== null,
      reloads: this.#reloads,
      drift: this.#drift,
      totals: this.#books.totals(),
      ...seen,
    };
  }

  async end(signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    const running = this.#running ?? (await engine.probe(signal).catch(() => null));
    if (running === null) return;
    await engine.stop([running.master, running.pid, ...running.oldWorkers], signal);
    this.#running = null;
  }

  #report(): Pick<BalancerReport, "pools" | "servers"> {
    if (this.#wanted === null || this.#snapshot === null) return { pools: [], servers: [] };
    const source = {
      document: this.#wanted.document,
      snapshot: this.#snapshot,
      drains: this.#departures.drains(),
      joining: new Set([...this.#joining, ...this.#departures.cuts()]),
      ledger: this.#books.ledger(),
      latencies: this.#options.latencies,
    };
    return { pools: poolReports(source), servers: serverReports(source) };
  }

  async #try(config: RenderedConfig, signal: AbortSignal): Promise<void> {
    const { places, engine } = this.#options;
    const { candidate } = pathsOf(places);
    await writePages(places, config);
    await replaceFile(candidate, config.text);
    try {
      await engine.check(candidate, signal);
    } finally {
      await rm(candidate, { force: true });
    }
  }

  /** Whether HAProxy will listen on another address than the file of the running one says. */
  async #isMoving(config: RenderedConfig): Promise<boolean> {
    const bind = (text: string): string | null => /^ +bind .*$/m.exec(text)?.[0] ?? null;
    const former = await readIfThere(pathsOf(this.#options.places).config);
    return former !== null && bind(former) !== bind(config.text);
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { places, engine } = this.#options;
    const wanted = this.#wanted;
    if (wanted === null) throw new Failure("rejected", "Cannot start HAProxy: no document yet");
    await this.#endLeftovers();
    await this.prepare();
    await writePages(places, wanted.config);
    await writeConfig(places, wanted.config);
    await replaceFile(pathsOf(places).state, "");
    this.#departures.keepCuts([]);
    this.#running = await engine.start(wanted.config.structure, signal);
    this.#joining.clear();
    this.#books.begin(this.#running.master);
  }

  /** A worker whose master is dead would answer with a list of servers that nobody keeps any more. */
  async #endLeftovers(): Promise<void> {
    for (const pid of this.#books.processes()) {
      if (await isAlive(pid)) send(pid, "SIGUSR1");
    }
  }

  async #reload(signal: AbortSignal): Promise<void> {
    const { places, engine } = this.#options;
    if (this.#wanted === null || this.#running === null) return;
    const former = this.#running.pid;
    await writeConfig(places, this.#wanted.config);
    const { structure } = this.#wanted.config;
    // The new worker has the document's servers only, by the same names.
    this.#departures.keepCuts([]);
    this.#running = await engine.reload(structure, () => this.#readFormer(former, signal), signal);
    await this.#readOld(former, signal);
    this.#options.log.follow(this.#running.pid);
    this.#reloads += 1;
    this.#departures.addOldWorker(former);
  }

  /** A former worker often ends at once after a reload, so its counts are read until the very switch. */
  async #readFormer(pid: number, signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    const answer = await engine.runtime("show info; show stat", signal).catch(() => "");
    const rows = parseStat(answer.slice(Math.max(0, answer.indexOf("# pxname"))));
    if (parseInfo(answer)?.pid === pid && rows.length > 0) this.#books.read(pid, rows);
  }

  async #readOld(pid: number, signal: AbortSignal): Promise<void> {
    const answer = await this.#options.engine.worker(pid, "show stat", signal).catch(() => "");
    const rows = parseStat(answer);
    if (rows.length > 0) this.#books.read(pid, rows);
  }

  async #replaceMaps(config: RenderedConfig, signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    for (const { path, text } of config.maps) {
      if (await isMapDifferent(engine, path, text, signal)) {
        await replaceMap(engine, path, text, signal);
      }
    }
  }

  /** Brings membership in line, and says what it was. */
  async #equalise(signal: AbortSignal): Promise<readonly string[]> {
    const { engine } = this.#options;
    const wanted = this.#wanted;
    if (wanted === null || this.#running === null) return [];
    const list = await engine.processes(signal);
    this.#running = { ...this.#running, oldWorkers: list.oldWorkers };
    this.#departures.follow(wanted.document, list.oldWorkers);
    const found: string[] = [];
    for (let round = 0; round < roundsMax; round += 1) {
      const steps = await this.#missingSteps(wanted.document, signal);
      if (steps.length === 0) return found;
      for (const step of steps) await this.#apply(step, signal);
      found.push(...steps.map((step) => step.why));
      if (steps.some((step) => step.kind === "reload")) await this.#reload(signal);
    }
    throw new Failure("rejected", `Cannot bring HAProxy in line: ${found.at(-1) ?? ""} again`);
  }

  /** What has not been begun: a server that was cut leaves by itself, and until then its name is taken. */
  async #missingSteps(
    document: BalancerDocument,
    signal: AbortSignal,
  ): Promise<readonly MembershipStep[]> {
    const { engine } = this.#options;
    const states = parseServersState(await engine.runtime("show servers state", signal));
    const stats = parseStat(await engine.runtime("show stat", signal));
    const steps = planMembership(document, runningServers(states, stats));
    const cuts = steps.filter((step) => step.kind === "cut");
    this.#departures.keepCuts(cuts.map((step) => step.key));
    return steps.filter((step) => !this.#departures.isCut(step.key));
  }

  async #apply(step: MembershipStep, signal: AbortSignal): Promise<void> {
    const { engine } = this.#options;
    if (step.kind === "reload") return;
    if (step.kind === "cut") {
      this.#joining.delete(step.key);
      return this.#departures.cut(step.key, signal);
    }
    // The one that was cut a moment ago still has its name: it joins when that has left.
    if (step.kind === "join" && this.#departures.isCut(step.key)) return;
    assertDone(`change ${step.key}`, await engine.runtime(step.command, signal));
    if (step.kind === "join") this.#joining.add(step.key);
  }

  #note(found: readonly string[]): void {
    const at = this.#options.clock.now();
    this.#drift = [...this.#drift, ...found.map((what) => ({ at, what }))].slice(-driftMax);
  }
}

import type { MachineDocument } from "../core/document.ts";
import type { AgentReport } from "../core/report.ts";
import type { MachineRecord } from "../ports/machine-records.ts";
import type { ControllerConnection } from "../ports/controller-link.ts";
import { createAlarm } from "../ports/alarm.ts";
import type { Alarm } from "../ports/alarm.ts";
import { createBalancerKeeper } from "./balancer-keeper.ts";
import type { BalancerKeeper } from "./balancer-keeper.ts";
import { callHome } from "./call-home.ts";
import { createFleet } from "./fleet.ts";
import type { Fleet } from "./fleet.ts";
import { streamLogs } from "./log-stream.ts";
import { createMeter } from "./meter.ts";
import type { Usage } from "./meter.ts";
import type { AgentIdentity, AgentParts } from "./parts.ts";
import { tickMs } from "./parts.ts";
import { takeIn } from "./strays.ts";
import { createTasks } from "./tasks.ts";
import type { Tasks } from "./tasks.ts";
import { wordsOf } from "./runner.ts";

/**
 * Makes this machine what its document says, with or without the controller, until the signal aborts.
 * Processes and balancer go on then: the next agent takes them over.
 */
export async function runAgent(
  parts: AgentParts,
  identity: AgentIdentity,
  signal: AbortSignal,
): Promise<void> {
  const former = await takeIn(parts, await loadRecord(parts));
  await new Agent(parts, identity, former, signal).run();
}

/** Notes that cannot be read are none: what runs is known by its markers, and an agent that ends would never start. */
async function loadRecord(parts: AgentParts): Promise<MachineRecord> {
  try {
    return await parts.records.load();
  } catch (error) {
    parts.say(wordsOf(error));
    return { processes: [], tasks: [], releases: [] };
  }
}

class Agent {
  readonly #parts: AgentParts;
  readonly #identity: AgentIdentity;
  readonly #signal: AbortSignal;
  readonly #news: Alarm;
  readonly #keeping: Alarm;
  readonly #taking: Alarm;
  readonly #fleet: Fleet;
  readonly #tasks: Tasks;
  readonly #balancer: BalancerKeeper;
  readonly #meter = createMeter();
  #held: MachineDocument | null = null;
  #connection: ControllerConnection | null = null;
  #usage: Usage = { cpu: 0, memoryBytes: 0 };
  /** Accepted, and not yet on the disk. */
  #offered: MachineDocument | null = null;
  #isRecordLost = false;
  #writing: Promise<boolean> = Promise.resolve(true);

  constructor(
    parts: AgentParts,
    identity: AgentIdentity,
    former: MachineRecord,
    signal: AbortSignal,
  ) {
    this.#parts = parts;
    this.#identity = identity;
    this.#signal = signal;
    this.#news = createAlarm(parts.clock);
    this.#keeping = createAlarm(parts.clock);
    this.#taking = createAlarm(parts.clock);
    const around = { parts, identity, onChange: () => this.#tell() };
    this.#fleet = createFleet(around, former);
    this.#tasks = createTasks({ ...around, keep: () => this.#writeRecord() }, former.tasks);
    this.#balancer = createBalancerKeeper(parts, around.onChange);
  }

  async run(): Promise<void> {
    const listener = {
      onDocument: (document: MachineDocument) => this.#offer(document),
      onConnection: (connection: ControllerConnection | null) => {
        this.#connection = connection;
        this.#news.ring();
      },
    };
    await this.#takeStored();
    await Promise.all([
      callHome(this.#parts, listener, this.#signal),
      this.#takeOffered(),
      this.#report(),
      this.#tick(),
      this.#keepRecord(),
      this.#balancer.run(this.#signal),
      streamLogs(this.#parts, () => this.#connection, this.#signal),
    ]);
    await this.#fleet.settled();
    await this.#writeRecord();
  }

  #tell(): void {
    this.#news.ring();
    this.#keeping.ring();
  }

  async #takeStored(): Promise<void> {
    try {
      const stored = await this.#parts.documents.load();
      if (stored !== null) this.#converge(stored);
    } catch (error) {
      // A document that cannot be read is not an empty one: what runs goes on until the controller speaks.
      this.#parts.say(wordsOf(error));
    }
  }

  #offer(document: MachineDocument): void {
    const { machine } = this.#identity;
    const held = (this.#offered ?? this.#held)?.generation ?? 0;
    if (document.machine !== machine || document.generation < held) {
      const what = `document ${document.generation} of ${document.machine}`;
      this.#parts.say(`Refused ${what}: this is ${machine}, at ${held}`);
      return;
    }
    this.#offered = document;
    this.#taking.ring();
  }

  /**
   * What is acted on is on the disk first: an agent that came back to an older document would end what the
   * newer one began. A disk that takes nothing is asked again; until then this machine stays as it is.
   */
  async #takeOffered(): Promise<void> {
    let isRefused = false;
    while (!this.#signal.aborted) {
      await this.#taking.wait(tickMs, this.#signal);
      const document = this.#offered;
      if (document === null || this.#signal.aborted) continue;
      try {
        await this.#parts.documents.save(document);
        isRefused = false;
      } catch (error) {
        if (!isRefused) this.#parts.say(wordsOf(error));
        isRefused = true;
        continue;
      }
      if (this.#offered === document) this.#offered = null;
      this.#converge(document);
    }
  }

  #converge(document: MachineDocument): void {
    if (this.#signal.aborted) return;
    this.#held = document;
    this.#fleet.want(document.processes, this.#signal);
    this.#tasks.want(document.tasks, this.#signal);
    this.#balancer.want(document);
    this.#tell();
  }

  async #report(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#news.wait(tickMs, this.#signal);
      if (this.#connection === null) continue;
      const report = await this.#describe();
      this.#connection?.send({ kind: "report", report });
    }
  }

  async #describe(): Promise<AgentReport> {
    return {
      machine: this.#identity.machine,
      bootId: this.#identity.bootId,
      at: this.#parts.clock.now(),
      generation: this.#held?.generation ?? 0,
      ...this.#usage,
      balancer: await this.#balancer.report(this.#signal),
      processes: this.#fleet.reports(),
      tasks: this.#tasks.reports(),
    };
  }

  async #tick(): Promise<void> {
    const { clock, host } = this.#parts;
    while (!this.#signal.aborted) {
      await this.#fleet.sample();
      this.#usage = this.#meter.sample(await host.usageOfMachine(), clock.now());
      await this.#fleet.tidy(this.#held);
      if (this.#isRecordLost) this.#keeping.ring();
      await clock.sleep(tickMs, this.#signal);
    }
  }

  async #keepRecord(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#keeping.wait(60 * tickMs, this.#signal);
      await this.#writeRecord();
    }
  }

  /** One after the other, each with what is known when its turn comes; false: the disk does not take it. */
  #writeRecord(): Promise<boolean> {
    this.#writing = this.#writing.then(() => this.#saveRecord());
    return this.#writing;
  }

  async #saveRecord(): Promise<boolean> {
    try {
      await this.#parts.records.save({ ...this.#fleet.record(), tasks: this.#tasks.records() });
      this.#isRecordLost = false;
    } catch (error) {
      if (!this.#isRecordLost) this.#parts.say(wordsOf(error));
      this.#isRecordLost = true;
    }
    return !this.#isRecordLost;
  }
}

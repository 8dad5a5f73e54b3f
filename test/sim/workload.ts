import { applySite, rollBack } from "../../src/core/commands/apply-site.ts";
import { orderMachine } from "../../src/core/commands/machine.ts";
import type { MachineOrder } from "../../src/core/commands/machine.ts";
import { beginOneOff, decideOneOff, stopOneOff } from "../../src/core/one-offs/order.ts";
import { scaleRole } from "../../src/core/commands/scale.ts";
import { setMaintenance } from "../../src/core/commands/site-switches.ts";
import type { Controller } from "../../src/controller/controller.ts";
import { orderFrom } from "../../src/controller/site-order.ts";
import type { Role, Site } from "../../src/core/desired.ts";
import type { Random } from "./random.ts";
import { aRole, aSite } from "./site.ts";

/** What people do to a site, at random. */
export interface Workload {
  readonly badReleases: ReadonlySet<string>;
  /** The first `up`. */
  begin(controller: Controller): Promise<void>;
  /** One wish of somebody. Resolves when it was answered, which may be never. */
  act(controller: Controller): Promise<void>;
  /** What somebody does who sees that something is wrong: to a machine, by hand. */
  meddle(controller: Controller): Promise<void>;
  /** Has a command run once, or stopped. */
  runOnce(controller: Controller): Promise<void>;
  /** Requests that all of a role have in hand. */
  loadOf(role: string): number;
  /** Everybody goes home: a quiet load, no site that stays half drained. */
  rest(controller: Controller): Promise<void>;
}

const HOLD_MS = 20_000;
const LOAD_MAX = 60;
const BAD_SHARE = 0.2;
const QUIET_LOAD = 10;
const ONE_OFF_MS_MAX = 20_000;
/** What the site file allows a process. */
export const MEMORY_BYTES_MAX = 500_000_000;

export function createWorkload(random: Random): Workload {
  const badReleases = new Set<string>();
  const load = new Map<string, number>();
  let releases = 0;
  let variant: Variant = {
    min: 1,
    max: 5,
    instances: 1,
    env: 0,
    hasApi: false,
    balancers: 1,
    cpuMax: null,
  };

  const upload = async (controller: Controller, isBad: boolean): Promise<string> => {
    releases += 1;
    const id = `release-${releases}`;
    if (isBad) badReleases.add(id);
    const createdAt = releases;
    const release = { id, archiveSha256: "0", bytes: 1, files: 1, origin: "sim", createdAt };
    await controller.record([{ kind: "release", release }]);
    return id;
  };

  const put = async (controller: Controller, release: string | null): Promise<boolean> => {
    const site = siteOf(variant);
    const known = controller.observe().inventory.roles;
    const missing = site.roles.filter((role) => (known.get(role.name)?.revision ?? null) === null);
    const first = missing.length > 0 ? await upload(controller, false) : null;
    const named = site.roles.flatMap((role): (readonly [string, string])[] => {
      // What a role begins with works: there is nothing to go back to yet.
      const id = missing.includes(role) ? first : release;
      return id === null ? [] : [[role.name, id]];
    });
    const wish = { site, secrets: {}, releases: Object.fromEntries(named), by: "sim" };
    let isDone = false;
    await controller.execute((observed, now) => {
      const kind = release === null ? "settings" : "deploy";
      const parts = { seal, balancerPort: 8080 };
      const made = orderFrom(observed.inventory, { ...wish, kind }, parts, now);
      if (made.kind === "incomplete") return { kind: "unknown", message: made.message };
      const outcome = applySite(observed, made.order, now);
      isDone = outcome.kind === "done";
      return outcome;
    });
    return isDone;
  };

  const edit = async (controller: Controller): Promise<void> => {
    const before = variant;
    variant = edited(variant, random);
    if (!(await put(controller, null))) variant = before;
  };

  const meddle = async (controller: Controller): Promise<void> => {
    await controller.execute(({ inventory }, now) => {
      const name = random.pick([...inventory.machines.keys()]) ?? "web-1";
      return orderMachine(inventory, name, random.pick(orders) ?? "drain", "sim", now);
    });
  };

  /** A command of every length and outcome, on a role or a machine; now and then one is stopped. */
  const runOnce = async (controller: Controller): Promise<void> => {
    const run = `work ${random.between(10, ONE_OFF_MS_MAX)} ${random.pick([0, 0, 3]) ?? 0}`;
    const timeoutMs = random.between(1_000, ONE_OFF_MS_MAX);
    const isStop = random.chance(0.2);
    const dice = random.next();
    await controller.execute((observed, now) => {
      const { machines, oneOffs } = observed.inventory;
      const newest = Math.max(0, ...oneOffs.keys());
      if (isStop) return stopOneOff(observed, newest, "sim", now);
      const places = ["web", "web", ...machines.keys()];
      const where = places[Math.floor(dice * places.length)] ?? "web";
      const decision = decideOneOff(observed, { where, run, timeoutMs, by: "sim" }, now);
      return decision.kind === "go" ? beginOneOff(decision.record) : decision;
    });
  };

  return {
    badReleases,
    meddle,
    runOnce,
    loadOf: (role) => load.get(role) ?? QUIET_LOAD,
    async begin(controller) {
      await put(controller, await upload(controller, false));
    },
    async act(controller) {
      load.set("web", random.between(0, LOAD_MAX));
      const dice = random.between(0, 11);
      if (dice <= 3) {
        await put(controller, await upload(controller, random.chance(BAD_SHARE)));
        return;
      }
      if (dice === 4 || dice === 5) return edit(controller);
      if (dice === 8 || dice === 9) return meddle(controller);
      await controller.execute((observed, now) => {
        const state = observed.inventory;
        if (dice === 6) return rollBack(observed, "sim", now);
        if (dice === 7) return setMaintenance(state, random.chance(0.5), "sim");
        const machines = random.between(variant.min, variant.max);
        if (dice === 10) return scaleRole(state, "web", { kind: "set", machines }, "sim", now);
        const pin = { kind: "pin", machines, until: now + 30_000 } as const;
        return scaleRole(state, "web", random.chance(0.7) ? pin : { kind: "auto" }, "sim", now);
      });
    },
    async rest(controller) {
      load.clear();
      await controller.execute((observed, now) =>
        scaleRole(observed.inventory, "web", { kind: "auto" }, "sim", now),
      );
      const marked = [...controller.observe().inventory.machines.values()];
      for (const { name, mark } of marked) {
        if (mark !== "drain") continue;
        await controller.execute(({ inventory }, now) =>
          orderMachine(inventory, name, "undrain", "sim", now),
        );
      }
    },
  };
}

const orders: readonly MachineOrder[] = ["drain", "undrain", "replace", "remove"];

/** Nothing is hidden in the simulated world. */
export const seal = {
  seal: (plain: string) => plain,
  open: (sealed: string) => sealed,
  fingerprint: (plain: string) => plain,
};

interface Variant {
  readonly min: number;
  readonly max: number;
  readonly instances: number;
  readonly env: number;
  readonly hasApi: boolean;
  readonly balancers: number;
  readonly cpuMax: number | null;
}

function edited(variant: Variant, random: Random): Variant {
  switch (random.between(0, 9)) {
    case 0: {
      const min = random.between(1, 3);
      return { ...variant, min, max: random.between(min, 6) };
    }
    case 1:
      return { ...variant, instances: random.between(1, 2) };
    case 2:
      return { ...variant, hasApi: !variant.hasApi };
    case 3:
      return { ...variant, balancers: random.between(1, 2) };
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
      return { ...variant, cpuMax: random.pick([null, 0.5, 1, 2]) ?? null };
    default:
      return { ...variant, env: variant.env + 1 };
  }
}

function siteOf(variant: Variant): Site {
  const { min, max, instances, env, hasApi, balancers } = variant;
  const limits = { cpuMax: variant.cpuMax, memoryBytesMax: null };
  const base = aRole("web");
  const web: Partial<Role> = {
    machines: { min, max },
    instances,
    limits,
    env: { EDITION: String(env) },
    supervision: { ...base.supervision, memoryBytesMax: MEMORY_BYTES_MAX },
    scaling: { ...base.scaling, holdMs: HOLD_MS },
    deploy: { ...base.deploy, timeoutMs: 30_000, before: env % 2 === 1 ? "migrate" : null },
  };
  const api = aRole("api", { machines: { min: 1, max: 1 } });
  const site = aSite([...(hasApi ? [api] : []), aRole("web", web)]);
  const balancer = { ...site.balancer, machines: balancers, limits };
  // On loopback nothing could be limited.
  return { ...site, provider: "netns", defaultRole: "web", balancer };
}

import type { Role } from "../../core/desired.ts";
import { slotsOf } from "../../core/scaling/role-policy.ts";
import { usualModel } from "../../simulate/model.ts";
import type { Model } from "../../simulate/model.ts";
import { usageError } from "../cli-error.ts";
import { valueOf } from "../command.ts";
import type { Given } from "../command.ts";
import { countOf, durationOf } from "../given-values.ts";

/** What a machine costs in an hour. */
export interface Price {
  readonly machineHour: number;
  readonly currency: string;
}

export const machineOptions = [
  {
    flags: "--boot <duration>",
    about: "from a machine's launch to its first answer (default: 60s)",
  },
  {
    flags: "--slots <count>",
    about: "requests a machine works on at the same time (default: what the role says, else 4)",
  },
  {
    flags: "--service <duration>",
    about: "what an answer takes on a free machine (default: 200ms)",
  },
  { flags: "--slow <duration>", about: "a later answer is slow (default: the aim's, else 1s)" },
  { flags: "--price <price>", about: "what a machine costs, e.g. '0.05 USD per hour'" },
] as const;

const slotsMax = 10_000;
const bootMaxS = 3_600;
const serviceMaxS = 60;

export type Machine = Omit<Model, "min" | "max">;

/** Machines as they were described; what is left out is as usual. `slowS`: what the rules say is slow. */
export function readMachine(given: Given, role: Role | null, slowS: number | null): Machine {
  const { min: _, max: __, ...usual } = usualModel;
  const seconds = (option: string, most: number): number | null => {
    const ms = durationOf(given, option);
    if (ms !== null && ms > most * 1_000) throw usageError(`--${option} needs at most ${most}s`);
    return ms === null ? null : ms / 1_000;
  };
  const usualSlots = role === null ? usual.slots : slotsOf(role);
  const slow = seconds("slow", serviceMaxS) ?? slowS ?? usual.slowS;
  return {
    ...usual,
    slots: countOf(given, "slots", Math.min(slotsMax, usualSlots), slotsMax),
    serviceS: seconds("service", serviceMaxS) ?? usual.serviceS,
    bootS: seconds("boot", bootMaxS) ?? usual.bootS,
    slowS: slow,
    queueTimeoutS: (role?.traffic.queueTimeoutMs ?? usual.queueTimeoutS * 1_000) / 1_000,
  };
}

/** Null when it was not given. */
export function readPrice(given: Given): Price | null {
  const text = valueOf(given, "price");
  if (text === null) return null;
  const match = /^(\d{1,6}(?:\.\d{1,6})?) ([A-Z]{3})(?: per hour)?$/.exec(text.trim());
  const machineHour = Number(match?.[1]);
  if (machineHour > 0) return { machineHour, currency: match?.[2] ?? "" };
  throw usageError(`--price needs an amount above 0 such as '0.05 USD per hour', got ${text}`);
}

import { parseScheduleTime } from "../core/scaling/rules/parse-schedule.ts";
import type { Rules } from "../core/scaling/rules/rules.ts";
import type { ScheduleEntry, ZoneOffsets } from "../core/scaling/rules/schedule.ts";
import type { Report } from "./report.ts";
import type { RoleFields } from "./role-schema.ts";
import { zoneOffsets } from "./zone.ts";

/** The entries of `schedule`, with the clock changes of the zones they name. */
export function compileSchedule(
  report: Report,
  fields: RoleFields["scale"]["schedule"],
): Pick<Rules, "schedule" | "zones"> {
  const zones = new Map<string, ZoneOffsets>();
  const schedule = fields.flatMap(({ on: text, min, max, why }, at): readonly ScheduleEntry[] => {
    const path = ["schedule", at, "on"];
    const time = report.take(parseScheduleTime(text), path);
    if (min === null && max === null)
      report.tell(["schedule", at], "missing", "an entry needs min, max or both");
    if (min !== null && max !== null && min > max)
      report.tell(
        ["schedule", at, "max"],
        "conflict",
        `at most ${max} is less than at least ${min}`,
      );
    if (time === null) return [];
    const zone = zones.get(time.zone) ?? zoneOffsets(time.zone);
    if (zone === null) {
      const column = text.lastIndexOf(time.zone) + 1;
      const message = `expected a time zone such as Europe/Zurich or UTC, found ${time.zone}`;
      report.take({ isRight: false, column, message, hint: "" }, path);
      return [];
    }
    zones.set(time.zone, zone);
    const words = text.trim().split(/\s+/).join(" ");
    return [{ text: words, ...time, min, max, why }];
  });
  return { schedule, zones: Object.fromEntries(zones) };
}

import type { Rules } from "./rules/rules.ts";

/** What decides about a role's size, in one line. */
export function describeRules({ mode, aim, targets, when, schedule, limits }: Rules): string {
  const parts = [
    ...(aim === null ? [] : [`at most ${percent(aim.shareMax)} slower than ${aim.slowS} s`]),
    ...counted(targets.length, "target"),
    ...counted(when.length, "rule"),
    ...counted(schedule.length, "schedule", "schedule entries"),
  ];
  const wish = parts.length === 0 ? "nothing asks for machines" : parts.join(", ");
  return `${wish}; a need is met for ${limits.holdS} s after it was last there${mode === "on" ? "" : `; mode ${mode}`}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

function counted(count: number, one: string, many = `${one}s`): readonly string[] {
  return count === 0 ? [] : [count === 1 ? `1 ${one}` : `${count} ${many}`];
}

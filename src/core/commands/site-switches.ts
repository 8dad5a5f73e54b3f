import type { InventoryState } from "../inventory.ts";
import type { Outcome } from "./outcome.ts";
import { unknown } from "./outcome.ts";

/** Shows every visitor the maintenance page, or the site again. */
export function setMaintenance(state: InventoryState, isOn: boolean, by: string): Outcome {
  const { settings } = state;
  if (settings.site === null) return unknown("no site is up yet");
  return {
    kind: "done",
    changes: [{ kind: "settings", settings: { ...settings, isMaintenanceOn: isOn } }],
    event: {
      kind: "maintenance",
      subject: settings.site.name,
      reason: `maintenance ${isOn ? "on" : "off"} by ${by}`,
    },
    deploy: null,
  };
}

/** Gives every machine back. A deploy that runs ends with it. */
export function takeDown(state: InventoryState, by: string, now: number): Outcome {
  const { settings } = state;
  if (settings.site === null) return unknown("no site is up");
  const deploys = [...state.deploys.values()].filter(
    (deploy) => deploy.state === "running" || deploy.state === "reverting",
  );
  return {
    kind: "done",
    changes: [
      { kind: "settings", settings: { ...settings, phase: "down" } },
      ...deploys.map((deploy) => ({
        kind: "deploy" as const,
        deploy: {
          ...deploy,
          state: "failed" as const,
          finishedAt: now,
          failure: { machine: null, message: "the site was taken down", lastLines: [] },
        },
      })),
    ],
    event: { kind: "down", subject: settings.site.name, reason: `taken down by ${by}` },
    deploy: null,
  };
}

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readScaleFile } from "../site/scale-file.ts";
import { fastest, isSame, keeping, knobsOf, rulesOf, settingOf, withSetting } from "./settings.ts";

function settingsOf(text: string) {
  const reading = readScaleFile({ path: "rules.yaml", text });
  assert.ok(reading.kind === "scale", JSON.stringify(reading));
  return reading.settings;
}

describe("what of a role's scaling is turned", () => {
  const aim = settingsOf("aim: { slow: 1s, room: 10% }\nhold: 20m\n");
  const rules = settingsOf("targets: [{ in_flight per machine: 2.8 }, { cpu: 60% }]\n");

  it("is read from what there is, said or not", () => {
    assert.deepEqual(settingOf(aim, 3), { min: 3, holdS: 1_200, room: 0.1, inFlight: null });
    assert.deepEqual(settingOf(rules, 1), { min: 1, holdS: 600, room: null, inFlight: 2.8 });
    const silent = { min: 2, holdS: 600, room: 0.05, inFlight: null };
    assert.deepEqual(settingOf(settingsOf(""), 2), silent);
  });

  it("comes back as it was put, and leaves the rest alone", () => {
    for (const settings of [aim, rules, settingsOf("")]) {
      const setting = { ...settingOf(settings, 4), holdS: 60 };
      const wanted = {
        ...setting,
        room: setting.room === null ? null : 0.4,
        inFlight: setting.inFlight === null ? null : 1.5,
      };
      assert.deepEqual(settingOf(withSetting(settings, wanted), 4), wanted);
      const same = withSetting(settings, settingOf(settings, 4));
      assert.deepEqual(rulesOf(same).when, rulesOf(settings).when);
    }
    const [, cpu] = rulesOf(withSetting(rules, { ...settingOf(rules, 1), inFlight: 1 })).targets;
    assert.equal(cpu?.target, 0.6);
  });

  it("is one knob after the other, each within reason", () => {
    const present = settingOf(aim, 3);
    const knobs = knobsOf(present, 4, 6);
    assert.equal(knobs.length, 3);
    const [mins = [], rooms = [], holds = []] = knobs.map((knob) => knob(present));
    assert.deepEqual(new Set(mins.map(({ min }) => min)), new Set([2, 4, 5]));
    assert.ok(rooms.every((one) => isSame({ ...one, room: present.room }, present)));
    assert.ok(holds.every((one) => isSame({ ...one, holdS: present.holdS }, present)));
    assert.equal(knobsOf(settingOf(rules, 1), 4, 6).length, 3);
  });

  it("never has fewer than two machines, unless that is so already", () => {
    const minsOf = (min: number) =>
      knobsOf(settingOf(aim, min), 4, 9)[0]?.(settingOf(aim, min)) ?? [];
    assert.ok(minsOf(2).every(({ min }) => min >= 2));
    assert.ok(minsOf(5).every(({ min }) => min >= 2));
    assert.ok(minsOf(1).every(({ min }) => min >= 1));
  });

  it("is judged by the aim first, and by its cost then", () => {
    const setting = settingOf(aim, 3);
    const tried = [
      { setting, slow: 0.002, machineHours: 1 },
      { setting, slow: 0.001, machineHours: 9 },
      { setting, slow: 0.0005, machineHours: 5 },
    ];
    assert.deepEqual(
      keeping(tried, 0.001).map(({ machineHours }) => machineHours),
      [5, 9],
    );
    assert.deepEqual(
      fastest(tried).map(({ machineHours }) => machineHours),
      [5, 9, 1],
    );
  });
});

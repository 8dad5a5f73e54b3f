import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { aView, someRules } from "../../../../test/harness/role-view.ts";
import { zoneOffsets } from "../../../site/zone.ts";
import { decide } from "../decision.ts";
import { dayOf, isDate } from "../../calendar.ts";
import { localDay, offsetAt, weekdayOf } from "./calendar.ts";
import { parseScheduleTime } from "./parse-schedule.ts";
import { scheduleAt, spanOn, type ScheduleEntry, type ZoneOffsets } from "./schedule.ts";
import { emptyDecisionState } from "./state.ts";

const zurich = zoneOffsets("Europe/Zurich") ?? { firstS: 0, changes: [] };
const utc: ZoneOffsets = { firstS: 0, changes: [] };
const zones = { "Europe/Zurich": zurich, UTC: utc };
const secondsOf = (text: string): number => Date.parse(text) / 1_000;

function entryOf(text: string, wish: Partial<ScheduleEntry> = {}): ScheduleEntry {
  const parsed = parseScheduleTime(text);
  assert.ok(parsed.isRight, parsed.isRight ? "" : parsed.message);
  return { text, min: 6, max: null, why: null, ...parsed.value, ...wish };
}

function spanText(text: string, date: readonly [number, number, number]): string | null {
  const entry = entryOf(text);
  const span = spanOn(entry, zones[entry.zone as keyof typeof zones], dayOf(...date));
  const show = (second: number): string => new Date(second * 1_000).toISOString().slice(0, 16);
  return span === null ? null : `${show(span.startS)} ${show(span.endS)}`;
}

describe("the calendar", () => {
  it("agrees with the machine's", () => {
    const days = fc.integer({ min: -200_000, max: 200_000 });
    fc.assert(
      fc.property(days, (day) => {
        const date = new Date(day * 86_400_000);
        const parts = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()] as const;
        assert.equal(dayOf(...parts), day);
        assert.equal(weekdayOf(day), (date.getUTCDay() + 6) % 7);
        assert.ok(isDate(...parts));
      }),
      { numRuns: 500 },
    );
    assert.deepEqual(
      [isDate(2026, 2, 29), isDate(2028, 2, 29), isDate(2026, 13, 1)],
      [false, true, false],
    );
  });

  it("knows the clock changes of a zone", () => {
    assert.equal(offsetAt(zurich, secondsOf("2026-03-29T00:59:59Z")), 3_600);
    assert.equal(offsetAt(zurich, secondsOf("2026-03-29T01:00:00Z")), 7_200);
    assert.equal(offsetAt(zurich, secondsOf("2026-10-25T01:00:00Z")), 3_600);
    assert.equal(zoneOffsets("Mars/Olympus"), null);
  });
});

describe("a schedule", () => {
  it("is read, or refused with the column", () => {
    for (const [text, wrong] of [
      [
        "Mon-Fri 08:00 Europe/Zurich",
        '15: expected for and a duration such as 3h, found "Europe/Zurich"',
      ],
      [
        "Mon-Fry 08:00-18:00 UTC",
        '1: expected days such as Mon-Fri, Sat,Sun, daily or 2026-06-11, found "Mon-Fry"',
      ],
      [
        "2026-02-30 08:00-18:00 UTC",
        '1: expected days such as Mon-Fri, Sat,Sun, daily or 2026-06-11, found "2026-02-30"',
      ],
      [
        "Mon 25:00-26:00 UTC",
        '5: expected a time of day such as 08:00-18:00 or 20:30, found "25:00-26:00"',
      ],
      ["Mon 08:00-18:00", "16: expected a time zone such as Europe/Zurich or UTC, found the end"],
      ["Mon 08:00 for 8d UTC", '15: expected a duration such as 3h, at most 7d, found "8d"'],
    ] as const) {
      const parsed = parseScheduleTime(text);
      assert.equal(parsed.isRight ? "" : `${parsed.column}: ${parsed.message}`, wrong);
    }
    assert.deepEqual(entryOf("Fri-Mon,Wed 22:00-06:00 UTC").on, {
      kind: "weekdays",
      weekdays: [0, 2, 4, 5, 6],
    });
  });

  it("follows its zone's clocks, over midnight and over their changes", () => {
    const office = "Mon-Fri 08:00-18:00 Europe/Zurich";
    assert.equal(spanText(office, [2026, 1, 5]), "2026-01-05T07:00 2026-01-05T17:00");
    assert.equal(spanText(office, [2026, 7, 6]), "2026-07-06T06:00 2026-07-06T16:00");
    assert.equal(spanText(office, [2026, 7, 5]), null);
    assert.equal(
      spanText("Fri 22:00-06:00 UTC", [2026, 7, 3]),
      "2026-07-03T22:00 2026-07-04T06:00",
    );
    assert.equal(
      spanText("2026-06-11 20:30 for 3h UTC", [2026, 6, 11]),
      "2026-06-11T20:30 2026-06-11T23:30",
    );
    // 02:30 is left out: it begins when the clocks jump.
    assert.equal(
      spanText("daily 02:30-04:00 Europe/Zurich", [2026, 3, 29]),
      "2026-03-29T01:00 2026-03-29T02:00",
    );
    assert.equal(
      spanText("daily 02:15-02:45 Europe/Zurich", [2026, 3, 29]),
      "2026-03-29T01:00 2026-03-29T01:45",
    );
    assert.equal(
      spanText("daily 02:30-03:00 Europe/Zurich", [2026, 3, 29]),
      "2026-03-29T01:00 2026-03-29T01:30",
    );
    // 02:30 comes twice: it begins the first time and ends the last time.
    assert.equal(
      spanText("daily 02:15-02:45 Europe/Zurich", [2026, 10, 25]),
      "2026-10-25T00:15 2026-10-25T01:45",
    );
  });

  it("11 starts and ends exactly once per local day, in any zone, and the machines are there when it starts", () => {
    const names = [
      "Europe/Zurich",
      "America/New_York",
      "Australia/Lord_Howe",
      "Asia/Kathmandu",
      "America/Sao_Paulo",
      "Africa/Casablanca",
      "UTC",
    ];
    const tables = new Map(names.map((name) => [name, zoneOffsets(name) ?? utc]));
    const minutes = fc.integer({ min: 0, max: 287 }).map((five) => five * 300);
    const first = dayOf(2026, 1, 1);
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        minutes,
        minutes,
        fc.integer({ min: 0, max: 800 }),
        (name, startS, endS, after) => {
          fc.pre(startS !== endS);
          const zone = tables.get(name) ?? utc;
          const on = { kind: "weekdays", weekdays: [0, 1, 2, 3, 4, 5, 6] } as const;
          const entry = entryOf("daily 00:00-01:00 UTC", {
            on,
            startS,
            lasts: { kind: "until", endS },
            zone: name,
          });
          const spans = [0, 1, 2].map((more) => spanOn(entry, zone, first + after + more));
          for (const [at, span] of spans.entries()) {
            assert.ok(span !== null && span.endS > span.startS);
            assert.equal(localDay(zone, span.startS), first + after + at);
            const next = spans[at + 1];
            if (next !== undefined && next !== null)
              assert.ok(span.startS < next.startS && span.endS <= next.endS);
            const timetable = { schedule: [entry], zones: { [name]: zone } };
            const floorAt = (second: number): number | undefined =>
              scheduleAt(timetable, second, 17).floor?.machines;
            assert.deepEqual(
              [floorAt(span.startS - 17), floorAt(span.startS), floorAt(span.endS - 1)],
              [6, 6, 6],
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is launched a boot time early, ends on time, and has a ceiling from its start", () => {
    const floor = entryOf("Mon-Fri 08:00-18:00 Europe/Zurich");
    const ceiling = entryOf("2026-07-06 12:00-13:00 UTC", { min: null, max: 3 });
    const rules = someRules({ schedule: [floor, ceiling], zones });
    const policy = { rules, bounds: { min: 2, max: 10 }, aim: null };
    const desiredAt = (text: string): number => {
      const nowS = secondsOf(text);
      return decide(policy, emptyDecisionState, aView(nowS, { ready: 2, bootS: 58 }), nowS).desired;
    };
    assert.deepEqual(
      [
        "2026-07-06T05:58:59Z",
        "2026-07-06T05:59:00Z",
        "2026-07-06T15:59:59Z",
        "2026-07-06T16:00:00Z",
      ].map(desiredAt),
      [2, 6, 6, 2],
    );
    assert.deepEqual(
      ["2026-07-06T11:59:59Z", "2026-07-06T12:00:00Z", "2026-07-06T13:00:00Z"].map(desiredAt),
      [6, 3, 6],
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renewalDueAt } from "../core/access/renewal.ts";
import type { Clock } from "../ports/clock.ts";
import type { ControllerConnection, ControllerLink } from "../ports/controller-link.ts";
import { Failure } from "../ports/failure.ts";
import type { MachineCredentials } from "../ports/machine-credentials.ts";
import { keepCredentials } from "./keep-credentials.ts";
import { endingWhenRefused } from "./refusal.ts";

const hour = 3_600_000;

describe("keeping credentials", () => {
  it("renews at half time, and tries again until it works", async () => {
    const stop = new AbortController();
    let now = 0;
    let takenAt = 0;
    let failures = 2;
    const renewedAt: number[] = [];
    const said: string[] = [];
    const clock: Clock = {
      now: () => now,
      sleep(ms) {
        now += ms;
        if (now > 40 * hour) stop.abort();
        return Promise.resolve();
      },
      deadline: () => stop.signal,
    };
    const credentials = {
      renewal: () =>
        now < hour ? null : { dueAt: renewalDueAt(takenAt, 24 * hour), lifeMs: 24 * hour },
      renew() {
        if (failures-- > 0) return Promise.reject(new Failure("unavailable", "Cannot renew"));
        renewedAt.push(now);
        takenAt = now;
        return Promise.resolve();
      },
    } as unknown as MachineCredentials;
    await keepCredentials({ credentials, clock, say: (text) => said.push(text) }, stop.signal);
    assert.deepEqual(said, ["Cannot renew", "Cannot renew"]);
    assert.equal(renewedAt.length, 3);
    const [first = 0, second = 0] = renewedAt;
    assert.ok(first > 14 * hour && first < 15 * hour, `after two pauses, at ${first}`);
    assert.ok(
      second - first >= 12 * hour && second - first < 12.1 * hour,
      `at half time, ${second}`,
    );
  });

  it("ends the agent after five refusals in a row, and after nothing else", async () => {
    const { signal } = new AbortController();
    const answers: (Failure | null)[] = [];
    const link = {
      connect() {
        const answer = answers.shift() ?? null;
        return answer === null
          ? Promise.resolve({} as ControllerConnection)
          : Promise.reject(answer);
      },
    } as unknown as ControllerLink;
    const ends: string[] = [];
    const watched = endingWhenRefused(link, (reason) => ends.push(reason));
    const meet = async (...given: (Failure | null)[]): Promise<void> => {
      answers.push(...given);
      for (const answer of given) {
        const call = watched.connect(() => undefined, signal);
        if (answer === null) await call;
        else await assert.rejects(call, answer);
      }
    };
    const no = new Failure("rejected", "Cannot join: the token has expired");
    const away = new Failure("unavailable", "Cannot reach the controller");
    await meet(no, no, no, no, null, no, no, no, no, away, no, no, no, no);
    assert.deepEqual(ends, []);
    await meet(no);
    assert.deepEqual(ends, [no.message]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { applyChanges, emptyInventory } from "../changes.ts";
import type { InventoryState, MachineRecord, RevisionRecord } from "../inventory.ts";
import { judgeAdmission, mayFetch } from "./admission.ts";
import { countFailure, isFull } from "./failure-limit.ts";
import type { TryBucket } from "./failure-limit.ts";
import { objectionToJoin } from "./join.ts";
import { identityUri, parseIdentity } from "./machine-identity.ts";
import type { CertificateRecord, InvitationRecord } from "./records.ts";
import { accessRoles, includesRole } from "./roles.ts";

const machine = (name: string, role: string, state: MachineRecord["state"] = "running") =>
  ({ name, role, state }) as MachineRecord;

describe("joining", () => {
  const invitation: InvitationRecord = {
    hash: "h",
    machine: "web-1",
    role: "web",
    expiresAt: 1_000,
    key: null,
  };
  const wish = { machine: "web-1", role: "web", key: "k1" };
  const judge = (change: object, by: object = {}, record = machine("web-1", "web"), now = 999) =>
    objectionToJoin({ ...invitation, ...change }, { ...wish, ...by }, record, now);

  it("lets in the machine that was meant, and its key again when the answer was lost", () => {
    assert.equal(judge({}), null);
    assert.equal(judge({ key: "k1" }), null);
  });

  it("refuses every other, and says why", () => {
    assert.equal(objectionToJoin(null, wish, machine("web-1", "web"), 0), "the token is not known");
    assert.equal(judge({ key: "k2" }), "the token was used by another key");
    assert.equal(judge({}, { machine: "web-2" }), "the token is another machine's");
    assert.equal(judge({}, { role: "balancer" }), "the token is for a web");
    assert.equal(judge({}, {}, machine("web-1", "web"), 1_000), "the token has expired");
    assert.equal(objectionToJoin(invitation, wish, undefined, 0), "no machine web-1 is on record");
    assert.equal(judge({}, {}, machine("web-1", "api")), "web-1 is on record as a api");
    assert.equal(
      judge({}, {}, machine("web-1", "web", "terminating")),
      "web-1 is being given back",
    );
  });
});

describe("admission by a certificate", () => {
  const revision = (id: string, role: string, release: string) =>
    ({ id, role, release }) as RevisionRecord;
  const state: InventoryState = applyChanges(emptyInventory("key"), [
    { kind: "machine", machine: machine("web-1", "web") },
    { kind: "machine", machine: machine("api-1", "api") },
    { kind: "revision", revision: revision("r1", "web", "aaa") },
    { kind: "revision", revision: revision("r2", "api", "bbb") },
  ]);
  const record: CertificateRecord = {
    serial: "01",
    machine: "web-1",
    role: "web",
    key: "k",
    issuedAt: 0,
    expiresAt: 100,
    revokedAt: null,
  };
  const shown = { uri: "tidemill://shop/web-1", serial: "01" };
  const judge = (change: object, change2: object = {}, now = 50) =>
    judgeAdmission(
      { ...shown, ...change },
      { ...record, ...change2 },
      { site: "shop", state, now },
    );
  const reasonOf = (...given: Parameters<typeof judge>) => {
    const judged = judge(...given);
    return judged.kind === "refused" ? judged.reason : judged.machine;
  };

  it("is for the machine on record, with the certificate on record, and nobody else", () => {
    assert.equal(reasonOf({}), "web-1");
    assert.equal(reasonOf({ uri: "tidemill://other/web-1" }), "the certificate is another site's");
    assert.equal(reasonOf({ uri: "https://shop/web-1" }), "the certificate names no machine");
    assert.equal(reasonOf({ uri: "tidemill://shop/api-1" }), "the certificate is on no record");
    assert.equal(reasonOf({}, { revokedAt: 1 }), "the certificate was revoked");
    assert.equal(reasonOf({}, {}, 100), "the certificate has expired");
    assert.equal(reasonOf({}, { role: "balancer" }), "web-1 is on record as a web");
    const gone = { uri: "tidemill://shop/web-9" };
    assert.equal(reasonOf(gone, { machine: "web-9" }), "no machine web-9 is on record");
    assert.equal(
      judgeAdmission(shown, null, { site: "shop", state, now: 0 }).kind,
      "refused",
      "a certificate on no record",
    );
  });

  it("opens the releases of the machine's own role only", () => {
    assert.ok(mayFetch(state, "web-1", "aaa"));
    assert.ok(!mayFetch(state, "web-1", "bbb"));
    assert.ok(!mayFetch(state, "web-9", "aaa"));
    assert.ok(!mayFetch(state, "web-1", "ccc"));
  });

  it("reads back the names it writes, and no others", () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
    fc.assert(
      fc.property(name, name, (site, machine) => {
        assert.deepEqual(parseIdentity(identityUri({ site, machine })), { site, machine });
      }),
      { numRuns: 50 },
    );
    for (const bad of ["tidemill://a", "tidemill://a/b/c", "tidemill://a/B", " tidemill://a/b"]) {
      assert.equal(parseIdentity(bad), null, bad);
    }
  });
});

describe("the limit of failed authentications", () => {
  it("counts ten at once, then one every six seconds, whatever the order", () => {
    let bucket: TryBucket | null = null;
    const take = (now: number) => {
      const judged = countFailure(bucket, now);
      bucket = judged.bucket;
      return judged;
    };
    for (let turn = 0; turn < 10; turn++) assert.equal(take(1_000).kind, "counted");
    assert.deepEqual(take(1_000), {
      kind: "limited",
      bucket: { tries: 0, at: 1_000 },
      retryAfterMs: 6_000,
    });
    assert.equal(take(6_999).kind, "limited");
    assert.equal(take(7_000).kind, "counted");
  });

  it("never lets more through than ten and one per six seconds", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { maxLength: 60 }), (pauses) => {
        let [bucket, now, counted]: [TryBucket | null, number, number] = [null, 0, 0];
        for (const pause of pauses) {
          now += pause;
          const judged = countFailure(bucket, now);
          bucket = judged.bucket;
          if (judged.kind === "counted") counted++;
          else assert.equal(countFailure(bucket, now + judged.retryAfterMs).kind, "counted");
          assert.ok(bucket.tries >= 0 && bucket.tries <= 10);
        }
        assert.ok(counted <= 10 + now / 6_000);
        if (bucket !== null) assert.ok(isFull(bucket, now + 60_000));
      }),
      { numRuns: 100 },
    );
  });
});

describe("roles of tokens", () => {
  it("include each the ones before", () => {
    for (const [has, role] of accessRoles.entries()) {
      for (const [needs, other] of accessRoles.entries()) {
        assert.equal(includesRole(role, other), has >= needs);
      }
    }
  });
});

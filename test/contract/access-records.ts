import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { CertificateRecord, InvitationRecord } from "../../src/core/access/records.ts";
import type { AccessRecords, OpenInventory } from "../../src/ports/access-records.ts";

/** What every keeper of access records must do; each action is done twice. `open` begins a new term of the same one. */
export function describeAccessRecords(name: string, open: () => Promise<OpenInventory>): void {
  describe(`${name} as records of access`, () => {
    let inventory: OpenInventory;
    let records: AccessRecords;
    before(async () => {
      inventory = await open();
      records = inventory.access;
    });
    after(() => inventory.close());

    const invitation = (hash: string, machine: string): InvitationRecord => ({
      hash,
      machine,
      role: "web",
      expiresAt: 1_800_000_100_000,
      key: null,
    });
    const certificate = (serial: string, machine: string, key: string): CertificateRecord => ({
      serial,
      machine,
      role: "web",
      key,
      issuedAt: 1_800_000_000_000,
      expiresAt: 1_800_000_100_000,
      revokedAt: null,
    });
    const revokedAt = async (serial: string) => (await records.certificate(serial))?.revokedAt;

    it("keep the authority that came first, whoever comes later", async () => {
      assert.equal(await records.authority(), null);
      const first = { certificate: "c1", sealedKey: "k1", createdAt: 1_800_000_000_000 };
      const second = { certificate: "c2", sealedKey: "k2", createdAt: 1_800_000_000_001 };
      const kept = await Promise.all([first, second].map((it) => records.keepAuthority(it)));
      assert.deepEqual(kept[0], kept[1]);
      assert.deepEqual(await records.keepAuthority(second), kept[0]);
      assert.deepEqual(await records.authority(), kept[0]);
    });

    it("bind a token to one key, however many come at once, and the machine's other tokens with it", async () => {
      await records.addInvitation(invitation("a", "web-1"), 1);
      await records.addInvitation(invitation("b", "web-1"), 1);
      await records.addInvitation(invitation("c", "web-2"), 1);
      const keys = ["k1", "k2", "k3"];
      const bound = await Promise.all(keys.map((key) => records.bindInvitation("a", key)));
      assert.equal(new Set(bound).size, 1);
      const [winner = ""] = bound;
      assert.ok(keys.includes(winner ?? ""));
      assert.equal(await records.bindInvitation("a", "k9"), winner);
      assert.equal(await records.bindInvitation("b", "k9"), winner);
      assert.equal((await records.invitation("c"))?.key, null, "another machine's");
      assert.equal(await records.bindInvitation("none", "k9"), null);
    });

    it("leave a later token alone when a used one comes again with another key", async () => {
      await records.addInvitation(invitation("d", "web-3"), 1);
      assert.equal(await records.bindInvitation("d", "k1"), "k1");
      await records.addInvitation(invitation("e", "web-3"), 1);
      assert.equal(await records.bindInvitation("d", "k2"), "k1");
      assert.equal((await records.invitation("e"))?.key, null);
      assert.equal(await records.bindInvitation("e", "k2"), "k2");
    });

    it("forget tokens that have expired", async () => {
      await records.addInvitation({ ...invitation("old", "web-4"), expiresAt: 5 }, 1);
      assert.notEqual(await records.invitation("old"), null);
      await records.addInvitation(invitation("new", "web-4"), 5);
      assert.equal(await records.invitation("old"), null);
      assert.notEqual(await records.invitation("new"), null);
    });

    it("revoke what other keys of the machine hold, and everything of a machine that is gone", async () => {
      await records.addCertificate(certificate("01", "web-5", "k1"));
      await records.addCertificate(certificate("02", "web-5", "k1"));
      await records.addCertificate(certificate("03", "web-6", "k1"));
      assert.equal(await revokedAt("01"), null, "the same key's");
      await records.addInvitation(invitation("g", "web-5"), 1);
      assert.equal(await records.bindInvitation("g", "k1"), "k1");
      await records.addInvitation(invitation("h", "web-5"), 1);
      await records.addCertificate(certificate("04", "web-5", "k2"));
      assert.equal(await records.invitation("g"), null, "the token the former key has used");
      assert.equal((await records.invitation("h"))?.key, null, "one that nobody has used");
      assert.notEqual(await revokedAt("01"), null);
      assert.notEqual(await revokedAt("02"), null);
      assert.deepEqual(await records.certificate("04"), certificate("04", "web-5", "k2"));
      await records.addInvitation(invitation("f", "web-5"), 1);
      for (const now of [7, 8]) await records.revokeMachine("web-5", now);
      assert.equal(await revokedAt("04"), 7);
      assert.equal(await records.invitation("f"), null);
      assert.equal(await revokedAt("03"), null, "another machine's");
      assert.equal(await records.certificate("99"), null);
    });

    it("give a token's name again only when nobody holds it", async () => {
      const token = {
        name: "ci",
        role: "deploy",
        hash: "h1",
        createdBy: "ada",
        createdAt: 10,
        expiresAt: 20,
        revokedAt: null,
      } as const;
      assert.equal(await records.addApiToken(token), true);
      assert.equal(await records.addApiToken({ ...token, hash: "h2", createdAt: 19 }), false);
      assert.deepEqual(await records.apiToken("h1"), token);
      assert.equal(await records.addApiToken({ ...token, hash: "h3", createdAt: 20 }), true);
      assert.equal(await records.apiToken("h1"), null);
      assert.equal(await records.revokeApiToken("ci", 30), true);
      assert.equal(await records.revokeApiToken("ci", 31), false);
      assert.equal(await records.revokeApiToken("none", 31), false);
      assert.equal((await records.apiTokens())[0]?.revokedAt, 30);
      const last = { ...token, hash: "h4", createdAt: 40, expiresAt: null };
      assert.equal(await records.addApiToken(last), true);
      assert.deepEqual(await records.apiTokens(), [last]);
    });

    it("take nothing from a controller that leads no more, but what was tried there", async () => {
      const former = records;
      const token = {
        name: "late",
        role: "admin",
        hash: "late",
        createdBy: "ada",
        createdAt: 50,
        expiresAt: null,
        revokedAt: null,
      } as const;
      const kept = { ...token, name: "kept", hash: "kept" };
      await former.addApiToken(kept);
      await former.addInvitation(invitation("waiting", "web-7"), 1);
      await former.addCertificate(certificate("07", "web-7", "k1"));
      const successor = await open();
      const late: readonly (() => Promise<unknown>)[] = [
        () => former.keepAuthority({ certificate: "c9", sealedKey: "k9", createdAt: 1 }),
        () => former.addInvitation(invitation("late", "web-8"), 1_900_000_000_000),
        () => former.bindInvitation("waiting", "k9"),
        () => former.addCertificate(certificate("08", "web-7", "k2")),
        () => former.revokeMachine("web-7", 9),
        () => former.addApiToken(token),
        () => former.revokeApiToken("kept", 51),
      ];
      for (const write of [...late, ...late]) {
        await assert.rejects(write, { name: "Failure", code: "rejected" });
      }
      assert.equal(await successor.access.invitation("late"), null);
      assert.equal((await successor.access.invitation("waiting"))?.key, null);
      assert.equal(await successor.access.certificate("08"), null);
      assert.equal(await revokedAt("07"), null);
      assert.equal(await successor.access.apiToken("late"), null);
      assert.deepEqual(await successor.access.apiToken("kept"), kept);
      const entry = { at: 1, who: "ada", address: "::1", what: "token create" };
      await former.addAudit({ ...entry, outcome: "refused" });
      const [told] = await successor.access.audit({ after: 0, limit: 1 });
      assert.equal(told?.outcome, "refused");
      await inventory.close();
      inventory = successor;
      records = successor.access;
    });

    it("tell who did what, newest first and after a number", async () => {
      const entry = { at: 1_800_000_000_000, who: "ada", address: "::1", what: "x" };
      for (const outcome of ["a", "b", "c"]) await records.addAudit({ ...entry, outcome });
      const all = await records.audit({ after: 0, limit: 2 });
      assert.deepEqual(
        all.map((it) => it.outcome),
        ["c", "b"],
      );
      assert.deepEqual(all[0], { ...entry, outcome: "c", number: all[0]?.number });
      const later = await records.audit({ after: all[1]?.number ?? 0, limit: 9 });
      assert.deepEqual(
        later.map((it) => it.outcome),
        ["c"],
      );
    });
  });
}

import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import type { AccessRecords } from "../../ports/access-records.ts";
import type { AuthorityRecord, CertificateOrder } from "../../ports/authority.ts";
import { Failure } from "../../ports/failure.ts";
import type { Seal } from "../../ports/seal.ts";
import { openAuthority } from "./authority.ts";

const now = 1_800_000_000_000;

function keeper(): AccessRecords & { kept: AuthorityRecord | null } {
  const records = {
    kept: null as AuthorityRecord | null,
    authority: () => Promise.resolve(records.kept),
    keepAuthority: (record: AuthorityRecord) => Promise.resolve((records.kept ??= record)),
  };
  return records as unknown as AccessRecords & { kept: AuthorityRecord | null };
}

/** Sealed for one owner: another cannot open it. */
const sealOf = (owner: string): Seal => ({
  seal: (plain) => `${owner}:${Buffer.from(plain).toString("base64")}`,
  open(sealed) {
    const [by, body = ""] = sealed.split(":");
    if (by !== owner) throw new Failure("rejected", "Cannot open the sealed text: another's");
    return Buffer.from(body, "base64").toString();
  },
  fingerprint: (plain) => plain,
});

const publicKey = (curve: string): string =>
  generateKeyPairSync("ec", { namedCurve: curve }).publicKey.export({
    format: "pem",
    type: "spki",
  });

const machine: CertificateOrder = {
  subject: { kind: "machine", site: "shop", machine: "web-1", role: "web" },
  publicKey: publicKey("P-256"),
  from: now,
  until: now + 86_400_000,
};

describe("the authority", () => {
  const open = (records: AccessRecords, seal = sealOf("us")) =>
    openAuthority({ records, seal, site: "shop", now });

  it("is the same for every controller with the records and the seal, and for nobody else", async () => {
    const records = keeper();
    const [one, other] = await Promise.all([open(records), open(records)]);
    assert.equal(one.certificate, other.certificate);
    const later = await open(records);
    const root = new X509Certificate(one.certificate);
    for (const authority of [one, other, later]) {
      const { pem } = await authority.issue(machine);
      const leaf = new X509Certificate(pem);
      assert.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey));
    }
    assert.ok(!JSON.stringify(records.kept).includes("PRIVATE KEY"));
    await assert.rejects(open(records, sealOf("them")), { code: "rejected" });
    assert.notEqual((await open(keeper())).certificate, one.certificate);
  });

  it("names a machine as a client, a controller as a server, and no other authority", async () => {
    const authority = await open(keeper());
    assert.equal(new X509Certificate(authority.certificate).ca, true);
    const { pem, serial } = await authority.issue(machine);
    const leaf = new X509Certificate(pem);
    assert.equal(leaf.ca, false);
    assert.equal(leaf.subjectAltName, "URI:tidemill://shop/web-1");
    assert.equal(leaf.subject, "OU=web\nCN=web-1");
    assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
    assert.equal(leaf.serialNumber.toLowerCase(), serial);
    assert.equal(Date.parse(leaf.validTo), machine.until);
    assert.ok(Date.parse(leaf.validFrom) < machine.from, "for clocks that are behind");
    const names = ["controller.tidemill.internal", "10.0.0.5", "fd00::5"];
    const order = { ...machine, subject: { kind: "server", names } as const };
    const server = new X509Certificate((await authority.issue(order)).pem);
    assert.deepEqual(server.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.equal(server.checkHost(names[0] ?? ""), names[0]);
    assert.equal(server.checkIP("10.0.0.5"), "10.0.0.5");
    assert.equal(server.checkIP("fd00::5"), "fd00::5");
    assert.equal(server.checkHost("web-1"), undefined);
  });

  it("gives no serial number twice", async () => {
    const authority = await open(keeper());
    const orders = Array.from({ length: 20 }, () => authority.issue(machine));
    const serials = (await Promise.all(orders)).map(({ serial }) => serial);
    assert.equal(new Set(serials).size, 20);
    assert.ok(serials.every((serial) => /^[4-7][0-9a-f]{31}$/.test(serial)));
  });

  it("certifies P-256 keys only", async () => {
    const authority = await open(keeper());
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
    const bad = [publicKey("P-384"), rsa.export({ format: "pem", type: "spki" }), "no key", ""];
    for (const key of bad) {
      await assert.rejects(authority.issue({ ...machine, publicKey: key }), { code: "rejected" });
    }
  });
});

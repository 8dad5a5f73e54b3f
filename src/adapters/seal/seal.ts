import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { link, open, readFile, unlink } from "node:fs/promises";
import { Failure } from "../../ports/failure.ts";
import type { Seal } from "../../ports/seal.ts";

const version = "v1";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** 64 bits tell equal values apart and are too few to guess the value from. */
const fingerprintLength = 16;

/** Seals with AES-256-GCM by the key in the file; the file is made, with mode 0600, where there is none. */
export async function createSeal(keyPath: string): Promise<Seal> {
  const key = (await readKey(keyPath)) ?? (await makeKey(keyPath));
  // Two purposes never share a key.
  const sealKey = deriveKey(key, "seal");
  const fingerprintKey = deriveKey(key, "fingerprint");
  return {
    seal(plain) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", sealKey, nonce);
      const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      const bytes = Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
      return `${version}.${bytes.toString("base64url")}`;
    },
    open(sealed) {
      try {
        return decrypt(sealKey, sealed);
      } catch (cause) {
        throw new Failure("rejected", "Cannot open the sealed text: not sealed with this key", {
          cause,
        });
      }
    },
    fingerprint(plain) {
      const digest = createHmac("sha256", fingerprintKey).update(plain, "utf8").digest("hex");
      return digest.slice(0, fingerprintLength);
    },
  };
}

function decrypt(key: Buffer, sealed: string): string {
  const [named, body = ""] = sealed.split(".", 2);
  if (named !== version) throw new Error(`unknown version ${JSON.stringify(named)}`);
  const bytes = Buffer.from(body, "base64url");
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  const plain = decipher.update(bytes.subarray(nonceBytes + tagBytes));
  return Buffer.concat([plain, decipher.final()]).toString("utf8");
}

function deriveKey(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", key, "", `tidemill ${purpose}`, keyBytes));
}

async function readKey(keyPath: string): Promise<Buffer | null> {
  const text = await readFile(keyPath, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw new Failure("unavailable", `Cannot read the key ${keyPath}: ${cause.message}`, { cause });
  });
  if (text === null) return null;
  const key = Buffer.from(text.trim(), "hex");
  if (key.length === keyBytes) return key;
  throw new Failure(
    "rejected",
    `Cannot use the key ${keyPath}: it is not ${keyBytes} bytes in hex`,
  );
}

/** Written aside and linked into place: of two starters one wins, and both end up with the winner's key. */
async function makeKey(keyPath: string): Promise<Buffer> {
  const aside = `${keyPath}.${process.pid}-${randomBytes(6).toString("hex")}`;
  try {
    const file = await open(aside, "wx", 0o600);
    try {
      await file.writeFile(`${randomBytes(keyBytes).toString("hex")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(aside, keyPath).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EEXIST") throw cause;
    });
    await unlink(aside);
  } catch (cause) {
    const said = (cause as Error).message;
    throw new Failure("unavailable", `Cannot make the key ${keyPath}: ${said}`, { cause });
  }
  const key = await readKey(keyPath);
  if (key !== null) return key;
  throw new Failure("unavailable", `Cannot make the key ${keyPath}: it was removed at once`);
}

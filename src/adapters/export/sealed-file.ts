import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import type { CipherGCM } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Failure } from "../../ports/failure.ts";

const MAGIC = "tidemill-export";
const HEADER_BYTES_MAX = 1_024;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** A guess costs 128 MiB and some tenths of a second. */
const hardness = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 2 ** 20 };

interface Header {
  readonly format: 1;
  /** Null: the content is readable by whoever has the file. */
  readonly encryption: { readonly salt: string; readonly nonce: string } | null;
}

/** Writes the content into a file of mode 0600, encrypted where there is a passphrase; the whole file or none. */
export async function writeSealedFile(
  path: string,
  content: Readable,
  passphrase: string | null,
): Promise<void> {
  const draft = `${path}.new`;
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const encryption =
    passphrase === null ? null : { salt: salt.toString("hex"), nonce: nonce.toString("hex") };
  const header = Buffer.from(`${MAGIC} ${JSON.stringify({ format: 1, encryption })}\n`);
  try {
    const output = createWriteStream(draft, { mode: 0o600, flags: "wx" });
    output.write(header);
    if (passphrase === null) await pipeline(content, output);
    else {
      const cipher = createCipheriv("aes-256-gcm", keyFrom(passphrase, salt), nonce);
      cipher.setAAD(header);
      await pipeline(content, cipher, (bytes) => withTag(bytes, cipher), output);
    }
    await sync(draft);
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw failureOf("write", path, cause);
  }
}

/**
 * Reads the content back. What it has handed out is to be believed only when it resolves: then it is whole, and
 * as it was written. Throws `Failure`: `rejected` another passphrase, damaged, or no export.
 */
export async function readSealedFile(
  path: string,
  passphrase: string | null,
  content: Writable,
): Promise<void> {
  try {
    const { header, bytes, length } = await readHeader(path);
    if (header.encryption === null) {
      await pipeline(createReadStream(path, { start: bytes.length }), content);
      return;
    }
    if (passphrase === null)
      throw new Failure("rejected", "it is encrypted: a passphrase is needed");
    const { salt, nonce } = header.encryption;
    const key = keyFrom(passphrase, Buffer.from(salt, "hex"));
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "hex"), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(bytes);
    decipher.setAuthTag(await readAt(path, length - TAG_BYTES, TAG_BYTES));
    const sealed = createReadStream(path, { start: bytes.length, end: length - TAG_BYTES - 1 });
    await pipeline(sealed, decipher, content);
  } catch (cause) {
    throw failureOf("read", path, cause);
  }
}

async function* withTag(bytes: AsyncIterable<Buffer>, cipher: CipherGCM): AsyncGenerator<Buffer> {
  yield* bytes;
  yield cipher.getAuthTag();
}

async function readHeader(
  path: string,
): Promise<{ readonly header: Header; readonly bytes: Buffer; readonly length: number }> {
  const { size: length } = await stat(path);
  const start = await readAt(path, 0, Math.min(HEADER_BYTES_MAX, length));
  const end = start.indexOf("\n") + 1;
  const bytes = start.subarray(0, end);
  const text = bytes.toString();
  if (!text.startsWith(`${MAGIC} `)) throw new Failure("rejected", "it is no export of a site");
  const header = JSON.parse(text.slice(MAGIC.length)) as Header;
  if (header.format !== 1) throw new Failure("rejected", "a newer version has written it");
  return { header, bytes, length };
}

async function readAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function keyFrom(passphrase: string, salt: Buffer): Buffer {
  return scryptSync(passphrase.normalize("NFKC"), salt, KEY_BYTES, hardness);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A wrong passphrase and a damaged file look the same, and break whatever reads the content first. */
function failureOf(verb: string, path: string, cause: unknown): Failure {
  const error = cause as NodeJS.ErrnoException;
  if (cause instanceof Failure || typeof error.code !== "string" || !/^E[A-Z]+$/.test(error.code)) {
    const said = cause instanceof Failure ? cause.message : "another passphrase, or it is damaged";
    return new Failure("rejected", `Cannot ${verb} ${path}: ${said}`, { cause });
  }
  const code = error.code === "ENOENT" ? "not_found" : "unavailable";
  return new Failure(code, `Cannot ${verb} ${path}: ${error.message}`, { cause });
}

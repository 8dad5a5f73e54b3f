import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  X509Certificate,
} from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { text as bodyOf } from "node:stream/consumers";
import { join } from "node:path";
import { renewalDueAt } from "../../core/access/renewal.ts";
import { isMisfit, number, record, text } from "../../core/received/shape.ts";
import type { Shape } from "../../core/received/shape.ts";
import type { Clock } from "../../ports/clock.ts";
import { Failure } from "../../ports/failure.ts";
import type { MachineCredentials, ShownCredentials } from "../../ports/machine-credentials.ts";
import { CONTROLLER_NAME, joinText } from "../../ports/registrar.ts";
import type { ControllerTarget } from "./agent-link.ts";

const answerMs = 10_000;

export interface CredentialsOptions {
  /** Where the key and the certificate are kept. */
  readonly directory: string;
  readonly machine: string;
  readonly role: string;
  readonly clock: Clock;
  readTarget(): Promise<ControllerTarget>;
}

/** Content of `identity.json`. */
interface Certificate {
  readonly certificate: string;
  /** Fingerprint of the authority that made it: another one knows nothing of it. */
  readonly authority: string;
  readonly takenAt: number;
  readonly lifeMs: number;
}

/** The machine's key, made here and never sent, and the certificate that the controller gives for it. */
export function createCredentials(options: CredentialsOptions): MachineCredentials {
  const { directory, clock } = options;
  const key = keyIn(directory);
  const path = join(directory, "identity.json");
  let held = readCertificate(path, key);
  let joining: Promise<Certificate> | null = null;
  const keep = (certificate: Certificate): Certificate => {
    writeAside(path, JSON.stringify(certificate));
    held = certificate;
    return certificate;
  };
  const take = async (target: ControllerTarget, signal: AbortSignal): Promise<Certificate> => {
    const ask = joinAsk(options, key, target.token);
    const answer = await post(target, { path: "/v1/join", body: ask, shown: null }, signal);
    return keep(certificateFrom(answer, target, clock.now()));
  };
  return {
    async show(signal) {
      const target = await options.readTarget();
      const isOurs = held?.authority === fingerprintOf(target.authority);
      const isLive = held !== null && clock.now() < held.takenAt + held.lifeMs;
      if (held !== null && isOurs && isLive) return { key, certificate: held.certificate };
      // Several may want to show it at once; one asks.
      joining ??= take(target, signal).finally(() => (joining = null));
      return { key, certificate: (await joining).certificate };
    },
    async renew(signal) {
      const target = await options.readTarget();
      if (held === null) return;
      const shown = { key, certificate: held.certificate };
      const answer = await post(target, { path: "/v1/renew", body: {}, shown }, signal);
      keep(certificateFrom(answer, target, clock.now()));
    },
    discard() {
      held = null;
    },
    renewal: () =>
      held === null
        ? null
        : { dueAt: renewalDueAt(held.takenAt, held.lifeMs), lifeMs: held.lifeMs },
  };
}

/** PEM of the key in the directory, made where there is none. */
function keyIn(directory: string): string {
  const path = join(directory, "identity.key");
  const known = readOrNull(path);
  if (known !== null && isKey(known)) return known;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  writeAside(path, pem);
  return pem;
}

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "ec";
  } catch {
    // Half written by a computer that lost its power: another key joins by the next token.
    return false;
  }
}

function joinAsk(options: CredentialsOptions, key: string, token: string): object {
  const { machine, role } = options;
  const publicKey = createPublicKey(key).export({ format: "pem", type: "spki" });
  const signature = sign("sha256", Buffer.from(joinText(machine, token)), key).toString("base64");
  return { machine, role, token, publicKey, signature };
}

function certificateFrom(answer: unknown, target: ControllerTarget, now: number): Certificate {
  const { certificate, lifeMs } = (answer ?? {}) as Partial<Certificate>;
  if (typeof certificate !== "string" || typeof lifeMs !== "number") {
    throw new Failure("unavailable", "Cannot take the certificate: the answer holds none");
  }
  return { certificate, lifeMs, takenAt: now, authority: fingerprintOf(target.authority) };
}

/** Whom to trust and how to be known, for every connection to the controller. */
export function tlsOptions(target: ControllerTarget, shown: ShownCredentials | null) {
  return {
    ca: target.authority,
    servername: CONTROLLER_NAME,
    minVersion: "TLSv1.3" as const,
    ...(shown === null ? {} : { key: shown.key, cert: shown.certificate }),
  };
}

interface Post {
  readonly path: string;
  readonly body: object;
  readonly shown: ShownCredentials | null;
}

async function post(target: ControllerTarget, order: Post, signal: AbortSignal): Promise<unknown> {
  const url = new URL(order.path, target.url.replace(/^ws/, "http"));
  const what = order.path === "/v1/join" ? "join" : "renew the certificate";
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const asked = request(url, {
    method: "POST",
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    headers: { "content-type": "application/json" },
    ...tlsOptions(target, order.shown),
  });
  asked.once("error", reject);
  asked.once("response", (response) => {
    bodyOf(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  asked.end(JSON.stringify(order.body));
  const { status, body } = await promise.catch((cause: Error) => {
    const code = signal.aborted ? "aborted" : "unavailable";
    throw new Failure(code, `Cannot ${what} at ${target.url}: ${cause.message}`, { cause });
  });
  if (status === 200) return parse(body);
  // 429 as well: only what is refused is ever limited.
  const code = [401, 403, 429].includes(status) ? "rejected" : "unavailable";
  throw new Failure(code, `Cannot ${what} at ${target.url}: ${reasonIn(body) ?? status}`);
}

/** The controller's own words in a refusal. */
export function reasonIn(body: string): string | null {
  const { error } = (parse(body) ?? {}) as { readonly error?: unknown };
  return typeof error === "string" ? error : null;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function fingerprintOf(pem: string): string {
  return createHash("sha256").update(pem).digest("hex");
}

/** Null as well for one of a key that was lost: nobody could show it. */
function readCertificate(path: string, key: string): Certificate | null {
  const stored = certificateShape(parse(readOrNull(path) ?? ""));
  if (isMisfit(stored)) return null;
  try {
    const isOurs = new X509Certificate(stored.certificate).checkPrivateKey(createPrivateKey(key));
    return isOurs ? stored : null;
  } catch {
    // No certificate: another is taken.
    return null;
  }
}

const instant = number(0, Number.MAX_SAFE_INTEGER);
const certificateShape: Shape<Certificate> = record({
  certificate: text(100_000),
  authority: text(1_000),
  takenAt: instant,
  lifeMs: instant,
});

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function writeAside(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

import type { Balance, SecretReference } from "../core/desired.ts";
import { isMapping, type Shorthand } from "./field.ts";
import { count, oneOf, percentage, right, text, wrong, type Form } from "./form.ts";

/** No role has more machines. */
const machinesMax = 10_000;

/** Names of sites and roles. */
export const nameForm: Form<string> = text(
  "a name of lower-case letters, digits and hyphens such as shop, at most 31 characters",
  /^[a-z][a-z0-9-]{0,30}$/,
);

/** A shell command line. */
export const commandForm: Form<string> = text(
  "a command such as node server.js",
  // The command ends up in files and arguments of other programs, where a NUL would end it early.
  // oxlint-disable-next-line no-control-regex
  /^(?=[^]*\S)[^\0]*$/,
  { type: "string" },
);

/** A directory or file. */
export const pathForm: Form<string> = text(
  "a path such as ./app",
  // oxlint-disable-next-line no-control-regex
  /^[^\0]{1,4096}$/,
  { type: "string" },
);

/** A host name, taken in lower case. */
export const hostForm: Form<string> = {
  expected: "a host name such as shop.example.com",
  json: { type: "string", format: "hostname" },
  parse: (value) => {
    const host = typeof value === "string" ? value.toLowerCase() : "";
    const isHost = host.length <= 253 && host.split(".").every((label) => hostLabel.test(label));
    return isHost ? right(host) : wrong();
  },
};
const hostLabel = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;

/** A path of a URL. It is written into the balancer's configuration, hence no space, quote or `#`. */
export const urlPathForm: Form<string> = text(
  "a path that starts with / such as /up",
  /^\/[^\s"'\\#\p{Cc}]{0,255}$/u,
);

/** `2`, or `1..10`. */
export const machinesForm: Form<{ readonly min: number; readonly max: number }> = {
  expected: "a count such as 2 or a range such as 1..10",
  json: {
    anyOf: [
      { type: "integer", minimum: 0, maximum: machinesMax },
      { type: "string", pattern: "^\\d+\\.\\.\\d+$" },
    ],
  },
  parse: (value) => {
    const match = /^(\d{1,6})(?:\.\.(\d{1,6}))?$/.exec(String(value));
    if (match === null || (typeof value !== "number" && typeof value !== "string")) return wrong();
    const min = Number(match[1]);
    const max = Number(match[2] ?? match[1]);
    if (max > machinesMax) return wrong(`at most ${machinesMax} machines`);
    if (min > max) return wrong("a range whose first number is not above its second");
    return right({ min, max });
  },
};

/** `2` machines, or `25%` of them. */
export const batchForm: Form<number> = {
  expected: "a count of machines such as 1 or a percentage such as 25%",
  json: {
    anyOf: [
      { type: "integer", minimum: 1, maximum: machinesMax },
      { type: "string", pattern: "^\\d+(\\.\\d+)?%$" },
    ],
  },
  parse: (value) => {
    const counted = count(1, machinesMax, 1).parse(value);
    if (counted.isRight) return counted;
    const share = percentage(0.1, 100, "25%").parse(value);
    // As a fraction 1 would read as one machine, so all of them are said as a count no role exceeds.
    return share.isRight && share.value === 1
      ? right(machinesMax)
      : share.isRight
        ? share
        : wrong();
  },
};

/** How requests are spread: HAProxy's own words. */
export const balanceForm: Form<Balance> = {
  expected: "one of roundrobin, leastconn, first, random, source, uri, url_param(name), hdr(name)",
  json: {
    type: "string",
    pattern:
      "^(roundrobin|leastconn|first|random|source|uri|(url_param|hdr)\\([A-Za-z0-9_-]{1,64}\\))$",
  },
  parse: (value) => {
    const word = balanceWords.parse(value);
    if (word.isRight) return word;
    const match =
      typeof value === "string" ? /^(url_param|hdr)\(([A-Za-z0-9_-]{1,64})\)$/.exec(value) : null;
    if (match === null) return wrong();
    return right<Balance>(
      match[1] === "hdr" ? `hdr(${match[2] ?? ""})` : `url_param(${match[2] ?? ""})`,
    );
  },
};
const balanceWords = oneOf(["roundrobin", "leastconn", "first", "random", "source", "uri"]);

/** `true`, `false`, or the cookie's name. */
export const stickyForm: Form<string | boolean> = {
  expected: "true, false or the name of a cookie such as server",
  json: { anyOf: [{ type: "boolean" }, { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" }] },
  parse: (value) =>
    typeof value === "boolean" || (typeof value === "string" && cookieName.test(value))
      ? right(value)
      : wrong(),
};
const cookieName = /^[A-Za-z0-9_-]{1,64}$/;

/** `127.0.0.1:8080`, `127.0.0.1`, or `8080`. */
export const bindForm: Form<{ readonly host: string; readonly port: number | null }> = {
  expected: "an IPv4 address, a port or both such as 127.0.0.1:8080",
  json: { anyOf: [{ type: "string" }, { type: "integer", minimum: 1, maximum: 65_535 }] },
  parse: (value) => {
    const match = /^(?:(\d{1,3}(?:\.\d{1,3}){3})(?::|$))?(\d{1,5})?$/.exec(String(value));
    if (match === null || value === "" || isMapping(value) || Array.isArray(value)) return wrong();
    const host = match[1] ?? "127.0.0.1";
    const port = match[2] === undefined ? null : Number(match[2]);
    const isAddress = host.split(".").every((byte) => Number(byte) <= 255);
    const isPort = port === null || (port >= 1 && port <= 65_535);
    return isAddress && isPort && !String(value).endsWith(":") ? right({ host, port }) : wrong();
  },
};

/** Name of an environment variable that is the user's to set. */
export const environmentNameForm: Form<string> = {
  expected: "the name of an environment variable such as LOG_LEVEL",
  json: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
  parse: (value) => {
    if (typeof value !== "string" || !/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(value)) return wrong();
    return value === "HOST" || value === "PORT"
      ? wrong("another name, since HOST and PORT are set for each process")
      : right(value);
  },
};

/** Any scalar, as it was written. */
export const environmentValueForm: Form<string> = {
  expected: "a text, a number or true or false",
  json: { type: ["string", "number", "boolean"] },
  parse: (value) => {
    if (typeof value !== "string" || value.includes("\0")) return wrong();
    return /\$\{(env|file):/.test(value)
      ? wrong("a plain value", "references are resolved under `secrets`: move it there")
      : right(value);
  },
};

/** `${env:NAME}` or `${file:path}`. What is written instead may be the secret itself: it is never shown. */
export const secretForm: Form<SecretReference> = {
  expected: "a reference such as ${env:NAME} or ${file:path}",
  json: { type: "string", pattern: "^\\$\\{(env|file):.+\\}$" },
  isSecret: true,
  parse: (value) => {
    const match =
      typeof value === "string" ? /^\$\{(env|file):([^}\0]{1,4096})\}$/.exec(value) : null;
    const target = match?.[2]?.trim() ?? "";
    if (match === null || target === "") return wrong();
    if (match[1] === "file") return right({ kind: "file", path: target });
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(target)
      ? right({ kind: "env", name: target })
      : wrong("${env:NAME} with the name of an environment variable");
  },
};

/** `0644`; YAML reads it as a number, so it is taken as it was written. */
export const modeForm: Form<number> = {
  expected: "file permissions such as 0644",
  json: { type: ["string", "integer"], pattern: "^0?o?[0-7]{3,4}$" },
  parse: (value) => {
    const match = typeof value === "string" ? /^0?o?([0-7]{3,4})$/.exec(value) : null;
    return match === null ? wrong() : right(Number.parseInt(match[1] ?? "", 8));
  },
};

/** A place on a machine, which must not lead out of it again. */
export const machinePathForm: Form<string> = {
  expected: "a path without .. such as config/app.ini",
  json: { type: "string" },
  parse: (value) => {
    const parsed = pathForm.parse(value);
    return parsed.isRight && !parsed.value.split("/").includes("..") && !parsed.value.endsWith("/")
      ? parsed
      : wrong();
  },
};

/** `/up`, `tcp` or `none` instead of a mapping. */
export const checkShorthand: Shorthand = {
  expected: "a path such as /up, tcp, none, or a mapping",
  json: { type: "string", pattern: "^(/.*|tcp|none)$" },
  expand: (value) => {
    if (value === "none") return { none: true };
    if (value === "tcp") return { tcp: true };
    return typeof value === "string" && value.startsWith("/") ? { path: value } : null;
  },
};

/** A number instead of a mapping. */
export const limitShorthand: Shorthand = {
  expected: "a number of requests such as 50, or a mapping",
  json: { type: "integer" },
  expand: (value) => (typeof value === "number" ? { connections: value } : null),
};

/** The HTML itself instead of `{ from: file }`. */
export const pageShorthand: Shorthand = {
  expected: "HTML, or a mapping such as { from: maintenance.html }",
  json: { type: "string" },
  expand: (value) => (typeof value === "string" ? { html: value } : null),
};

/** Only `true` makes sense. */
export const trueForm: Form<true> = {
  expected: "true",
  json: { const: true },
  parse: (value) => (value === true ? right(value) : wrong()),
};

/** The kernel deals out no less than a twentieth of its period of 20 ms. */
const coresMin = 0.05;
const coresMax = 1_024;

/** Cores of a computer: `2`, `0.5`. */
export const coresForm: Form<number> = {
  expected: `a number of cores from ${coresMin} to ${coresMax} such as 0.5`,
  json: { type: "number", minimum: coresMin, maximum: coresMax },
  parse: (value) =>
    typeof value === "number" && value >= coresMin && value <= coresMax ? right(value) : wrong(),
};

/** The number of the format. */
export const versionForm: Form<1> = {
  expected: "1",
  json: { const: 1 },
  parse: (value) => (value === 1 ? right(value) : wrong()),
};

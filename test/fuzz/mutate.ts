import type { Random } from "./random.ts";

const depthMax = 4;
const widthMax = 5;
const mutationsMax = 6;

/** What breaks programs: ends of ranges, names that objects have by birth, what terminals and shells obey. */
export const nastyTexts: readonly string[] = [
  "",
  " ",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "NaN",
  "-1",
  "1e400",
  "\0",
  "a\nb",
  "\r\n\r\n",
  "\u001b[2J\u001b]0;x\u0007",
  "\u009b31m",
  "\u202etxt.exe",
  "\ud800",
  "../../../etc/passwd",
  "/etc/passwd",
  "$(id)",
  "`id`",
  "'; drop table event; --",
  '"quoted"',
  "\\",
  "%s%n",
  "web-1",
  "127.0.0.1:22; shutdown",
  "x".repeat(5_000),
  "é".repeat(300),
  "a/".repeat(300),
];

const nastyNumbers: readonly number[] = [
  0,
  -0,
  -1,
  1,
  1.5,
  -1e9,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  8.64e15,
  8.64e15 + 1,
  1e21,
  1e308,
  5e-324,
  Number.NaN,
  Number.POSITIVE_INFINITY,
];

/** Any value that JSON or YAML may hold, and a few more. */
export function anyValue(random: Random, depth = 0): unknown {
  const kinds = depth >= depthMax ? 6 : 9;
  switch (random.below(kinds)) {
    case 0:
      return null;
    case 1:
      return random.oneIn(2);
    case 2:
      return random.pick(nastyNumbers);
    case 3:
      return random.below(100_000);
    case 4:
      return random.pick(nastyTexts);
    case 5:
      return random.bytes(random.below(20)).toString("latin1");
    case 6:
      return Array.from({ length: random.below(widthMax) }, () => anyValue(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(widthMax) }, () => [
          random.pick(nastyTexts),
          anyValue(random, depth + 1),
        ]),
      );
  }
}

/** A copy with some of its parts changed, left out, doubled or added. */
export function mutateValue(value: unknown, random: Random): unknown {
  let changed = structuredClone(value);
  const mutations = 1 + random.below(mutationsMax);
  for (let turn = 0; turn < mutations; turn++) changed = mutateOnce(changed, random);
  return changed;
}

/** A copy with one part changed. */
export function mutateOnce(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.oneIn(12))
    return otherThan(value, random);
  if (Array.isArray(value)) return mutateList(value, random);
  const keys = Object.keys(value);
  const read = value as Record<string, unknown>;
  if (keys.length === 0 || random.oneIn(10))
    return { ...value, [random.pick(nastyTexts)]: anyValue(random) };
  const key = random.pick(keys);
  if (random.oneIn(10)) {
    const { [key]: _left, ...rest } = read;
    return rest;
  }
  return { ...read, [key]: mutateOnce(read[key], random) };
}

function mutateList(items: readonly unknown[], random: Random): unknown {
  const at = random.below(items.length);
  switch (random.below(6)) {
    case 0:
      return items.toSpliced(at, 1);
    case 1:
      return [...items, anyValue(random)];
    case 2:
      return items.length < 200 ? [...items, ...items] : items;
    default:
      return items.length === 0
        ? [anyValue(random)]
        : items.with(at, mutateOnce(items[at], random));
  }
}

/** Often of the same type: what is of another type is refused too early to break anything. */
function otherThan(value: unknown, random: Random): unknown {
  if (random.oneIn(3)) return anyValue(random);
  if (typeof value === "number")
    return random.oneIn(2) ? value + 1 - random.below(3) : random.pick(nastyNumbers);
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string") return anyValue(random);
  if (random.oneIn(2)) return random.pick(nastyTexts);
  const at = random.below(value.length + 1);
  return value.slice(0, at) + random.pick(nastyTexts) + value.slice(at + random.below(3));
}

/** A copy with bytes changed, left out, doubled, cut off or put in. */
export function mutateBytes(
  bytes: Buffer,
  random: Random,
  words: readonly string[] = nastyTexts,
): Buffer {
  let changed = Buffer.from(bytes);
  const mutations = 1 + random.below(mutationsMax);
  for (let turn = 0; turn < mutations; turn++) changed = mutateBytesOnce(changed, random, words);
  return changed;
}

function mutateBytesOnce(
  bytes: Buffer,
  random: Random,
  words: readonly string[],
): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(64, bytes.length - at + 1));
  const [before, cut, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ];
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([before, after]);
    case 1:
      return Buffer.concat([before, cut, cut, after]);
    case 2:
      return Buffer.concat([before, random.bytes(length), after]);
    case 3:
      return Buffer.from(before);
    case 4:
    case 5:
      return Buffer.concat([before, Buffer.from(random.pick(words)), after]);
    default: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
      return copy;
    }
  }
}

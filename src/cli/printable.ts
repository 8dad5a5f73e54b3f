import { stripVTControlCharacters } from "node:util";

/** What terminals obey, C1 codes included, and what makes text read otherwise than it is written. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const breaks = /[\n\r\u0085\u2028\u2029]+/g;
/** JSON leaves these as they are. */
// oxlint-disable-next-line no-control-regex
const unsafeInJson = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One line for a terminal. Other people's programs must not move the cursor, ring the bell or begin a line. */
export function printable(line: string): string {
  return stripVTControlCharacters(line.replace(breaks, " ")).replace(controls, "");
}

/** JSON that says the same and that a terminal may be shown. */
export function printableJson(value: object): string {
  return JSON.stringify(value).replace(
    unsafeInJson,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

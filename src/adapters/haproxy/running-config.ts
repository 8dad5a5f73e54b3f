import type { Engine } from "./engine.ts";
import { assertDone, requestBytesMax } from "./runtime-api.ts";
import { parseMap, type MapEntry } from "./routes.ts";

/** Tells whether the running process holds other entries than the text of the file. */
export async function isMapDifferent(
  engine: Engine,
  path: string,
  wanted: string,
  signal: AbortSignal,
): Promise<boolean> {
  const shown = await engine.runtime(`show map ${path}`, signal);
  const entries = shown
    .split("\n")
    .map((line) => line.split(" ").slice(1).join(" "))
    .filter((line) => line.includes(" "));
  const plain = parseMap(wanted).map(({ key, value }) => `${key} ${value}`);
  return entries.toSorted().join("\n") !== plain.toSorted().join("\n");
}

/** Replaces the whole map in the running process at once: no request sees a part of it. */
export async function replaceMap(
  engine: Engine,
  path: string,
  wanted: string,
  signal: AbortSignal,
): Promise<void> {
  const answer = await engine.runtime(`prepare map ${path}`, signal);
  assertDone(`change ${path}`, answer);
  const version = /New version created: (\d+)/.exec(answer)?.[1] ?? "";
  for (const lines of portions(parseMap(wanted))) {
    // The payload ends with an empty line; the call adds its newline.
    const payload = `add map @${version} ${path} <<\n${lines}`;
    assertDone(`change ${path}`, await engine.runtime(payload, signal));
  }
  assertDone(`change ${path}`, await engine.runtime(`commit map @${version} ${path}`, signal));
}

function portions(entries: readonly MapEntry[]): readonly string[] {
  const texts: string[] = [];
  let text = "";
  for (const { key, value } of entries) {
    const line = `${key} ${value}\n`;
    if (text !== "" && text.length + line.length > requestBytesMax) {
      texts.push(text);
      text = "";
    }
    text += line;
  }
  return text === "" ? texts : [...texts, text];
}

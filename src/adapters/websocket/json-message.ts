import { noFit } from "../../core/received/shape.ts";
import type { Misfit, Shape } from "../../core/received/shape.ts";

/** A message from its bytes, which may be anything. */
export function readJsonMessage<T>(bytes: Buffer, shape: Shape<T>): T | Misfit {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    // The parser's words repeat what was sent.
    return noFit("no JSON");
  }
  return shape(value);
}

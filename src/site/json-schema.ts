import * as z from "zod";
import { isMapping } from "./field.ts";
import { siteSchema } from "./schema.ts";

/** A JSON Schema with what only our documentation needs: `expected`, `sample`, `defaultText`, `shorthand`. */
export interface DescribedSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, DescribedSchema>>;
  readonly required?: readonly string[];
  readonly items?: DescribedSchema;
  readonly additionalProperties?: DescribedSchema | boolean;
  readonly expected?: string;
  readonly sample?: unknown;
  readonly defaultText?: string;
  readonly shorthand?: Readonly<Record<string, unknown>>;
}

/** The whole format, as the documentation reads it. */
export function describedSchema(): DescribedSchema {
  return z.toJSONSchema(siteSchema, { io: "input", unrepresentable: "any" }) as DescribedSchema;
}

/** The format for editors: JSON Schema, draft 2020-12. */
export function siteFileJsonSchema(): object {
  const { $schema, ...rest } = published(describedSchema());
  return { $schema, ...rest };
}

function published(described: DescribedSchema): Readonly<Record<string, unknown>> {
  const { description, expected: _, defaultText: __, sample, shorthand, ...rest } = described;
  const { default: fallback, ...keywords } = rest;
  const facts = {
    ...(description === undefined ? {} : { description }),
    ...(isEmpty(fallback) ? {} : { default: fallback }),
    ...(sample === undefined ? {} : { examples: [sample] }),
  };
  const { properties, items, additionalProperties } = keywords;
  const schema = {
    ...keywords,
    ...(properties === undefined ? {} : { properties: mapValues(properties, published) }),
    ...(items === undefined ? {} : { items: published(items) }),
    ...(isMapping(additionalProperties)
      ? { additionalProperties: published(additionalProperties) }
      : {}),
  };
  if (shorthand !== undefined) return { anyOf: [shorthand, schema], ...facts };
  // A single value stands for a list of one.
  if (items !== undefined) return { anyOf: [schema, published(items)], ...facts };
  return { ...schema, ...facts };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || JSON.stringify(value) === "{}" || JSON.stringify(value) === "[]";
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

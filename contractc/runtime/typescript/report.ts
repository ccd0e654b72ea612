// Validation results: each violation with its location, its keyword and a message.

import type * as z from "zod";
import { hasLongIntegers, parseJson } from "./json.js";
import { PROBING, READING } from "./schema.js";
import { testOf } from "./predicate.js";

/** One violated keyword. */
export interface Violation {
  /** JSON pointer to the invalid value; for `required`, to the object that lacks the member. */
  readonly pointer: string;
  /** The violated keyword of the contract, or `syntax` if a text is not JSON. */
  readonly keyword: string;
  /** What was found and what was expected. */
  readonly message: string;
}

/** The maximum number of listed violations: more than anyone reads, and few enough that a hostile input cannot make a report huge. */
const VIOLATIONS_MAX = 1000;

/** Converts an error of Zod into violations, one per keyword and location. */
export function violations(error: { readonly issues: readonly z.core.$ZodIssue[] }): Violation[] {
  const found = new Map<string, Violation>();
  for (const issue of error.issues) {
    for (const violation of ofIssue(issue)) {
      const key = `${violation.keyword} ${violation.pointer}`;
      if (!found.has(key) && found.size < VIOLATIONS_MAX) {
        found.set(key, violation);
      }
    }
  }
  return [...found.values()];
}

/**
 * Validates a value; returns no violations if it is valid. A bigint is valid wherever the contract accepts the integer, even if the type is
 * `number` and {@link fromJson} would not read it as a bigint.
 */
export function validate(schema: z.ZodType, value: unknown): Violation[] {
  if (testOf(schema)?.(value) === true) {
    return [];
  }
  const result = schema.safeParse(value, PROBING);
  return result.success ? [] : violations(result.error);
}

/** Validates a value at a location. */
export function validateAt(schema: z.ZodType | undefined, value: unknown, place: readonly PropertyKey[]): Violation[] {
  const found = schema === undefined ? [] : validate(schema, value);
  return found.map((violation) => ({ ...violation, pointer: pointer(place) + violation.pointer }));
}

/** A value, or its violations. */
export type Validated<T> =
  | { readonly valid: true; readonly value: T }
  | { readonly valid: false; readonly violations: readonly Violation[] };

/** Parses and validates JSON text. */
export function fromJson<T>(schema: z.ZodType<T>, text: string): Validated<T> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    const message = `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { valid: false, violations: [{ pointer: "", keyword: "syntax", message }] };
  }
  return readValue(schema, value);
}

/**
 * Validates a value that was read from text, and converts it to the type of the schema: an integer may be a bigint. The exact value decides
 * whether it is valid, before its numbers are read.
 */
export function readValue<T>(schema: z.ZodType<T>, value: unknown, context: z.core.ParseContext<z.core.$ZodIssue> = PROBING): Validated<T> {
  const checked = schema.safeParse(value, context);
  const result = checked.success && hasLongIntegers(checked.data) ? schema.safeParse(checked.data, READING) : checked;
  return result.success ? { valid: true, value: result.data } : { valid: false, violations: violations(result.error) };
}

/** A JSON pointer (RFC 6901). */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function ofIssue(issue: z.core.$ZodIssue): Violation[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), keyword: "additionalProperties", message: issue.message }));
  }
  return [{ pointer: pointer(issue.path), keyword: keywordOf(issue), message: issue.message }];
}

/** Issues of this runtime name their keyword; an issue of Zod's own checks is mapped to one. */
function keywordOf(issue: z.core.$ZodIssue): string {
  const named = (issue as { readonly params?: { readonly keyword?: unknown } }).params?.keyword;
  if (typeof named === "string") {
    return named;
  }
  switch (issue.code) {
    case "too_small":
      return SIZES[issue.origin]?.[0] ?? (issue.inclusive === false ? "exclusiveMinimum" : "minimum");
    case "too_big":
      return SIZES[issue.origin]?.[1] ?? (issue.inclusive === false ? "exclusiveMaximum" : "maximum");
    case "not_multiple_of":
      return "multipleOf";
    case "invalid_format":
      return issue.format === "regex" ? "pattern" : "format";
    case "invalid_value":
      return issue.values.length === 1 ? "const" : "enum";
    case "invalid_union":
      return issue.inclusive === false ? "oneOf" : "anyOf";
    case "invalid_key":
      return "propertyNames";
    default:
      return "type";
  }
}

/** The quantity that Zod reports as too small or too big. */
const SIZES: Readonly<Record<string, readonly [small: string, big: string]>> = {
  string: ["minLength", "maxLength"],
  array: ["minItems", "maxItems"],
};

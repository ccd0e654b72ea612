// JSON values: types, deep equality, and parsing according to RFC 8259.

/** A JSON type, as the keyword `type` names it. */
export type JsonType = "null" | "boolean" | "integer" | "number" | "string" | "array" | "object";

/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: unknown;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of an own member of an object: inherited names such as `toString` do not count. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether an object has a member. JSON has no `undefined`: a member whose value is `undefined` counts as absent. */
export function has(object: JsonObject, name: string): boolean {
  return member(object, name) !== undefined;
}

/** The names of all members that are present. */
export function names(object: JsonObject): string[] {
  return Object.keys(object).filter((name) => object[name] !== undefined);
}

/** Whether a value has one of the given JSON types. */
export function isOfType(value: unknown, types: readonly JsonType[]): boolean {
  return types.some((type) => matchesType(value, type));
}

function matchesType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    default:
      return typeof value === type;
  }
}

/** Deep equality as JSON Schema defines it: numbers by value, objects regardless of member order. */
export function equal(left: unknown, right: unknown): boolean {
  if (left === right) {
    return true;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equal(item, right[index]));
  }
  if (isObject(left) && isObject(right)) {
    const known = names(left);
    return known.length === names(right).length && known.every((name) => has(right, name) && equal(left[name], right[name]));
  }
  return false;
}

/** Whether any two items are equal. */
export function hasDuplicates(items: readonly unknown[]): boolean {
  if (items.every((item) => typeof item !== "object" || item === null)) {
    return new Set(items).size < items.length;
  }
  // A canonical text of each item avoids quadratic time for long arrays.
  return new Set(items.map(canonical)).size < items.length;
}

/** A text that is the same only for equal values. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(",")}]`;
  }
  if (isObject(value)) {
    const members = names(value).map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
    return `{${members.sort().join(",")}}`;
  }
  // -0 and 0 are the same number.
  return value === 0 ? "0" : String(JSON.stringify(value));
}

/** The maximum nesting depth of JSON text. */
const LEVELS_MAX = 128;

/**
 * Parses JSON text.
 *
 * @throws SyntaxError if it is not JSON, contains an unpaired surrogate, or nests deeper than 128 levels.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeeperThan(value, LEVELS_MAX)) {
    throw new SyntaxError(`nests deeper than ${LEVELS_MAX} levels`);
  }
  // Few texts contain escaped surrogates: one search rules out most texts.
  if (/\\u[dD][89a-fA-F]|\p{Cs}/u.test(text) && hasLoneSurrogate(value)) {
    throw new SyntaxError("unpaired surrogate");
  }
  return value;
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") {
    return /\p{Cs}/u.test(value);
  }
  return typeof value === "object" && value !== null && Object.entries(value).flat().some(hasLoneSurrogate);
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(part, levels - 1));
}

/** A value as shown in messages: short values in full, others by their type. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return `the string ${quote(value)}`;
  }
  if (typeof value === "number") {
    return `the number ${value}`;
  }
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return String(value);
}

/** Quotes a text, truncated to a length that fits in a message. */
export function quote(text: string): string {
  const longest = 60;
  return text.length > longest ? `${JSON.stringify(text.slice(0, longest))}…` : JSON.stringify(text);
}

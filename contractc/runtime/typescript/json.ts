// JSON values: their types, deep equality, and text that is JSON by RFC 8259.

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

/** A member that the object itself has: `toString` and its like do not count. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether an object has a member. JSON has no `undefined`: a member that is so is absent. */
export function has(object: JsonObject, name: string): boolean {
  return member(object, name) !== undefined;
}

/** The names of all members that are there. */
export function names(object: JsonObject): string[] {
  return Object.keys(object).filter((name) => object[name] !== undefined);
}

/** Whether a value is of one of some JSON types. */
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

/** Deep equality as JSON Schema has it: numbers by value, objects without order. */
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

/** Whether two items are equal. */
export function hasDuplicates(items: readonly unknown[]): boolean {
  if (items.every((item) => typeof item !== "object" || item === null)) {
    return new Set(items).size < items.length;
  }
  // A canonical text of each keeps a long array from costing a square.
  return new Set(items.map(canonical)).size < items.length;
}

/** A text that is the same for equal values only. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(",")}]`;
  }
  if (isObject(value)) {
    const members = names(value).map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
    return `{${members.sort().join(",")}}`;
  }
  // -0 and 0 are one number.
  return value === 0 ? "0" : String(JSON.stringify(value));
}

/** How deep JSON text may nest. */
const LEVELS_MAX = 128;

/**
 * Parses JSON text.
 *
 * @throws SyntaxError if it is not JSON, has an unpaired surrogate, or nests deeper than 128 levels.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeeperThan(value, LEVELS_MAX)) {
    throw new SyntaxError(`nests deeper than ${LEVELS_MAX} levels`);
  }
  // Hardly any text has escaped surrogates: most are cleared by one look.
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

/** A value as a message shows it: short values whole, others by their type. */
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

/** Quotes a text, cut to a length that fits a message. */
export function quote(text: string): string {
  const longest = 60;
  return text.length > longest ? `${JSON.stringify(text.slice(0, longest))}…` : JSON.stringify(text);
}

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

/**
 * The value of a member of an object, if JSON text would contain it: inherited names such as `toString` and getters of classes do not
 * count.
 */
export function member(object: JsonObject, name: string): unknown {
  return Object.prototype.propertyIsEnumerable.call(object, name) ? object[name] : undefined;
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
      return Number.isInteger(value) || typeof value === "bigint";
    case "number":
      return Number.isFinite(value) || typeof value === "bigint";
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
  if (isNumeric(left) && isNumeric(right)) {
    return left == right;
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

/** Whether a value is a number, or an integer beyond what numbers hold exactly. */
export function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** Whether a value has integers beyond 2^53, which are read by its type: as numbers, as bigints, or not at all. */
export function hasLongIntegers(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).some(hasLongIntegers);
  }
  return typeof value === "bigint" || (Number.isInteger(value) && !Number.isSafeInteger(value));
}

/** Whether any two items are equal. */
export function hasDuplicates(items: readonly unknown[]): boolean {
  if (items.every((item) => (typeof item !== "object" || item === null) && typeof item !== "bigint")) {
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
  // The same integer may be a number and a bigint, and -0 and 0 are the same number.
  return typeof value === "bigint" || Number.isInteger(value) ? BigInt(value as number | bigint).toString() : String(JSON.stringify(value));
}

/** The maximum nesting depth of JSON text. */
const LEVELS_MAX = 128;

/**
 * Parses JSON text. An integer of up to 64 bits that is beyond 2^53, in any notation, becomes a bigint: a number might not hold it exactly.
 *
 * @throws SyntaxError if it is not JSON, contains an unpaired surrogate, a number beyond the range of doubles or two members of an object with
 * the same name, or nests deeper than 128 levels.
 */
export function parseJson(source: string): unknown {
  const parsed: unknown = JSON.parse(source);
  // Few texts contain numbers with more digits than a double has: one search rules out most texts.
  const text = /[\d.]{17}|\d[eE]-/.test(source) ? source.replace(TOKEN, fractional) : source;
  const value: unknown = text === source ? parsed : JSON.parse(text);
  const seen: Seen = { isRounded: false, colons: 0 };
  inspect(value, LEVELS_MAX, seen);
  // JSON.parse keeps the last of several members with one name. The others are missing from the value, and so are their colons.
  if (seen.colons < colonsOf(text)) {
    throw new SyntaxError("duplicate member name");
  }
  // Few texts contain surrogates without a partner: one search rules out most texts.
  if ((/\\u[dD][89a-fA-F]/.test(text) || !isWellFormed(text)) && hasLoneSurrogate(value)) {
    throw new SyntaxError("unpaired surrogate");
  }
  return seen.isRounded ? exact(value, JSON.parse(text.replace(TOKEN, marked))) : value;
}

/** Whether each surrogate of a text has its partner. */
function isWellFormed(text: string): boolean {
  const { isWellFormed: native } = text as { isWellFormed?: () => boolean };
  return native === undefined ? !/\p{Cs}/u.test(text) : native.call(text);
}

/** Strings and numbers of JSON text. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** The digits of a JSON number, without zeros at either end, and the power of ten that scales them. */
function decimalOf(token: string): [digits: string, power: number] {
  const [mantissa = "", exponent = "0"] = token.replace(/^-/, "").toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const all = whole + fraction;
  let end = all.length;
  // A regular expression would search again from each zero.
  while (all[end - 1] === "0") {
    end -= 1;
  }
  return [all.slice(0, end).replace(/^0+/, ""), Number(exponent) - fraction.length + all.length - end];
}

/**
 * Writes a number with a fraction as the double next to it if its nearest double is an integer.
 *
 * @throws SyntaxError if doubles of its size have no fractions.
 */
function fractional(token: string): string {
  const value = Math.abs(Number(token));
  if (!Number.isInteger(value)) {
    return token;
  }
  const [digits, power] = decimalOf(token);
  if (digits === "" || power >= 0) {
    return token;
  }
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] = (bits[0] ?? 0n) + (Number(digits.slice(0, power)) === value ? 1n : -1n);
  const [beside = 0] = new Float64Array(bits.buffer);
  if (Number.isInteger(beside)) {
    throw new SyntaxError("a double cannot hold this number's fraction");
  }
  return `${token.startsWith("-") ? "-" : ""}${beside}`;
}

/** Writes an integer that needs a bigint as a string. */
function marked(token: string): string {
  const value = token.startsWith('"') ? token : numberOf(token);
  return typeof value === "bigint" ? `"${value}"` : token;
}

/** The value of a JSON number: a bigint for an integer of up to 64 bits that is beyond 2^53. */
export function numberOf(token: string): number | bigint {
  const value = Number(token);
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) {
    return value;
  }
  const [digits, power] = decimalOf(token);
  if (power < 0 || digits.length + power > 20) {
    return value;
  }
  const integer = BigInt(`${token.startsWith("-") ? "-" : ""}${digits}${"0".repeat(power)}`);
  return integer >= -(2n ** 63n) && integer < 2n ** 64n ? integer : value;
}

/** Replaces the numbers of a value by bigints where a second parse of the same text found a marked integer. */
function exact(value: unknown, other: unknown): unknown {
  if (typeof value === "number" && typeof other === "string") {
    return BigInt(other);
  }
  if (typeof value === "object" && value !== null) {
    const parts = value as Record<string, unknown>;
    for (const key of Object.keys(parts)) {
      parts[key] = exact(parts[key], (other as Record<string, unknown>)[key]);
    }
  }
  return value;
}

/** A value that cannot be written as it is. */
export class Refused extends TypeError {
  /** The part of the value that is at fault. */
  readonly path: readonly PropertyKey[];

  constructor(message: string, path: readonly PropertyKey[] = []) {
    super(message);
    this.path = path;
  }
}

/**
 * Writes JSON text. An integer of 64 bits is written with all its digits, whether it is a bigint or a number. A member whose value is `undefined` is absent.
 *
 * @throws Refused if the JSON text would represent another value, such as null for NaN, or if the value nests deeper than 128 levels.
 */
export function toJson(value: unknown): string {
  const found: Found = { hasLong: false };
  const fault = faultOf(value, LEVELS_MAX, found);
  if (fault !== undefined) {
    throw new Refused(fault.message, fault.path.reverse());
  }
  if (!found.hasLong) {
    return JSON.stringify(value);
  }
  const withIntegers = (write: (integer: number | bigint) => string): string =>
    JSON.stringify(value, (_, part: unknown) => (isLong(part) ? write(part) : part));
  // No string of the value contains the mark.
  const others = withIntegers(() => "");
  let mark = "integer";
  while (others.includes(mark)) {
    mark += "-";
  }
  return withIntegers((integer) => `${mark} ${digitsOf(integer)}`).replace(new RegExp(`"${mark} (-?\\d+)"`, "g"), "$1");
}

/** Whether a value is an integer that `JSON.stringify` does not write, or only rounded: it fills the digits of a large number with zeros. */
function isLong(value: unknown): value is number | bigint {
  return typeof value === "bigint" || (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value as number) < 2 ** 64);
}

/** A number as text. An integer of 64 bits has all its digits. */
export function digitsOf(value: number | bigint): string {
  return String(isLong(value) ? BigInt(value) : value);
}

/** What is found in a value that is written. */
interface Found {
  /** Whether it has integers beyond those that `JSON.stringify` writes exactly. */
  hasLong: boolean;
}

/** The part of a value that JSON cannot represent; the path is in reverse. */
interface Fault {
  readonly message: string;
  readonly path: PropertyKey[];
}

function faultOf(value: unknown, levels: number, found: Found): Fault | undefined {
  const fault = (what: string): Fault => ({ message: `${what}, which JSON cannot represent`, path: [] });
  switch (typeof value) {
    case "string":
      return isWellFormed(value) ? undefined : fault("has an unpaired surrogate");
    case "number":
    case "bigint":
      found.hasLong ||= isLong(value);
      return typeof value === "bigint" || Number.isFinite(value) ? undefined : fault(`is ${value}`);
    case "boolean":
      return undefined;
    case "object":
      return value === null ? undefined : faultOfParts(value, levels, found);
    default:
      return fault(value === undefined ? "is undefined" : `is a ${typeof value}`);
  }
}

function faultOfParts(value: object, levels: number, found: Found): Fault | undefined {
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if ((kind !== "Object" && kind !== "Array") || typeof (value as { toJSON?: unknown }).toJSON === "function") {
    return { message: `is a ${kind}, which JSON would turn into another value`, path: [] };
  }
  if (levels === 0) {
    return { message: `nests deeper than ${LEVELS_MAX} levels`, path: [] };
  }
  for (const name of Array.isArray(value) ? value.keys() : names(value as JsonObject)) {
    const fault = faultOf(name, levels, found) ?? faultOf((value as Record<PropertyKey, unknown>)[name], levels - 1, found);
    if (fault !== undefined) {
      fault.path.push(name);
      return fault;
    }
  }
  return undefined;
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") {
    return /\p{Cs}/u.test(value);
  }
  return typeof value === "object" && value !== null && Object.entries(value).flat().some(hasLoneSurrogate);
}

/** What a parse has found. */
interface Seen {
  /** Whether there is an integer that may have been rounded. */
  isRounded: boolean;
  /** The number of colons after member names, and in names and strings. */
  colons: number;
}

/** Rejects values that JSON.parse accepts but that are not JSON, or exceed these limits. */
function inspect(value: unknown, levels: number, seen: Seen): void {
  if (typeof value === "string") {
    seen.colons += count(value);
  } else if (typeof value === "number") {
    if (value === Infinity || value === -Infinity) {
      throw new SyntaxError("number out of range for a double");
    }
    seen.isRounded ||= Number.isInteger(value) && !Number.isSafeInteger(value);
  } else if (typeof value === "object" && value !== null) {
    if (levels === 0) {
      throw new SyntaxError(`nests deeper than ${LEVELS_MAX} levels`);
    }
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) {
        inspect(item, levels - 1, seen);
      }
      return;
    }
    // JSON.parse makes all members enumerable, and nothing else.
    for (const name in value) {
      seen.colons += 1 + count(name);
      inspect((value as JsonObject)[name], levels - 1, seen);
    }
  }
}

/** The number of colons in JSON text, including escaped ones. */
function colonsOf(text: string): number {
  const escaped = text.includes("\\u003") ? text.replaceAll("\\\\", "").match(/\\u003a/gi) : null;
  return count(text) + (escaped?.length ?? 0);
}

/** Counts the colons. */
function count(text: string): number {
  let found = 0;
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1)) {
    found += 1;
  }
  return found;
}

/** A value as shown in messages: short values in full, others by their type. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return `the string ${quote(value)}`;
  }
  if (isNumeric(value)) {
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

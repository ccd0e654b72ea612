// Response headers: each is a value with a type, which is validated when it is read. The rules are those of `http/text.rs` and `http/kind.rs`
// of the generated Rust.

import type * as z from "zod";
import { isObject, names, parseJson, type JsonType } from "./json.js";
import { plain } from "./parameter.js";
import { pointer, readValue, validate, type Validated } from "./report.js";

/** How a text is read, because text alone does not say whether `1` is a number. */
export interface TextShape {
  /** The types of the value. Empty if any type is accepted. */
  readonly types: readonly JsonType[];
  /** The shapes of the first items of a list. */
  readonly places?: readonly TextShape[];
  /** The shape of the other items of a list. */
  readonly items?: TextShape;
  /** The members of an object. */
  readonly members?: Readonly<Record<string, TextShape>>;
  /** The shape of further members of an object. */
  readonly others?: TextShape;
}

/** A header that the contract declares. */
export interface Header<T> extends TextShape {
  /** The name as the contract spells it; case-insensitive. */
  readonly name: string;
  /** Whether the members of an object are written as `name=value`. */
  readonly explode?: true;
  readonly schema?: z.ZodType<T>;
}

/** Another value that a text may represent. */
interface Alternative {
  /** The item or member that the text is; undefined if it is the whole value. */
  readonly key: PropertyKey | undefined;
  readonly value: unknown;
  /** Whether clients write the value in this form: `1.50` is more likely a text. */
  readonly isUsual: boolean;
}

const ANY: TextShape = { types: [] };
const NUMBERS: readonly JsonType[] = ["integer", "number"];
/** The types of values that are neither lists nor objects. */
const SCALAR: readonly JsonType[] = ["boolean", "string", ...NUMBERS];

/**
 * Reads a header of a response. The value is undefined if the response does not have the header. A response is not rejected because of its
 * headers.
 */
export function readHeader<T>(reply: { readonly headers: Headers }, header: Header<T>): Validated<T | undefined> {
  const text = reply.headers.get(header.name);
  if (text === null) {
    return { valid: true, value: undefined };
  }
  const place = pointer(["header", header.name]);
  if (!/^[\t -~]*$/.test(text)) {
    return { valid: false, violations: [{ pointer: place, keyword: "syntax", message: "contains non-ASCII characters" }] };
  }
  const value = settled(valueOf(text, header), header);
  const read: Validated<T> = header.schema === undefined ? { valid: true, value: value as T } : readValue(header.schema, value);
  return read.valid ? read : { valid: false, violations: read.violations.map((violation) => ({ ...violation, pointer: place + violation.pointer })) };
}

/** Reads a text. A text that may be a string stays one; {@link settled} decides. */
function valueOf(text: string, header: Header<unknown>): unknown {
  if (has(header, ["array"])) {
    const items = split(text, header);
    return items.length === 1 && has(header, SCALAR) ? scalar(text, header) : items.map((item, index) => scalar(item, itemOf(header, index)));
  }
  if (has(header, ["object"])) {
    const parts = text.split(",");
    const pairs = header.explode === true ? parts.filter((part) => part.includes("=")).map(cut) : inPairs(parts);
    return object(pairs, header);
  }
  return scalar(text, header);
}

/** An empty text has one item if an item may be an empty string, because an empty list is not written at all. */
function split(text: string, { places = [], items }: TextShape): string[] {
  const listed = items === undefined ? places : [...places, items];
  const isText = items === undefined || listed.some((item) => item.types.length === 0 || has(item, ["string"]));
  return text === "" && !isText ? [] : text.split(",");
}

function cut(pair: string): [name: string, text: string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function inPairs(parts: readonly string[]): [name: string, text: string][] {
  return parts.flatMap((name, index): [string, string][] => (index % 2 === 0 && index + 1 < parts.length ? [[name, parts[index + 1] ?? ""]] : []));
}

/** An object of named texts. The values of a repeated name are a list. */
function object(pairs: readonly (readonly [name: string, text: string])[], shape: TextShape): unknown {
  const members = new Map<string, unknown>();
  for (const [spaced, text] of pairs) {
    const name = spaced.trim();
    const [known, member] = [members.get(name), memberOf(shape, name)];
    if (Array.isArray(known)) {
      known.push(scalar(text, itemOf(member, known.length)));
    } else if (known !== undefined) {
      members.set(name, [known, scalar(text, member)]);
    } else {
      const isList = has(member, ["array"]) && !text.startsWith("[");
      members.set(name, isList ? [scalar(text, itemOf(member, 0))] : scalar(text, member));
    }
  }
  return Object.fromEntries(members);
}

/** A value that is not split further. A nested list or object is JSON text. */
function scalar(spaced: string, shape: TextShape): unknown {
  const text = spaced.trim();
  return (has(shape, ["string"]) ? undefined : parsed(text, shape)) ?? text;
}

/** The value that a text represents, if it is not a string. */
function parsed(text: string, shape: TextShape): unknown {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  const isText = has(shape, ["string"]);
  switch (typeof value) {
    case "string":
      return undefined;
    case "boolean":
      return isText && !has(shape, ["boolean"]) ? undefined : value;
    case "object":
      return value !== null && has(shape, ["array", "object"]) ? value : undefined;
    default:
      return isText && !has(shape, NUMBERS) ? undefined : value;
  }
}

/** The value with each text converted to a type that the schema accepts. A text that is accepted as no type stays text. */
function settled(value: unknown, header: Header<unknown>): unknown {
  const all = alternativesOf(value, header);
  const usual = all.filter(({ isUsual }) => isUsual);
  const check = (alternatives: readonly Alternative[]): readonly string[] =>
    header.schema === undefined ? [] : validate(header.schema, replaced(value, alternatives)).map((violation) => violation.pointer);
  const faults = all.length === 0 ? [] : check(usual);
  if (faults.length === 0) {
    return replaced(value, usual);
  }
  const fitting = usual.filter(({ key }) => !faults.includes(key === undefined ? "" : pointer([key])));
  return replaced(value, [fitting, [], all].find((alternatives) => check(alternatives).length === 0) ?? []);
}

/** The other values that the texts of a value may represent. */
function alternativesOf(value: unknown, header: Header<unknown>): Alternative[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => alternative(index, item, itemOf(header, index)));
  }
  return isObject(value) ? names(value).flatMap((name) => alternative(name, value[name], memberOf(header, name))) : alternative(undefined, value, header);
}

function alternative(key: PropertyKey | undefined, text: unknown, shape: TextShape): Alternative[] {
  if (typeof text !== "string" || !has(shape, ["string"])) {
    return [];
  }
  const value = parsed(text, shape);
  if (value !== undefined) {
    return [{ key, value, isUsual: plain(value) === text }];
  }
  // A list of one item looks like the item.
  return has(shape, ["array"]) ? [{ key, value: [scalar(text, itemOf(shape, 0))], isUsual: false }] : [];
}

function replaced(value: unknown, alternatives: readonly Alternative[]): unknown {
  const part = (key: PropertyKey | undefined, old: unknown): unknown => {
    const found = alternatives.find((alternative) => alternative.key === key);
    return found === undefined ? old : found.value;
  };
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => part(index, item));
  }
  return isObject(value) ? Object.fromEntries(names(value).map((name) => [name, part(name, value[name])])) : part(undefined, value);
}

function has({ types }: TextShape, wanted: readonly JsonType[]): boolean {
  return types.some((type) => wanted.includes(type));
}

function itemOf({ places = [], items }: TextShape, index: number): TextShape {
  return places[index] ?? items ?? ANY;
}

function memberOf({ members = {}, others }: TextShape, name: string): TextShape {
  return (Object.hasOwn(members, name) ? members[name] : others) ?? ANY;
}

// Response headers: each is a value with a type, which is validated when it is read.

import type * as z from "zod";
import { numberOf } from "./json.js";
import { pointer, readValue, type Validated } from "./report.js";

/** What a text represents: a string, a number or boolean if it looks like one, or the first of these that the schema accepts. */
type Kind = "text" | "scalar" | "either";

/** A header that the contract declares. */
export interface Header<T> {
  /** The name as the contract spells it; case-insensitive. */
  readonly name: string;
  /** What the text of the header represents. */
  readonly kind: Kind | "list" | "object";
  /** What the first items of a list represent. */
  readonly places?: readonly Kind[];
  /** What the other items of a list represent. */
  readonly items?: Kind;
  /** What the members of an object represent. */
  readonly members?: Readonly<Record<string, Kind>>;
  /** Whether the members of an object are written as `name=value`. */
  readonly explode?: true;
  readonly schema?: z.ZodType<T>;
}

/** Whether a text that may be a string is more likely the value that it looks like. */
type Choice = (place: string, text: string, value: unknown) => boolean;

/** A number or boolean in its usual form: `1.50` is more likely a text. */
const isUsual: Choice = (_, text, value) => String(value) === text;

/**
 * Reads a header of a response. The value is undefined if the response does not have the header. A response is not rejected because of its
 * headers.
 */
export function readHeader<T>(reply: { readonly headers: Headers }, header: Header<T>): Validated<T | undefined> {
  const text = reply.headers.get(header.name);
  if (text === null) {
    return { valid: true, value: undefined };
  }
  const read = (choice: Choice): Validated<T> => {
    const value = fromText(text, header, choice);
    return header.schema === undefined ? { valid: true, value: value as T } : readValue(header.schema, value);
  };
  const usual = read(isUsual);
  if (usual.valid) {
    return usual;
  }
  const isUnfit = (place: string): boolean => usual.violations.some((violation) => violation.pointer === place);
  const fitting = read((place, part, value) => isUsual(place, part, value) && !isUnfit(place));
  const texts = read(() => false);
  const accepted = [fitting, texts, read(() => true)].find(({ valid }) => valid);
  if (accepted !== undefined) {
    return accepted;
  }
  const place = pointer(["header", header.name]);
  const { violations } = texts.valid ? usual : texts;
  return { valid: false, violations: violations.map((violation) => ({ ...violation, pointer: place + violation.pointer })) };
}

/**
 * Converts the text of a header to the value that its schema accepts: comma-separated values become a list, or alternating names and
 * values.
 */
function fromText(text: string, { kind, places, items, members, explode }: Header<unknown>, choice: Choice): unknown {
  const parts = text.split(",").map((part) => part.trim());
  const member = (name: string, part: string): [string, unknown] => [name, convert(part, members?.[name], pointer([name]), choice)];
  switch (kind) {
    case "list":
      return text === "" ? [] : parts.map((part, index) => convert(part, places?.[index] ?? items, pointer([index]), choice));
    case "object": {
      if (explode === true) {
        return Object.fromEntries(parts.map((part) => member(...cut(part))));
      }
      const pairs = parts.flatMap((name, index) => (index % 2 === 0 && index + 1 < parts.length ? [member(name, parts[index + 1] ?? "")] : []));
      return Object.fromEntries(pairs);
    }
    default:
      return convert(text, kind, "", choice);
  }
}

function cut(pair: string): [name: string, text: string] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

function convert(text: string, kind: Kind | undefined, place: string, choice: Choice): unknown {
  const value = kind === "text" ? text : plain(text);
  return kind === "either" && !choice(place, text, value) ? text : value;
}

/** Converts text that looks like a boolean or a number. */
function plain(text: string): unknown {
  if (text === "true" || text === "false") {
    return text === "true";
  }
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? numberOf(text) : text;
}

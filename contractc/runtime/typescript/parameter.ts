// Parameters: the styles of OpenAPI, which follow RFC 6570. A value is written by encoding its items and joining them.

import type * as z from "zod";
import { digitsOf, isNumeric, isObject, Refused, toJson } from "./json.js";

/** A parameter of an operation. */
export interface Parameter extends Encoding {
  /** The name of the parameter in the call. */
  readonly field: string;
  readonly name: string;
  readonly required?: true;
  readonly schema?: z.ZodType;
}

/** How a value is written as text. */
export interface Encoding {
  /** Where the text is placed, which determines how it is encoded. */
  readonly place: "path" | "query" | "header" | "cookie";
  /** The default is that of OpenAPI: `form` in queries and cookies, `simple` in paths and headers. */
  readonly style?: Style;
  /** The default is that of OpenAPI: only for the style `form`. */
  readonly explode?: boolean;
  /** OpenAPI's `allowReserved`. */
  readonly reserved?: true;
}

/** OpenAPI's `style`; `json` for a parameter with `content`. */
export type Style = "simple" | "label" | "matrix" | "form" | "spaceDelimited" | "pipeDelimited" | "deepObject" | "json";

/** The encoding with all its defaults. */
interface Settings {
  readonly place: Encoding["place"];
  readonly style: Style;
  readonly explode: boolean;
  readonly reserved: boolean;
}

/**
 * Writes a value as parts: `name=value` in a query or cookie, otherwise items. No parts if the value is undefined: null, or an empty list.
 *
 * @throws Refused
 */
export function parts(encoding: Encoding, name: string, value: unknown): string[] {
  return written(settings(encoding), name, value);
}

/**
 * Writes a value as one text, for a path or a header. Undefined if the value is.
 *
 * @throws Refused
 */
export function whole(encoding: Encoding, name: string, value: unknown): string | undefined {
  const set = settings(encoding);
  const found = written(set, name, value);
  const [first, separator] = set.style === "label" ? [".", "."] : set.style === "matrix" ? [";", ";"] : ["", ","];
  return found.length === 0 ? undefined : first + found.join(separator);
}

/**
 * Checks the value of a header.
 *
 * @throws Refused
 */
export function checkHeader(text: string): void {
  if (!/^[\t -~]*$/.test(text)) {
    throw new Refused("contains characters that a header cannot carry: line breaks, control characters or non-ASCII characters");
  }
  if (text.trim() !== text) {
    throw new Refused("begins or ends with white space, which a header does not preserve");
  }
}

function settings(encoding: Encoding): Settings {
  const { place, reserved = false } = encoding;
  const style = encoding.style ?? (place === "query" || place === "cookie" ? "form" : "simple");
  return { place, style, explode: encoding.explode ?? style === "form", reserved };
}

function written(set: Settings, name: string, value: unknown): string[] {
  if (set.style === "json") {
    return [named(set, name, encodeItem(set, toJson(value), ""))];
  }
  if (Array.isArray(value)) {
    const items = value.filter(isDefined).map((item) => encodeItem(set, plain(item), ","));
    if (items.length === 0 || (set.explode && set.style !== "simple")) {
      return items.map((item) => named(set, name, item));
    }
    return [named(set, name, items.join(delimiter(set)))];
  }
  if (isObject(value)) {
    if (set.style === "deepObject") {
      return nested(set, encode(name, "[]"), value);
    }
    const pairs = Object.entries(value).filter(([, item]) => isDefined(item));
    const encoded = pairs.map(([key, item]) => [encodeKey(set, key), encodeItem(set, plain(item), ",")]);
    if (encoded.length === 0 || set.explode) {
      // RFC 6570 leaves out the `=` before an empty value in this style alone.
      return encoded.map(([key, item]) => (set.style === "matrix" && item === "" ? `${key}` : `${key}=${item}`));
    }
    return [named(set, name, encoded.flat().join(delimiter(set)))];
  }
  return isDefined(value) ? [named(set, name, encodeItem(set, plain(value), ""))] : [];
}

/**
 * The members of a value, with the path to each in brackets. OpenAPI does not define members that are nested; servers commonly read them
 * this way.
 */
function nested(set: Settings, name: string, value: unknown): string[] {
  if (isObject(value)) {
    return Object.entries(value).flatMap(([key, item]) => nested(set, `${name}[${encodeKey(set, key)}]`, item));
  }
  if (Array.isArray(value)) {
    if (value.some((item) => typeof item === "object" && item !== null)) {
      throw new Refused("is a list of lists or objects, which cannot be written as text");
    }
    return value.flatMap((item) => nested(set, name, item));
  }
  return isDefined(value) ? [`${name}=${encodeItem(set, plain(value), "")}`] : [];
}

function isDefined(value: unknown): boolean {
  return value !== null && value !== undefined;
}

/** A value as text. A nested value is JSON text. */
export function plain(value: unknown): string {
  return typeof value === "object" ? toJson(value) : isNumeric(value) ? digitsOf(value) : String(value);
}

function named({ place, style }: Settings, name: string, text: string): string {
  if (style === "matrix" && text === "") {
    return encode(name, "");
  }
  return place === "query" || place === "cookie" || style === "matrix" ? `${encode(name, "[]")}=${text}` : text;
}

function delimiter({ style }: Settings): string {
  return style === "spaceDelimited" ? "%20" : style === "pipeDelimited" ? "%7C" : ",";
}

function encodeKey(set: Settings, key: string): string {
  return encodeItem({ ...set, reserved: false }, key, ",=");
}

/** Encodes an item in which the characters of `structure` would be read as separators. */
function encodeItem({ place, style, explode, reserved }: Settings, text: string, structure: string): string {
  const separators: Partial<Record<Style, string>> = structure === "" ? {} : { spaceDelimited: " ", pipeDelimited: "|" };
  // Headers have no escape syntax that every server knows.
  const refused = place === "header" ? structure : (separators[style] ?? "");
  const found = Array.from(refused).find((character) => text.includes(character));
  if (found !== undefined) {
    throw new Refused(`has an item with '${found}', which separates items in this style`);
  }
  if (place === "header") {
    return text;
  }
  if (place === "path" && style === "label" && explode && structure !== "") {
    return encode(text, "").replaceAll(".", "%2E");
  }
  return place === "query" && reserved ? encodeReserved(text, structure) : encode(text, "");
}

/** Percent-encodes everything except unreserved characters and `keep`. */
function encode(text: string, keep: string): string {
  if (/[\uD800-\uDFFF]/u.test(text)) {
    throw new Refused("is not valid text: it contains an unpaired surrogate");
  }
  const escape = (byte: string): string => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, escape)
    .replace(/%[0-7][\dA-F]/g, (escaped) => {
      const character = String.fromCharCode(parseInt(escaped.slice(1), 16));
      return keep.includes(character) ? character : escaped;
    });
}

/** The reserved characters that a query may contain and that do not structure it. */
const RESERVED = ":/?@!$'()*;=,";

/** Keeps reserved characters and percent-encoded bytes (RFC 6570, section 3.2.3). */
function encodeReserved(text: string, structure: string): string {
  const keep = Array.from(RESERVED).filter((character) => !structure.includes(character)).join("");
  return encode(text, `${keep}%`).replace(/%(?![\dA-Fa-f]{2})/g, "%25");
}

// Response headers: each is a value with a type, which is validated when it is read.

import type * as z from "zod";
import { pointer, validate, type Verdict } from "./report.js";

/** Whether a text is a string, or a number or boolean where it looks like one. */
type Kind = "text" | "scalar";

/** A header that the contract declares. */
export interface Header<T> {
  /** The name as the contract spells it; case-insensitive. */
  readonly name: string;
  /** What the text of the header stands for. */
  readonly kind: Kind | "list" | "object";
  /** What the items of a list stand for. */
  readonly items?: Kind;
  /** What the members of an object stand for. */
  readonly members?: Readonly<Record<string, Kind>>;
  /** Whether the members of an object are written as `name=value`. */
  readonly explode?: true;
  readonly schema?: z.ZodType<T>;
}

/**
 * Reads a header of a reply. The value is undefined if the reply does not have the header. A reply is not rejected because of its headers.
 */
export function readHeader<T>(reply: { readonly headers: Headers }, header: Header<T>): Verdict<T | undefined> {
  const text = reply.headers.get(header.name);
  if (text === null) {
    return { valid: true, value: undefined };
  }
  const value = fromText(text, header);
  const found = header.schema === undefined ? [] : validate(header.schema, value);
  if (found.length > 0) {
    const place = pointer(["header", header.name]);
    return { valid: false, violations: found.map((violation) => ({ ...violation, pointer: place + violation.pointer })) };
  }
  return { valid: true, value: value as T };
}

/**
 * Converts the text of a header to the value that its schema accepts: comma-separated values become a list, or alternating names and
 * values.
 */
function fromText(text: string, { kind, items, members, explode }: Header<unknown>): unknown {
  const parts = text.split(",").map((part) => part.trim());
  const member = (name: string, part: string): [string, unknown] => [name, convert(part, members?.[name])];
  switch (kind) {
    case "text":
    case "scalar":
      return convert(text, kind);
    case "list":
      return text === "" ? [] : parts.map((part) => convert(part, items));
    case "object": {
      if (explode === true) {
        return Object.fromEntries(parts.map((part) => member(...cut(part))));
      }
      const pairs = parts.flatMap((name, index) => (index % 2 === 0 && index + 1 < parts.length ? [member(name, parts[index + 1] ?? "")] : []));
      return Object.fromEntries(pairs);
    }
  }
}

function cut(pair: string): [name: string, text: string] {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

function convert(text: string, kind: Kind | undefined): unknown {
  return kind === "text" ? text : plain(text);
}

/** Converts text that looks like a boolean or a number. */
function plain(text: string): unknown {
  if (text === "true" || text === "false") {
    return text === "true";
  }
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

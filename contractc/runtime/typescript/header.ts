// Response headers: each is a value with a type, which is validated when it is read.

import type * as z from "zod";
import { pointer, validate, type Verdict } from "./report.js";

/** A header that the contract declares. */
export interface Header<T> {
  /** The name as the contract spells it; case-insensitive. */
  readonly name: string;
  /** How the text of the header is interpreted. */
  readonly kind: "text" | "scalar" | "list" | "object";
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
  const value = fromText(text, header.kind);
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
function fromText(text: string, kind: Header<unknown>["kind"]): unknown {
  const parts = text.split(",");
  switch (kind) {
    case "text":
      return text;
    case "scalar":
      return plain(text);
    case "list":
      return text === "" ? [] : parts.map(plain);
    case "object": {
      const pairs = parts.flatMap((name, index) => (index % 2 === 0 && index + 1 < parts.length ? [[name, plain(parts[index + 1] ?? "")] as const] : []));
      return Object.fromEntries(pairs);
    }
  }
}

/** Converts text that looks like a boolean or a number. */
function plain(text: string): unknown {
  if (text === "true" || text === "false") {
    return text === "true";
  }
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

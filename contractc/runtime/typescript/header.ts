// The headers of responses: each a value with its type, judged when it is asked for.

import type * as z from "zod";
import { pointer, validate, type Verdict } from "./report.js";

/** A header that the contract declares. */
export interface Header<T> {
  /** As the contract writes it; the case of letters does not matter. */
  readonly name: string;
  /** What its text stands for. */
  readonly kind: "text" | "scalar" | "list" | "object";
  readonly schema?: z.ZodType<T>;
}

/** Reads a header of a reply; the value is undefined if the reply does not carry it. A reply is not refused for its headers. */
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

/** The text of a header as what its schema accepts: values with commas, in a list or as names and values in turn. */
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

/** What looks like a boolean or a number is one. */
function plain(text: string): unknown {
  if (text === "true" || text === "false") {
    return text === "true";
  }
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

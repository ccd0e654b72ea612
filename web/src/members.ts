// Checks what an app passes to a call, before it is sent to the worker.

import type * as z from "zod";
import { validate } from "../../generated/typescript/runtime/report.js";

/**
 * The named members of an object that the app passes, which may be a form's own object: only its members can be sent to the worker. Throws
 * if they violate the contract.
 */
export function membersOf<Name extends string>(doing: string, schema: z.ZodType, given: unknown, names: readonly Name[]): Record<Name, string> {
  const object = (given ?? {}) as Record<Name, unknown>;
  const members = Object.fromEntries(names.flatMap((name) => (object[name] === undefined ? [] : [[name, object[name]]]))) as Record<Name, string>;
  const found = validate(schema, members).map(({ pointer, message }) => `${pointer || "the argument"} ${message}`);
  if (found.length > 0) {
    throw new TypeError(`cannot ${doing}: ${found.join("; ")}`);
  }
  return members;
}

/** A whole number from 1 to `max`, or throws. */
export function wholeNumber(doing: string, name: string, given: number, max: number): number {
  if (!Number.isInteger(given) || given < 1 || given > max) {
    throw new TypeError(`cannot ${doing}: the ${name} is ${String(given)}; expected a whole number from 1 to ${max}`);
  }
  return given;
}

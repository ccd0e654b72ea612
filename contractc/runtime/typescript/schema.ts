// What all schemas share. Each schema of a contract is an instance of Zod's own class, with its methods, but validates as JSON Schema does:
// only own members count, every violation is found, and each issue names its keyword. Values are returned unchanged.

import * as z from "zod";
import { Memo } from "./memo.js";

/** A value during parsing. */
export interface Payload extends z.core.ParsePayload {
  /** The sorter of the context, for checks: Zod does not pass the context to them. */
  sorter?: Sorter | undefined;
  /** Whether the value is only read, because it is known to be valid; copied here for the same reason. */
  reading?: boolean;
}

/** How a value is parsed. */
export interface Context extends z.core.ParseContextInternal {
  /** Whether only the result matters: the value is left as it is, and need not fit the TypeScript type of its schema. */
  readonly probing?: boolean;
  /** Whether the value is known to be valid, so that only its numbers are read. */
  readonly reading?: boolean;
  /** Whether the value comes from JSON text, in which a number may be the rounded form of a longer one. */
  readonly fromText?: boolean;
  /** Whether the value has failed its test, so that its parts are parsed to collect the issues: see `predicate.ts`. */
  readonly collecting?: boolean;
  /** Handles the items of `x-each` arrays; without it, they are validated like any other items. */
  readonly sorter?: Sorter | undefined;
}

/** Keeps the valid items of an `x-each` array, and separates the invalid ones. */
export type Sorter = (items: readonly unknown[], item: z.ZodType) => unknown[];

/** A parsed value. Only schemas that were extended with an asynchronous check make promises. */
export type Result = Payload | Promise<Payload>;

/** A list that is not empty. As a tuple, TypeScript does not compare its items with each other, which it cannot do where types contain each other. */
export type Several<T> = readonly [T, ...T[]];

/** Returns the same schema with the type that the contract compiler determined for the values that it accepts. */
export function as<T>(schema: z.ZodType): z.ZodType<T> {
  return schema as z.ZodType<T>;
}

/** Contexts for checks, which only validate a value. A check starts with a fresh context that keeps only the sorter. */
const PLAIN: Context = { async: false, probing: true };
const PROBE: Context = { async: false, abortEarly: true, probing: true };

/** Whether a schema accepts a value. `whole` is what is being checked. */
export function accepts(schema: z.ZodType, value: unknown, whole?: Payload): boolean {
  return runNow(schema, value, inherited(PROBE, whole)).issues.length === 0;
}

/** The issues that a schema finds in a value. `whole` is what is being checked. */
export function issuesOf(schema: z.ZodType, value: unknown, whole: Payload): readonly z.core.$ZodRawIssue[] {
  return runNow(schema, value, inherited(PLAIN, whole)).issues;
}

/** The context that makes Zod's own methods determine only the result. */
export const PROBING: z.core.ParseContext<z.core.$ZodIssue> = { probing: true } as z.core.ParseContext<z.core.$ZodIssue>;

/** The context that makes Zod's own methods read a value of JSON text that is known to be valid. */
export const READING: z.core.ParseContext<z.core.$ZodIssue> = { reading: true, fromText: true } as z.core.ParseContext<z.core.$ZodIssue>;

/** {@link PROBING} with a sorter. */
export function withSorter(sorter: Sorter | undefined): z.core.ParseContext<z.core.$ZodIssue> {
  const context: Pick<Context, "sorter" | "probing"> = { sorter, probing: true };
  return context as z.core.ParseContext<z.core.$ZodIssue>;
}

/** Passes the parts of the context that a value's checks need. */
export function carry(payload: Payload, { sorter, reading }: Context): void {
  if (sorter !== undefined) {
    payload.sorter = sorter;
  }
  if (reading === true) {
    payload.reading = true;
  }
}

function inherited(context: Context, whole: Payload | undefined): Context {
  return whole?.sorter === undefined ? context : { ...context, sorter: whole.sorter };
}

/**
 * Runs a schema synchronously. Schemas of a contract are never asynchronous; a schema that was extended with an asynchronous check cannot
 * run here.
 */
export function runNow(schema: z.ZodType, value: unknown, context: Context): Payload {
  if (context.abortEarly !== true || context.sorter !== undefined || typeof value !== "object" || value === null) {
    return run(schema, value, context);
  }
  return probes.within(() => remembered(schema, value, context));
}

/** The results of the current probe, from the second nested one on: variants that contain the same union try it again. */
const probes = new Memo(2);

/** The recursion levels of all schemas with `x-max-depth`, on which a result depends. */
export const levels: number[] = [];

function remembered(schema: z.ZodType, value: object, context: Context): Payload {
  const found = probes.of(value, schema);
  const key = [context.probing, context.reading, ...levels].join();
  const result = (found?.get(key) as Payload | undefined) ?? run(schema, value, context);
  found?.set(key, result);
  return result;
}

function run(schema: z.ZodType, value: unknown, context: Context): Payload {
  const result = schema._zod.run({ value, issues: [] }, context);
  if (result instanceof Promise) {
    throw new z.core.$ZodAsyncError();
  }
  return result;
}

/** Initializes an instance in the same way as one of Zod's own classes. */
export function inherit<T, D>(parent: { readonly init: (schema: T, def: D) => void }, schema: T, def: D): void {
  parent.init(schema, def);
}

/** A schema whose values no message repeats, such as a password. */
/* @__NO_SIDE_EFFECTS__ */
export function secret<T extends z.ZodType>(schema: T): T {
  const { run } = schema._zod;
  const message = "is not accepted; the value is secret";
  schema._zod.run = (payload, context): Result => {
    const before = payload.issues.length;
    const result = run(payload, context);
    if (!(result instanceof Promise) && result.issues.length > before) {
      result.issues.splice(before, Infinity, ...result.issues.slice(before).map((issue) => ({ ...issue, message })));
    }
    return result;
  };
  return schema;
}

/** Changes the result of a schema after all its checks, which see the value as it was. */
export function afterChecks(schema: z.ZodType, change: (payload: Payload, context: Context) => Payload): void {
  // Zod composes `run` from `parse` and the checks: at once, or after the schema has been initialized if there are no checks.
  (schema._zod.deferred ??= []).push(() => {
    const { run } = schema._zod;
    schema._zod.run = (payload, context): Result => {
      const result = run(payload, context);
      return result instanceof Promise ? result.then((settled) => change(settled, context)) : change(result, context);
    };
  });
}

// What all schemas share. Each schema of a contract is an instance of Zod's own class, with its methods, but validates as JSON Schema does:
// only own members count, every violation is found, and each issue names its keyword. Values are returned unchanged.

import * as z from "zod";

/** A value during parsing. */
export interface Payload extends z.core.ParsePayload {
  /** The sorter of the context, for checks: Zod does not pass the context to them. */
  sorter?: Sorter | undefined;
  /** Whether only the verdict matters, likewise. */
  judging?: boolean;
}

/** How a value is parsed. */
export interface Context extends z.core.ParseContextInternal {
  /** Whether only the verdict matters, so that a value need not fit the type of its schema. */
  readonly judging?: boolean;
  /** Whether the value is known not to pass a test, so that its parts are parsed for what is wrong: see `verdict.ts`. */
  readonly telling?: boolean;
  /** What becomes of the items of `x-each` arrays; without it, they are parts like all others. */
  readonly sorter?: Sorter | undefined;
}

/** Keeps the valid items of an `x-each` array, and separates the invalid ones. */
export type Sorter = (items: readonly unknown[], item: z.ZodType) => unknown[];

/** A parsed value. Only schemas that were extended with an asynchronous check make promises. */
export type Result = Payload | Promise<Payload>;

/** Returns the same schema with the type that the contract compiler determined for the values that it accepts. */
export function as<T>(schema: z.ZodType): z.ZodType<T> {
  return schema as z.ZodType<T>;
}

/** The contexts of checks: a check starts anew, and only the sorter and whether to judge are kept. */
const PLAIN: Context = { async: false };
const PROBE: Context = { async: false, abortEarly: true, judging: true };

/** Whether a schema accepts a value. `whole` is what is being checked. */
export function accepts(schema: z.ZodType, value: unknown, whole?: Payload): boolean {
  return runNow(schema, value, inherited(PROBE, whole)).issues.length === 0;
}

/** The issues that a schema finds in a value. `whole` is what is being checked. */
export function issuesOf(schema: z.ZodType, value: unknown, whole: Payload): readonly z.core.$ZodRawIssue[] {
  return runNow(schema, value, inherited(PLAIN, whole)).issues;
}

/** What Zod's own methods take to determine only the verdict. */
export const VERDICT: z.core.ParseContext<z.core.$ZodIssue> = { judging: true } as z.core.ParseContext<z.core.$ZodIssue>;

/** What Zod's own methods take to parse with a sorter. */
export function withSorter(sorter: Sorter | undefined): z.core.ParseContext<z.core.$ZodIssue> {
  const context: Pick<Context, "sorter"> = { sorter };
  return context as z.core.ParseContext<z.core.$ZodIssue>;
}

/** Hands what the checks of a value need of the context to them. */
export function carry(payload: Payload, { sorter, judging }: Context): void {
  if (sorter !== undefined) {
    payload.sorter = sorter;
  }
  if (judging === true) {
    payload.judging = true;
  }
}

function inherited(context: Context, whole: Payload | undefined): Context {
  if (whole?.sorter === undefined && whole?.judging !== true) {
    return context;
  }
  return { ...context, sorter: whole.sorter, judging: context.judging === true || whole.judging === true };
}

/**
 * Runs a schema synchronously. Schemas of a contract are never asynchronous; a schema that was extended with an asynchronous check cannot
 * run here.
 */
export function runNow(schema: z.ZodType, value: unknown, context: Context): Payload {
  if (context.abortEarly !== true || context.sorter !== undefined || typeof value !== "object" || value === null) {
    return run(schema, value, context);
  }
  probes += 1;
  try {
    return probes < PROBES_FEW ? run(schema, value, context) : remembered(schema, value, context);
  } finally {
    probes -= 1;
    if (probes < PROBES_FEW && known.size > 0) {
      known = new Map();
    }
  }
}

/** How deep variants are tried within each other before results are remembered. */
const PROBES_FEW = 2;

/** How many probes are within each other. */
let probes = 0;

/** The results of the current probe: variants that contain the same union would otherwise judge a part twice as often per level. */
let known = new Map<object, Map<z.ZodType, Map<string, Payload>>>();

/** The recursion levels of all schemas with `x-max-depth`, on which a result depends. */
export const levels: number[] = [];

function remembered(schema: z.ZodType, value: object, context: Context): Payload {
  const ofValue = known.get(value) ?? new Map<z.ZodType, Map<string, Payload>>();
  const ofSchema = ofValue.get(schema) ?? new Map<string, Payload>();
  const key = `${String(context.judging)} ${levels.join()}`;
  const result = ofSchema.get(key) ?? run(schema, value, context);
  known.set(value, ofValue.set(schema, ofSchema.set(key, result)));
  return result;
}

function run(schema: z.ZodType, value: unknown, context: Context): Payload {
  const result = schema._zod.run({ value, issues: [] }, context);
  if (result instanceof Promise) {
    throw new z.core.$ZodAsyncError();
  }
  return result;
}

/** Initializes an instance as one of Zod's own classes does. */
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
  // Zod composes `run` from `parse` and the checks once the schema has been initialized.
  schema._zod.deferred?.push(() => {
    const { run } = schema._zod;
    schema._zod.run = (payload, context): Result => {
      const result = run(payload, context);
      return result instanceof Promise ? result.then((settled) => change(settled, context)) : change(result, context);
    };
  });
}

// The fast path for valid values: each schema has a test, a predicate that creates no issues. A value that its test does not accept is
// parsed as in Zod, which decides whether it is valid and collects the issues.

import * as z from "zod";
import { Memo } from "./memo.js";
import { levels, type Context, type Payload, type Result } from "./schema.js";

/** `true` only if a schema accepts the value and leaves it as it is. `false` is inconclusive. */
export type Test = (value: unknown) => boolean;

/** Creates the test of a schema; undefined if the schema has parts or checks that do not belong to this runtime. */
type Maker = () => Test | undefined;

const makers = new WeakMap<z.core.$ZodType, Maker>();
const made = new WeakMap<z.core.$ZodType, { readonly test: Test | undefined }>();
const ownChecks = new WeakMap<z.core.$ZodCheck, Test | undefined>();

const QUICK: Context = { async: false, abortEarly: true };

/** Creates a schema of the contract. Constructing schemas inside a function lets bundlers drop unused ones. */
/* @__NO_SIDE_EFFECTS__ */
export function define<T>(build: () => z.ZodType<T>): z.ZodType<T> {
  const schema = build();
  const { run } = schema._zod;
  const check = (payload: Payload, context: Context): Result => {
    // While collecting issues, parse the parts directly instead of testing each one again.
    if (context.collecting === true || payload.issues.length > 0) {
      return run(payload, context);
    }
    const test = testOf(schema);
    if (test === undefined) {
      return run(payload, context);
    }
    if (test(payload.value)) {
      return payload;
    }
    const collecting: Context = { ...context, collecting: true };
    return run(payload, collecting);
  };
  schema._zod.run = (payload: Payload, context: Context): Result => memo.within(() => runOnce(schema, payload, context, check));
  return schema;
}

/** The results for the parts of the current value, below the nesting depth of most values. */
const memo = new Memo(5);

/** Runs a schema, or reuses its cached result, of which only the first issue is kept. */
function runOnce(schema: z.core.$ZodType, payload: Payload, context: Context, run: (payload: Payload, context: Context) => Result): Result {
  const { value, issues } = payload;
  const found = issues.length > 0 || context.sorter !== undefined ? undefined : memo.of(value, schema);
  if (found === undefined) {
    return run(payload, context);
  }
  const key = [context.abortEarly, context.probing, context.reading, ...levels].join();
  const first = found.get(key) as readonly z.core.$ZodRawIssue[] | undefined;
  if (first !== undefined) {
    issues.push(...first.map(copied));
    return payload;
  }
  const result = run(payload, context);
  if (!(result instanceof Promise) && result.value === value) {
    found.set(key, result.issues.slice(0, 1).map(copied));
  }
  return result;
}

/** Zod prefixes the paths of issues in place. */
function copied(issue: z.core.$ZodRawIssue): z.core.$ZodRawIssue {
  return { ...issue, path: [...(issue.path ?? [])] };
}

/** The result of a test, from the cache if possible. */
function testOnce(test: Test, value: unknown): boolean {
  const found = memo.of(value, test);
  if (found === undefined) {
    return test(value);
  }
  const key = levels.join();
  const result = (found.get(key) as boolean | undefined) ?? test(value);
  found.set(key, result);
  return result;
}

/** Sets the function that creates a schema's test, without its checks. */
export function testedBy(schema: z.core.$ZodType, maker: Maker): void {
  makers.set(schema, maker);
}

/** Marks a check of this runtime: it is never asynchronous, and never changes the value. Without a test of its own, it is run as a test. */
export function ownCheck<T>(check: z.core.$ZodCheck<T>, test?: Test): z.core.$ZodCheck<T> {
  ownChecks.set(check as z.core.$ZodCheck, test);
  return check;
}

/** The test of a schema with its checks. */
export function testOf(schema: z.core.$ZodType): Test | undefined {
  const known = made.get(schema);
  if (known !== undefined) {
    return known.test;
  }
  const base = (makers.get(schema) ?? ((): Test | undefined => testOfZod(schema)))();
  const checks = (schema._zod.def.checks ?? []).map(testOfCheck);
  const test = base === undefined ? undefined : both(base, checks);
  made.set(schema, { test });
  return test;
}

/** The tests of all schemas; undefined if one has none. */
export function testsOf(schemas: readonly z.core.$ZodType[]): readonly Test[] | undefined {
  const tests = schemas.map(testOf);
  return tests.every((test) => test !== undefined) ? tests : undefined;
}

/** A test that parses, for schemas that can only be tested by parsing. */
export function parsing(schema: z.core.$ZodType): Test {
  return (value) => {
    const result = schema._zod.parse({ value, issues: [] }, QUICK);
    return !(result instanceof Promise) && result.issues.length === 0 && result.value === value;
  };
}

function both(base: Test, checks: readonly (Test | undefined)[]): Test | undefined {
  if (checks.includes(undefined)) {
    return undefined;
  }
  const [first, second, ...others] = checks;
  if (first === undefined) {
    return base;
  }
  if (second === undefined) {
    return (value) => base(value) && first(value);
  }
  return both((value) => base(value) && first(value) && second(value), others);
}

/** The test of a schema of one of Zod's own classes that generated code uses. */
function testOfZod(schema: z.core.$ZodType): Test | undefined {
  if (schema instanceof z.ZodNullable) {
    const inner = testOf(schema.def.innerType);
    return inner === undefined ? undefined : (value): boolean => value === null || inner(value);
  }
  if (schema instanceof z.ZodLazy) {
    let inner: Test | undefined;
    return (value) => {
      const test = (inner ??= testOf(schema.def.getter()) ?? ((): boolean => false));
      return memo.within(() => testOnce(test, value));
    };
  }
  if (schema instanceof z.ZodBoolean) {
    return schema.def.coerce === true ? undefined : (value): boolean => typeof value === "boolean";
  }
  if (schema instanceof z.ZodLiteral) {
    const { values } = schema;
    return (value) => values.has(value as z.core.util.Literal);
  }
  return schema instanceof z.ZodNull ? (value): boolean => value === null : undefined;
}

/** What Zod's own checks compare values with. */
interface Limits extends z.core.$ZodCheckDef {
  readonly value?: number | bigint;
  readonly inclusive?: boolean;
  readonly maximum?: number;
  readonly minimum?: number;
  readonly format?: string;
  readonly pattern?: RegExp;
}

/** The test of a check, for values of the type that its schema has tested. */
function testOfCheck(check: z.core.$ZodCheck): Test | undefined {
  const { check: name, value: limit, inclusive, maximum, minimum, format, pattern } = check._zod.def as Limits;
  const slow: Test = (value) => {
    const payload: z.core.ParsePayload<never> = { value: value as never, issues: [] };
    void check._zod.check(payload);
    return payload.issues.length === 0;
  };
  if (ownChecks.has(check)) {
    return ownChecks.get(check) ?? slow;
  }
  if (name === "less_than" && limit !== undefined) {
    return inclusive === true ? (value): boolean => (value as number | bigint) <= limit : (value): boolean => (value as number | bigint) < limit;
  }
  if (name === "greater_than" && limit !== undefined) {
    return inclusive === true ? (value): boolean => (value as number | bigint) >= limit : (value): boolean => (value as number | bigint) > limit;
  }
  // Texts are measured in code points, which are one or two units each: only texts in between have to be counted.
  if (name === "max_length" && maximum !== undefined) {
    return (value) => (value as string).length <= maximum || slow(value);
  }
  if (name === "min_length" && minimum !== undefined) {
    return (value) => (value as string).length >= minimum * 2 || slow(value);
  }
  // Patterns that remember where they have matched are left to Zod.
  const isPlain = name === "string_format" && format === "regex" && pattern?.global === false && !pattern.sticky;
  return isPlain ? (value): boolean => pattern.test(value as string) : undefined;
}

// Schemas of unions, and of values that contain values of their own schema.

import * as z from "zod";
import { isUnread, ofCheck, violate } from "./issue.js";
import { isObject, member, show } from "./json.js";
import { as, inherit, levels, runNow, type Context, type Payload, type Result, type Several } from "./schema.js";
import { parsing, testOf, testedBy, testsOf, type Test } from "./predicate.js";

/** A variant that accepts a value, and the result of reading the value with it. */
interface Match {
  readonly variant: z.ZodType;
  readonly result: Payload;
}

/** The variant, if it accepts the value. Its result has issues if its type does not hold an integer of the value. */
function matchOf(variant: z.ZodType, payload: Payload, context: Context): Match | undefined {
  const probe: Context = { ...context, abortEarly: true, collecting: false };
  if (context.reading === true) {
    const isMatch = runNow(variant, payload.value, { ...probe, reading: false, probing: true }).issues.length === 0;
    return isMatch ? { variant, result: runNow(variant, payload.value, probe) } : undefined;
  }
  const result = runNow(variant, payload.value, probe);
  const isMatch =
    result.issues.length === 0 ||
    (result.issues.some(isUnread) && runNow(variant, payload.value, { ...probe, probing: true }).issues.length === 0);
  return isMatch ? { variant, result } : undefined;
}

/** Takes the value that a variant has read, or the issues of the integers that its type does not hold. */
function take({ variant, result }: Match, payload: Payload, context: Context): Payload {
  if (result.issues.length === 0) {
    payload.value = result.value;
  } else {
    payload.issues.push(...runNow(variant, payload.value, context).issues.map((issue) => ofCheck(issue)));
  }
  return payload;
}

const AnyOf: z.core.$constructor<z.ZodUnion<z.ZodType[]>> = /* @__PURE__ */ z.core.$constructor("AnyOf", (schema, def) => {
  inherit(z.ZodUnion, schema, def);
  schema._zod.parse = (payload, context): Payload => {
    let first: Match | undefined;
    for (const option of def.options) {
      const match = matchOf(option, payload, context);
      if (match?.result.issues.length === 0) {
        return take(match, payload, context);
      }
      first ??= match;
    }
    if (first !== undefined) {
      return take(first, payload, context);
    }
    violate(payload, "anyOf", "matches none of the variants");
    return payload;
  };
  testedBy(schema, () => testOfUnion(schema, (tests) => (value) => tests.some((test) => test(value))));
});

/** `anyOf` */
/* @__NO_SIDE_EFFECTS__ */
export function anyOf<T = unknown>(options: Several<z.ZodType>): z.ZodType<T> {
  return as<T>(new AnyOf({ type: "union", options: [...options] }));
}

const OneOf: z.core.$constructor<z.ZodUnion<z.ZodType[]>> = /* @__PURE__ */ z.core.$constructor("OneOf", (schema, def) => {
  inherit(z.ZodUnion, schema, def);
  schema._zod.parse = (payload, context): Payload => {
    const matching = def.options.map((option) => matchOf(option, payload, context)).filter((match) => match !== undefined);
    const [only] = matching;
    if (only !== undefined && matching.length === 1) {
      return take(only, payload, context);
    }
    const message = only === undefined ? "matches none of the variants" : `matches ${matching.length} variants; expected exactly one`;
    violate(payload, "oneOf", message);
    return payload;
  };
  testedBy(schema, () => testOfUnion(schema, (tests) => (value) => tests.filter((test) => test(value)).length === 1));
});

/**
 * The test of a union. For a value without parts, the tests of the variants decide; any other value may be changed by an earlier variant.
 */
function testOfUnion(schema: z.ZodUnion<z.ZodType[]>, ofScalars: (tests: readonly Test[]) => Test): Test | undefined {
  const tests = testsOf(schema.def.options);
  if (tests === undefined) {
    return undefined;
  }
  const [scalar, parsed] = [ofScalars(tests), parsing(schema)];
  return (value) => (typeof value === "object" || typeof value === "bigint" ? parsed(value) : scalar(value));
}

/** `oneOf` */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf<T = unknown>(options: Several<z.ZodType>): z.ZodType<T> {
  return as<T>(new OneOf({ type: "union", options: [...options] }));
}

/** A variant of a union, and the values of the member that identifies it. */
type Variant = readonly [tag: string | boolean | readonly (string | boolean)[], schema: z.ZodType];

interface TaggedDef extends z.core.$ZodUnionDef<z.ZodType[]> {
  readonly tag: string;
  readonly variants: ReadonlyMap<unknown, z.ZodType>;
}

const Tagged: z.core.$constructor<z.ZodUnion<z.ZodType[]>, TaggedDef> = /* @__PURE__ */ z.core.$constructor("Tagged", (schema, def) => {
  inherit(z.ZodUnion, schema, def);
  schema._zod.parse = (payload, context): Result => {
    const seen = isObject(payload.value) ? member(payload.value, def.tag) : undefined;
    const variant = def.variants.get(seen);
    if (variant !== undefined) {
      return variant._zod.run(payload, context);
    }
    const name = JSON.stringify(def.tag);
    const message = seen === undefined ? `is missing the member ${name} that selects the variant` : `has ${name} ${show(seen)}, which selects no variant`;
    violate(payload, "oneOf", message);
    return payload;
  };
  testedBy(schema, () => testOfTagged(def));
});

function testOfTagged({ tag, variants }: TaggedDef): Test | undefined {
  const tests = new Map<unknown, Test>();
  for (const [value, variant] of variants) {
    const test = testOf(variant);
    if (test === undefined) {
      return undefined;
    }
    tests.set(value, test);
  }
  return (value) => isObject(value) && tests.get(member(value, tag))?.(value) === true;
}

/** `oneOf` with a discriminating member. */
/* @__NO_SIDE_EFFECTS__ */
export function tagged<T = unknown>(tag: string, variants: Several<Variant>): z.ZodType<T> {
  const options = variants.map(([, schema]) => schema);
  const entries = variants.flatMap(([tags, schema]) => [tags].flat().map((value): [unknown, z.ZodType] => [value, schema]));
  return as<T>(new Tagged({ type: "union", options, inclusive: false, tag, variants: new Map(entries) }));
}

// Recursion

interface NestedDef extends z.core.$ZodLazyDef<z.ZodType> {
  readonly levelsMax: number;
}

const Nested: z.core.$constructor<z.ZodLazy<z.ZodType>, NestedDef> = /* @__PURE__ */ z.core.$constructor("Nested", (schema, def) => {
  inherit(z.ZodLazy, schema, def);
  /** Each schema counts its own levels. */
  const own = levels.push(0) - 1;
  schema._zod.parse = (payload, context): Result => {
    const level = levels[own] ?? 0;
    if (level === def.levelsMax) {
      violate(payload, "x-max-depth", `nests deeper than ${def.levelsMax} levels`);
      return payload;
    }
    levels[own] = level + 1;
    try {
      return def.getter()._zod.run(payload, context);
    } finally {
      levels[own] = level;
    }
  };
  testedBy(schema, () => parsing(schema));
});

/** `x-max-depth` */
/* @__NO_SIDE_EFFECTS__ */
export function nested<T>(levelsMax: number, schema: z.ZodType<T>): z.ZodType<T> {
  return as<T>(new Nested({ type: "lazy", getter: () => schema, levelsMax }));
}

// Zod schemas with the verdicts of JSON Schema. Each is an instance of Zod's own class, with its methods, but validates as JSON Schema
// does: only own members count, every violation is found, and each issue names its keyword. Values are returned unchanged.

import * as z from "zod";
import { has, isObject, isOfType, member, show, type JsonObject, type JsonType } from "./json.js";

type Payload = z.core.ParsePayload;

interface Context extends z.core.ParseContextInternal {
  /** Whether only the verdict matters, so that a value need not fit the type of its schema. */
  readonly judging?: boolean;
}

type Result = Payload | Promise<Payload>;

/** Makes a schema. Constructing schemas inside a function lets bundlers drop unused ones. */
/* @__NO_SIDE_EFFECTS__ */
export function define<T>(build: () => z.ZodType<T>): z.ZodType<T> {
  return build();
}

/** Returns the same schema with the type that the contract compiler determined for the values that it accepts. */
export function as<T>(schema: z.ZodType): z.ZodType<T> {
  return schema as z.ZodType<T>;
}

/** Records a violation of a keyword. */
export function violate(payload: Payload, keyword: string, message: string, path?: PropertyKey[]): void {
  const place = path === undefined ? {} : { path };
  payload.issues.push({ code: "custom", params: { keyword }, message, input: payload.value, continue: true, ...place });
}

/** Which checks still run on a value of the wrong type: all of them, only the keyword checks without Zod's own, or none. */
type Onward = "all" | "keywords" | "none";

const CONTINUE: Readonly<Record<Onward, boolean | undefined>> = { all: true, keywords: undefined, none: false };

function wrongType(payload: Payload, types: readonly JsonType[], onward: Onward = "all"): Payload {
  const message = types.length === 0 ? "is not JSON" : `is ${show(payload.value)}; ${types.join(" or ")} is accepted`;
  payload.issues.push({ code: "custom", params: { keyword: "type" }, message, input: payload.value, continue: CONTINUE[onward] });
  return payload;
}

const PROBE: Context = { async: false, abortEarly: true, judging: true };

/** Whether a schema accepts a value. */
export function accepts(schema: z.ZodType, value: unknown): boolean {
  return runNow(schema, value, PROBE).issues.length === 0;
}

/**
 * Runs a schema synchronously. Schemas of a contract are never asynchronous; a schema that was extended with an asynchronous check cannot
 * run here.
 */
export function runNow(schema: z.ZodType, value: unknown, context: Context): Payload {
  const result = schema._zod.run({ value, issues: [] }, context);
  if (result instanceof Promise) {
    throw new z.core.$ZodAsyncError();
  }
  return result;
}

/** Initializes an instance as one of Zod's own classes does. */
function inherit<T, D>(parent: { readonly init: (schema: T, def: D) => void }, schema: T, def: D): void {
  parent.init(schema, def);
}

// Scalars

const ExactString: z.core.$constructor<z.ZodString> = /* @__PURE__ */ z.core.$constructor("ExactString", (schema, def) => {
  inherit(z.ZodString, schema, def);
  schema._zod.parse = (payload): Payload => (typeof payload.value === "string" ? payload : wrongType(payload, ["string"], "none"));
});

/** `type: string` */
/* @__NO_SIDE_EFFECTS__ */
export function string(): z.ZodString {
  return new ExactString({ type: "string" });
}

interface IntegerDef extends z.core.$ZodNumberDef {
  /** Whether the type of the values includes bigints. */
  readonly isLong: boolean;
}

const Integer: z.core.$constructor<z.ZodNumber, IntegerDef> = /* @__PURE__ */ z.core.$constructor("Integer", (schema, def) => {
  inherit(z.ZodNumber, schema, def);
  schema._zod.parse = (payload): Payload => {
    if (typeof payload.value !== "bigint" && !Number.isInteger(payload.value)) {
      // Bounds apply to every number, including fractions.
      wrongType(payload, ["integer"], typeof payload.value === "number" ? "all" : "keywords");
    }
    return payload;
  };
  // After the bounds: an integer that they refuse has no other fault.
  schema._zod.deferred?.push(() => {
    const { run } = schema._zod;
    schema._zod.run = (payload, context: Context): Result => {
      const result = run(payload, context);
      if (typeof payload.value !== "bigint" || def.isLong || context.judging === true) {
        return result;
      }
      return result instanceof Promise ? result.then(refuseLong) : refuseLong(result);
    };
  });
});

function refuseLong(payload: Payload): Payload {
  if (payload.issues.length === 0) {
    const message = `is ${String(payload.value)}, which a JavaScript number does not hold exactly; \`format: int64\` makes it a bigint`;
    violate(payload, "type", message);
  }
  return payload;
}

/** `type: integer`, in any notation; the bounds are also checked for a number with a fraction. */
/* @__NO_SIDE_EFFECTS__ */
export function integer(): z.ZodNumber {
  return new Integer({ type: "number", checks: [], isLong: false });
}

/** Like {@link integer}, where the contract names integers beyond 2^53: they are bigints. */
/* @__NO_SIDE_EFFECTS__ */
export function longInteger(): z.ZodNumber {
  return new Integer({ type: "number", checks: [], isLong: true });
}

const Double: z.core.$constructor<z.ZodNumber> = /* @__PURE__ */ z.core.$constructor("Double", (schema, def) => {
  inherit(z.ZodNumber, schema, def);
  schema._zod.parse = (payload): Payload => {
    const isNumber = typeof payload.value === "bigint" || Number.isFinite(payload.value);
    return isNumber ? payload : wrongType(payload, ["number"], "keywords");
  };
  // The checks see the exact integer.
  schema._zod.deferred?.push(() => {
    const { run } = schema._zod;
    schema._zod.run = (payload, context): Result => {
      const result = run(payload, context);
      return result instanceof Promise ? result.then(rounded) : rounded(result);
    };
  });
});

function rounded(payload: Payload): Payload {
  if (typeof payload.value === "bigint") {
    payload.value = Number(payload.value);
  }
  return payload;
}

/** `type: number`: the value is a double. */
/* @__NO_SIDE_EFFECTS__ */
export function number(): z.ZodNumber {
  return new Double({ type: "number", checks: [] });
}

type Scalar = string | number | boolean;

const Choice: z.core.$constructor<z.ZodEnum> = /* @__PURE__ */ z.core.$constructor("Choice", (schema, def) => {
  inherit(z.ZodEnum, schema, def);
  const { values } = schema._zod;
  schema._zod.parse = (payload): Payload => {
    if (!values.has(payload.value as string)) {
      if (typeof payload.value !== "string") {
        wrongType(payload, ["string"]);
      }
      violate(payload, "enum", `is ${show(payload.value)}; one of ${[...values].join(", ")} is accepted`);
    }
    return payload;
  };
});

/** `type: string` with `enum` */
/* @__NO_SIDE_EFFECTS__ */
export function choice<const T extends string>(values: readonly T[]): z.ZodType<T> {
  return as<T>(new Choice({ type: "enum", entries: Object.fromEntries(values.map((value) => [value, value])) }));
}

const Constant: z.core.$constructor<z.ZodLiteral<Scalar>> = /* @__PURE__ */ z.core.$constructor("Constant", (schema, def) => {
  inherit(z.ZodLiteral, schema, def);
  const value = def.values[0];
  const type = typeof value as JsonType;
  schema._zod.parse = (payload): Payload => {
    if (payload.value !== value) {
      if (!isOfType(payload.value, [type])) {
        wrongType(payload, [type]);
      }
      violate(payload, "const", `is ${show(payload.value)}; only ${show(value)} is accepted`);
    }
    return payload;
  };
});

/** A `const` beside its `type` */
/* @__NO_SIDE_EFFECTS__ */
export function constant<const T extends Scalar>(value: T): z.ZodType<T> {
  return as<T>(new Constant({ type: "literal", values: [value] }));
}

// Any JSON

interface JsonDef extends z.core.$ZodUnknownDef {
  readonly types: readonly JsonType[];
}

const Json: z.core.$constructor<z.ZodUnknown, JsonDef> = /* @__PURE__ */ z.core.$constructor("Json", (schema, def) => {
  inherit(z.ZodUnknown, schema, def);
  schema._zod.parse = (payload, context: Context): Payload => {
    if (typeof payload.value === "bigint" && def.types.includes("number")) {
      rounded(payload);
    }
    const accepted = context.judging === true && def.types.includes("integer") ? [...def.types, "bigint" as const] : def.types;
    if (payload.value === undefined || (accepted.length > 0 && !isOfType(payload.value, accepted))) {
      wrongType(payload, def.types);
    }
    return payload;
  };
});

/** JSON of any of the given types, or of any type if none is given; further constraints are checks. */
/* @__NO_SIDE_EFFECTS__ */
export function json<T = unknown>(...types: JsonType[]): z.ZodType<T> {
  return as<T>(new Json({ type: "unknown", types }));
}

/** The schema `false`. */
/* @__NO_SIDE_EFFECTS__ */
export function never<T = never>(): z.ZodType<T> {
  return as<T>(json().check((payload) => violate(payload, "false", "is never accepted")));
}

// Arrays

interface ArrayDef extends z.core.$ZodArrayDef<z.ZodType> {
  /** Schemas for the first items; `element` is for the items after them. */
  readonly prefix: readonly z.ZodType[];
  /** Whether the items are validated one by one if the caller requests it: see `each.ts`. */
  readonly apart: boolean;
}

const ExactArray: z.core.$constructor<z.ZodArray<z.ZodType>, ArrayDef> = /* @__PURE__ */ z.core.$constructor("ExactArray", (schema, def) => {
  inherit(z.ZodArray, schema, def);
  schema._zod.parse = (payload, context): Result => {
    const input: unknown = payload.value;
    if (!Array.isArray(input)) {
      return wrongType(payload, ["array"], "none");
    }
    if (def.apart && sorter !== undefined) {
      payload.value = sorter(input, def.element, payload);
      return payload;
    }
    const parts = new Parts(payload, context);
    for (let index = 0; index < input.length; index += 1) {
      parts.run(def.prefix[index] ?? def.element, input[index], index);
      if (context.abortEarly === true && payload.issues.length > 0) {
        break;
      }
    }
    return parts.finish();
  };
});

/** `type: array` with `items` */
/* @__NO_SIDE_EFFECTS__ */
export function array<T>(item: z.ZodType<T>): z.ZodArray<z.ZodType<T>> {
  return new ExactArray({ type: "array", element: item, prefix: [], apart: false }) as z.ZodArray<z.ZodType<T>>;
}

/** `prefixItems`, with `items` for the items after them. */
/* @__NO_SIDE_EFFECTS__ */
export function prefixed(prefix: readonly z.ZodType[], rest: z.ZodType = json()): z.ZodArray<z.ZodType> {
  return new ExactArray({ type: "array", element: rest, prefix, apart: false });
}

/** An array with `x-each`: with `parseEach`, an invalid item does not make the others invalid. */
/* @__NO_SIDE_EFFECTS__ */
export function each<T>(item: z.ZodType<T>): z.ZodArray<z.ZodType<T>> {
  return new ExactArray({ type: "array", element: item, prefix: [], apart: true }) as z.ZodArray<z.ZodType<T>>;
}

/** Keeps the valid items of an `x-each` array, and separates the invalid ones. */
export type Sorter = (items: readonly unknown[], item: z.ZodType, payload: Payload) => unknown[];

let sorter: Sorter | undefined;

/** Runs `parse`; `sort` handles the items of `x-each` arrays. */
export function withSorter<T>(sort: Sorter, parse: () => T): T {
  const outer = sorter;
  sorter = sort;
  try {
    return parse();
  } finally {
    sorter = outer;
  }
}

// Objects

/** The schemas of an object's members; optional members use `.exactOptional()`. */
export type ShapeOf<T> = {
  readonly [K in keyof T as string extends K ? never : number extends K ? never : K]-?: z.ZodType<Exclude<T[K], undefined>>;
};

interface ObjectDef extends z.core.$ZodObjectDef {
  readonly patterns?: readonly Pattern[];
}

/** `patternProperties`: a schema for all members whose name matches the pattern. */
type Pattern = readonly [pattern: RegExp, schema: z.ZodType];

interface Plan {
  readonly members: readonly Member[];
  readonly named: ReadonlySet<string>;
  /** For all other members: `closed` if none are allowed, undefined if they may have any value. */
  readonly rest: z.core.$ZodType | typeof closed | undefined;
}

interface Member {
  readonly name: string;
  /** Undefined if the member may have any value. */
  readonly schema: z.core.$ZodType | undefined;
  readonly presence: "required" | "optional" | "defaulted";
  /** Whether every object inherits a property of this name. */
  readonly isInherited: boolean;
}

const ExactObject: z.core.$constructor<z.ZodObject, ObjectDef> = /* @__PURE__ */ z.core.$constructor("ExactObject", (schema, def) => {
  inherit(z.ZodObject, schema, def);
  let plan: Plan | undefined;
  schema._zod.parse = (payload, context): Result => {
    if (!isObject(payload.value)) {
      return wrongType(payload, ["object"]);
    }
    plan ??= planOf(def);
    return parseMembers(plan, def.patterns ?? [], payload.value, payload, context);
  };
});

function planOf(def: ObjectDef): Plan {
  const members = Object.entries(def.shape).map(([name, schema]): Member => {
    // The parser checks here whether a member is present, so only the inner schema of an optional member is needed.
    const inner = schema instanceof z.ZodExactOptional ? schema.unwrap() : schema;
    const presence = schema._zod.optin ?? "required";
    return { name, schema: isAnything(inner) ? undefined : inner, presence, isInherited: name in Object.prototype };
  });
  const others = def.catchall ?? z.never();
  const rest = others instanceof z.ZodNever ? closed : isAnything(others) ? undefined : others;
  return { members, named: new Set(members.map(({ name }) => name)), rest };
}

/** Whether a schema accepts any value. */
function isAnything(schema: z.core.$ZodType): boolean {
  const { types = [], checks = [] } = schema._zod.def as Partial<JsonDef>;
  return schema instanceof z.ZodUnknown && types.length === 0 && checks.length === 0;
}

function parseMembers(plan: Plan, patterns: readonly Pattern[], input: JsonObject, payload: Payload, context: Context): Result {
  const parts = new Parts(payload, context);
  let missing: string[] | undefined;
  const isBrief = context.abortEarly === true;
  for (const { name, schema, presence, isInherited } of plan.members) {
    const value = isInherited ? member(input, name) : input[name];
    if (value !== undefined || presence === "defaulted") {
      if (schema !== undefined) {
        parts.run(schema, value, name);
      }
    } else if (presence === "required") {
      (missing ??= []).push(name);
    }
    if (isBrief && (payload.issues.length > 0 || missing !== undefined)) {
      break;
    }
  }
  if (missing !== undefined) {
    violate(payload, "required", `lacks ${missing.map((name) => JSON.stringify(name)).join(", ")}`);
  }
  if (plan.rest !== undefined || patterns.length > 0) {
    parseOthers(plan, patterns, input, parts);
  }
  return parts.finish();
}

function parseOthers(plan: Plan, patterns: readonly Pattern[], input: JsonObject, parts: Parts): void {
  for (const name in input) {
    if (!has(input, name)) {
      continue;
    }
    let isKnown = plan.named.has(name);
    for (const [pattern, schema] of patterns) {
      if (pattern.test(name)) {
        isKnown = true;
        parts.run(schema, input[name], name);
      }
    }
    if (isKnown || plan.rest === undefined) {
      continue;
    }
    if (plan.rest === closed) {
      violate(parts.payload, "additionalProperties", "is an unknown member", [name]);
    } else {
      parts.run(plan.rest, input[name], name);
    }
  }
}

/** No other members are allowed: `additionalProperties: false`. */
export const closed = "closed";
/** The schema of members that no other keyword names. */
export type Rest = z.ZodType | typeof closed | undefined;

function catchall(rest: Rest): z.ZodType {
  return rest === undefined ? z.unknown() : rest === closed ? z.never() : rest;
}

/** `type: object` with `properties` and `required`; `rest` is `additionalProperties`. */
/* @__NO_SIDE_EFFECTS__ */
export function object<T>(shape: ShapeOf<T>, rest?: Rest, patterns?: readonly Pattern[]): z.ZodType<T> {
  const others = patterns === undefined ? {} : { patterns };
  return as<T>(new ExactObject({ type: "object", shape: shape as z.core.$ZodShape, catchall: catchall(rest), ...others }));
}

/** Like {@link object}, if no single type describes which members are present. */
/* @__NO_SIDE_EFFECTS__ */
export function members(shape: Readonly<Record<string, z.ZodType>>, rest?: Rest, patterns?: readonly Pattern[]): z.ZodType<JsonObject> {
  const others = patterns === undefined ? {} : { patterns };
  return as<JsonObject>(new ExactObject({ type: "object", shape, catchall: catchall(rest), ...others }));
}

/** `type: object` with only `additionalProperties`: a map. */
/* @__NO_SIDE_EFFECTS__ */
export function record<T>(value: z.ZodType<T>): z.ZodType<{ [name: string]: T }> {
  return as<{ [name: string]: T }>(new ExactObject({ type: "object", shape: {}, catchall: value }));
}

/** The parts of an array or an object during parsing. The whole is copied only if a schema changes one of its parts. */
class Parts {
  readonly payload: Payload;
  readonly #context: Context;
  readonly #input: unknown;
  #pending: Promise<void>[] | undefined;
  /** Shared by all parts that report nothing. */
  #part: Payload = { value: undefined, issues: [] };

  constructor(payload: Payload, context: Context) {
    this.payload = payload;
    this.#context = context;
    this.#input = payload.value;
  }

  run(schema: z.core.$ZodType, value: unknown, key: PropertyKey): void {
    const part = this.#part;
    part.value = value;
    const result = schema._zod.run(part, this.#context);
    if (result === part && part.issues.length === 0 && part.value === value) {
      return;
    }
    this.#part = { value: undefined, issues: [] };
    if (result instanceof Promise) {
      (this.#pending ??= []).push(result.then((settled) => this.#take(settled, value, key)));
    } else {
      this.#take(result, value, key);
    }
  }

  finish(): Result {
    return this.#pending === undefined ? this.payload : Promise.all(this.#pending).then(() => this.payload);
  }

  #take(result: Payload, before: unknown, key: PropertyKey): void {
    for (const issue of z.core.util.prefixIssues(key, result.issues)) {
      // The checks of the whole still run where the checks of the part could not.
      this.payload.issues.push(issue.continue === false ? { ...issue, continue: undefined } : issue);
    }
    if (result.value !== before) {
      if (this.payload.value === this.#input) {
        this.payload.value = Array.isArray(this.#input) ? [...(this.#input as unknown[])] : { ...(this.#input as object) };
      }
      (this.payload.value as Record<PropertyKey, unknown>)[key] = result.value;
    }
  }
}

// Unions

const AnyOf: z.core.$constructor<z.ZodUnion<z.ZodType[]>> = /* @__PURE__ */ z.core.$constructor("AnyOf", (schema, def) => {
  inherit(z.ZodUnion, schema, def);
  schema._zod.parse = (payload, context): Payload => {
    const probe = { ...context, abortEarly: true };
    for (const option of def.options) {
      const result = runNow(option, payload.value, probe);
      if (result.issues.length === 0) {
        payload.value = result.value;
        return payload;
      }
    }
    violate(payload, "anyOf", "matches none of the variants");
    return payload;
  };
});

/** `anyOf` */
/* @__NO_SIDE_EFFECTS__ */
export function anyOf<T = unknown>(options: readonly z.ZodType[]): z.ZodType<T> {
  return as<T>(new AnyOf({ type: "union", options: [...options] }));
}

const OneOf: z.core.$constructor<z.ZodUnion<z.ZodType[]>> = /* @__PURE__ */ z.core.$constructor("OneOf", (schema, def) => {
  inherit(z.ZodUnion, schema, def);
  schema._zod.parse = (payload, context): Payload => {
    const probe = { ...context, abortEarly: true };
    const matching = def.options.map((option) => runNow(option, payload.value, probe)).filter((result) => result.issues.length === 0);
    const [only] = matching;
    if (only !== undefined && matching.length === 1) {
      payload.value = only.value;
    } else {
      const message = only === undefined ? "matches none of the variants" : `matches ${matching.length} variants; exactly one is accepted`;
      violate(payload, "oneOf", message);
    }
    return payload;
  };
});

/** `oneOf` */
/* @__NO_SIDE_EFFECTS__ */
export function oneOf<T = unknown>(options: readonly z.ZodType[]): z.ZodType<T> {
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
    const message = seen === undefined ? `lacks the member ${name} that selects the variant` : `has ${name} ${show(seen)}, which selects no variant`;
    violate(payload, "oneOf", message);
    return payload;
  };
});

/** `oneOf` over variants that a member distinguishes. */
/* @__NO_SIDE_EFFECTS__ */
export function tagged<T = unknown>(tag: string, variants: readonly Variant[]): z.ZodType<T> {
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
  /** The current recursion depth of this schema; each schema counts its own levels. */
  let level = 0;
  schema._zod.parse = (payload, context): Result => {
    if (level === def.levelsMax) {
      violate(payload, "x-max-depth", `nests deeper than ${def.levelsMax} levels`);
      return payload;
    }
    level += 1;
    try {
      return def.getter()._zod.run(payload, context);
    } finally {
      level -= 1;
    }
  };
});

/** `x-max-depth` */
/* @__NO_SIDE_EFFECTS__ */
export function nested<T>(levelsMax: number, schema: z.ZodType<T>): z.ZodType<T> {
  return as<T>(new Nested({ type: "lazy", getter: () => schema, levelsMax }));
}

// Schemas of values with parts: arrays and objects.

import * as z from "zod";
import { ofPart, violate, wrongType } from "./issue.js";
import { has, isObject, member, type JsonObject } from "./json.js";
import { isAnything, json } from "./plain.js";
import { as, carry, inherit, type Context, type Payload, type Result, type Several } from "./schema.js";
import { parsing, testOf, testedBy, testsOf, type Test } from "./predicate.js";

// Arrays

interface ArrayDef extends z.core.$ZodArrayDef<z.ZodType> {
  /** Schemas for the first items; `element` is for the items after them. */
  readonly prefix: readonly z.ZodType[];
  /** Whether the items are validated one by one if the caller requests it: see `each.ts`. */
  readonly apart: boolean;
}

const ExactArray: z.core.$constructor<z.ZodArray<z.ZodType>, ArrayDef> = /* @__PURE__ */ z.core.$constructor("ExactArray", (schema, def) => {
  inherit(z.ZodArray, schema, def);
  schema._zod.parse = (payload: Payload, context: Context): Result => {
    const input: unknown = payload.value;
    carry(payload, context);
    if (!Array.isArray(input)) {
      return wrongType(payload, ["array"], "none");
    }
    if (def.apart && context.sorter !== undefined) {
      payload.value = context.sorter(input, def.element);
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
  testedBy(schema, () => testOfArray(schema, def));
});

function testOfArray(schema: z.core.$ZodType, { prefix, element }: ArrayDef): Test | undefined {
  const test = testOf(element);
  if (test === undefined || testsOf(prefix) === undefined) {
    return undefined;
  }
  if (prefix.length > 0) {
    return parsing(schema);
  }
  return (value) => {
    if (!Array.isArray(value)) {
      return false;
    }
    for (let index = 0; index < value.length; index += 1) {
      if (!test(value[index])) {
        return false;
      }
    }
    return true;
  };
}

/** `type: array` with `items` */
/* @__NO_SIDE_EFFECTS__ */
export function array<T>(item: z.ZodType<T>): z.ZodArray<z.ZodType<T>> {
  return new ExactArray({ type: "array", element: item, prefix: [], apart: false }) as z.ZodArray<z.ZodType<T>>;
}

/** `prefixItems`, with `items` for the items after them. */
/* @__NO_SIDE_EFFECTS__ */
export function prefixed(prefix: Several<z.ZodType>, rest: z.ZodType = json()): z.ZodArray<z.ZodType> {
  return new ExactArray({ type: "array", element: rest, prefix, apart: false });
}

/** An array with `x-each`: with `parseEach`, an invalid item does not make the others invalid. */
/* @__NO_SIDE_EFFECTS__ */
export function each<T>(item: z.ZodType<T>): z.ZodArray<z.ZodType<T>> {
  return new ExactArray({ type: "array", element: item, prefix: [], apart: true }) as z.ZodArray<z.ZodType<T>>;
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
  /** For all other members: `closed` if none are allowed, `stripped` if they are removed, undefined if they may have any value. */
  readonly rest: z.core.$ZodType | typeof closed | typeof stripped | undefined;
}

interface Member {
  readonly name: string;
  /** Undefined if the member may have any value. */
  readonly schema: z.core.$ZodType | undefined;
  readonly presence: "required" | "optional" | "defaulted";
}

const ExactObject: z.core.$constructor<z.ZodObject, ObjectDef> = /* @__PURE__ */ z.core.$constructor("ExactObject", (schema, def) => {
  inherit(z.ZodObject, schema, def);
  let plan: Plan | undefined;
  schema._zod.parse = (payload: Payload, context: Context): Result => {
    carry(payload, context);
    if (!isObject(payload.value)) {
      return wrongType(payload, ["object"]);
    }
    plan ??= planOf(def);
    return parseMembers(plan, def.patterns ?? [], payload.value, payload, context);
  };
  testedBy(schema, () => testOfObject(schema, (plan ??= planOf(def)), def.patterns ?? []));
});

function testOfObject(schema: z.core.$ZodType, { members, rest }: Plan, patterns: readonly Pattern[]): Test | undefined {
  const anything: Test = (value) => value !== undefined;
  const tests = members.map((part) => (part.schema === undefined ? anything : testOf(part.schema)));
  if (rest === stripped) {
    return undefined;
  }
  const others = rest === undefined ? anything : rest === closed ? (): boolean => false : testOf(rest);
  const known = tests.filter((test) => test !== undefined);
  const isForeign = known.length < tests.length || others === undefined || members.some(({ presence }) => presence === "defaulted");
  if (isForeign || testsOf(patterns.map(([, part]) => part)) === undefined) {
    return undefined;
  }
  if (patterns.length > 0) {
    return parsing(schema);
  }
  const names = members.map(({ name }) => name);
  const isNeeded = members.map(({ presence }) => presence === "required");
  return membersTest(names, known, isNeeded, others);
}

/** A test of all members in one pass. It expects the members in the order of the contract. */
function membersTest(names: readonly string[], tests: readonly Test[], isNeeded: readonly boolean[], others: Test): Test {
  const indexes = new Map(names.map((name, index) => [name, index]));
  const needed = isNeeded.filter(Boolean).length;
  return (value) => {
    if (!isObject(value) || !isPlain(value)) {
      return false;
    }
    let expected = 0;
    let found = 0;
    for (const name in value) {
      const part = value[name];
      const index = names[expected] === name ? expected : indexes.get(name);
      if (index === undefined || part === undefined) {
        // A member without a value is absent.
        if (part !== undefined && !others(part)) {
          return false;
        }
        continue;
      }
      if (!(tests[index] as Test)(part)) {
        return false;
      }
      found += isNeeded[index] === true ? 1 : 0;
      expected = index + 1;
    }
    return found === needed;
  };
}

/**
 * Whether an object is like one from `JSON.parse`. Objects of classes may inherit members that a loop visits and JSON text would not
 * contain.
 */
function isPlain(value: JsonObject): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function planOf(def: ObjectDef): Plan {
  const members = Object.entries(def.shape).map(([name, schema]): Member => {
    // The parser checks here whether a member is present, so only the inner schema of an optional member is needed.
    const inner = schema instanceof z.ZodExactOptional ? schema.unwrap() : schema;
    const presence = schema._zod.optin ?? "required";
    return { name, schema: isAnything(inner) ? undefined : inner, presence };
  });
  const { catchall = stripped } = def;
  const rest = catchall instanceof z.ZodNever ? closed : catchall !== stripped && isAnything(catchall) ? undefined : catchall;
  return { members, named: new Set(members.map(({ name }) => name)), rest };
}

function parseMembers(plan: Plan, patterns: readonly Pattern[], input: JsonObject, payload: Payload, context: Context): Result {
  const parts = new Parts(payload, context);
  let missing: string[] | undefined;
  const isBrief = context.abortEarly === true;
  for (const { name, schema, presence } of plan.members) {
    const value = member(input, name);
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
    violate(payload, "required", `is missing ${missing.map((name) => JSON.stringify(name)).join(", ")}`);
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
    } else if (plan.rest === stripped) {
      parts.remove(name);
    } else {
      parts.run(plan.rest, input[name], name);
    }
  }
}

/** Other members are removed, as by a schema with Zod's `.strip()`. */
const stripped = "stripped";
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

  remove(key: PropertyKey): void {
    delete this.#copy()[key];
  }

  finish(): Result {
    return this.#pending === undefined ? this.payload : Promise.all(this.#pending).then(() => this.payload);
  }

  #take(result: Payload, before: unknown, key: PropertyKey): void {
    for (const issue of z.core.util.prefixIssues(key, result.issues)) {
      this.payload.issues.push(ofPart(issue));
    }
    if (result.value !== before) {
      this.#copy()[key] = result.value;
    }
  }

  /** The copy of the input that is changed in its place. */
  #copy(): Record<PropertyKey, unknown> {
    if (this.payload.value === this.#input) {
      this.payload.value = Array.isArray(this.#input) ? [...(this.#input as unknown[])] : { ...(this.#input as object) };
    }
    return this.payload.value as Record<PropertyKey, unknown>;
  }
}

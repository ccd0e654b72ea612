// Schemas of values without parts: scalars, and JSON of any type.

import * as z from "zod";
import { isUnread, ofCheck, unread, violate, wrongType } from "./issue.js";
import { hasLongIntegers, isOfType, show, type JsonType } from "./json.js";
import { afterChecks, as, carry, inherit, runNow, type Context, type Payload, type Result } from "./schema.js";
import { ownCheck, testedBy, testOf } from "./predicate.js";

const ExactString: z.core.$constructor<z.ZodString> = /* @__PURE__ */ z.core.$constructor("ExactString", (schema, def) => {
  inherit(z.ZodString, schema, def);
  schema._zod.parse = (payload): Payload => (typeof payload.value === "string" ? payload : wrongType(payload, ["string"], "none"));
  testedBy(schema, () => (value) => typeof value === "string");
});

/** `type: string` */
/* @__NO_SIDE_EFFECTS__ */
export function string(): z.ZodString {
  return new ExactString({ type: "string" });
}

/** The integers of up to 64 bits that a type holds. */
type Sign = "signed" | "unsigned";

interface IntegerDef extends z.core.$ZodNumberDef {
  /** `none` if the type of the values includes no bigints, `any` if it includes all values. */
  readonly sign: Sign | "none" | "any";
}

const Integer: z.core.$constructor<z.ZodNumber, IntegerDef> = /* @__PURE__ */ z.core.$constructor("Integer", (schema, def) => {
  inherit(z.ZodNumber, schema, def);
  schema._zod.parse = (payload: Payload, context: Context): Payload => {
    carry(payload, context);
    if (typeof payload.value !== "bigint" && !Number.isInteger(payload.value)) {
      // Bounds apply to every number, including fractions.
      wrongType(payload, ["integer"], typeof payload.value === "number" ? "all" : "keywords");
    }
    return payload;
  };
  if (def.sign !== "any") {
    const { sign } = def;
    afterChecks(schema, (payload, context) => (context.probing === true || payload.issues.length > 0 ? payload : readInteger(payload, sign, context)));
  }
  const isHeld = (value: number): boolean => Math.abs(value) < 2 ** 63 && (value >= 0 || def.sign !== "unsigned");
  testedBy(schema, () => (value) => Number.isInteger(value) && isHeld(value as number));
});

/**
 * Reads a valid integer, or rejects one that the type cannot hold, or that may have lost digits when the text was parsed. Runs after the
 * bounds, which see the exact integer.
 */
function readInteger(payload: Payload, sign: Sign | "none", context: Context): Payload {
  const value = payload.value as number | bigint;
  const lowest = sign === "unsigned" ? 0n : -(2n ** 63n);
  const isLarge = value >= 2n ** (sign === "unsigned" ? 64n : 63n);
  // A double of -(2^63) in a text was a smaller integer: parseJson makes -(2^63) a bigint.
  if (value < lowest || (value === -(2 ** 63) && context.fromText === true) || isLarge) {
    const bits = sign === "none" ? "64 bits" : `${sign} 64 bits`;
    unread(payload, `is ${String(value)}; integers beyond ${bits} are valid but cannot be read`);
  } else if (typeof value === "bigint" && sign === "none") {
    payload.value = Number(value);
    if (BigInt(Number(value)) !== value) {
      unread(payload, `is ${String(value)}, which a JavaScript number does not hold exactly; \`format: int64\` makes it a bigint`);
    }
  }
  return payload;
}

/** `type: integer`, in any notation; the bounds are also checked for a number with a fraction. */
/* @__NO_SIDE_EFFECTS__ */
export function integer(): z.ZodNumber {
  return new Integer({ type: "number", checks: [], sign: "none" });
}

/** Like {@link integer}, for a contract that names integers beyond 2^53, or no type: they are bigints. */
/* @__NO_SIDE_EFFECTS__ */
export function longInteger(sign: Sign | "any" = "any"): z.ZodNumber {
  return new Integer({ type: "number", checks: [], sign });
}

interface DoubleDef extends z.core.$ZodNumberDef {
  /** Whether the type of the values includes bigints. */
  readonly hasBigints: boolean;
}

const Double: z.core.$constructor<z.ZodNumber, DoubleDef> = /* @__PURE__ */ z.core.$constructor("Double", (schema, def) => {
  inherit(z.ZodNumber, schema, def);
  schema._zod.parse = (payload: Payload, context: Context): Payload => {
    carry(payload, context);
    const isNumber = typeof payload.value === "bigint" || Number.isFinite(payload.value);
    return isNumber ? payload : wrongType(payload, ["number"], "keywords");
  };
  // The checks see the exact integer.
  afterChecks(schema, (payload, context) => {
    if (typeof payload.value === "bigint" && context.probing !== true && !def.hasBigints) {
      payload.value = Number(payload.value);
    }
    return payload;
  });
  testedBy(schema, () => Number.isFinite);
});

/** `type: number`: the value is a double. */
/* @__NO_SIDE_EFFECTS__ */
export function number(): z.ZodNumber {
  return new Double({ type: "number", checks: [], hasBigints: false });
}

/** Like {@link number}, for a contract that lists integers beyond 2^53, or names no type: they are bigints. */
/* @__NO_SIDE_EFFECTS__ */
export function longNumber(): z.ZodNumber {
  return new Double({ type: "number", checks: [], hasBigints: true });
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
      violate(payload, "enum", `is ${show(payload.value)}; expected one of ${[...values].join(", ")}`);
    }
    return payload;
  };
  testedBy(schema, () => (text) => values.has(text as string));
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
      violate(payload, "const", `is ${show(payload.value)}; expected ${show(value)}`);
    }
    return payload;
  };
  testedBy(schema, () => (seen) => seen === value);
});

/** A `const` beside its `type` */
/* @__NO_SIDE_EFFECTS__ */
export function constant<const T extends Scalar>(value: T): z.ZodType<T> {
  return as<T>(new Constant({ type: "literal", values: [value] }));
}

interface JsonDef extends z.core.$ZodUnknownDef {
  readonly types: readonly JsonType[];
}

const Json: z.core.$constructor<z.ZodUnknown, JsonDef> = /* @__PURE__ */ z.core.$constructor("Json", (schema, def) => {
  inherit(z.ZodUnknown, schema, def);
  const { types } = def;
  const isHeld = (value: unknown): boolean => value !== undefined && (types.length === 0 || isOfType(value, types));
  schema._zod.parse = (payload: Payload, context: Context): Payload => {
    carry(payload, context);
    return isHeld(payload.value) ? payload : wrongType(payload, types);
  };
  testedBy(schema, () => isHeld);
});

/** JSON of any of the given types, or of any type if none is given; further constraints are checks. */
/* @__NO_SIDE_EFFECTS__ */
export function json<T = unknown>(...types: JsonType[]): z.ZodType<T> {
  return as<T>(new Json({ type: "unknown", types }));
}

/** The schema `false`. */
/* @__NO_SIDE_EFFECTS__ */
export function never<T = never>(): z.ZodType<T> {
  const refuse = new z.core.$ZodCheck({ check: "custom" });
  refuse._zod.check = (payload): void => violate(payload, "false", "is not allowed");
  return as<T>(json().check(ownCheck(refuse)));
}

/** Whether a schema accepts any value. */
export function isAnything(schema: z.core.$ZodType): boolean {
  const { types = [], checks = [] } = schema._zod.def as Partial<JsonDef>;
  return schema instanceof z.ZodUnknown && types.length === 0 && checks.length === 0;
}

interface ReadDef extends z.core.$ZodLazyDef<z.ZodType> {
  readonly reader: z.ZodType;
}

const Read: z.core.$constructor<z.ZodLazy<z.ZodType>, ReadDef> = /* @__PURE__ */ z.core.$constructor("Read", (schema, def) => {
  inherit(z.ZodLazy, schema, def);
  schema._zod.parse = (payload: Payload, context: Context): Result => {
    if (context.reading !== true) {
      const probe: Context = { ...context, probing: true };
      const checked = def.getter()._zod.run(payload, probe);
      if (context.probing === true || checked instanceof Promise || checked.issues.length > 0 || !hasLongIntegers(checked.value)) {
        return checked;
      }
    }
    const read = runNow(def.reader, payload.value, { async: false, reading: true, fromText: context.fromText === true });
    payload.issues.push(...read.issues.filter(isUnread).map((issue) => ofCheck(issue)));
    if (read.issues.length === 0) {
      payload.value = read.value;
    }
    return payload;
  };
  testedBy(schema, () => {
    const test = testOf(def.getter());
    return test === undefined ? undefined : (value): boolean => test(value) && !hasLongIntegers(value);
  });
});

/** A schema that validates values without reading their numbers: `reader` reads them. */
/* @__NO_SIDE_EFFECTS__ */
export function readBy<T>(schema: z.ZodType<T>, reader: z.ZodType): z.ZodType<T> {
  return as<T>(new Read({ type: "lazy", getter: () => schema, reader }));
}

// JSON Schema keywords that have no equivalent Zod method, as checks. Each check applies to one JSON type and ignores other values.

import * as z from "zod";
import { formatTest, type Format } from "./format.js";
import { ofCheck, violate } from "./issue.js";
import { equal, has, hasDuplicates, isNumeric, isObject, isOfType, member, names, quote, show, toJson, type JsonObject, type JsonType } from "./json.js";
import { compareWithSum, isMultipleOf } from "./number.js";
import { accepts, issuesOf, type Payload, type Several } from "./schema.js";
import { closed } from "./structure.js";
import { anyOf, oneOf } from "./union.js";
import { ownCheck, type Test } from "./predicate.js";

type Check = z.core.$ZodCheck<unknown>;

/**
 * A check that runs even if another check has failed, so that all violations are found. `test` returns whether it finds none. A value that is
 * only read is not checked: its numbers may already be rounded.
 */
function check(run: (payload: Payload) => void, test?: Test): Check {
  const made = new z.core.$ZodCheck({ check: "custom", when: () => true });
  made._zod.check = (payload: Payload): void => {
    if (payload.reading !== true) {
      run(payload);
    }
  };
  return ownCheck(made, test);
}

function ofObjects(run: (object: JsonObject, payload: Payload) => void): Check {
  return check((payload) => {
    if (isObject(payload.value)) {
      run(payload.value, payload);
    }
  });
}

function ofArrays(run: (array: readonly unknown[], payload: Payload) => void): Check {
  return check((payload) => {
    if (Array.isArray(payload.value)) {
      run(payload.value, payload);
    }
  });
}

// Any type

/** `const` */
export function equals(accepted: unknown): Check {
  return check((payload) => {
    if (!equal(payload.value, accepted)) {
      violate(payload, "const", `is ${show(payload.value)}; expected ${toJson(accepted)}`);
    }
  });
}

/** `enum` */
export function oneOfValues(accepted: readonly unknown[]): Check {
  return check((payload) => {
    if (!accepted.some((value) => equal(value, payload.value))) {
      const listed = accepted.map(toJson).join(", ");
      violate(payload, "enum", `is ${show(payload.value)}; expected one of ${listed}`);
    }
  });
}

/** Keywords that apply to values of one type only. */
export function where(type: JsonType, schema: z.ZodType): Check {
  return check((payload) => {
    if (isOfType(payload.value, [type])) {
      apply(schema, payload);
    }
  });
}

/** `allOf` */
export function allOf(...schemas: readonly z.ZodType[]): Check {
  return check((payload) => schemas.forEach((schema) => apply(schema, payload)));
}

/** `anyOf` beside other keywords */
export function matchesAny(schemas: Several<z.ZodType>): Check {
  return allOf(anyOf(schemas));
}

/** `oneOf` beside other keywords */
export function matchesOne(schemas: Several<z.ZodType>): Check {
  return allOf(oneOf(schemas));
}

/** `not` */
export function not(schema: z.ZodType): Check {
  return check((payload) => {
    if (accepts(schema, payload.value, payload)) {
      violate(payload, "not", "matches a schema under `not`");
    }
  });
}

/** `if`, `then` and `else` */
export function condition(schema: z.ZodType, then: z.ZodType | undefined, otherwise?: z.ZodType): Check {
  return check((payload) => {
    const branch = accepts(schema, payload.value, payload) ? then : otherwise;
    if (branch !== undefined) {
      apply(branch, payload);
    }
  });
}

/** Also validates the current value against another schema. */
function apply(schema: z.ZodType, payload: Payload): void {
  for (const issue of issuesOf(schema, payload.value, payload)) {
    payload.issues.push(ofCheck(issue));
  }
}

// Strings and numbers

/** `format` */
export function format(name: Format): Check {
  const isFine = formatTest(name);
  const report = (payload: Payload): void => {
    if (typeof payload.value === "string" && !isFine(payload.value)) {
      violate(payload, "format", `is ${quote(payload.value)}, which is not a valid ${name}`);
    }
  };
  return check(report, (value) => typeof value !== "string" || isFine(value));
}

/** `multipleOf` */
export function multipleOf(step: number | bigint): Check {
  const report = (payload: Payload): void => {
    if (isNumeric(payload.value) && !isMultipleOf(payload.value, step)) {
      violate(payload, "multipleOf", `is ${payload.value}, which is not a multiple of ${step}`);
    }
  };
  return check(report, (value) => !isNumeric(value) || isMultipleOf(value, step));
}

// Arrays

/** `uniqueItems` */
export function uniqueItems(): Check {
  return ofArrays((array, payload) => {
    if (hasDuplicates(array)) {
      violate(payload, "uniqueItems", "has two equal items");
    }
  });
}

/** `contains`, `minContains` and `maxContains` */
export function contains(schema: z.ZodType, min = 1, max: number = Infinity): Check {
  return ofArrays((array, payload) => {
    const count = array.filter((item) => accepts(schema, item, payload)).length;
    if (count < min) {
      violate(payload, min === 1 ? "contains" : "minContains", `has ${count} matching items; expected at least ${min}`);
    }
    if (count > max) {
      violate(payload, "maxContains", `has ${count} matching items; expected at most ${max}`);
    }
  });
}

/** `unevaluatedItems`: `rest` applies to items that no other keyword evaluates. */
export function unevaluatedItems(isEvaluated: (index: number, item: unknown, value: unknown) => boolean, rest: z.ZodType | typeof closed): Check {
  return ofArrays((array, payload) => {
    array.forEach((item, index) => {
      if (!isEvaluated(index, item, array)) {
        applyRest(rest, item, index, "unevaluatedItems", payload);
      }
    });
  });
}

// Objects

/** `required`, for members that are not in `properties`. */
export function required(needed: readonly string[]): Check {
  return ofObjects((object, payload) => {
    const missing = needed.filter((name) => !has(object, name));
    if (missing.length > 0) {
      violate(payload, "required", `is missing ${list(missing)}`);
    }
  });
}

/** `minProperties` */
export function minProperties(min: number): Check {
  return ofObjects((object, payload) => {
    const count = names(object).length;
    if (count < min) {
      violate(payload, "minProperties", `has ${count} members; expected at least ${min}`);
    }
  });
}

/** `maxProperties` */
export function maxProperties(max: number): Check {
  return ofObjects((object, payload) => {
    const count = names(object).length;
    if (count > max) {
      violate(payload, "maxProperties", `has ${count} members; expected at most ${max}`);
    }
  });
}

/** `propertyNames`: a violation of a name is reported at its member. */
export function propertyNames(schema: z.ZodType): Check {
  return ofObjects((object, payload) => {
    for (const name of names(object)) {
      if (!accepts(schema, name, payload)) {
        violate(payload, "propertyNames", "has a name that is not allowed", [name]);
      }
    }
  });
}

/** `dependentRequired` */
export function dependentRequired(name: string, needed: readonly string[]): Check {
  return ofObjects((object, payload) => {
    const missing = has(object, name) ? needed.filter((need) => !has(object, need)) : [];
    if (missing.length > 0) {
      violate(payload, "dependentRequired", `has ${quote(name)} which requires ${list(missing)}`);
    }
  });
}

/** `dependentSchemas` */
export function dependentSchema(name: string, schema: z.ZodType): Check {
  return ofObjects((object, payload) => {
    if (has(object, name)) {
      apply(schema, payload);
    }
  });
}

/** `unevaluatedProperties`: `rest` applies to members that no other keyword evaluates. */
export function unevaluatedProperties(
  isEvaluated: (name: string, item: unknown, value: JsonObject) => boolean,
  rest: z.ZodType | typeof closed,
): Check {
  return ofObjects((object, payload) => {
    for (const name of names(object)) {
      if (!isEvaluated(name, object[name], object)) {
        applyRest(rest, object[name], name, "unevaluatedProperties", payload);
      }
    }
  });
}

type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** One comparison of `x-rules`, such as `left >= right - offset`. It applies if all the members are numbers. */
export function rule(left: string, comparison: Comparison, right: string, sign: "+" | "-" = "+", offset?: string): Check {
  const text = [left, comparison, right, ...(offset === undefined ? [] : [sign, offset])].join(" ");
  return ofObjects((object, payload) => {
    const [first, second] = [member(object, left), member(object, right)];
    const third = offset === undefined ? 0 : member(object, offset);
    if (!isNumeric(first) || !isNumeric(second) || !isNumeric(third)) {
      return;
    }
    if (!holds(compareWithSum(first, second, sign === "+" ? 1 : -1, third), comparison)) {
      violate(payload, "x-rules", `violates the rule ${text}`);
    }
  });
}

function holds(order: number, comparison: Comparison): boolean {
  switch (comparison) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function applyRest(rest: z.ZodType | typeof closed, part: unknown, key: PropertyKey, keyword: string, payload: Payload): void {
  if (rest === closed) {
    violate(payload, keyword, "is not allowed", [key]);
    return;
  }
  for (const issue of issuesOf(rest, part, payload)) {
    payload.issues.push(ofCheck(issue, [key]));
  }
}

function list(missing: readonly string[]): string {
  return missing.map(quote).join(", ");
}

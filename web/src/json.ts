// Checks which values can be records, because JSON would silently drop or change the others, and turns them into JSON.

import { pointer, type Violation } from "../../generated/typescript/runtime/report.js";
import { LEVELS_MAX } from "./border.js";

/** A surrogate that is not part of a pair. Browsers of 2023 do not have `isWellFormed`. */
const HALF_OF_A_PAIR = /\p{Surrogate}/u;

/** The reason why a value cannot be a record under any contract. */
export function* beyondRecords(value: unknown): Generator<Violation> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    yield* beyondJson(value, "", []);
  } else {
    yield { pointer: "", keyword: "type", message: "is not an object" };
  }
}

/** Values that JSON cannot hold, or that the server could not accept: in texts, an unpaired surrogate, which UTF-8 cannot encode. */
function* beyondJson(value: unknown, at: string, above: readonly unknown[]): Generator<Violation> {
  const violation = (keyword: string, message: string): Violation => ({ pointer: at, keyword, message });
  if (typeof value === "string") {
    if (HALF_OF_A_PAIR.test(value)) {
      yield violation("unicode", "is not well-formed Unicode: it contains an unpaired surrogate");
    }
  } else if (typeof value === "object" && value !== null) {
    yield* membersBeyondJson(value, at, above, violation);
  } else if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") {
    yield violation("type", `is a ${typeof value}, which JSON cannot represent`);
  } else if (typeof value === "number" && !Number.isFinite(value)) {
    yield violation("type", `is ${value}, which JSON cannot represent`);
  }
}

type ViolationHere = (keyword: string, message: string) => Violation;

function* membersBeyondJson(value: object, at: string, above: readonly unknown[], violation: ViolationHere): Generator<Violation> {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  const within = [...above, value];
  if (above.includes(value)) {
    yield violation("type", "contains itself");
  } else if (above.length >= LEVELS_MAX) {
    yield { pointer: "", keyword: "maxLevels", message: `nests deeper than ${LEVELS_MAX} levels` };
  } else if (kind === "Date" && Number.isNaN(Number(value))) {
    yield violation("type", "is an invalid date, which JSON cannot represent");
  } else if ("toJSON" in value && typeof value.toJSON === "function") {
    yield* beyondJson(value.toJSON(), at, within);
  } else if (Array.isArray(value)) {
    const absent = value.findIndex((item) => item === undefined);
    if (absent !== -1) {
      yield { pointer: at + pointer([String(absent)]), keyword: "type", message: "is undefined, which JSON cannot represent in a list" };
    }
    for (const [index, item] of absent === -1 ? value.entries() : []) {
      yield* beyondJson(item, at + pointer([String(index)]), within);
    }
  } else if (kind === "Object") {
    for (const [name, member] of Object.entries(value)) {
      if (HALF_OF_A_PAIR.test(name)) {
        yield violation("unicode", "has a member whose name is not well-formed Unicode");
      }
      yield* beyondJson(member, at + pointer([name]), within);
    }
  } else {
    yield violation("type", `is a ${kind}, which JSON cannot represent`);
  }
}

/**
 * The JSON of a record that Dexie has read, copied and changed. Its copies lose a member named `__proto__`, whose value becomes the prototype
 * of the copy; here it is a member again.
 */
export function jsonOfCopy(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (Object.prototype.toString.call(inner) !== "[object Object]") {
      return inner;
    }
    const prototype = Object.getPrototypeOf(inner) as object | null;
    const isMember = prototype === null || (Object.getPrototypeOf(prototype) === Object.prototype && !Object.hasOwn(prototype, "constructor"));
    return isMember ? { ...(inner as object), ["__proto__"]: prototype } : inner;
  });
}

// The predicate of a schema accepts only values that parsing accepts unchanged.

import { expect, test } from "vitest";
import * as z from "zod";
import * as rt from "../../contractc/runtime/typescript/index.js";

interface Row {
  readonly id: string;
  readonly count?: number;
}

const shape = { id: rt.string().max(3), count: rt.integer().min(0).exactOptional() };
const RowSchema: z.ZodType<Row> = rt.define(() => rt.object<Row>(shape, rt.closed));

/** The results of a schema for a value with and without its predicate, which a context that collects issues does not run. */
function bothResults(schema: z.ZodType, value: unknown): [quick: unknown, parsed: unknown] {
  const collecting: rt.Context = { async: false, collecting: true };
  const parsed = rt.runNow(schema, value, collecting);
  const quick = rt.runNow(schema, value, { async: false });
  return [
    [quick.value, quick.issues.length],
    [parsed.value, parsed.issues.length],
  ];
}

test("objects that JSON.parse does not make are parsed", () => {
  class Hidden {
    readonly id = "a";
    get count(): number {
      return -1;
    }
  }
  const values = [{ id: "a" }, { id: "a", count: 1 }, { count: 1, id: "a" }, { id: "a", x: 1 }, { id: "a", x: undefined }, { count: 1 }];
  for (const value of [...values, new Hidden(), Object.create({ id: "a" }), Object.create(null), [], null, { id: "🏋🏋🏋" }]) {
    const [quick, parsed] = bothResults(RowSchema, value);
    expect(quick).toEqual(parsed);
  }
  // As in JSON text: without what a class or a prototype adds.
  expect(RowSchema.safeParse(new Hidden()).success).toBe(true);
  class Getters {
    get id(): string {
      return "a";
    }
  }
  expect(rt.validate(RowSchema, new Getters())).toEqual(rt.validate(RowSchema, {}));
  expect(rt.validate(RowSchema, Object.create({ id: "a" }))).toEqual(rt.validate(RowSchema, {}));
});

test("an earlier variant that changes a value comes before a later one that would not", () => {
  const union = rt.define(() => rt.anyOf([rt.record(rt.number()), rt.json()]));
  expect(union.parse({ a: 12n })).toEqual({ a: 12 });
  const one = rt.define(() => rt.oneOf([rt.string().max(2), rt.string().min(2)]));
  expect([one.safeParse("a").success, one.safeParse("ab").success, one.safeParse("abc").success]).toEqual([true, false, true]);
});

test("checks that an app adds are run, including asynchronous ones", async () => {
  const refined = RowSchema.refine((row) => row.id !== "no");
  expect(refined.safeParse({ id: "no" }).success).toBe(false);
  const within = rt.define(() => rt.array(RowSchema.refine((row) => row.id !== "no")));
  expect(within.safeParse([{ id: "no" }]).success).toBe(false);
  const slow = rt.define(() => rt.array(RowSchema.refine(async (row) => Promise.resolve(row.id !== "no"))));
  expect((await slow.safeParseAsync([{ id: "no" }])).success).toBe(false);
  expect((await slow.safeParseAsync([{ id: "yes" }])).success).toBe(true);
  const sticky = rt.define(() => rt.string().regex(/a/y));
  expect([sticky.safeParse("ba").success, sticky.safeParse("ab").success, sticky.safeParse("ba").success]).toEqual([false, true, false]);
  expect([rt.validate(sticky, "ab"), rt.validate(refined, { id: "no" }).length]).toEqual([[], 1]);
});

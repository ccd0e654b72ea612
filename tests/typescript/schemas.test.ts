// The runtime's schemas: Zod's own classes, with the verdicts of JSON Schema and all violations.

import * as z from "zod";
import { describe, expect, test } from "vitest";
import * as rt from "../../contractc/runtime/typescript/index.js";

/** Pointer and keyword of each violation, in order. */
function judged(schema: z.ZodType, value: unknown): string[] {
  return rt.validate(schema, value).map(({ pointer, keyword }) => `${pointer} ${keyword}`).sort();
}

const Person = rt.object<{ name: string; age?: number }>({
  name: rt.string().min(2).max(4).regex(/^[a-z]+$/u),
  age: rt.integer().min(0).multipleOf(1).exactOptional(),
}, rt.closed);

describe("objects", () => {
  test("every violation is found, at its pointer", () => {
    expect(judged(Person, { name: "X", age: -1.5, "a/b~": 1 })).toEqual([
      "/age minimum",
      "/age multipleOf",
      "/age type",
      "/a~1b~0 additionalProperties",
      "/name minLength",
      "/name pattern",
    ]);
    expect(judged(Person, {})).toEqual([" required"]);
    expect(judged(Person, [])).toEqual([" type"]);
  });

  test("only own members count", () => {
    const inherited = rt.members({ toString: rt.string(), ["__proto__"]: rt.integer() });
    expect(judged(inherited, {})).toEqual([" required"]);
    expect(judged(inherited, JSON.parse('{"toString": "a", "__proto__": "b"}'))).toEqual(["/__proto__ type"]);
    expect(judged(inherited, JSON.parse('{"toString": "a", "__proto__": 1}'))).toEqual([]);
  });

  test("values pass through as they came, unknown members and `__proto__` included", () => {
    const open = rt.object<{ a: string }>({ a: rt.string() });
    const value: unknown = JSON.parse('{"z": 1, "a": "x", "__proto__": {"b": 2}}');
    expect(JSON.stringify(open.parse(value))).toBe('{"z":1,"a":"x","__proto__":{"b":2}}');
  });

  test("patterns count as known, and the rest is judged", () => {
    const schema = rt.members({ a: rt.string() }, rt.integer(), [[/^x-/u, z.boolean()]]);
    expect(judged(schema, { a: "", "x-b": 1, c: "d" })).toEqual(["/c type", "/x-b type"]);
    expect(judged(rt.members({}, rt.closed, [[/^x-/u, z.boolean()]]), { "x-b": true, c: 1 })).toEqual(["/c additionalProperties"]);
  });

  test("they are Zod's own, with its methods", () => {
    const extended = (Person as unknown as z.ZodObject).extend({ name: z.string().transform((name) => name.length) });
    const input = { name: "four" };
    expect(extended.parse(input)).toEqual({ name: 4 });
    expect(input).toEqual({ name: "four" });
    expect(Person).toBeInstanceOf(z.ZodObject);
    expect(rt.string()).toBeInstanceOf(z.ZodString);
    expect(z.toJSONSchema(Person, { unrepresentable: "any" })).toMatchObject({ type: "object", required: ["name"], additionalProperties: false });
  });

  test("checks that wait are waited for", async () => {
    const slow = (Person as unknown as z.ZodObject).extend({ name: z.string().refine(async (name) => Promise.resolve(name === "ok")) });
    expect((await slow.safeParseAsync({ name: "ok" })).success).toBe(true);
    expect((await slow.safeParseAsync({ name: "no" })).success).toBe(false);
  });
});

describe("scalars", () => {
  test("lengths count code points", () => {
    expect(judged(rt.string().max(2), "😀😀")).toEqual([]);
    expect(judged(rt.string().min(3), "😀😀")).toEqual([" minLength"]);
  });

  test("a value of another type breaks nothing but the type", () => {
    expect(judged(rt.string().min(3), [1])).toEqual([" type"]);
    expect(judged(rt.array(rt.string()).min(3), "ab")).toEqual([" type"]);
    expect(judged(rt.integer().min(3), "1")).toEqual([" type"]);
    expect(judged(rt.integer().min(3).max(4), 4.5)).toEqual([" maximum", " type"]);
  });

  test("constants and sets beside a type report both", () => {
    expect(judged(rt.constant("a"), 1)).toEqual([" const", " type"]);
    expect(judged(rt.choice(["a", "b"]), "c")).toEqual([" enum"]);
    expect(judged(rt.choice(["a", "b"]), null)).toEqual([" enum", " type"]);
    expect(judged(z.literal("a"), 1)).toEqual([" const"]);
  });

  test("equality is deep", () => {
    expect(judged(rt.json().check(rt.equals({ a: [1] })), { a: [1] })).toEqual([]);
    expect(judged(rt.json().check(rt.oneOfValues([[1], "x"])), [2])).toEqual([" enum"]);
  });

  test("what is not JSON is refused", () => {
    expect(judged(rt.json(), undefined)).toEqual([" type"]);
    expect(judged(rt.json("integer", "null"), 1.5)).toEqual([" type"]);
    expect(judged(z.number(), Infinity)).toEqual([" type"]);
  });
});

describe("unions", () => {
  const cat = rt.object<{ kind: "cat"; lives: number }>({ kind: rt.constant("cat"), lives: rt.integer() });
  const dog = rt.object<{ kind: "dog" }>({ kind: rt.constant("dog") });

  test("a tag picks the variant whose violations are told", () => {
    const pet = rt.tagged("kind", [["cat", cat], [["dog", "wolf"], dog]]);
    expect(judged(pet, { kind: "cat", lives: "9" })).toEqual(["/lives type"]);
    expect(judged(pet, { kind: "cow" })).toEqual([" oneOf"]);
    expect(judged(pet, { kind: "toString" })).toEqual([" oneOf"]);
    expect(judged(pet, 1)).toEqual([" oneOf"]);
  });

  test("one means one, and any means any", () => {
    expect(judged(rt.oneOf([rt.integer(), z.number()]), 1)).toEqual([" oneOf"]);
    expect(judged(rt.oneOf([rt.integer(), z.number()]), 1.5)).toEqual([]);
    expect(judged(rt.anyOf([rt.string().min(3), z.number()]), "a")).toEqual([" anyOf"]);
  });
});

describe("keywords", () => {
  test("rules compare members that are there", () => {
    const schema = rt.members({}).check(rt.rule("end", ">=", "start"), rt.rule("span", "==", "end", "-", "start"));
    expect(judged(schema, { start: 2, end: 1, span: 5 })).toEqual([" x-rules"]);
    expect(judged(schema, { start: 1, end: 3, span: 2 })).toEqual([]);
    expect(judged(schema, { start: 1, span: 2 })).toEqual([]);
  });

  test("a check runs though a member is wrong", () => {
    const schema = rt.members({ a: rt.string() }).check(rt.maxProperties(1), rt.dependentRequired("a", ["c"]), rt.required(["d"]));
    expect(judged(schema, { a: 1, b: 2 })).toEqual([" dependentRequired", " maxProperties", " required", "/a type"]);
  });

  test("items", () => {
    expect(judged(rt.array(rt.json()).check(rt.uniqueItems()), [{ a: 1 }, { a: 1 }])).toEqual([" uniqueItems"]);
    expect(judged(rt.array(rt.json()).check(rt.contains(rt.string(), 2, 3)), ["a", 1])).toEqual([" minContains"]);
    expect(judged(rt.prefixed([rt.string()], rt.integer()), [1, "a"])).toEqual(["/0 type", "/1 type"]);
  });

  test("recursion ends where it is told to", () => {
    interface Tree { child?: Tree }
    const tree: z.ZodType<Tree> = rt.nested(2, rt.object<Tree>({ child: z.lazy(() => tree).exactOptional() }));
    expect(judged(tree, { child: {} })).toEqual([]);
    expect(judged(tree, { child: { child: {} } })).toEqual(["/child/child x-max-depth"]);
    expect(judged(tree, { child: {} })).toEqual([]);
  });
});

describe("x-each", () => {
  const page = rt.object<{ items: { name: string; age?: number }[] }>({ items: rt.each(Person).max(3) });
  const value = { items: [{ name: "ab" }, { name: "" }, { name: "cd" }] };

  test("items are judged with the whole", () => {
    expect(judged(page, value)).toEqual(["/items/1/name minLength", "/items/1/name pattern"]);
  });

  test("and each alone, where that is asked for", () => {
    const sorted = rt.parseEach(page, value);
    expect(sorted).toMatchObject({ valid: true, value: { items: [{ name: "ab" }, { name: "cd" }] }, refused: [{ raw: { name: "" } }] });
    expect(rt.parseEach(page, { items: Array(4).fill({ name: "ab" }) }).valid).toBe(false);
    expect(value.items).toHaveLength(3);
    expect(rt.judgeEach(Person, value.items).map(({ valid }) => valid)).toEqual([true, false, true]);
  });
});

test("text that is no JSON has the keyword `syntax`", () => {
  expect(rt.fromJson(Person, "{")).toMatchObject({ valid: false, violations: [{ pointer: "", keyword: "syntax" }] });
  expect(rt.fromJson(Person, '{"name": "ab"}')).toEqual({ valid: true, value: { name: "ab" } });
});

test("issues of Zod's own checks mean keywords too", () => {
  const schema = z.strictObject({ a: z.array(z.string()).max(1), b: z.number().gt(1).lt(3).multipleOf(2), c: z.union([z.string(), z.null()]) });
  const found = judged(schema, { a: ["x", "y"], b: 3, c: 1, d: 1 });
  expect(found).toEqual(["/a maxItems", "/b exclusiveMaximum", "/b multipleOf", "/c anyOf", "/d additionalProperties"]);
});

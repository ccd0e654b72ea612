// The runtime's schemas: Zod's own classes, with the results of JSON Schema and all violations.

import * as z from "zod";
import { describe, expect, test } from "vitest";
import * as rt from "../../contractc/runtime/typescript/index.js";

/** Pointer and keyword of each violation, in order. */
function violationsIn(schema: z.ZodType, value: unknown): string[] {
  return rt.validate(schema, value).map(({ pointer, keyword }) => `${pointer} ${keyword}`).sort();
}

const Person = rt.object<{ name: string; age?: number }>({
  name: rt.string().min(2).max(4).regex(/^[a-z]+$/u),
  age: rt.integer().min(0).multipleOf(1).exactOptional(),
}, rt.closed);

describe("objects", () => {
  test("every violation is found, at its pointer", () => {
    expect(violationsIn(Person, { name: "X", age: -1.5, "a/b~": 1 })).toEqual([
      "/age minimum",
      "/age multipleOf",
      "/age type",
      "/a~1b~0 additionalProperties",
      "/name minLength",
      "/name pattern",
    ]);
    expect(violationsIn(Person, {})).toEqual([" required"]);
    expect(violationsIn(Person, [])).toEqual([" type"]);
  });

  test("only own members count", () => {
    const inherited = rt.members({ toString: rt.string(), ["__proto__"]: rt.integer() });
    expect(violationsIn(inherited, {})).toEqual([" required"]);
    expect(violationsIn(inherited, JSON.parse('{"toString": "a", "__proto__": "b"}'))).toEqual(["/__proto__ type"]);
    expect(violationsIn(inherited, JSON.parse('{"toString": "a", "__proto__": 1}'))).toEqual([]);
  });

  test("values pass through as they came, unknown members and `__proto__` included", () => {
    const open = rt.object<{ a: string }>({ a: rt.string() });
    const value: unknown = JSON.parse('{"z": 1, "a": "x", "__proto__": {"b": 2}}');
    expect(JSON.stringify(open.parse(value))).toBe('{"z":1,"a":"x","__proto__":{"b":2}}');
  });

  test("patterns count as known, and the rest is validated", () => {
    const schema = rt.members({ a: rt.string() }, rt.integer(), [[/^x-/u, z.boolean()]]);
    expect(violationsIn(schema, { a: "", "x-b": 1, c: "d" })).toEqual(["/c type", "/x-b type"]);
    expect(violationsIn(rt.members({}, rt.closed, [[/^x-/u, z.boolean()]]), { "x-b": true, c: 1 })).toEqual(["/c additionalProperties"]);
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

  test("stripped, they remove members that the contract does not name", () => {
    const stripped = (Person as unknown as z.ZodObject).strip();
    const input = { name: "four", age: 4, more: { deep: true } };
    expect(violationsIn(Person, input).length).toBeGreaterThan(0);
    expect(Object.keys(stripped.parse(input)).every((name) => name in (Person as unknown as z.ZodObject).shape)).toBe(true);
    expect(stripped.safeParse({ ...input, name: 4 }).success).toBe(false);
    expect(input).toEqual({ name: "four", age: 4, more: { deep: true } });
  });

  test("checks that wait are waited for", async () => {
    const slow = (Person as unknown as z.ZodObject).extend({ name: z.string().refine(async (name) => Promise.resolve(name === "ok")) });
    expect((await slow.safeParseAsync({ name: "ok" })).success).toBe(true);
    expect((await slow.safeParseAsync({ name: "no" })).success).toBe(false);
  });
});

describe("integers beyond 2^53", () => {
  const Row = rt.object<{ id: number | bigint; size?: number; ratio?: number }>({
    id: rt.as<number | bigint>(rt.longInteger().check(z.gte(-(2n ** 63n)))),
    size: rt.integer().exactOptional(),
    ratio: rt.number().exactOptional(),
  });

  test("they are read and written exactly, in unknown members too", () => {
    const text = '{"id":9007199254740993,"other":[-9223372036854775808,{"n":18446744073709551615}],"text":"9007199254740993"}';
    const read = rt.fromJson(Row, text);
    expect(read).toMatchObject({ valid: true, value: { id: 9007199254740993n, other: [-(2n ** 63n), { n: 2n ** 64n - 1n }], text: "9007199254740993" } });
    expect(read.valid && rt.toJson(read.value)).toBe(text);
  });

  test("smaller ones and fractions stay numbers", () => {
    expect(rt.parseJson("[1, 9007199254740991, 1e16, 0.1234567890123456789, 18446744073709551616]")).toEqual([1, 9007199254740991, 10n ** 16n, 0.12345678901234568, 2 ** 64]);
    expect(rt.fromJson(Row, '{"id": 1, "ratio": 9007199254740993}')).toEqual({ valid: true, value: { id: 1, ratio: 9007199254740992 } });
  });

  test("they are exact with a fraction or an exponent too", () => {
    const text = "[9007199254740993.0, -900719925474099.3e1, 18446744073709551615.0, 1e17, 184467440737095516160e-1]";
    expect(rt.parseJson(text)).toEqual([9007199254740993n, -9007199254740993n, 2n ** 64n - 1n, 10n ** 17n, 2 ** 64]);
  });

  test("a fraction does not become an integer", () => {
    const text = '["1.00000000000000000001", 1.00000000000000000001, -0.9999999999999999999999999999, 1e-400, -2e-99999999999, 1.00000000000000000000]';
    const [next, previous, least] = [1.0000000000000002, 0.9999999999999999, 5e-324];
    expect(rt.parseJson(text)).toEqual(["1.00000000000000000001", next, -previous, least, -least, 1]);
    expect(rt.parseJson("4503599627370495.000000000000001")).toBe(4503599627370495.5);
    for (const fraction of ["9007199254740993.5", "[-4503599627370496.25]", "123456789012345678901.5"]) {
      expect(() => rt.parseJson(fraction)).toThrow(SyntaxError);
    }
  });

  test.each([
    ["a number with a fraction", (zeros: string) => `{"v": 1, "n": 0.${zeros}1}`],
    ["an integer", (zeros: string) => `[9007199254740993.${zeros}]`],
    ["an integer and a fraction", (zeros: string) => `[9007199254740993, 0.${zeros}1]`],
    ["a power of ten", (zeros: string) => `[1${zeros}e-999981]`],
    ["a string without an end", (zeros: string) => `["${zeros.replaceAll("0", '\\"')}`],
  ])("a million digits of %s are parsed in linear time", (_, write) => {
    const start = performance.now();
    try {
      rt.parseJson(write("0".repeat(1_000_000)));
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
    }
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("a member whose type is number rejects them, and says what helps", () => {
    const read = rt.fromJson(Row, '{"id": 1, "size": 9007199254740993}');
    expect(read).toMatchObject({ valid: false, violations: [{ pointer: "/size", keyword: "type" }] });
    expect(!read.valid && read.violations[0]?.message).toContain("9007199254740993, which a JavaScript number does not hold exactly");
  });

  test.each(["18446744073709551617", "1e30", "-9223372036854775809", "123456789012345678901234567890"])("%s is beyond 64 bits: valid, and not read", (text) => {
    for (const schema of [rt.integer(), rt.longInteger("signed")]) {
      expect(rt.validate(schema, rt.parseJson(text))).toEqual([]);
      expect(rt.fromJson(schema, text)).toMatchObject({ valid: false, violations: [{ pointer: "", keyword: "type" }] });
    }
    expect(rt.fromJson(rt.number(), text)).toEqual({ valid: true, value: Number(text) });
  });

  test("those beyond a type's width are not read, whatever else its schema says", () => {
    const read = (schema: z.ZodType, text: string): unknown => rt.fromJson(schema, text);
    const refused = { valid: false, violations: [{ pointer: "", keyword: "type" }] };
    for (const bounded of [(schema: z.ZodNumber): z.ZodType => schema, (schema: z.ZodNumber): z.ZodType => schema.min(0)]) {
      expect(read(bounded(rt.integer()), "18446744073709551999")).toMatchObject(refused);
      expect(read(bounded(rt.longInteger("unsigned")), "18446744073709551999")).toMatchObject(refused);
      expect(read(bounded(rt.longInteger("signed")), "9223372036854775808")).toMatchObject(refused);
      expect(read(bounded(rt.longInteger("signed")), "9223372036854775807")).toEqual({ valid: true, value: 2n ** 63n - 1n });
      expect(read(bounded(rt.longInteger("unsigned")), "18446744073709551615")).toEqual({ valid: true, value: 2n ** 64n - 1n });
      expect(read(bounded(rt.number()), "9007199254740993")).toEqual({ valid: true, value: 9007199254740992 });
    }
  });

  test.each<[number, string]>([
    [2 ** 53, "9007199254740992"],
    [2 ** 60, "1152921504606846976"],
    [-(2 ** 62), "-4611686018427387904"],
    [2 ** 63, "9223372036854775808"],
    [2 ** 64, "18446744073709552000"],
    [1e300, "1e+300"],
  ])("the number %d is written with all the digits of 64 bits", (value, text) => {
    expect(rt.toJson(value)).toBe(text);
    expect(rt.toJson({ list: [1n, value] })).toBe(`{"list":[1,${text}]}`);
    expect(rt.whole({ place: "header" }, "id", value)).toBe(text);
  });

  test("the least integer of 64 bits is read in every spelling, and no lesser one", () => {
    for (const text of ["-9223372036854775808", "-9223372036854775808.0", "-922337203685477580.8e1"]) {
      expect(rt.fromJson(rt.longInteger("signed"), text)).toEqual({ valid: true, value: -(2n ** 63n) });
    }
    expect(rt.fromJson(rt.longInteger("signed"), "-9223372036854775809.0").valid).toBe(false);
  });

  test("what is read is valid", () => {
    for (const schema of [rt.integer(), rt.readBy(rt.json().check(rt.allOf(rt.integer())), rt.integer()), rt.anyOf([rt.integer(), z.null()])]) {
      const read = rt.fromJson(schema, "-9223372036854775808");
      expect(read).toEqual({ valid: true, value: -(2 ** 63) });
      expect(read.valid && schema.parse(read.value)).toBe(-(2 ** 63));
      expect(rt.fromJson(schema, "-9223372036854775809").valid).toBe(false);
      expect(rt.fromJson(schema, "9223372036854775808").valid).toBe(false);
    }
  });

  test("a variant whose type does not hold an integer still matches", () => {
    const refused = { valid: false, violations: [{ pointer: "", keyword: "type" }] };
    const either = rt.readBy(rt.json("integer", "string"), rt.anyOf([rt.integer(), rt.json("string")]));
    for (const schema of [rt.anyOf([rt.integer(), z.null()]), rt.oneOf([rt.integer(), z.null()]), either]) {
      const read = rt.fromJson(schema, "9007199254740993");
      expect(read).toMatchObject(refused);
      expect(!read.valid && read.violations[0]?.message).toContain("9007199254740993, which a JavaScript number does not hold exactly");
      expect(violationsIn(schema, 2n ** 53n)).toEqual([]);
    }
    expect(violationsIn(rt.integer().check(rt.matchesAny([rt.integer(), z.null()])), 2n ** 53n)).toEqual([]);
    expect(rt.fromJson(rt.oneOf([rt.integer(), rt.longInteger()]), "9007199254740992")).toMatchObject({ violations: [{ keyword: "oneOf" }] });
  });

  test("a value is validated before its numbers are read, with `x-each` too", () => {
    const list = rt.array(rt.number()).check(rt.uniqueItems());
    const whole = rt.readBy(rt.json<number[]>().check(rt.allOf(list)), rt.array(rt.number()));
    const value = rt.parseJson("[9007199254740993, 9007199254740992]");
    for (const schema of [list, whole, rt.define<number[]>(() => whole)]) {
      expect(rt.readValue(schema, value)).toEqual({ valid: true, value: [2 ** 53, 2 ** 53] });
      expect(rt.parseEach(schema, value)).toEqual({ valid: true, value: [2 ** 53, 2 ** 53], refused: [] });
    }
    expect(whole.parse(value)).toEqual([2 ** 53, 2 ** 53]);
    expect(rt.parseEach(rt.each(rt.readBy(rt.json("integer"), rt.integer())), value)).toMatchObject({ value: [2 ** 53], refused: [{ raw: 2n ** 53n + 1n }] });
  });

  test("strings that look like written bigints stay strings", () => {
    const value = { "integer 5": 2n ** 60n, b: ["integer- 7", 'a "integer 6" b'] };
    expect(rt.toJson(value)).toBe('{"integer 5":1152921504606846976,"b":["integer- 7","a \\"integer 6\\" b"]}');
    const cycle: unknown[] = [1n];
    cycle.push(cycle);
    expect(() => rt.toJson(cycle)).toThrow(TypeError);
  });

  test("they are compared, summed and divided without rounding", () => {
    const rule = rt.json().check(rt.rule("a", "==", "b", "+", "c"));
    expect(violationsIn(rule, rt.parseJson('{"a": 9007199254740994, "b": 9007199254740993, "c": 1}'))).toEqual([]);
    expect(violationsIn(rule, rt.parseJson('{"a": 9007199254740993, "b": 9007199254740993, "c": 1}'))).toEqual([" x-rules"]);
    expect(rt.equal(9007199254740994n, 9007199254740994)).toBe(true);
    expect(rt.equal(9007199254740993n, 9007199254740992)).toBe(false);
    expect(rt.equal(1n, "1")).toBe(false);
    expect(violationsIn(rt.number().check(rt.multipleOf(0.5)), 9007199254740993n)).toEqual([]);
  });
});

describe("scalars", () => {
  test("lengths count code points", () => {
    expect(violationsIn(rt.string().max(2), "😀😀")).toEqual([]);
    expect(violationsIn(rt.string().min(3), "😀😀")).toEqual([" minLength"]);
  });

  test("a value of another type breaks nothing but the type", () => {
    expect(violationsIn(rt.string().min(3), [1])).toEqual([" type"]);
    expect(violationsIn(rt.array(rt.string()).min(3), "ab")).toEqual([" type"]);
    expect(violationsIn(rt.integer().min(3), "1")).toEqual([" type"]);
    expect(violationsIn(rt.integer().min(3).max(4), 4.5)).toEqual([" maximum", " type"]);
  });

  test("constants and sets beside a type report both", () => {
    expect(violationsIn(rt.constant("a"), 1)).toEqual([" const", " type"]);
    expect(violationsIn(rt.choice(["a", "b"]), "c")).toEqual([" enum"]);
    expect(violationsIn(rt.choice(["a", "b"]), null)).toEqual([" enum", " type"]);
    expect(violationsIn(z.literal("a"), 1)).toEqual([" const"]);
  });

  test("equality is deep", () => {
    expect(violationsIn(rt.json().check(rt.equals({ a: [1] })), { a: [1] })).toEqual([]);
    expect(violationsIn(rt.json().check(rt.oneOfValues([[1], "x"])), [2])).toEqual([" enum"]);
  });

  test("what is not JSON is rejected", () => {
    expect(violationsIn(rt.json(), undefined)).toEqual([" type"]);
    expect(violationsIn(rt.json("integer", "null"), 1.5)).toEqual([" type"]);
    expect(violationsIn(z.number(), Infinity)).toEqual([" type"]);
  });
});

describe("unions", () => {
  const cat = rt.object<{ kind: "cat"; lives: number }>({ kind: rt.constant("cat"), lives: rt.integer() });
  const dog = rt.object<{ kind: "dog" }>({ kind: rt.constant("dog") });

  test("a tag picks the variant whose violations are reported", () => {
    const pet = rt.tagged("kind", [["cat", cat], [["dog", "wolf"], dog]]);
    expect(violationsIn(pet, { kind: "cat", lives: "9" })).toEqual(["/lives type"]);
    expect(violationsIn(pet, { kind: "cow" })).toEqual([" oneOf"]);
    expect(violationsIn(pet, { kind: "toString" })).toEqual([" oneOf"]);
    expect(violationsIn(pet, 1)).toEqual([" oneOf"]);
  });

  test("one means one, and any means any", () => {
    expect(violationsIn(rt.oneOf([rt.integer(), z.number()]), 1)).toEqual([" oneOf"]);
    expect(violationsIn(rt.oneOf([rt.integer(), z.number()]), 1.5)).toEqual([]);
    expect(violationsIn(rt.anyOf([rt.string().min(3), z.number()]), "a")).toEqual([" anyOf"]);
  });
});

describe("keywords", () => {
  test("rules compare members that are there", () => {
    const schema = rt.members({}).check(rt.rule("end", ">=", "start"), rt.rule("span", "==", "end", "-", "start"));
    expect(violationsIn(schema, { start: 2, end: 1, span: 5 })).toEqual([" x-rules"]);
    expect(violationsIn(schema, { start: 1, end: 3, span: 2 })).toEqual([]);
    expect(violationsIn(schema, { start: 1, span: 2 })).toEqual([]);
  });

  test("a check runs though a member is wrong", () => {
    const schema = rt.members({ a: rt.string() }).check(rt.maxProperties(1), rt.dependentRequired("a", ["c"]), rt.required(["d"]));
    expect(violationsIn(schema, { a: 1, b: 2 })).toEqual([" dependentRequired", " maxProperties", " required", "/a type"]);
  });

  test("items", () => {
    expect(violationsIn(rt.array(rt.json()).check(rt.uniqueItems()), [{ a: 1 }, { a: 1 }])).toEqual([" uniqueItems"]);
    expect(violationsIn(rt.array(rt.json()).check(rt.contains(rt.string(), 2, 3)), ["a", 1])).toEqual([" minContains"]);
    expect(violationsIn(rt.prefixed([rt.string()], rt.integer()), [1, "a"])).toEqual(["/0 type", "/1 type"]);
  });

  test("recursion ends at x-max-depth", () => {
    interface Tree { child?: Tree }
    const tree: z.ZodType<Tree> = rt.nested(2, rt.object<Tree>({ child: z.lazy(() => tree).exactOptional() }));
    expect(violationsIn(tree, { child: {} })).toEqual([]);
    expect(violationsIn(tree, { child: { child: {} } })).toEqual(["/child/child x-max-depth"]);
    expect(violationsIn(tree, { child: {} })).toEqual([]);
  });
});

describe("x-each", () => {
  const page = rt.object<{ items: { name: string; age?: number }[] }>({ items: rt.each(Person).max(3) });
  const value = { items: [{ name: "ab" }, { name: "" }, { name: "cd" }] };

  test("items are validated with the whole", () => {
    expect(violationsIn(page, value)).toEqual(["/items/1/name minLength", "/items/1/name pattern"]);
  });

  test("and each alone, where that is asked for", () => {
    const sorted = rt.parseEach(page, value);
    expect(sorted).toMatchObject({ valid: true, value: { items: [{ name: "ab" }, { name: "cd" }] }, refused: [{ raw: { name: "" } }] });
    expect(rt.parseEach(page, { items: Array(4).fill({ name: "ab" }) }).valid).toBe(false);
    expect(value.items).toHaveLength(3);
    expect(rt.judgeEach(Person, value.items).map(({ valid }) => valid)).toEqual([true, false, true]);
  });

  test("and each alone, in a part that a check applies and in an item", () => {
    const part = rt.json("object").check(rt.allOf(page));
    expect(rt.validate(part, value)).not.toEqual([]);
    expect(rt.parseEach(part, value).valid).toBe(true);
    const nested = rt.parseEach(rt.each(page), [value, { items: "none" }]);
    expect(nested).toMatchObject({ valid: true, value: [{ items: [{ name: "ab" }, { name: "cd" }] }] });
    expect(nested.refused.map(({ raw }) => raw)).toEqual([{ name: "" }, { items: "none" }]);
    expect(rt.parseEach(rt.anyOf([page]), value)).toMatchObject({ valid: true, refused: [{ raw: { name: "" } }] });
    expect(rt.validate(page, value)).not.toEqual([]);
  });
});

test("text that is no JSON has the keyword `syntax`", () => {
  expect(rt.fromJson(Person, "{")).toMatchObject({ valid: false, violations: [{ pointer: "", keyword: "syntax" }] });
  expect(rt.fromJson(Person, '{"name": "ab"}')).toEqual({ valid: true, value: { name: "ab" } });
});

test("issues of Zod's own checks mean keywords too", () => {
  const schema = z.strictObject({ a: z.array(z.string()).max(1), b: z.number().gt(1).lt(3).multipleOf(2), c: z.union([z.string(), z.null()]) });
  const found = violationsIn(schema, { a: ["x", "y"], b: 3, c: 1, d: 1 });
  expect(found).toEqual(["/a maxItems", "/b exclusiveMaximum", "/b multipleOf", "/c anyOf", "/d additionalProperties"]);
});

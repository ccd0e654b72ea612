// Formats and numbers are validated as in Rust: the same lists are in the tests of `contractc/runtime/rust`.

import { expect, test } from "vitest";
import { formatTest, type Format } from "../../contractc/runtime/typescript/format.js";
import { compareWithSum, isMultipleOf } from "../../contractc/runtime/typescript/number.js";
import { equal, hasDuplicates, parseJson } from "../../contractc/runtime/typescript/json.js";

const CASES: Record<Format, readonly [accepted: string[], rejected: string[]]> = {
  date: [["2024-02-29", "2000-02-29"], ["2023-02-29", "1900-02-29", "2024-13-01", "2024-1-01", "٢024-01-01", "2024-01-01\n"]],
  "date-time": [
    ["1998-12-31T23:59:60Z", "1998-12-31t15:59:60.123-08:00", "2024-02-29T23:59:59Z", "2000-02-29T00:00:00.000Z"],
    ["1998-12-31T23:58:60Z", "2024-01-01 00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T24:00:00.000Z", "2024-01-01T00:00:00é"],
  ],
  email: [["a.b@example.com", '"a b"@x.org', "x@[127.0.0.1]", "x@[IPv6:::1]"], ["a", ".a@b.c", "a..b@c.d", "a@-b.c", "@x.y", '"@x']],
  hostname: [["a", "xn--4gbwdl.xn--wgbh1c", "a-b.c1"], ["", "-a", "a-", "a_b", "a..b", "ab--c"]],
  ipv4: [["127.0.0.1"], ["127.0.0", "256.0.0.1", "01.2.3.4"]],
  ipv6: [
    ["::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:1.2.3.4", "::"],
    ["1:2", "::1%eth0", "12345::", "1:2:3:4:5:6:7:8::", "1.2.3.4::", ":1::2", ":::", ""],
  ],
  time: [["23:59:60Z", "01:29:60+01:30", "00:00:00.5z"], ["24:00:00Z", "12:00:00", "12:00:00+24:00", "12:00:00.Z"]],
  uri: [
    ["http://a.b:80/c?d#e", "urn:x:y", "http://[::1]/", "http://[v1.a:b]/", "a:"],
    ["//a", "a b:c", "http://a b", "x:%zz", "http://[x]/", "http://a:b/", "x:#a#b"],
  ],
  uuid: [["2EB8AA08-aa98-11ea-b4aa-73b441d16380"], ["2eb8aa08aa9811eab4aa73b441d16380", "{2eb8aa08-aa98-11ea-b4aa-73b441d1638}"]],
};

test.each(Object.entries(CASES))("the format %s", (format, [accepted, rejected]) => {
  expect(accepted.filter((text) => !formatTest(format as Format)(text))).toEqual([]);
  expect(rejected.filter((text) => formatTest(format as Format)(text))).toEqual([]);
});

test("multiples are computed on the shortest decimal text", () => {
  expect(isMultipleOf(0.3, 0.1)).toBe(true);
  expect(isMultipleOf(0.30000000000000004, 0.1)).toBe(false);
  expect(isMultipleOf(1e308, 0.123456789)).toBe(false);
  expect(isMultipleOf(0.0075, 0.0001)).toBe(true);
  expect(isMultipleOf(4.5, 1.5)).toBe(true);
  expect(isMultipleOf(7, 2)).toBe(false);
  expect(isMultipleOf(0, 0.01)).toBe(true);
  expect(isMultipleOf(1e300, 3)).toBe(BigInt("1" + "0".repeat(300)) % 3n === 0n);
});

test("sums of integers are not rounded", () => {
  const large = Number.MAX_SAFE_INTEGER;
  expect(compareWithSum(large + 1, large, 1, 1)).toBe(0);
  expect(compareWithSum(large + 1, large, 1, 2)).toBeLessThan(0);
  expect(compareWithSum(2, 5, -1, 3)).toBe(0);
});

test("equality is that of JSON", () => {
  expect(equal({ a: [1, { b: null }], c: "x" }, { c: "x", a: [1, { b: null }] })).toBe(true);
  expect(equal({ a: 1 }, { b: 1 })).toBe(false);
  expect(equal([], {})).toBe(false);
  expect(equal(JSON.parse('{"__proto__": 1}'), {})).toBe(false);
  expect(hasDuplicates([...Array(40).keys(), { a: 1, b: 2 }, { b: 2, a: 1 }])).toBe(true);
  expect(hasDuplicates([...Array(40).keys(), 0.5, "1", true])).toBe(false);
});

test("JSON text has whole characters and few levels", () => {
  expect(parseJson('["\\ud83d\\ude00"]')).toEqual(["😀"]);
  expect(() => parseJson('["\\ud83d"]')).toThrow(SyntaxError);
  expect(() => parseJson('{"\\udc00": 1}')).toThrow(SyntaxError);
  expect(parseJson("[".repeat(128) + "]".repeat(128))).toBeInstanceOf(Array);
  expect(() => parseJson("[".repeat(129) + "]".repeat(129))).toThrow(SyntaxError);
});

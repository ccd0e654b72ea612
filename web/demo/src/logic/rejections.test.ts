// Tests the explanations of rejected writes.

import { expect, test } from "vitest";
import { rejection } from "./rejections";

const rejected = (pointer: string, keyword: string): Error =>
  Object.assign(new Error("it violates the contract"), { name: "RecordRefused", violations: [{ pointer, keyword }] });

test.each([
  ["/loggedWeightKg", "maximum", "Not saved: the weight is too large."],
  ["/name", "maxLength", "Not saved: the name is too long."],
  ["/defaultRestTimerSecs", "minimum", "Not saved: the default rest timer is too small."],
  ["", "maxBytes", "Not saved: the record is too large."],
  ["/theme", "enum", "Not saved: the theme is not possible."],
])("a violation at %j of %s is explained in plain words", (pointer, keyword, text) => {
  expect(rejection(rejected(pointer, keyword))).toBe(text);
});

test("other errors are left to others", () => {
  expect(rejection(new Error("the storage is full"))).toBeUndefined();
});

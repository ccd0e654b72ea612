// Tests the conversion of weights and their texts.

import { expect, test } from "vitest";
import { about, parseNumber, parseWhole, toKg, volume, weight, weightText } from "./units";

test("what is typed in pounds reads the same after it was stored in kilograms", () => {
  for (const pounds of [45, 132.5, 225, 402.5, 1000]) {
    expect(weightText(toKg(pounds, "lbs"), "lbs")).toBe(String(pounds));
  }
  expect(weightText(toKg(82.25, "kg"), "kg")).toBe("82.25");
});

test("weights carry their unit", () => {
  expect(weight(102.5, "kg")).toBe("102.5 kg");
  expect(weight(102.0582825, "lbs")).toBe("225 lb");
  expect([about(110.83, "kg"), about(100, "lbs")]).toEqual(["111 kg", "220.5 lb"]);
  expect(volume(12_339.6, "kg")).toBe("12,340 kg");
});

test("a comma is a point, and what is no number is nothing", () => {
  expect(["82,5", " 82.5 ", "82.", ".5"].map(parseNumber)).toEqual([82.5, 82.5, 82, 0.5]);
  expect(["", "-1", "1e3", "1.2.3", "heavy", "."].map(parseNumber)).toEqual(Array(6).fill(undefined));
  expect(["8", "", "8.5", "-8"].map(parseWhole)).toEqual([8, undefined, undefined, undefined]);
});

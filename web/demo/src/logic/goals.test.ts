// Tests the progress of goals.

import { expect, test } from "vitest";
import { goalProgress } from "./goals";

test("progress leads up or down, and ends at both ends", () => {
  expect(goalProgress(0, 90, 120)).toBe(0.75);
  expect(goalProgress(85, 83, 80)).toBeCloseTo(0.4);
  expect(goalProgress(85, 86, 80)).toBe(0);
  expect(goalProgress(85, 79, 80)).toBe(1);
  expect(goalProgress(0, Infinity, 12)).toBe(1);
});

test("what is not known is no progress, and a goal that was met from the start is met", () => {
  expect(goalProgress(undefined, 80, 80)).toBe(0);
  expect(goalProgress(85, undefined, 80)).toBe(0);
  expect([goalProgress(80, 80, 80), goalProgress(80, 81, 80)]).toEqual([1, 0]);
});

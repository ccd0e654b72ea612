// Tests the estimated maximum of one repetition.

import { expect, test } from "vitest";
import { bestOneRepMax, estimatedOneRepMax, volumeKg } from "./one-rep-max";

const set = (loggedWeightKg: number, loggedReps: number) => ({ loggedWeightKg, loggedReps });

test("one repetition is its own maximum, and more repetitions are worth more", () => {
  expect(estimatedOneRepMax(set(140, 1))).toBe(140);
  expect(estimatedOneRepMax(set(100, 6))).toBeCloseTo(120);
  expect(estimatedOneRepMax(set(90, 10))).toBeCloseTo(120);
});

test("a set without weight, without repetitions or with many says nothing", () => {
  expect([set(0, 5), set(100, 0), set(40, 13)].map(estimatedOneRepMax)).toEqual([undefined, undefined, undefined]);
  expect(estimatedOneRepMax({ loggedWeightKg: 100 })).toBeUndefined();
});

test("the best set counts, whichever it is", () => {
  expect(bestOneRepMax([set(100, 3), set(95, 8), set(60, 20)])).toBeCloseTo(95 * (1 + 8 / 30));
  expect(bestOneRepMax([set(60, 20)])).toBeUndefined();
});

test("volume is weight times repetitions", () => {
  expect(volumeKg([set(100, 5), set(50, 10), { loggedWeightKg: 20 }])).toBe(1000);
});

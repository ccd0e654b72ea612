// Tests the scales, ticks and paths of charts.

import { expect, test } from "vitest";
import { linear, linePath, nearest, niceTicks, timeTicks, trend } from "./chart";

const DAY = 86_400_000;
const at = (text: string): number => new Date(`${text}T00:00`).getTime();

test("a scale keeps both ends, turned or not, and puts a single value in the middle", () => {
  const scale = linear([50, 100], [200, 0]);
  expect([50, 75, 100].map(scale)).toEqual([200, 100, 0]);
  expect(linear([80, 80], [0, 10])(80)).toBe(5);
});

test("ticks are round and hold all values between them", () => {
  expect(niceTicks(81.3, 84.9, 4)).toEqual([81, 82, 83, 84, 85]);
  expect(niceTicks(0, 100, 4)).toEqual([0, 25, 50, 75, 100]);
  for (const [min, max] of [
    [80, 80],
    [0, 0],
    [0.12, 0.19],
    [97, 1342],
  ] as const) {
    const ticks = niceTicks(min, max, 4);
    expect(ticks[0]).toBeLessThanOrEqual(min);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(7);
  }
});

test("a year has ticks at the starts of months, and ten years at the starts of years", () => {
  const year = timeTicks(at("2025-01-15"), at("2026-01-14"), 6).map((tick) => new Date(tick));
  expect(year.map((date) => date.getDate())).toEqual(year.map(() => 1));
  expect(year.length).toBeGreaterThanOrEqual(4);
  const decade = timeTicks(at("2015-03-01"), at("2025-03-01"), 6).map((tick) => new Date(tick));
  expect(decade.map((date) => `${date.getMonth()} ${date.getDate()}`)).toEqual(decade.map(() => "0 1"));
  expect(timeTicks(at("2025-03-01"), at("2025-03-04"), 6)).toHaveLength(4);
  expect(timeTicks(at("2025-03-01"), at("2025-03-01"), 6)).toHaveLength(1);
});

test("the trend is the mean of the last days alone", () => {
  const points = [0, 1, 2, 9].map((day) => ({ at: day * DAY, value: day === 9 ? 90 : 80 + day }));
  expect(trend(points, 7).map((point) => point.value)).toEqual([80, 80.5, 81, 90]);
});

test("the nearest point is found from both sides and beyond the ends", () => {
  const points = [10, 20, 40].map((moment) => ({ at: moment, value: moment }));
  expect([0, 14, 16, 29, 31, 99].map((moment) => nearest(points, moment)?.at)).toEqual([10, 10, 20, 20, 40, 40]);
  expect(nearest([], 5)).toBeUndefined();
});

test("a path moves to its first point and goes on in lines", () => {
  expect(
    linePath([
      [0, 1],
      [10.26, 2],
    ]),
  ).toBe("M0.0 1.0L10.3 2.0");
});

// Tests the texts for times, durations and numbers.

import { expect, test } from "vitest";
import { ago, clock, counted, day, dayInput, duration, fromDayInput, tick, weekStart } from "./words";

const NOW = new Date(2025, 10, 26, 18, 5).getTime();
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

test("numbers have their nouns", () => {
  expect([counted(1, "set"), counted(1200, "set"), counted(2, "entry", "entries")]).toEqual(["1 set", "1,200 sets", "2 entries"]);
});

test("spans are hours and minutes", () => {
  expect([duration(0), duration(45 * MINUTE), duration(65 * MINUTE)]).toEqual(["0 min", "45 min", "1 h 05 min"]);
});

test("what was long ago has a date", () => {
  const since = [0, 5 * MINUTE, 3 * 60 * MINUTE, 2 * DAY, 30 * DAY, 400 * DAY].map((passed) => ago(NOW - passed, NOW));
  expect(since).toEqual(["just now", "5 min ago", "3 h ago", "2 days ago", "Mon 27 Oct", "Tue 22 Oct 2024"]);
});

test("days are counted by the calendar, not by 24 hours", () => {
  const lastNight = new Date(2025, 10, 25, 23, 50).getTime();
  expect([day(NOW, NOW), day(lastNight, NOW), clock(lastNight)]).toEqual(["Today", "Yesterday", "23:50"]);
});

test("a date input means the day it says, and keeps it", () => {
  expect(dayInput(fromDayInput("2025-03-30") ?? 0)).toBe("2025-03-30");
  expect(fromDayInput("")).toBeUndefined();
});

test("a week begins on Monday", () => {
  expect(new Date(weekStart(NOW))).toEqual(new Date(2025, 10, 24));
  expect(new Date(weekStart(new Date(2025, 10, 23, 12).getTime()))).toEqual(new Date(2025, 10, 17));
});

test("a long axis has months, and years where they begin", () => {
  const first = new Date(2025, 0, 1).getTime();
  expect([tick(first, 30 * DAY), tick(first, 365 * DAY), tick(NOW, 365 * DAY)]).toEqual(["1 Jan", "2025", "Nov"]);
});

// Tests the descriptions of records.

import { expect, test } from "vitest";
import { describe, kindOf } from "./describe";

test("a record is described by what people know it by", () => {
  const at = new Date(2025, 10, 3, 12).getTime();
  expect(describe("workout-logs", { name: "Push", startTime: at, notes: "slow" }, "kg")).toEqual({
    kind: "Workout",
    text: "Push, 3 Nov 2025, “slow”",
  });
  expect(describe("logged-sets", { loggedWeightKg: 100, loggedReps: 1 }, "kg").text).toBe("100 kg, 1 repetition");
  expect(describe("user-bodyweight-logs", { date: at, weightKg: 82.5 }, "lbs").text).toBe("181.9 lb, 3 Nov 2025");
});

test("a collection of a later version keeps its own name", () => {
  expect([kindOf("logged-sets"), kindOf("moon-phases")]).toEqual(["Set", "moon-phases"]);
});

test("long notes are cut, and what is not as expected is left out", () => {
  expect(describe("workout-logs", { notes: "x".repeat(100) }, "kg").text).toHaveLength(62);
  for (const record of [null, "text", { name: 7, startTime: "today" }, { isDeleted: true }]) {
    expect(describe("workout-templates", record, "kg")).toEqual({ kind: "Template", text: "" });
  }
});

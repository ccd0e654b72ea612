// Tests how sets are converted and grouped.

import { expect, test } from "vitest";
import { LoggedSetSchema } from "../../../../generated/typescript/schemas";
import type { LoggedSet } from "../../../../generated/typescript/types";
import { blocksOf, changed, entryOf, nextSet, SET_TYPES } from "./sets";

const id = (number: number) => `018f4e2a-7c1b-7d3e-9a55-${String(number).padStart(12, "0")}`;

const set = (number: number, orderInWorkout = 0, orderInExercise = number): LoggedSet => ({
  id: id(number),
  clientCreatedAt: 1,
  clientUpdatedAt: 1,
  isDeleted: false,
  workoutLogId: id(100),
  exerciseDefinitionId: id(200 + orderInWorkout),
  orderInWorkout,
  orderInExercise,
  setType: "standard",
  loggedWeightKg: 100,
  loggedReps: 5,
  notes: "belt",
});

test("a set of any kind becomes a set of any other, keeps to the contract, and keeps what no kind decides", () => {
  for (const [from] of SET_TYPES) {
    for (const [to] of SET_TYPES) {
      const other = changed(changed(set(1), { setType: from }), { setType: to });
      expect(LoggedSetSchema.safeParse(other).error, `${from} to ${to}`).toBeUndefined();
      expect([other.setType, other.loggedWeightKg, other.loggedReps, other.notes]).toEqual([to, 100, 5, "belt"]);
      expect("targetDurationSecs" in other).toBe(to === "amrapTime");
    }
  }
});

test("changing a number leaves the kind and the plan alone", () => {
  const planned = { ...set(1), targetReps: 8 } as LoggedSet;
  expect(changed(planned, { loggedWeightKg: 102.5 })).toEqual({ ...planned, loggedWeightKg: 102.5 });
  const timed = changed(set(1), { setType: "repsForTime", seconds: 90 });
  expect(entryOf(changed(timed, { loggedReps: 0 }))).toEqual({
    setType: "repsForTime",
    loggedWeightKg: 100,
    loggedReps: 1,
    seconds: 90,
  });
});

test("what stands together is a block, with what was planned for it, and what was not begun is an empty one", () => {
  const sets = [set(1, 0, 0), set(2, 0, 1), set(3, 2)];
  const planned = [0, 1].map((order) => ({ exerciseDefinitionId: id(200 + order), orderInTemplate: order }));
  const blocks = blocksOf(sets, planned);
  expect(blocks.map((block) => block.sets.map((one) => one.id))).toEqual([[id(1), id(2)], [], [id(3)]]);
  expect(blocks.map((block) => block.plan)).toEqual([planned[0], planned[1], undefined]);
});

test("an exercise that comes twice is two blocks, and an app that counts sets instead of exercises makes no difference", () => {
  const counted = [set(1, 0), set(2, 1), set(3, 2), set(4, 3)].map((one, index) => ({
    ...one,
    exerciseDefinitionId: id([7, 7, 8, 7][index] ?? 0),
  }));
  expect(blocksOf(counted, []).map((block) => [block.order, block.sets.length])).toEqual([
    [0, 2],
    [2, 1],
    [3, 1],
  ]);
});

test("the next set is like the last one, then like the last time's first, then a modest one", () => {
  const [block] = blocksOf([set(1), { ...set(2), loggedReps: 4 } as LoggedSet], []);
  if (!block) throw new Error("no block");
  expect(nextSet(id(100), block, [])).toMatchObject({ loggedReps: 4, orderInExercise: 3 });
  expect(nextSet(id(100), { ...block, sets: [] }, [set(1)])).toMatchObject({ loggedReps: 5, orderInExercise: 0 });
  expect(nextSet(id(100), { ...block, sets: [] }, [])).toMatchObject({ setType: "standard", loggedWeightKg: 20 });
});

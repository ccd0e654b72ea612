// The kinds of set: converts one kind to another, and groups the sets of a workout into blocks.

import type { Draft, LoggedSet } from "../sync";

export type SetType = LoggedSet["setType"];

export const SET_TYPES: readonly (readonly [SetType, string])[] = [
  ["standard", "Standard"],
  ["amrapReps", "AMRAP"],
  ["dropSet", "Drop set"],
  ["pyramid", "Pyramid"],
  ["amrapTime", "AMRAP, timed"],
  ["repsForTime", "For time"],
];

/** The typed values of a set, whatever its kind. */
export interface Entry {
  setType: SetType;
  loggedWeightKg: number;
  loggedReps: number;
  /** Only for timed kinds. */
  seconds?: number | undefined;
}

/** The default target duration of a timed set. */
const SECONDS = 60;

export function entryOf(set: LoggedSet): Entry {
  const { setType, loggedWeightKg, loggedReps = 0 } = set;
  const seconds =
    setType === "amrapTime" ? set.targetDurationSecs : setType === "repsForTime" ? set.loggedTimeTakenSecs : undefined;
  return { setType, loggedWeightKg, loggedReps, seconds };
}

/** The members of a set that depend on its kind. */
function membersOf({ setType, loggedWeightKg, loggedReps, seconds = SECONDS }: Entry) {
  switch (setType) {
    case "amrapTime":
      return { setType, loggedWeightKg, loggedReps, targetDurationSecs: Math.max(seconds, 1) };
    case "repsForTime": {
      const reps = Math.max(loggedReps, 1);
      return { setType, loggedWeightKg, loggedReps: reps, targetReps: reps, loggedTimeTakenSecs: Math.max(seconds, 1) };
    }
    default:
      return { setType, loggedWeightKg, loggedReps };
  }
}

/** A set after a change, which may change its kind. Members that do not depend on the kind are kept. */
export function changed(set: LoggedSet, change: Partial<Entry>): LoggedSet {
  const entry = { ...entryOf(set), ...change };
  if (entry.setType === set.setType) {
    return {
      ...set,
      ...membersOf({ ...entry, ...(entry.seconds === undefined ? {} : { seconds: entry.seconds }) }),
    } as LoggedSet;
  }
  const { targetDurationSecs, loggedDurationSecs, loggedTimeTakenSecs, targetReps, ...kept } = set as LoggedSet &
    Record<string, unknown>;
  return { ...kept, ...membersOf(entry) } as LoggedSet;
}

/** Consecutive sets of one exercise, and their plan. */
export interface Block<Planned> {
  exerciseId: string;
  order: number;
  sets: LoggedSet[];
  plan?: Planned | undefined;
}

/** Groups the sorted sets of a workout into blocks, and adds a block without sets for each planned exercise that was not begun. */
export function blocksOf<Planned extends { exerciseDefinitionId: string; orderInTemplate: number }>(
  sets: readonly LoggedSet[],
  planned: readonly Planned[],
): Block<Planned>[] {
  const blocks: Block<Planned>[] = [];
  for (const set of sets) {
    const last = blocks.at(-1);
    // Apps number sets differently, so adjacent sets of an exercise form a block.
    if (last?.exerciseId === set.exerciseDefinitionId) {
      last.sets.push(set);
    } else {
      blocks.push({ exerciseId: set.exerciseDefinitionId, order: set.orderInWorkout, sets: [set] });
    }
  }
  for (const plan of planned) {
    const begun = blocks.find((block) => block.exerciseId === plan.exerciseDefinitionId && block.plan === undefined);
    if (begun) {
      begun.plan = plan;
    } else {
      blocks.push({ exerciseId: plan.exerciseDefinitionId, order: plan.orderInTemplate, sets: [], plan });
    }
  }
  return blocks.sort((left, right) => left.order - right.order);
}

/** The next set of a block, with the values of its last set, or of the first set in the previous workout. */
export function nextSet(
  workoutLogId: string,
  block: Omit<Block<unknown>, "plan">,
  lastTime: readonly LoggedSet[],
): Draft<LoggedSet> {
  const model = block.sets.at(-1) ?? lastTime[0];
  return {
    workoutLogId,
    exerciseDefinitionId: block.exerciseId,
    orderInWorkout: block.order,
    orderInExercise: (block.sets.at(-1)?.orderInExercise ?? -1) + 1,
    ...membersOf(model ? entryOf(model) : { setType: "standard", loggedWeightKg: 20, loggedReps: 8 }),
  };
}

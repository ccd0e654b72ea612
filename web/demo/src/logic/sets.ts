// The kinds of set: turning one kind into another, and sets as the blocks of a workout.

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

/** What is typed for a set, whatever its kind. */
export interface Entry {
  setType: SetType;
  loggedWeightKg: number;
  loggedReps: number;
  /** Of the timed kinds alone. */
  seconds?: number | undefined;
}

/** How long a timed set is supposed to take until somebody says otherwise. */
const SECONDS = 60;

export function entryOf(set: LoggedSet): Entry {
  const { setType, loggedWeightKg, loggedReps = 0 } = set;
  const seconds =
    setType === "amrapTime" ? set.targetDurationSecs : setType === "repsForTime" ? set.loggedTimeTakenSecs : undefined;
  return { setType, loggedWeightKg, loggedReps, seconds };
}

/** The members of a set that its kind decides. */
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

/** A set as it is after a change, which may make it another kind. What no kind decides stays. */
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

/** Sets of one exercise in a row, and what was planned for them. */
export interface Block<Planned> {
  exerciseId: string;
  order: number;
  sets: LoggedSet[];
  plan?: Planned | undefined;
}

/** The sets of a workout, which are in order, as blocks; and a block without sets for each exercise that was planned and not begun. */
export function blocksOf<Planned extends { exerciseDefinitionId: string; orderInTemplate: number }>(
  sets: readonly LoggedSet[],
  planned: readonly Planned[],
): Block<Planned>[] {
  const blocks: Block<Planned>[] = [];
  for (const set of sets) {
    const last = blocks.at(-1);
    // Apps differ in how they count: what stands together belongs together.
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

/** The next set of a block: like its last one, or like the one of the last time. */
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

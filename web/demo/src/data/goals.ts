// Goals and their progress. The current value is read from the log; a goal itself contains only the target.

import { bestOneRepMax } from "../logic/one-rep-max";
import { goalProgress } from "../logic/goals";
import { edit } from "./edit";
import { db, type UserGoal } from "../sync";

export interface GoalState {
  goal: UserGoal;
  /** The current value in kilograms; undefined if the log has no data for it. */
  currentKg?: number | undefined;
  /** From 0 to 1. */
  progress: number;
}

/** All goals: active ones first, then by name. */
export async function goalStates(): Promise<GoalState[]> {
  const goals = await db.userGoals.orderBy("name").toArray();
  const states = await Promise.all(goals.map(stateOf));
  return states.sort((left, right) => Number(right.goal.status === "active") - Number(left.goal.status === "active"));
}

async function stateOf(goal: UserGoal): Promise<GoalState> {
  switch (goal.type) {
    case "liftTarget": {
      const currentKg = await bestLift(goal.targetExerciseDefinitionId, goal.targetReps ?? 1);
      return { goal, currentKg, progress: goalProgress(0, currentKg, goal.targetWeightKg) };
    }
    case "bodyweightTarget": {
      const logs = await db.userBodyweightLogs.orderBy("date").toArray();
      const start = logs.find((log) => log.date >= goal.creationDate) ?? logs.at(-1);
      const currentKg = logs.at(-1)?.weightKg;
      return { goal, currentKg, progress: goalProgress(start?.weightKg, currentKg, goal.targetBodyweightKg) };
    }
    case "programCompletion": {
      const runs = await db.activeProgramInstances.where("programDefinitionId").equals(goal.targetProgramDefinitionId).toArray();
      const program = await db.programDefinitions.get(goal.targetProgramDefinitionId);
      const done = Math.max(0, ...runs.map((run) => (run.status === "completed" ? Infinity : run.currentWorkoutOrderInProgram)));
      return { goal, progress: goalProgress(0, done, program?.workoutSequence.length ?? 1) };
    }
  }
}

/** The heaviest set with enough repetitions; for a single repetition, the best estimate. */
async function bestLift(exerciseId: string, reps: number): Promise<number | undefined> {
  const sets = await db.loggedSets.where("exerciseDefinitionId").equals(exerciseId).toArray();
  if (reps === 1) {
    return bestOneRepMax(sets);
  }
  const enough = sets.filter((set) => (set.loggedReps ?? 0) >= reps).map((set) => set.loggedWeightKg);
  return enough.length === 0 ? undefined : Math.max(...enough);
}

/** Sets the status of a goal, with the day on which it was reached. */
export async function markGoal(goal: UserGoal, status: UserGoal["status"]): Promise<void> {
  await edit(db.userGoals, goal.id, ({ achievedDate: _, ...rest }) =>
    status === "achieved" ? { ...rest, status, achievedDate: Date.now() } : { ...rest, status },
  );
}

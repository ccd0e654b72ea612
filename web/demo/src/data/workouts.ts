// Workouts and their sets. Each set is its own record, so that two devices can log into one workout.

import { Dexie } from "dexie";
import { useLiveQuery } from "dexie-react-hooks";
import { type Block, changed, type Entry, nextSet } from "../logic/sets";
import { edit } from "./edit";
import { db, type LoggedSet, sync, type WorkoutLog, type WorkoutTemplate } from "../sync";

/** An unfinished workout that began longer ago than this no longer counts as in progress. */
const UNDER_WAY_MS = 12 * 3_600_000;

/** Whether the workout is in progress: a workout has no duration until it is finished. */
export function isUnderWay(workout: WorkoutLog, now: number): boolean {
  return workout.durationMs === 0 && now - workout.startTime < UNDER_WAY_MS;
}

/** The workout that is in progress on any of the user's devices. Undefined while it is loading, null if there is none. */
export function useWorkoutUnderWay(): WorkoutLog | null | undefined {
  return useLiveQuery(async () => {
    const now = Date.now();
    const recent = await db.workoutLogs
      .where("startTime")
      .above(now - UNDER_WAY_MS)
      .reverse()
      .toArray();
    return recent.find((workout) => isUnderWay(workout, now)) ?? null;
  });
}

/** The newest workouts. */
export async function newestWorkouts(limit: number): Promise<WorkoutLog[]> {
  return db.workoutLogs.orderBy("startTime").reverse().limit(limit).toArray();
}

/** The sets of the given workouts, by workout id. */
export async function setsByWorkout(workouts: readonly WorkoutLog[]): Promise<Map<string, LoggedSet[]>> {
  const sets = await db.loggedSets
    .where("workoutLogId")
    .anyOf(workouts.map((workout) => workout.id))
    .toArray();
  return Map.groupBy(sets, (set) => set.workoutLogId);
}

/** The sets of a workout, in order. */
export async function setsOf(workoutId: string): Promise<LoggedSet[]> {
  const key = "[workoutLogId+orderInWorkout+orderInExercise]";
  return db.loggedSets
    .where(key)
    .between([workoutId, Dexie.minKey, Dexie.minKey], [workoutId, Dexie.maxKey, Dexie.maxKey])
    .toArray();
}

/** The sets of an exercise in the last workout that has it, before the given workout. */
export async function setsOfLastTime(exerciseId: string, before: WorkoutLog): Promise<LoggedSet[]> {
  const sets = await db.loggedSets.where("exerciseDefinitionId").equals(exerciseId).toArray();
  const groups = Map.groupBy(sets, (set) => set.workoutLogId);
  const workouts = (await db.workoutLogs.bulkGet([...groups.keys()])).filter((workout) => workout !== undefined);
  const earlier = workouts
    .filter((workout) => workout.startTime < before.startTime)
    .sort((left, right) => right.startTime - left.startTime);
  const last = groups.get(earlier[0]?.id ?? "") ?? [];
  return last.sort((left, right) => left.orderInExercise - right.orderInExercise);
}

export async function startWorkout(template?: WorkoutTemplate): Promise<string> {
  const id = sync.newId();
  const now = Date.now();
  const planned = template ? { name: template.name, workoutTemplateId: template.id } : {};
  await db.workoutLogs.add({ id, startTime: now, endTime: now, durationMs: 0, ...planned });
  return id;
}

/** Finishes a workout now. The duration is at least a millisecond, because a workout without a duration counts as in progress. */
export async function finishWorkout(workout: WorkoutLog): Promise<void> {
  const endTime = Math.max(Date.now(), workout.startTime + 1);
  await edit(db.workoutLogs, workout.id, (current) => ({ ...current, endTime, durationMs: endTime - current.startTime }));
}

/** Sets a text member, or removes it if the text is empty. */
export async function describeWorkout(workout: WorkoutLog, member: "name" | "notes", text: string): Promise<void> {
  await edit(db.workoutLogs, workout.id, ({ [member]: _, ...rest }) =>
    text.trim() === "" ? rest : { ...rest, [member]: text.trim() },
  );
}

/** Deletes a workout with its sets, and returns a function that undoes it. */
export async function deleteWorkout(workout: WorkoutLog): Promise<() => Promise<void>> {
  const sets = await setsOf(workout.id);
  await db.transaction("rw", db.workoutLogs, db.loggedSets, async () => {
    await db.workoutLogs.delete(workout.id);
    await db.loggedSets.bulkDelete(sets.map((set) => set.id));
  });
  return async () => {
    await db.transaction("rw", db.workoutLogs, db.loggedSets, async () => {
      await db.workoutLogs.put(workout);
      await db.loggedSets.bulkPut(sets);
    });
  };
}

export async function addSet(workout: WorkoutLog, block: Omit<Block<unknown>, "plan">): Promise<void> {
  await db.loggedSets.add({ ...nextSet(workout.id, block, await setsOfLastTime(block.exerciseId, workout)), id: sync.newId() });
}

export async function changeSet(set: LoggedSet, change: Partial<Entry>): Promise<void> {
  await edit(db.loggedSets, set.id, (current) => changed(current, change));
}

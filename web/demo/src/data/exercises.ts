// Exercises: those that the app ships, which are identical on every device, and the user's own.

import { useLiveQuery } from "dexie-react-hooks";
import { estimatedOneRepMax } from "../logic/one-rep-max";
import type { Point } from "../logic/chart";
import { db, sharedId, type Draft, type ExerciseDefinition, sync } from "../sync";

/** Name, equipment and muscles: the same exercises as in the command's quickstart, since shipped records are the same on every device. */
const SHIPPED: readonly (readonly [string, string, ...string[]])[] = [
  ["Back squat", "barbell", "quadriceps", "glutes"],
  ["Bench press", "barbell", "chest", "triceps"],
  ["Deadlift", "barbell", "hamstrings", "glutes", "lower back"],
  ["Overhead press", "barbell", "shoulders", "triceps"],
  ["Barbell row", "barbell", "lats", "upper back"],
  ["Front squat", "barbell", "quadriceps", "core"],
  ["Romanian deadlift", "barbell", "hamstrings", "glutes"],
  ["Incline dumbbell press", "dumbbells", "chest", "shoulders"],
  ["Dumbbell row", "dumbbells", "lats"],
  ["Pull-up", "bar", "lats", "biceps"],
  ["Dip", "bars", "chest", "triceps"],
  ["Leg press", "machine", "quadriceps"],
  ["Leg curl", "machine", "hamstrings"],
  ["Leg extension", "machine", "quadriceps"],
  ["Lat pulldown", "cable", "lats"],
  ["Seated cable row", "cable", "upper back"],
  ["Face pull", "cable", "rear delts"],
  ["Lateral raise", "dumbbells", "shoulders"],
  ["Biceps curl", "dumbbells", "biceps"],
  ["Triceps pushdown", "cable", "triceps"],
  ["Calf raise", "machine", "calves"],
  ["Hip thrust", "barbell", "glutes"],
  ["Plank", "none", "core"],
  ["Kettlebell swing", "kettlebell", "glutes", "hamstrings"],
];

/** Adds the shipped exercises that are missing. Any user edit, here or elsewhere, is newer than these. */
export async function addShipped(): Promise<void> {
  const records = SHIPPED.map(([name, equipment, ...primaryMuscleGroups]) => ({
    id: sharedId("exercise-definitions", name),
    clientCreatedAt: 0,
    clientUpdatedAt: 0,
    name,
    equipment,
    primaryMuscleGroups,
    isCustom: false,
  }));
  await db.transaction("rw", db.exerciseDefinitions, async () => {
    const known = new Set(await db.exerciseDefinitions.toCollection().primaryKeys());
    await db.exerciseDefinitions.bulkAdd(records.filter((record) => !known.has(record.id)));
  });
}

/** All exercises, sorted by name. */
export function allExercises(): Promise<ExerciseDefinition[]> {
  return db.exerciseDefinitions.orderBy("name").toArray();
}

/** All exercises, sorted by name; undefined until they are read. */
export function useExercises(): ExerciseDefinition[] | undefined {
  return useLiveQuery(allExercises);
}

/** The name of an exercise, by its id. */
export function useExerciseNames(): (id: string) => string {
  const exercises = useExercises();
  return (id) => exercises?.find((exercise) => exercise.id === id)?.name ?? (exercises ? "An unknown exercise" : "…");
}

export async function saveExercise(exercise: Draft<ExerciseDefinition>): Promise<string> {
  const id = exercise.id ?? sync.newId();
  await db.exerciseDefinitions.put({ ...exercise, id });
  return id;
}

/** The exercises that have sets, most used first. */
export async function usedExercises(): Promise<string[]> {
  const ids = (await db.loggedSets.orderBy("exerciseDefinitionId").uniqueKeys()).map(String);
  // Counting needs only the index; reading the records would take a second for a year of training.
  const counts = await Promise.all(ids.map((id) => db.loggedSets.where("exerciseDefinitionId").equals(id).count()));
  const counted = ids.map((id, index) => ({ id, count: counts[index] ?? 0 }));
  return counted.sort((left, right) => right.count - left.count).map(({ id }) => id);
}

/** The best estimated maximum of each workout with the exercise, in kilograms. */
export async function oneRepMaxHistory(exerciseId: string): Promise<Point[]> {
  const best = new Map<string, number>();
  for (const set of await db.loggedSets.where("exerciseDefinitionId").equals(exerciseId).toArray()) {
    const estimate = estimatedOneRepMax(set);
    if (estimate !== undefined) {
      best.set(set.workoutLogId, Math.max(estimate, best.get(set.workoutLogId) ?? 0));
    }
  }
  const workouts = await db.workoutLogs.bulkGet([...best.keys()]);
  const points = workouts.flatMap((workout) => (workout ? { at: workout.startTime, value: best.get(workout.id) ?? 0 } : []));
  return points.sort((left, right) => left.at - right.at);
}

// The weight that a person could lift once, estimated from a set of several repetitions.

/** Above this the formula is not reliable: endurance decides, not strength. */
const REPS_MAX = 12;

export interface Lifted {
  loggedWeightKg: number;
  loggedReps?: number;
}

/** Epley's estimate in kilograms; undefined for a set from which it cannot be estimated. */
export function estimatedOneRepMax({ loggedWeightKg: kg, loggedReps: reps = 0 }: Lifted): number | undefined {
  if (kg <= 0 || reps < 1 || reps > REPS_MAX) {
    return undefined;
  }
  return reps === 1 ? kg : kg * (1 + reps / 30);
}

/** The best estimate of the given sets. */
export function bestOneRepMax(sets: readonly Lifted[]): number | undefined {
  const estimates = sets.map(estimatedOneRepMax).filter((estimate) => estimate !== undefined);
  return estimates.length === 0 ? undefined : Math.max(...estimates);
}

/** The total volume: weight times repetitions, in kilograms. */
export function volumeKg(sets: readonly Lifted[]): number {
  return sets.reduce((sum, set) => sum + set.loggedWeightKg * (set.loggedReps ?? 0), 0);
}

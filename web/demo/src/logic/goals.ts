// The progress of a goal.

/** The completed share of the way from start to target, from 0 to 1, for targets above or below the start. */
export function goalProgress(start: number | undefined, current: number | undefined, target: number): number {
  if (start === undefined || current === undefined) {
    return 0;
  }
  if (start === target) {
    return current === target ? 1 : 0;
  }
  return Math.min(Math.max((current - start) / (target - start), 0), 1);
}

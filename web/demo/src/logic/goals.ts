// How far a goal is.

/** The way from start to target that is behind, from 0 to 1, whether it leads up or down. */
export function goalProgress(start: number | undefined, current: number | undefined, target: number): number {
  if (start === undefined || current === undefined) {
    return 0;
  }
  if (start === target) {
    return current === target ? 1 : 0;
  }
  return Math.min(Math.max((current - start) / (target - start), 0), 1);
}

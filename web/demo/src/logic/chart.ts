// The geometry of a line chart over time: scales, ticks and paths. This module draws nothing.

export interface Point {
  /** Milliseconds since the Unix epoch. */
  at: number;
  value: number;
}

export interface Scale {
  (value: number): number;
}

/** Maps a range of values to a range of pixels. A range of a single value maps to the middle. */
export function linear([from, to]: readonly [number, number], [start, end]: readonly [number, number]): Scale {
  if (from === to) {
    return () => (start + end) / 2;
  }
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

/** Round numbers that enclose all values, with about `count` steps between them. */
export function niceTicks(min: number, max: number, count: number): number[] {
  const span = max - min || Math.abs(max) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const first = Math.floor(min / step);
  const last = Math.max(Math.ceil(max / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** The starts of days, weeks, months or years between two times, at most `count` of them. */
export function timeTicks(from: number, to: number, count: number): number[] {
  for (const [unit, every] of STEPS) {
    const ticks = startsOf(unit, every, from, to, count + 1);
    if (ticks.length <= count) {
      return ticks;
    }
  }
  return [];
}

type CalendarUnit = "day" | "month" | "year";

const STEPS: readonly (readonly [CalendarUnit, number])[] = [
  ["day", 1],
  ["day", 2],
  ["day", 7],
  ["day", 14],
  ["month", 1],
  ["month", 2],
  ["month", 3],
  ["month", 6],
  ["year", 1],
  ["year", 2],
  ["year", 5],
  ["year", 10],
  ["year", 50],
];

/** Every nth calendar unit from `from` on, at most `limit` of them: days and months have no fixed length. */
function startsOf(unit: CalendarUnit, every: number, from: number, to: number, limit: number): number[] {
  const date = new Date(from);
  date.setHours(0, 0, 0, 0);
  if (unit !== "day") {
    date.setDate(1);
    date.setMonth(unit === "year" ? 0 : Math.floor(date.getMonth() / every) * every);
  }
  if (unit === "year") {
    date.setFullYear(Math.floor(date.getFullYear() / every) * every);
  }
  const ticks: number[] = [];
  while (date.getTime() <= to && ticks.length < limit) {
    if (date.getTime() >= from) {
      ticks.push(date.getTime());
    }
    if (unit === "day") {
      date.setDate(date.getDate() + every);
    } else if (unit === "month") {
      date.setMonth(date.getMonth() + every);
    } else {
      date.setFullYear(date.getFullYear() + every);
    }
  }
  return ticks;
}

/** An SVG path through points given in pixels. */
export function linePath(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** For each point, the mean of the points of the preceding days: removes the fluctuation of bodyweight by food and water. */
export function trend(points: readonly Point[], days: number): Point[] {
  const window = days * 86_400_000;
  let first = 0;
  let sum = 0;
  return points.map((point, index) => {
    sum += point.value;
    for (let oldest = points[first]; oldest && oldest.at <= point.at - window; oldest = points[first]) {
      sum -= oldest.value;
      first += 1;
    }
    return { at: point.at, value: sum / (index - first + 1) };
  });
}

/** The point nearest to a time; the points must be sorted. */
export function nearest(points: readonly Point[], at: number): Point | undefined {
  let [low, high] = [0, points.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? 0) < at) {
      low = middle;
    } else {
      high = middle;
    }
  }
  const [before, after] = [points[low], points[high]];
  return before && after && Math.abs(before.at - at) > Math.abs(after.at - at) ? after : before;
}

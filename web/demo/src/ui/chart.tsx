// A line chart over time in SVG: drawn at its available width, readable with the pointer or the arrow keys, and as a table.

import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef, useState } from "react";
import { linear, linePath, nearest, niceTicks, type Point, timeTicks } from "../logic/chart";
import { shortDay, tick } from "../logic/words";

interface ChartProps {
  /** A description of the chart, for screen readers. */
  name: string;
  /** Ordered by time; at least one. */
  points: readonly Point[];
  /** A smoother line that is drawn instead of the line through the points. */
  line?: readonly Point[];
  /** A target value. */
  goal?: number | undefined;
  /** Formats a value with its unit. */
  format: (value: number) => string;
}

const HEIGHT = 224;
const MARGIN = { top: 12, right: 8, bottom: 26, left: 40 };
/** With more points than this, markers are clutter. */
const MARKS_MAX = 500;

export function LineChart({ name, points, line = points, goal, format }: ChartProps) {
  const [box, width] = useWidth();
  const [chosen, setChosen] = useState<Point>();
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) {
    return null;
  }
  const values = [...points, ...line].map((point) => point.value).concat(goal ?? []);
  const ticks = niceTicks(Math.min(...values), Math.max(...values), 4);
  const x = linear([first.at, last.at], [MARGIN.left + 6, width - MARGIN.right - 6]);
  const y = linear([ticks[0] ?? 0, ticks.at(-1) ?? 1], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const scales = { x, y, width };
  const read = chosen ?? last;

  const point = (event: PointerEvent<SVGSVGElement>) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    const back = linear([x(first.at), x(last.at)], [first.at, last.at]);
    setChosen(nearest(points, back(event.clientX - left)));
  };
  const step = (event: KeyboardEvent) => {
    const index = points.indexOf(read);
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: points.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setChosen(points[Math.min(Math.max(to, 0), points.length - 1)]);
    }
  };

  return (
    <figure className="chart" ref={box}>
      <p className="readout" aria-live="polite">
        <span>{shortDay(read.at)}</span>
        <strong>{format(read.value)}</strong>
      </p>
      <svg
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`${name}, ${shortDay(first.at)} to ${shortDay(last.at)}: from ${format(first.value)} to ${format(last.value)}. Arrow keys read it.`}
        tabIndex={0}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setChosen(undefined)}
        onBlur={() => setChosen(undefined)}
        onKeyDown={step}
      >
        <Axes ticks={ticks} from={first.at} to={last.at} scales={scales} />
        {goal !== undefined && <line className="goal" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(goal)} y2={y(goal)} />}
        <Series points={points} line={line} scales={scales} />
        {chosen && (
          <>
            <line className="guide" x1={x(chosen.at)} x2={x(chosen.at)} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
            <circle className="halo" cx={x(chosen.at)} cy={y(chosen.value)} r={5} />
          </>
        )}
      </svg>
      <PointTable name={name} points={points} format={format} />
    </figure>
  );
}

/** Where times and values are drawn. */
interface Scales {
  x: (at: number) => number;
  y: (value: number) => number;
  /** The width of the chart. */
  width: number;
}

/** The lines and labels of the values, and the labels of the days. */
function Axes({ ticks, from, to, scales }: { ticks: readonly number[]; from: number; to: number; scales: Scales }) {
  const { x, y, width } = scales;
  return (
    <>
      {ticks.map((value) => (
        <g key={value}>
          <line className="grid-line" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(value)} y2={y(value)} />
          <text x={MARGIN.left - 8} y={y(value)} dy="0.35em" textAnchor="end">
            {value.toLocaleString("en")}
          </text>
        </g>
      ))}
      {timeTicks(from, to, Math.max(3, Math.floor(width / 72))).map((at) => (
        <text key={at} x={x(at)} y={HEIGHT - 6} textAnchor={x(at) > width - 24 ? "end" : x(at) < MARGIN.left + 16 ? "start" : "middle"}>
          {tick(at, to - from)}
        </text>
      ))}
    </>
  );
}

/** The line with the area below it, and the points. */
function Series({ points, line, scales }: { points: readonly Point[]; line: readonly Point[]; scales: Scales }) {
  const { x, y } = scales;
  const [from, to] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  const path = linePath(line.map((point) => [x(point.at), y(point.value)]));
  return (
    <>
      {line.length > 1 && (
        <>
          <path className="area" d={`${path}L${x(to)} ${HEIGHT - MARGIN.bottom}L${x(from)} ${HEIGHT - MARGIN.bottom}Z`} />
          <path className="series" d={path} />
        </>
      )}
      {points.length <= MARKS_MAX &&
        points.map(({ at, value }, index) => (
          <circle
            key={index}
            className={line === points ? "mark" : "mark faint"}
            cx={x(at)}
            cy={y(value)}
            r={points.length > 100 ? 1.75 : 2.5}
          />
        ))}
    </>
  );
}

/** The points as a table, the newest first. */
function PointTable({ name, points, format }: Pick<ChartProps, "name" | "points" | "format">) {
  return (
    <details>
      <summary>Show as a table</summary>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={`${name}, as a table`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {points.toReversed().map(({ at, value }, index) => (
              <tr key={index}>
                <td>{shortDay(at)}</td>
                <td>{format(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** The width of an element in pixels, kept up to date, and the ref of the measured element. */
function useWidth() {
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width] as const;
}

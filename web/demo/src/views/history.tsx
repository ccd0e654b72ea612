// The history: the strength of an exercise over time, and all workouts by month.

import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { oneRepMaxHistory, useExercises, usedExercises } from "../data/exercises";
import { useUnit } from "../data/settings";
import { isUnderWay, newestWorkouts, setsByWorkout } from "../data/workouts";
import { volumeKg } from "../logic/one-rep-max";
import { fromKg, volume } from "../logic/units";
import { counted, day, duration, month } from "../logic/words";
import { db, type LoggedSet, type WorkoutLog } from "../sync";
import { LineChart } from "../ui/chart";
import { Empty, Loading, Select } from "../ui/form";
import { Link, Title } from "../ui/route";
import { Icon } from "../ui/icon";

/** The number of workouts that are listed at first, and that each request for more adds. */
const SHOWN = 20;

export function HistoryPage() {
  return (
    <>
      <div className="page-head">
        <Title>History</Title>
      </div>
      <Strength />
      <Workouts />
    </>
  );
}

function Strength() {
  const used = useLiveQuery(usedExercises);
  const exercises = useExercises();
  const [chosen, setChosen] = useState<string>();
  const options = (used ?? []).flatMap((id) => {
    const exercise = exercises?.find((known) => known.id === id);
    return exercise ? [[id, exercise.name] as const] : [];
  });
  const exercise = chosen ?? options[0]?.[0];
  if (exercise === undefined) {
    return null;
  }
  return (
    <section className="card" aria-labelledby="strength">
      <div className="card-head">
        <h2 id="strength">Estimated maximum</h2>
        <Select label="Exercise" bare value={exercise} options={options} onChange={setChosen} />
      </div>
      <OneRepMaxChart exerciseId={exercise} name={options.find(([id]) => id === exercise)?.[1] ?? "Exercise"} />
    </section>
  );
}

/** The best estimate of each workout, and the goal for it. */
export function OneRepMaxChart({ exerciseId, name, goalKg }: { exerciseId: string; name: string; goalKg?: number | undefined }) {
  const unit = useUnit();
  const history = useLiveQuery(() => oneRepMaxHistory(exerciseId), [exerciseId]);
  if (!history) {
    return <Loading />;
  }
  if (history.length === 0) {
    return <p className="muted">No set of up to twelve repetitions yet, so there is nothing to estimate from.</p>;
  }
  const points = history.map(({ at, value }) => ({ at, value: fromKg(value, unit) }));
  const format = (value: number) => `${value.toLocaleString("en", { maximumFractionDigits: 1 })} ${unit === "kg" ? "kg" : "lb"}`;
  return (
    <LineChart name={`Estimated maximum of ${name}`} points={points} goal={goalKg && fromKg(goalKg, unit)} format={format} />
  );
}

function Workouts() {
  const [limit, setLimit] = useState(SHOWN);
  const found = useLiveQuery(async () => {
    const [workouts, total] = await Promise.all([newestWorkouts(limit), db.workoutLogs.count()]);
    return { workouts, total, sets: await setsByWorkout(workouts) };
  }, [limit]);
  if (!found) {
    return <Loading />;
  }
  if (found.total === 0) {
    return (
      <section className="card">
        <Empty icon="history" title="No workouts yet">
          <p>Every workout that you finish is listed here, with a chart of how strong you have become.</p>
          <Link className="button" to="/">
            Start the first one
          </Link>
        </Empty>
      </section>
    );
  }
  return (
    <>
      {[...Map.groupBy(found.workouts, (workout) => month(workout.startTime))].map(([name, workouts]) => (
        <section className="stack" key={name} aria-label={name}>
          <h2 className="section-title">{name}</h2>
          <ul className="card flush list">
            {workouts.map((workout) => (
              <li key={workout.id}>
                <WorkoutItem
                  workout={workout}
                  sets={found.sets.get(workout.id) ?? []}
                  when={day(workout.startTime, Date.now())}
                />
              </li>
            ))}
          </ul>
        </section>
      ))}
      {found.total > found.workouts.length && (
        <button type="button" className="button" onClick={() => setLimit(limit + SHOWN)}>
          Show more of {counted(found.total, "workout")}
        </button>
      )}
    </>
  );
}

/** A list entry of a workout, with a link to it. */
export function WorkoutItem({ workout, sets, when }: { workout: WorkoutLog; sets: readonly LoggedSet[]; when: string }) {
  const unit = useUnit();
  const length =
    workout.durationMs > 0 ? duration(workout.durationMs) : isUnderWay(workout, Date.now()) ? "under way" : "not finished";
  return (
    <Link className="item" to={`/workout/${workout.id}`}>
      <span className="grow">
        <span className="row ends">
          <strong className="number one-line">{workout.name ?? "Workout"}</strong>
          <span className="muted small">{when}</span>
        </span>
        <span className="row ends small muted">
          <span>
            {counted(sets.length, "set")} · {length}
          </span>
          <span>{volume(volumeKg(sets), unit)}</span>
        </span>
      </span>
      <Icon name="next" size={16} />
    </Link>
  );
}

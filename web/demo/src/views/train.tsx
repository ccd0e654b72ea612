// The first page: continue a workout, or begin one.

import { useLiveQuery } from "dexie-react-hooks";
import { useExerciseNames } from "../data/exercises";
import { useUnit } from "../data/settings";
import { planText, templatesWithPlan } from "../data/templates";
import { newestWorkouts, setsByWorkout, startWorkout, useWorkoutUnderWay } from "../data/workouts";
import { volumeKg } from "../logic/one-rep-max";
import { fromKg, grouped, unitName } from "../logic/units";
import { clock, day, weekStart } from "../logic/words";
import { db, type WorkoutTemplate } from "../sync";
import { Empty } from "../ui/form";
import { Icon } from "../ui/icon";
import { Link, navigate, Title } from "../ui/route";
import { attempt } from "../ui/toast";
import { WorkoutItem } from "./history";

async function begin(template?: WorkoutTemplate): Promise<void> {
  await attempt(startWorkout(template).then((id) => navigate(`/workout/${id}`)));
}

export function TrainPage() {
  const underWay = useWorkoutUnderWay();
  return (
    <>
      <div className="page-head">
        <div>
          <Title>Train</Title>
          <p>{new Date().toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" })}</p>
        </div>
        {underWay === null && (
          <button type="button" className="button primary" onClick={() => void begin()}>
            <Icon name="plus" />
            Start a workout
          </button>
        )}
      </div>
      {underWay && (
        <section className="card accent" aria-label="Workout under way">
          <div className="row ends">
            <div>
              <h2>{underWay.name ?? "Workout"}</h2>
              <p className="muted">Under way since {clock(underWay.startTime)}</p>
            </div>
            <Link className="button primary" to={`/workout/${underWay.id}`}>
              Go on
              <Icon name="next" size={16} />
            </Link>
          </div>
        </section>
      )}
      <Week />
      <Templates canBegin={underWay === null} />
      <Latest />
    </>
  );
}

function Week() {
  const unit = useUnit();
  const week = useLiveQuery(async () => {
    const workouts = await db.workoutLogs.where("startTime").aboveOrEqual(weekStart(Date.now())).toArray();
    const sets = [...(await setsByWorkout(workouts)).values()].flat();
    return {
      workouts: workouts.length,
      sets: sets.length,
      volume: volumeKg(sets),
      minutes: workouts.reduce((sum, { durationMs }) => sum + durationMs, 0) / 60_000,
    };
  });
  return (
    <section className="card" aria-labelledby="week">
      <h2 id="week">This week</h2>
      <dl className="figures">
        {(
          [
            ["Workouts", week?.workouts, ""],
            ["Sets", week?.sets, ""],
            ["Volume", week && fromKg(week.volume, unit), unitName(unit)],
            ["Time", week?.minutes, "min"],
          ] as const
        ).map(([name, value, suffix]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value === undefined ? "–" : grouped(value, 0)} {suffix && <small>{suffix}</small>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Templates({ canBegin }: { canBegin: boolean }) {
  const templates = useLiveQuery(templatesWithPlan);
  const nameOf = useExerciseNames();
  if (!templates || templates.length === 0) {
    return null;
  }
  return (
    <section className="stack" aria-labelledby="templates">
      <div className="row ends section-title">
        <h2 id="templates">Your templates</h2>
        <Link className="small" to="/templates">
          Edit
        </Link>
      </div>
      <ul className="grid">
        {templates.map(({ template, planned }) => (
          <li className="card" key={template.id}>
            <h3>{template.name}</h3>
            <ul className="grow small muted">
              {planned.slice(0, 5).map((exercise) => (
                <li className="row ends" key={exercise.id}>
                  <span className="grow one-line">{nameOf(exercise.exerciseDefinitionId)}</span>
                  <span>{planText(exercise)}</span>
                </li>
              ))}
              {planned.length > 5 && <li>and {planned.length - 5} more</li>}
              {planned.length === 0 && <li>Nothing is planned yet.</li>}
            </ul>
            <button
              type="button"
              className="button"
              disabled={!canBegin}
              aria-label={`Start ${template.name}`}
              onClick={() => void begin(template)}
            >
              Start
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Latest() {
  const latest = useLiveQuery(async () => {
    const workouts = await newestWorkouts(3);
    return { workouts, sets: await setsByWorkout(workouts) };
  });
  if (!latest) {
    return null;
  }
  return (
    <section className="card flush" aria-labelledby="latest">
      <div className="card-head">
        <h2 id="latest">Latest workouts</h2>
        {latest.workouts.length > 0 && (
          <Link className="small" to="/history">
            All of them
          </Link>
        )}
      </div>
      {latest.workouts.length === 0 ? (
        <Empty icon="train" title="The log is empty">
          <p>Start a workout and add sets as you do them. Everything is kept in this browser, with or without a network.</p>
        </Empty>
      ) : (
        <ul className="list">
          {latest.workouts.map((workout) => (
            <li key={workout.id}>
              <WorkoutItem workout={workout} sets={latest.sets.get(workout.id) ?? []} when={day(workout.startTime, Date.now())} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

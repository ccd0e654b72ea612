// One workout: its exercises and their sets. The same page logs the workout and edits it later.

import { useLiveQuery } from "dexie-react-hooks";
import { useEffect, useState } from "react";
import { useSettings, useUnit } from "../data/settings";
import { type Planned, plannedOf } from "../data/templates";
import { addSet, deleteWorkout, describeWorkout, finishWorkout, isUnderWay, setsOf } from "../data/workouts";
import { volumeKg } from "../logic/one-rep-max";
import { type Block, blocksOf } from "../logic/sets";
import { volume } from "../logic/units";
import { clock, counted, day, duration } from "../logic/words";
import { db, type LoggedSet, type WorkoutLog } from "../sync";
import { useDraft } from "../ui/draft";
import { Commit, Empty, Loading } from "../ui/form";
import { Icon } from "../ui/icon";
import { Gone, navigate, Title } from "../ui/route";
import { attempt, say } from "../ui/toast";
import { ExercisePicker } from "./exercise-picker";
import { Sets } from "./sets";

export function WorkoutPage({ id }: { id: string }) {
  const workout = useLiveQuery(async () => (await db.workoutLogs.get(id)) ?? null, [id]);
  if (workout === undefined) {
    return <Loading />;
  }
  if (workout === null) {
    return <Gone what="workout" to="/history" toWhat="the other workouts" />;
  }
  return <Workout workout={workout} />;
}

function Workout({ workout }: { workout: WorkoutLog }) {
  const sets = useLiveQuery(() => setsOf(workout.id), [workout.id]);
  const planned = useLiveQuery(
    () => (workout.workoutTemplateId ? plannedOf(workout.workoutTemplateId) : []),
    [workout.workoutTemplateId],
  );
  const [picking, setPicking] = useState(false);
  const [restFrom, setRestFrom] = useState<number>();
  const underWay = isUnderWay(workout, Date.now());
  // Exercises that were only planned are hidden once the workout is finished.
  const blocks = sets && planned && blocksOf(sets, planned).filter((block) => underWay || block.sets.length > 0);

  const add = async (block: Pick<Block<Planned>, "exerciseId" | "order" | "sets">) => {
    if ((await attempt(addSet(workout, block))) && underWay) {
      setRestFrom(Date.now());
    }
  };
  const pick = (exerciseId: string) => {
    setPicking(false);
    const order = Math.max(-1, ...(blocks ?? []).map((block) => block.order)) + 1;
    void add({ exerciseId, order, sets: [] });
  };

  return (
    <>
      <Head workout={workout} sets={sets} restFrom={restFrom} />
      {blocks?.length === 0 && (
        <section className="card">
          <Empty icon="train" title="No exercises yet">
            <p>Add the first one: its set is filled in with what you did last time.</p>
          </Empty>
        </section>
      )}
      {blocks?.map((block) => (
        <Sets key={`${block.order} ${block.exerciseId}`} workout={workout} block={block} onAdd={() => void add(block)} />
      ))}
      <div>
        <button type="button" className="button" onClick={() => setPicking(true)}>
          <Icon name="plus" />
          Add an exercise
        </button>
      </div>
      <Details workout={workout} />
      {picking && <ExercisePicker onPick={pick} onClose={() => setPicking(false)} />}
    </>
  );
}

interface HeadProps {
  workout: WorkoutLog;
  sets: readonly LoggedSet[] | undefined;
  /** When the last set was added. */
  restFrom: number | undefined;
}

/** The name and the figures of the workout, and its end. */
function Head({ workout, sets, restFrom }: HeadProps) {
  const unit = useUnit();
  const underWay = isUnderWay(workout, Date.now());
  return (
    <div className="page-head">
      <div>
        <Title>{workout.name ?? "Workout"}</Title>
        <p>
          {day(workout.startTime, Date.now())}, {clock(workout.startTime)}
          {workout.durationMs > 0 && ` · ${duration(workout.durationMs)}`}
          {sets && sets.length > 0 && ` · ${counted(sets.length, "set")} · ${volume(volumeKg(sets), unit)}`}
        </p>
      </div>
      <div className="row">
        {underWay && <RestTimer from={restFrom} />}
        {underWay && (
          <button type="button" className="button primary" onClick={() => void attempt(finishWorkout(workout))}>
            <Icon name="check" />
            Finish
          </button>
        )}
      </div>
    </div>
  );
}

/** The remaining rest after the last set. */
function RestTimer({ from }: { from: number | undefined }) {
  const { defaultRestTimerSecs } = useSettings();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const left = from === undefined ? 0 : Math.ceil(defaultRestTimerSecs - (now - from) / 1_000);
  if (left <= 0) {
    return null;
  }
  return (
    <span className="pill" role="timer" aria-label="Rest">
      Rest {Math.floor(left / 60)}:{String(left % 60).padStart(2, "0")}
    </span>
  );
}

/** The name, the notes and the end of the workout. */
function Details({ workout }: { workout: WorkoutLog }) {
  const [notes, setNotes] = useDraft(`${workout.id}.notes`);
  const remove = async () => {
    const undo = await deleteWorkout(workout);
    navigate("/history");
    say("Deleted the workout.", undo);
  };
  return (
    <section className="card" aria-labelledby="details">
      <h2 id="details">Details</h2>
      <div className="field">
        <span className="label">Name</span>
        <Commit
          label="Name"
          draft={`${workout.id}.name`}
          placeholder="Workout"
          maxLength={200}
          value={workout.name ?? ""}
          onCommit={(text) => attempt(describeWorkout(workout, "name", text))}
        />
      </div>
      <div className="field">
        <label htmlFor="notes">Notes</label>
        <textarea
          id="notes"
          className="input"
          maxLength={10_000}
          value={notes ?? workout.notes ?? ""}
          onChange={(event) => setNotes(event.target.value)}
          onBlur={() => {
            if (notes !== undefined && notes !== (workout.notes ?? "")) {
              void attempt(describeWorkout(workout, "notes", notes));
            }
            setNotes(undefined);
          }}
        />
      </div>
      <div>
        <button type="button" className="button danger" onClick={() => void attempt(remove())}>
          Delete the workout
        </button>
      </div>
    </section>
  );
}

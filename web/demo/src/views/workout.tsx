// One workout: its exercises and their sets. The same page logs it and edits it later.

import { useLiveQuery } from "dexie-react-hooks";
import { useEffect, useState } from "react";
import { useExerciseNames } from "../data/exercises";
import { useSettings, useUnit } from "../data/settings";
import { type Planned, planText, plannedOf } from "../data/templates";
import { addSet, changeSet, deleteWorkout, describeWorkout, finishWorkout, isUnderWay, setsOf, setsOfLastTime } from "../data/workouts";
import { estimatedOneRepMax, volumeKg } from "../logic/one-rep-max";
import { type Block, blocksOf, entryOf, SET_TYPES, type SetType } from "../logic/sets";
import { parseNumber, parseWhole, toKg, type Unit, unitName, volume, weight, weightText } from "../logic/units";
import { clock, counted, day, duration } from "../logic/words";
import { db, type LoggedSet, type WorkoutLog } from "../sync";
import { Commit, Empty, Loading } from "../ui/form";
import { Icon } from "../ui/icon";
import { Link, navigate, Title } from "../ui/route";
import { attempt, say } from "../ui/toast";
import { ExercisePicker } from "./exercise-picker";

export function WorkoutPage({ id }: { id: string }) {
  const workout = useLiveQuery(async () => (await db.workoutLogs.get(id)) ?? null, [id]);
  if (workout === undefined) {
    return <Loading />;
  }
  if (workout === null) {
    return (
      <>
        <Title>No such workout</Title>
        <p>
          It was deleted, here or on another device. <Link to="/history">To the other workouts</Link>
        </p>
      </>
    );
  }
  return <Workout workout={workout} />;
}

function Workout({ workout }: { workout: WorkoutLog }) {
  const unit = useUnit();
  const sets = useLiveQuery(() => setsOf(workout.id), [workout.id]);
  const planned = useLiveQuery(() => (workout.workoutTemplateId ? plannedOf(workout.workoutTemplateId) : []), [workout.workoutTemplateId]);
  const [picking, setPicking] = useState(false);
  const [restFrom, setRestFrom] = useState<number>();
  const underWay = isUnderWay(workout, Date.now());
  // What was only planned is of no interest once the workout is over.
  const blocks = sets && planned ? blocksOf(sets, underWay ? planned : []) : undefined;

  const add = async (block: Block) => {
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
      {blocks?.length === 0 && (
        <section className="card">
          <Empty icon="train" title="No exercises yet">
            <p>Add the first one: its set is filled in with what you did last time.</p>
          </Empty>
        </section>
      )}
      {blocks?.map((block) => (
        <BlockCard
          key={`${block.order} ${block.exerciseId}`}
          workout={workout}
          block={block}
          plan={planned?.find((one) => one.orderInTemplate === block.order && one.exerciseDefinitionId === block.exerciseId)}
          onAdd={() => void add(block)}
        />
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

/** How long the rest after the last set still is. */
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

interface BlockProps {
  workout: WorkoutLog;
  block: Block;
  plan: Planned | undefined;
  onAdd: () => void;
}

function BlockCard({ workout, block, plan, onAdd }: BlockProps) {
  const unit = useUnit();
  const name = useExerciseNames()(block.exerciseId);
  const lastTime = useLiveQuery(() => setsOfLastTime(block.exerciseId, workout), [block.exerciseId, workout.startTime]);
  const last = lastTime?.map((set) => `${weightText(set.loggedWeightKg, unit)} × ${set.loggedReps ?? 0}`).join(", ");
  const timed = block.sets.some((set) => entryOf(set).seconds !== undefined);
  return (
    <section className="card" aria-label={name}>
      <div>
        <div className="row ends">
          <h2>
            <Link to={`/exercise/${block.exerciseId}`} className="plain">
              {name}
            </Link>
          </h2>
          {plan && <span className="tag good">Plan: {planText(plan)}</span>}
        </div>
        {last && (
          <p className="small muted one-line" title={last}>
            Last time: {last}
          </p>
        )}
      </div>
      {block.sets.length > 0 && (
        <table className="sets">
          <thead>
            <tr>
              <th className="nth" scope="col">
                <span className="visually-hidden">Set</span>
              </th>
              <th className="kind" scope="col">
                Kind
              </th>
              <th scope="col">{unitName(unit)}</th>
              <th scope="col">Reps</th>
              {timed && <th scope="col">Secs</th>}
              <th className="estimate" scope="col">
                Est. max
              </th>
              <th className="act" scope="col">
                <span className="visually-hidden">Delete</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {block.sets.map((set, index) => (
              <SetRow key={set.id} set={set} nth={index + 1} timed={timed} unit={unit} />
            ))}
          </tbody>
        </table>
      )}
      <div>
        <button type="button" className="button quiet first" aria-label={`Add a set of ${name}`} onClick={onAdd}>
          <Icon name="plus" />
          Add a set
        </button>
      </div>
    </section>
  );
}

function SetRow({ set, nth, timed, unit }: { set: LoggedSet; nth: number; timed: boolean; unit: Unit }) {
  const { setType, loggedWeightKg, loggedReps, seconds } = entryOf(set);
  const estimate = estimatedOneRepMax(set);
  const store = (change: Parameters<typeof changeSet>[1] | undefined) => {
    if (change) {
      void attempt(changeSet(set, change));
    }
    return change !== undefined;
  };
  const remove = async () => {
    if (await attempt(db.loggedSets.delete(set.id))) {
      say("Deleted the set.", async () => void (await db.loggedSets.put(set)));
    }
  };
  const whole = (text: string, least: number) => {
    const number = parseWhole(text);
    return number !== undefined && number >= least ? number : undefined;
  };
  const kilograms = (text: string) => {
    const number = parseNumber(text);
    return number === undefined ? undefined : { loggedWeightKg: toKg(number, unit) };
  };
  const reps = (text: string) => {
    const number = whole(text, setType === "repsForTime" ? 1 : 0);
    return number === undefined ? undefined : { loggedReps: number };
  };
  const secs = (text: string) => {
    const number = whole(text, 1);
    return number === undefined ? undefined : { seconds: number };
  };
  return (
    <tr>
      <td className="nth">{nth}</td>
      <td>
        <select className="input" aria-label={`Kind of set ${nth}`} value={setType} onChange={(event) => store({ setType: event.target.value as SetType })}>
          {SET_TYPES.map(([type, text]) => (
            <option key={type} value={type}>
              {text}
            </option>
          ))}
        </select>
      </td>
      <td>
        <Commit label={`Weight of set ${nth} in ${unitName(unit)}`} inputMode="decimal" value={weightText(loggedWeightKg, unit)} onCommit={(text) => store(kilograms(text))} />
      </td>
      <td>
        <Commit label={`Repetitions of set ${nth}`} inputMode="numeric" value={String(loggedReps)} onCommit={(text) => store(reps(text))} />
      </td>
      {timed && (
        <td>
          {seconds !== undefined && (
            <Commit label={`Seconds of set ${nth}`} inputMode="numeric" value={String(seconds)} onCommit={(text) => store(secs(text))} />
          )}
        </td>
      )}
      <td className="estimate muted">{estimate === undefined ? "–" : weight(Math.round(estimate * 2) / 2, unit)}</td>
      <td>
        <button type="button" className="icon-button" aria-label={`Delete set ${nth}`} onClick={() => void remove()}>
          <Icon name="trash" size={18} />
        </button>
      </td>
    </tr>
  );
}

/** Name and notes of the workout, and its end. */
function Details({ workout }: { workout: WorkoutLog }) {
  const [notes, setNotes] = useState<string>();
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
          placeholder="Workout"
          maxLength={200}
          value={workout.name ?? ""}
          onCommit={(text) => {
            void attempt(describeWorkout(workout, "name", text));
            return true;
          }}
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

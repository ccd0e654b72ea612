// Goals: targets, progress, and new goals.

import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { useExerciseNames, useExercises } from "../data/exercises";
import { type GoalState, goalStates, markGoal } from "../data/goals";
import { useUnit } from "../data/settings";
import { about, parseNumber, toKg, type Unit, unitName, weight } from "../logic/units";
import { fromDayInput, shortDay } from "../logic/words";
import { db, type ExerciseDefinition, sync, type UserGoal } from "../sync";
import { useDraft } from "../ui/draft";
import { Choice, Dialog, Empty, Field, Form, Loading, Select } from "../ui/form";
import { Icon } from "../ui/icon";
import { Title } from "../ui/route";
import { attempt, say } from "../ui/toast";

export function GoalsPage() {
  const states = useLiveQuery(goalStates);
  const [adding, setAdding] = useState(false);
  const active = states?.filter((state) => state.goal.status === "active") ?? [];
  const done = states?.filter((state) => state.goal.status !== "active") ?? [];
  return (
    <>
      <div className="page-head">
        <Title>Goals</Title>
        <button type="button" className="button primary" onClick={() => setAdding(true)}>
          <Icon name="plus" />
          New goal
        </button>
      </div>
      {!states && <Loading />}
      {states && active.length === 0 && (
        <section className="card">
          <Empty icon="goals" title={done.length > 0 ? "No open goals" : "No goals yet"}>
            <p>Name a lift or a bodyweight that you want to reach. What you log says how far it is.</p>
          </Empty>
        </section>
      )}
      {active.length > 0 && (
        <ul className="stack">
          {active.map((state) => (
            <li className="card" key={state.goal.id}>
              <GoalCard state={state} />
            </li>
          ))}
        </ul>
      )}
      {done.length > 0 && (
        <section className="stack" aria-labelledby="done">
          <h2 id="done" className="section-title">
            Done and archived
          </h2>
          <ul className="card flush list">
            {done.map(({ goal }) => (
              <li className="item wraps" key={goal.id}>
                <span className="grow">
                  {goal.name}{" "}
                  <span className={goal.status === "achieved" ? "tag good" : "tag"}>
                    {goal.status === "achieved"
                      ? `Reached${goal.achievedDate ? ` ${shortDay(goal.achievedDate)}` : ""}`
                      : "Archived"}
                  </span>
                </span>
                <GoalButtons goal={goal} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {adding && <GoalDialog onClose={() => setAdding(false)} />}
    </>
  );
}

function GoalCard({ state: { goal, currentKg, progress } }: { state: GoalState }) {
  const unit = useUnit();
  const nameOf = useExerciseNames();
  const target =
    goal.type === "liftTarget" ? goal.targetWeightKg : goal.type === "bodyweightTarget" ? goal.targetBodyweightKg : undefined;
  const what =
    goal.type === "liftTarget"
      ? `${nameOf(goal.targetExerciseDefinitionId)}, ${goal.targetReps && goal.targetReps > 1 ? `${goal.targetReps} repetitions` : "estimated maximum"}`
      : goal.type === "bodyweightTarget"
        ? "Bodyweight"
        : "Program";
  return (
    <>
      <div className="row ends">
        <div className="grow">
          <h2>{goal.name}</h2>
          <p className="small muted">
            {what}
            {goal.targetDate !== undefined && `, by ${shortDay(goal.targetDate)}`}
          </p>
        </div>
        <GoalButtons goal={goal} />
      </div>
      <div className="stack tight">
        <progress className="meter" aria-label={`Progress of ${goal.name}`} value={progress} max={1} />
        <div className="row ends small">
          <span className="muted">
            {Math.floor(progress * 100)} %{currentKg !== undefined && `, now at ${about(currentKg, unit)}`}
          </span>
          {target !== undefined && <span className="number">{weight(target, unit)}</span>}
        </div>
      </div>
    </>
  );
}

function GoalButtons({ goal }: { goal: UserGoal }) {
  const remove = async () => {
    if (await attempt(db.userGoals.delete(goal.id))) {
      say("Deleted the goal.", async () => void (await db.userGoals.put(goal)));
    }
  };
  return (
    <div className="row">
      {goal.status === "active" ? (
        <>
          <button
            type="button"
            className="button"
            aria-label={`Reached: ${goal.name}`}
            onClick={() => void attempt(markGoal(goal, "achieved"))}
          >
            <Icon name="check" size={18} />
            Reached
          </button>
          <button
            type="button"
            className="button quiet"
            aria-label={`Archive: ${goal.name}`}
            onClick={() => void attempt(markGoal(goal, "archived"))}
          >
            Archive
          </button>
        </>
      ) : (
        <button
          type="button"
          className="button quiet first"
          aria-label={`Open again: ${goal.name}`}
          onClick={() => void attempt(markGoal(goal, "active"))}
        >
          Open again
        </button>
      )}
      <button type="button" className="icon-button" aria-label={`Delete ${goal.name}`} onClick={() => void remove()}>
        <Icon name="trash" size={18} />
      </button>
    </div>
  );
}

type Kind = "liftTarget" | "bodyweightTarget";

const KINDS = [
  ["liftTarget", "A lift"],
  ["bodyweightTarget", "Bodyweight"],
] as const;

interface Target {
  weightKg: number;
  unit: Unit;
  /** The lift; undefined for a bodyweight. */
  exercise: ExerciseDefinition | undefined;
  until: number | undefined;
}

function newGoal({ weightKg, unit, exercise, until }: Target) {
  const common = {
    id: sync.newId(),
    status: "active" as const,
    creationDate: Date.now(),
    ...(until === undefined ? {} : { targetDate: until }),
  };
  return exercise
    ? {
        ...common,
        type: "liftTarget" as const,
        name: `${exercise.name} ${weight(weightKg, unit)}`,
        targetExerciseDefinitionId: exercise.id,
        targetWeightKg: weightKg,
      }
    : {
        ...common,
        type: "bodyweightTarget" as const,
        name: `Weigh ${weight(weightKg, unit)}`,
        targetBodyweightKg: weightKg,
      };
}

function GoalDialog({ onClose }: { onClose: () => void }) {
  const unit = useUnit();
  const exercises = useExercises() ?? [];
  const [kind, setKind] = useState<Kind>("liftTarget");
  const [chosen, setExercise] = useState<string>();
  const [typed = "", setTyped] = useDraft("goal.weight");
  const [date, setDate] = useState("");
  const [error, setError] = useState<string>();
  const exercise = exercises.find((one) => one.id === chosen) ?? exercises[0];
  const submit = async () => {
    const value = parseNumber(typed);
    if (!value || toKg(value, unit) > 1_000 || (kind === "liftTarget" && !exercise)) {
      setError("Type a weight, such as 120.");
      return;
    }
    const goal = newGoal({ weightKg: toKg(value, unit), unit, exercise: kind === "liftTarget" ? exercise : undefined, until: fromDayInput(date) });
    if (await attempt(db.userGoals.add(goal))) {
      setTyped(undefined);
      onClose();
    }
  };
  return (
    <Dialog title="New goal" onClose={onClose}>
      <Form className="form" onSubmit={submit}>
        <Choice label="What" value={kind} options={KINDS} onChange={setKind} />
        {kind === "liftTarget" && exercise && (
          <Select
            label="Exercise"
            value={exercise.id}
            options={exercises.map(({ id, name }) => [id, name])}
            onChange={setExercise}
          />
        )}
        <div className="fields">
          <Field
            label={`Weight in ${unitName(unit)}`}
            inputMode="decimal"
            autoComplete="off"
            value={typed}
            error={error}
            onChange={(event) => setTyped(event.target.value)}
          />
          <Field label="Until (if any day)" type="date" value={date} onChange={(event) => setDate(event.target.value)} />
        </div>
        <button type="submit" className="button primary">
          Add the goal
        </button>
      </Form>
    </Dialog>
  );
}

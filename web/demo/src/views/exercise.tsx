// One exercise: the estimated strength over time, and its details.

import { useLiveQuery } from "dexie-react-hooks";
import { type ChangeEvent, useState } from "react";
import { saveExercise } from "../data/exercises";
import { useUnit } from "../data/settings";
import { bestOneRepMax, estimatedOneRepMax } from "../logic/one-rep-max";
import { about, weight } from "../logic/units";
import { db, type ExerciseDefinition } from "../sync";
import { Dialog, Field, Form, Loading } from "../ui/form";
import { Gone, navigate, Title } from "../ui/route";
import { attempt, say } from "../ui/toast";
import { OneRepMaxChart } from "./history";

export function ExercisePage({ id }: { id: string }) {
  const exercise = useLiveQuery(async () => (await db.exerciseDefinitions.get(id)) ?? null, [id]);
  const [editing, setEditing] = useState(false);
  if (exercise === undefined) {
    return <Loading />;
  }
  if (exercise === null) {
    return <Gone what="exercise" to="/library" toWhat="the library" />;
  }
  return (
    <>
      <div className="page-head">
        <div>
          <Title>{exercise.name}</Title>
          <p className="capital">{[exercise.equipment, ...(exercise.primaryMuscleGroups ?? [])].filter(Boolean).join(" · ")}</p>
        </div>
        <button type="button" className="button" onClick={() => setEditing(true)}>
          Edit
        </button>
      </div>
      <Records exercise={exercise} />
      {exercise.notes && (
        <section className="card" aria-labelledby="notes">
          <h2 id="notes">Notes</h2>
          <p>{exercise.notes}</p>
        </section>
      )}
      {editing && <ExerciseDialog exercise={exercise} onClose={() => setEditing(false)} />}
    </>
  );
}

function Records({ exercise }: { exercise: ExerciseDefinition }) {
  const unit = useUnit();
  const found = useLiveQuery(async () => {
    const sets = await db.loggedSets.where("exerciseDefinitionId").equals(exercise.id).toArray();
    const goals = await db.userGoals.where("[type+status]").equals(["liftTarget", "active"]).toArray();
    const goal = goals.find((one) => one.type === "liftTarget" && one.targetExerciseDefinitionId === exercise.id);
    if (goal?.type !== "liftTarget") {
      return { sets };
    }
    // A goal of several repetitions is shown at its estimated one-repetition maximum.
    const reached = { loggedWeightKg: goal.targetWeightKg, loggedReps: goal.targetReps ?? 1 };
    return { sets, goalKg: estimatedOneRepMax(reached) };
  }, [exercise.id]);
  if (!found) {
    return <Loading />;
  }
  const best = bestOneRepMax(found.sets);
  const heaviest = Math.max(0, ...found.sets.map((set) => set.loggedWeightKg));
  return (
    <section className="card" aria-labelledby="records">
      <h2 id="records">Estimated maximum</h2>
      {found.sets.length > 0 && (
        <dl className="figures">
          <div>
            <dt>Best estimate</dt>
            <dd>{best === undefined ? "–" : about(best, unit)}</dd>
          </div>
          <div>
            <dt>Heaviest set</dt>
            <dd>{weight(heaviest, unit)}</dd>
          </div>
          <div>
            <dt>Sets</dt>
            <dd>{found.sets.length.toLocaleString("en")}</dd>
          </div>
        </dl>
      )}
      <OneRepMaxChart exerciseId={exercise.id} name={exercise.name} goalKg={found.goalKg} />
    </section>
  );
}

/** What the user types about an exercise. */
interface Inputs {
  readonly name: string;
  readonly equipment: string;
  readonly muscles: string;
  readonly notes: string;
}

/** The exercise with what the user has typed. Members without text are removed. */
function typedExercise(exercise: ExerciseDefinition | undefined, inputs: Inputs) {
  const { equipment: _, primaryMuscleGroups: __, notes: ___, ...rest } = exercise ?? { isCustom: true };
  const [name, equipment, notes] = [inputs.name.trim(), inputs.equipment.trim(), inputs.notes.trim()];
  const groups = [...new Set(inputs.muscles.split(",").map((muscle) => muscle.trim()))].filter(Boolean);
  return {
    ...rest,
    name,
    ...(equipment && { equipment }),
    ...(groups.length > 0 && { primaryMuscleGroups: groups }),
    ...(notes && { notes }),
  };
}

/** Edits or creates an exercise. */
export function ExerciseDialog({ exercise, onClose }: { exercise?: ExerciseDefinition; onClose: () => void }) {
  const [inputs, setInputs] = useState<Inputs>({
    name: exercise?.name ?? "",
    equipment: exercise?.equipment ?? "",
    muscles: exercise?.primaryMuscleGroups?.join(", ") ?? "",
    notes: exercise?.notes ?? "",
  });
  const [error, setError] = useState<string>();
  const submit = async () => {
    if (inputs.name.trim() === "") {
      setError("Give it a name.");
      return;
    }
    if (await attempt(saveExercise(typedExercise(exercise, inputs)))) {
      onClose();
    }
  };
  const remove = async (known: ExerciseDefinition) => {
    if (await attempt(db.exerciseDefinitions.delete(known.id))) {
      navigate("/library");
      say(`Deleted ${known.name}.`, async () => void (await db.exerciseDefinitions.put(known)));
    }
  };
  /** The value of an input, and what happens when it changes. */
  const input = (name: keyof Inputs) => ({
    value: inputs[name],
    onChange: (event: ChangeEvent<HTMLInputElement>) => setInputs({ ...inputs, [name]: event.target.value }),
    autoComplete: "off",
  });
  return (
    <Dialog title={exercise ? "Edit the exercise" : "New exercise"} onClose={onClose}>
      <Form className="form" onSubmit={submit}>
        <Field label="Name" maxLength={200} error={error} {...input("name")} />
        <div className="fields">
          <Field label="Equipment" maxLength={100} {...input("equipment")} />
          <Field label="Muscles" hint="With commas between them" {...input("muscles")} />
        </div>
        <Field label="Notes" maxLength={10_000} {...input("notes")} />
        <div className="row ends">
          <button type="submit" className="button primary">
            {exercise ? "Save" : "Add the exercise"}
          </button>
          {exercise?.isCustom && (
            <button type="button" className="button danger" onClick={() => void remove(exercise)}>
              Delete
            </button>
          )}
        </div>
      </Form>
    </Dialog>
  );
}

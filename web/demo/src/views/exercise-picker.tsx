// Chooses an exercise by a part of its name, or creates a missing one.

import { useState } from "react";
import { allExercises, saveExercise, useExercises } from "../data/exercises";
import { Dialog, Field, Form } from "../ui/form";
import { Icon } from "../ui/icon";
import { useOnce } from "../ui/once";
import { attempt } from "../ui/toast";

export function ExercisePicker({ onPick, onClose }: { onPick: (id: string) => void; onClose: () => void }) {
  const exercises = useExercises();
  const [typed, setTyped] = useState("");
  const once = useOnce();
  const wanted = typed.trim().toLowerCase();
  const isWanted = (exercise: { readonly name: string }) => exercise.name.toLowerCase().includes(wanted);
  const found = (exercises ?? []).filter(isWanted);
  const make = () => saveExercise({ name: typed.trim(), isCustom: true }).then(onPick);
  /** Picks the first matching exercise. A fast typist presses Enter before the list is shown. */
  const pickFirst = async () => {
    const first = (exercises ?? (await allExercises())).find(isWanted);
    if (first) {
      onPick(first.id);
    } else if (wanted) {
      await make();
    }
  };
  return (
    <Dialog title="Add an exercise" onClose={onClose}>
      <Form onSubmit={() => once(() => attempt(pickFirst()))}>
        <Field
          label="Name"
          value={typed}
          maxLength={200}
          placeholder="Squat, press, …"
          onChange={(event) => setTyped(event.target.value)}
          autoComplete="off"
        />
        <ul className="list">
          {found.map((exercise) => (
            <li key={exercise.id}>
              <button type="button" className="item" onClick={() => onPick(exercise.id)}>
                <span className="grow">{exercise.name}</span>
                <span className="small muted">{exercise.primaryMuscleGroups?.join(", ")}</span>
              </button>
            </li>
          ))}
          {wanted && !found.some((exercise) => exercise.name.toLowerCase() === wanted) && (
            <li>
              <button type="button" className="item" onClick={() => void once(() => attempt(make()))}>
                <Icon name="plus" />
                <span className="grow">Make “{typed.trim()}”</span>
              </button>
            </li>
          )}
        </ul>
      </Form>
    </Dialog>
  );
}

// Chooses an exercise by a part of its name, or creates a missing one.

import { useState } from "react";
import { saveExercise, useExercises } from "../data/exercises";
import { Dialog, Field } from "../ui/form";
import { Icon } from "../ui/icon";
import { attempt } from "../ui/toast";

export function ExercisePicker({ onPick, onClose }: { onPick: (id: string) => void; onClose: () => void }) {
  const exercises = useExercises();
  const [typed, setTyped] = useState("");
  const wanted = typed.trim().toLowerCase();
  const found = (exercises ?? []).filter((exercise) => exercise.name.toLowerCase().includes(wanted));
  const make = () => void attempt(saveExercise({ name: typed.trim(), isCustom: true }).then(onPick));
  return (
    <Dialog title="Add an exercise" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (found[0]) {
            onPick(found[0].id);
          } else if (wanted) {
            make();
          }
        }}
      >
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
              <button type="button" className="item" onClick={make}>
                <Icon name="plus" />
                <span className="grow">Make “{typed.trim()}”</span>
              </button>
            </li>
          )}
        </ul>
      </form>
    </Dialog>
  );
}

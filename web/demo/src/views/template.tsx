// One template: its exercises in order, each with its plan.

import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { edit } from "../data/edit";
import { useExerciseNames } from "../data/exercises";
import { addPlanned, deleteTemplate, movePlanned, type Planned, plannedOf } from "../data/templates";
import { parseWhole } from "../logic/units";
import { db, type WorkoutTemplate } from "../sync";
import { Commit, Empty, Loading } from "../ui/form";
import { Icon } from "../ui/icon";
import { Gone, navigate, Title } from "../ui/route";
import { attempt, say } from "../ui/toast";
import { ExercisePicker } from "./exercise-picker";

export function TemplatePage({ id }: { id: string }) {
  const template = useLiveQuery(async () => (await db.workoutTemplates.get(id)) ?? null, [id]);
  if (template === undefined) {
    return <Loading />;
  }
  if (template === null) {
    return <Gone what="template" to="/templates" toWhat="the other templates" />;
  }
  return <Template template={template} />;
}

function Template({ template }: { template: WorkoutTemplate }) {
  const planned = useLiveQuery(() => plannedOf(template.id), [template.id]);
  const [picking, setPicking] = useState(false);
  return (
    <>
      <div className="page-head">
        <div>
          <Title>{template.name}</Title>
          {template.description && <p>{template.description}</p>}
        </div>
      </div>
      {planned?.length === 0 && (
        <section className="card">
          <Empty icon="library" title="Nothing is planned yet">
            <p>Add exercises in the order in which you do them.</p>
          </Empty>
        </section>
      )}
      {planned && planned.length > 0 && (
        <ol className="card flush list">
          {planned.map((one, index) => (
            <li key={one.id}>
              <PlannedRow one={one} planned={planned} index={index} />
            </li>
          ))}
        </ol>
      )}
      <div>
        <button type="button" className="button" onClick={() => setPicking(true)}>
          <Icon name="plus" />
          Add an exercise
        </button>
      </div>
      <Details template={template} />
      {picking && (
        <ExercisePicker
          onClose={() => setPicking(false)}
          onPick={(exerciseId) => {
            setPicking(false);
            void attempt(addPlanned(template.id, exerciseId));
          }}
        />
      )}
    </>
  );
}

/** The name of the template, and its deletion. */
function Details({ template }: { template: WorkoutTemplate }) {
  const remove = async () => {
    const undo = await deleteTemplate(template);
    navigate("/templates");
    say(`Deleted ${template.name}.`, undo);
  };
  return (
    <section className="card" aria-labelledby="details">
      <h2 id="details">Details</h2>
      <div className="field">
        <span className="label">Name</span>
        <Commit
          label="Name"
          draft={`${template.id}.name`}
          maxLength={200}
          value={template.name}
          onCommit={async (text) =>
            text.trim() && attempt(edit(db.workoutTemplates, template.id, (current) => ({ ...current, name: text.trim() })))
          }
        />
      </div>
      <div>
        <button type="button" className="button danger" onClick={() => void attempt(remove())}>
          Delete the template
        </button>
      </div>
    </section>
  );
}

function PlannedRow({ one, planned, index }: { one: Planned; planned: readonly Planned[]; index: number }) {
  const name = useExerciseNames()(one.exerciseDefinitionId);
  const table = db.workoutTemplateExerciseInstances;
  const sets = async (text: string) => {
    const number = parseWhole(text);
    return number && attempt(edit(table, one.id, (current) => ({ ...current, targetSets: number })));
  };
  const reps = (text: string) => {
    const change = ({ targetReps: _, ...rest }: Planned) => (text.trim() === "" ? rest : { ...rest, targetReps: text.trim() });
    return attempt(edit(table, one.id, change));
  };
  const remove = async () => {
    if (await attempt(table.delete(one.id))) {
      say(`Took ${name} out.`, async () => void (await table.put(one)));
    }
  };
  return (
    <div className="item planned">
      <span className="grow one-line">{name}</span>
      <span className="row plan">
        <Commit
          label={`Sets of ${name}`}
          draft={`${one.id}.sets`}
          inputMode="numeric"
          value={String(one.targetSets ?? "")}
          placeholder="Sets"
          onCommit={sets}
        />
        <span className="muted">×</span>
        <Commit label={`Repetitions of ${name}`} draft={`${one.id}.reps`} value={one.targetReps ?? ""} placeholder="Reps" maxLength={50} onCommit={reps} />
      </span>
      <span className="row acts">
        <button
          type="button"
          className="icon-button"
          aria-label={`Move ${name} up`}
          disabled={index === 0}
          onClick={() => void attempt(movePlanned(planned, index, -1))}
        >
          <Icon name="up" size={18} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={`Move ${name} down`}
          disabled={index === planned.length - 1}
          onClick={() => void attempt(movePlanned(planned, index, 1))}
        >
          <Icon name="down" size={18} />
        </button>
        <button type="button" className="icon-button" aria-label={`Take ${name} out`} onClick={() => void remove()}>
          <Icon name="trash" size={18} />
        </button>
      </span>
    </div>
  );
}

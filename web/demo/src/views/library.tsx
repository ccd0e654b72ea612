// The library: exercises, and templates that consist of exercises.

import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { useExerciseNames, useExercises } from "../data/exercises";
import { addTemplate, planText, templatesWithPlan } from "../data/templates";
import { counted } from "../logic/words";
import { Dialog, Empty, Field, Form, Loading } from "../ui/form";
import { Icon } from "../ui/icon";
import { Link, navigate, Title } from "../ui/route";
import { attempt } from "../ui/toast";
import { ExerciseDialog } from "./exercise";

export function LibraryPage({ show }: { show: "exercises" | "templates" }) {
  const [adding, setAdding] = useState(false);
  return (
    <>
      <div className="page-head">
        <Title>Library</Title>
        <button type="button" className="button primary" onClick={() => setAdding(true)}>
          <Icon name="plus" />
          {show === "exercises" ? "New exercise" : "New template"}
        </button>
      </div>
      <nav aria-label="Parts of the library">
        <div className="segmented">
          <Link to="/library" aria-current={show === "exercises" ? "page" : undefined}>
            Exercises
          </Link>
          <Link to="/templates" aria-current={show === "templates" ? "page" : undefined}>
            Templates
          </Link>
        </div>
      </nav>
      {show === "exercises" ? <Exercises /> : <Templates />}
      {adding && show === "exercises" && <ExerciseDialog onClose={() => setAdding(false)} />}
      {adding && show === "templates" && <TemplateDialog onClose={() => setAdding(false)} />}
    </>
  );
}

function Exercises() {
  const exercises = useExercises();
  const [typed, setTyped] = useState("");
  const wanted = typed.trim().toLowerCase();
  const found = exercises?.filter(({ name, equipment, primaryMuscleGroups }) =>
    [name, equipment ?? "", ...(primaryMuscleGroups ?? [])].some((text) => text.toLowerCase().includes(wanted)),
  );
  if (!found) {
    return <Loading />;
  }
  return (
    <>
      <Field
        label="Find by name, muscle or equipment"
        type="search"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      {found.length === 0 ? (
        <section className="card">
          <Empty icon="library" title="Nothing found">
            <p>No exercise has “{typed.trim()}” in its name, its muscles or its equipment.</p>
          </Empty>
        </section>
      ) : (
        <ul className="card flush list">
          {found.map((exercise) => (
            <li key={exercise.id}>
              <Link className="item" to={`/exercise/${exercise.id}`}>
                <span className="grow">
                  <span className="row">
                    <strong className="number">{exercise.name}</strong>
                    {exercise.isCustom && <span className="tag">Yours</span>}
                  </span>
                  <span className="small muted block capital">
                    {[exercise.equipment, ...(exercise.primaryMuscleGroups ?? [])].filter(Boolean).join(" · ")}
                  </span>
                </span>
                <Icon name="next" size={16} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Templates() {
  const templates = useLiveQuery(templatesWithPlan);
  const nameOf = useExerciseNames();
  if (!templates) {
    return <Loading />;
  }
  if (templates.length === 0) {
    return (
      <section className="card">
        <Empty icon="library" title="No templates yet">
          <p>A template is a workout planned ahead. Start one, and its exercises are waiting with your last weights.</p>
        </Empty>
      </section>
    );
  }
  return (
    <ul className="card flush list">
      {templates.map(({ template, planned }) => (
        <li key={template.id}>
          <Link className="item" to={`/template/${template.id}`}>
            <span className="grow">
              <span className="row ends">
                <strong className="number">{template.name}</strong>
                <span className="small muted">{counted(planned.length, "exercise")}</span>
              </span>
              <span className="small muted clamp">
                {planned.map((one) => `${nameOf(one.exerciseDefinitionId)} ${planText(one)}`.trim()).join(" · ")}
              </span>
            </span>
            <Icon name="next" size={16} />
          </Link>
        </li>
      ))}
    </ul>
  );
}

function TemplateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [error, setError] = useState<string>();
  const submit = async () => {
    if (name.trim() === "") {
      setError("Give it a name, such as Push day.");
      return;
    }
    await attempt(addTemplate(name.trim()).then((id) => navigate(`/template/${id}`)));
  };
  return (
    <Dialog title="New template" onClose={onClose}>
      <Form className="form" onSubmit={submit}>
        <Field
          label="Name"
          value={name}
          maxLength={200}
          error={error}
          onChange={(event) => setName(event.target.value)}
          autoComplete="off"
        />
        <button type="submit" className="button primary">
          Make the template
        </button>
      </Form>
    </Dialog>
  );
}

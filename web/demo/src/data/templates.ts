// Templates: a planned workout, as exercises in order.

import { Dexie } from "dexie";
import { edit } from "./edit";
import { db, sync, type WorkoutTemplate, type WorkoutTemplateExerciseInstance as Planned } from "../sync";

export type { Planned };

/** The exercises of a template, in order. */
export async function plannedOf(templateId: string): Promise<Planned[]> {
  const key = "[workoutTemplateId+orderInTemplate]";
  return db.workoutTemplateExerciseInstances.where(key).between([templateId, Dexie.minKey], [templateId, Dexie.maxKey]).toArray();
}

export async function templatesWithPlan(): Promise<{ template: WorkoutTemplate; planned: Planned[] }[]> {
  const templates = await db.workoutTemplates.orderBy("name").toArray();
  return Promise.all(templates.map(async (template) => ({ template, planned: await plannedOf(template.id) })));
}

export async function addTemplate(name: string): Promise<string> {
  const id = sync.newId();
  await db.workoutTemplates.add({ id, name });
  return id;
}

/** Deletes a template with its plan, and returns a function that undoes it. Workouts that were created from it are kept. */
export async function deleteTemplate(template: WorkoutTemplate): Promise<() => Promise<void>> {
  const planned = await plannedOf(template.id);
  const tables = [db.workoutTemplates, db.workoutTemplateExerciseInstances] as const;
  await db.transaction("rw", tables, async () => {
    await db.workoutTemplates.delete(template.id);
    await db.workoutTemplateExerciseInstances.bulkDelete(planned.map((exercise) => exercise.id));
  });
  return async () => {
    await db.transaction("rw", tables, async () => {
      await db.workoutTemplates.put(template);
      await db.workoutTemplateExerciseInstances.bulkPut(planned);
    });
  };
}

export async function addPlanned(templateId: string, exerciseDefinitionId: string): Promise<void> {
  const last = (await plannedOf(templateId)).at(-1);
  await db.workoutTemplateExerciseInstances.add({
    id: sync.newId(),
    workoutTemplateId: templateId,
    exerciseDefinitionId,
    orderInTemplate: (last?.orderInTemplate ?? -1) + 1,
    targetSets: 3,
    targetReps: "8",
    targetSetDefinitions: [],
  });
}

/** Moves an exercise up or down by one, by swapping two order values. */
export async function movePlanned(planned: readonly Planned[], index: number, by: -1 | 1): Promise<void> {
  const [one, other] = [planned[index], planned[index + by]];
  const table = db.workoutTemplateExerciseInstances;
  if (one && other) {
    await db.transaction("rw", table, async () => {
      await edit(table, one.id, (current) => ({ ...current, orderInTemplate: other.orderInTemplate }));
      await edit(table, other.id, (current) => ({ ...current, orderInTemplate: one.orderInTemplate }));
    });
  }
}

/** The plan of an exercise as text: 3 × 8–12. */
export function planText({ targetSets, targetReps, targetSetDefinitions }: Planned): string {
  const sets = targetSets ?? targetSetDefinitions.length;
  return targetReps
    ? `${sets || "?"}\u00a0×\u00a0${targetReps.replace("-", "–")}`
    : sets === 1
      ? "1 set"
      : sets > 0
        ? `${sets} sets`
        : "";
}

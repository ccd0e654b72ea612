// A filled database of the app from before sync, with everything in it that cannot stay as it is.

import { Dexie } from "dexie";
import { afterEach, expect, test } from "vitest";
import { migrate } from "../../src/migrate.js";
import { deterministicId, namespace } from "./contract.js";
import { Device, MockServer } from "./device.js";
import type { Sync } from "../../src/api.js";

const OLD = "StrongLogDB";
const LOG = "0197536f-69e0-7b1c-9d2e-3f4a5b6c7d8e";
const CUSTOM = "0197536F-69E0-7B1C-9D2E-3F4A5B6C7D99";

async function oldDatabase(): Promise<void> {
  const old = new Dexie(OLD);
  old.version(1).stores({
    userSettings: "++id",
    exerciseDefinitions: "++id, &name",
    workoutLogs: "++id, startTime",
    loggedSets: "++id, workoutLogId",
    programDefinitions: "++id, &name",
    activeProgramInstances: "++id",
    userBodyweightLog: "++id, date",
    appliedProgressionLog: "++id",
    progressionRules: "++id, &name",
  });
  await old.table("userSettings").add({ id: 1, preferredWeightUnit: "kg", theme: "dark", defaultRestTimerSecs: 90 });
  await old.table("exerciseDefinitions").bulkAdd([
    { id: 1, name: "Squat", isCustom: false },
    { id: CUSTOM, name: "Sled push", isCustom: true },
    { id: 3, name: "Yoke", isCustom: true },
  ]);
  await old.table("workoutLogs").add({ id: LOG, startTime: 1_000, endTime: 4_000, durationMs: 3_000 });
  await old.table("loggedSets").bulkAdd([
    { workoutLogId: LOG, exerciseDefinitionId: 1, orderInWorkout: 0, orderInExercise: 0, setType: "standard", loggedWeightKg: 100, loggedReps: 5 },
    { workoutLogId: LOG, exerciseDefinitionId: CUSTOM, orderInWorkout: 1, orderInExercise: 0, setType: "standard", loggedWeightKg: 60, loggedReps: 9 },
    { workoutLogId: LOG, exerciseDefinitionId: 3, orderInWorkout: 2, orderInExercise: 0, setType: "standard", loggedWeightKg: -1, loggedReps: 1 },
  ]);
  await old.table("progressionRules").add({
    id: 3,
    name: "Add weight",
    isActive: true,
    conditions: { fact: "reps", operator: "greaterThan", value: 5 },
    event: { type: "progress", params: { actionType: "increaseWeight" } },
  });
  await old.table("programDefinitions").add({
    id: 7,
    name: "Five by five",
    targetFrequency: { type: "perWeek", value: 3 },
    workoutSequence: [{ orderInProgram: 0, adHocExercises: [{ exerciseDefinitionId: 3, orderInTemplate: 0, targetSetDefinitions: [] }] }],
    linkedProgressionRuleIds: [{ ruleId: 3, scope: "program" }],
  });
  await old.table("activeProgramInstances").add({
    programDefinitionId: 7,
    userId: "me",
    startDate: 1,
    status: "active",
    currentWorkoutOrderInProgram: 0,
    progressionAdjustments: { "0.3": { targetWeightKg: 50 }, "1.1": { targetWeightKg: 60 } },
    completedWorkoutHistory: [{ workoutLogId: LOG, orderInProgram: 0, completedDate: 5 }],
  });
  await old.table("userBodyweightLog").add({ date: 5, weightKg: 81 });
  await old.table("appliedProgressionLog").add({ date: 6, ruleId: 3, ruleName: "Add weight", changeDescription: "+2.5 kg", actionTaken: { kg: 2.5 } });
  old.close();
}

let device: Device | undefined;

afterEach(async () => {
  device?.close();
  await Dexie.delete(OLD);
});

test("everything is copied, every reference leads where it led, and what is refused stays", async () => {
  await oldDatabase();
  const server = new MockServer();
  device = await Device.open(server);
  const { db } = device;
  const { copied, refused } = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true });
  expect(refused).toMatchObject([{ table: "loggedSets", record: { loggedWeightKg: -1 } }]);
  expect(copied).toBe(12);
  expect(await Dexie.exists(OLD), "kept, since a record was refused").toBe(true);

  const squat = deterministicId(namespace, "exercise-definitions", "Squat");
  const yoke = (await db.exerciseDefinitions.where("name").equals("Yoke").first())?.id ?? "";
  expect(yoke).toMatch(/^[\da-f-]{36}$/);
  expect(await db.userSettings.toArray()).toMatchObject([{ id: deterministicId(namespace, "user-settings", "settings"), theme: "dark" }]);
  const sets = await db.loggedSets.orderBy("[workoutLogId+orderInWorkout+orderInExercise]").toArray();
  expect(sets.map((set) => [set.workoutLogId, set.exerciseDefinitionId])).toEqual([
    [LOG, squat],
    [LOG, CUSTOM.toLowerCase()],
  ]);
  const [program] = await db.programDefinitions.toArray();
  const [rule] = await db.progressionRules.toArray();
  expect(program?.workoutSequence[0]?.adHocExercises?.[0]?.exerciseDefinitionId).toBe(yoke);
  expect(program?.linkedProgressionRuleIds?.[0]?.ruleId).toBe(rule?.id);
  const [instance] = await db.activeProgramInstances.toArray();
  expect(instance).toMatchObject({ programDefinitionId: program?.id, completedWorkoutHistory: [{ workoutLogId: LOG }] });
  expect(instance?.progressionAdjustments).toEqual({ [`0.${yoke}`]: { targetWeightKg: 50 }, [`1.${squat}`]: { targetWeightKg: 60 } });
  expect(await db.appliedProgressionLogs.toArray()).toMatchObject([{ ruleId: rule?.id }]);
  expect(await db.userBodyweightLogs.toArray()).toMatchObject([{ weightKg: 81 }]);

  expect(await migrate(device as unknown as Sync, { from: OLD })).toEqual({ copied: 0, refused: [] });
  await device.signIn();
  expect(await device.sync()).toMatchObject({ pending: 0, blocked: 0 });
  expect(server.records.size).toBe(12);
});

test("without an old database nothing happens", async () => {
  device = await Device.open(new MockServer());
  expect(await migrate(device as unknown as Sync, { from: "NothingHere" })).toEqual({ copied: 0, refused: [] });
});

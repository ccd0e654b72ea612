// A filled database of the app from before sync, with everything in it that cannot stay as it is.

import { Dexie } from "dexie";
import { afterEach, expect, test, vi } from "vitest";
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
  const first = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true });
  const { copied, refused } = first;
  expect(refused).toMatchObject([{ table: "loggedSets", key: 3, record: { loggedWeightKg: -1 }, reason: expect.stringContaining("/loggedWeightKg") as string }]);
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

  expect(await migrate(device as unknown as Sync, { from: OLD, deleteOld: true }), "the same is true again").toEqual(first);
  await device.signIn();
  expect(await device.sync()).toMatchObject({ pending: 0, blocked: 0 });
  expect(server.records.size).toBe(12);
});

test("a refused record that is mended is copied by the next call, and only then the old database is deleted", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ exerciseDefinitions: "++id", loggedSets: "++id" });
  const set = { workoutLogId: LOG, exerciseDefinitionId: 9, orderInWorkout: 0, orderInExercise: 0, setType: "standard", loggedWeightKg: 1, loggedReps: 5 };
  await old.table("exerciseDefinitions").add({ id: 9, title: "no name", isCustom: true });
  await old.table("loggedSets").add(set);
  device = await Device.open(new MockServer());
  const { db } = device;
  const options = { from: OLD, deleteOld: true };
  expect(await migrate(device as unknown as Sync, options)).toMatchObject({ copied: 1, refused: [{ table: "exerciseDefinitions", key: 9 }], oldDatabase: "kept" });
  // What the user has done to a copy since then stays done.
  await db.loggedSets.toCollection().modify({ loggedReps: 6 });
  await old.table("exerciseDefinitions").put({ id: 9, name: "Yoke", isCustom: true });
  expect(await migrate(device as unknown as Sync, options)).toEqual({ copied: 2, refused: [], notCopied: [], oldDatabase: "deleted" });
  const yoke = await db.exerciseDefinitions.toArray();
  expect(await db.loggedSets.toArray()).toMatchObject([{ exerciseDefinitionId: yoke[0]?.id, loggedReps: 6 }]);
  expect(await Dexie.exists(OLD)).toBe(false);
  expect(await migrate(device as unknown as Sync, options)).toEqual({ copied: 2, refused: [], notCopied: [], oldDatabase: "absent" });
});

test("tables that the contract does not know are named and kept, until they are ignored", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ exerciseDefinitions: "++id", personalRecords: "k", drafts: "k" });
  await old.table("exerciseDefinitions").add({ name: "Squat", isCustom: true });
  await old.table("personalRecords").bulkAdd([{ k: 1, best: 100 }, { k: 2, best: 110 }]);
  old.close();
  device = await Device.open(new MockServer());
  const kept = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true });
  expect(kept).toMatchObject({ copied: 1, refused: [], notCopied: [{ table: "personalRecords", records: 2 }], oldDatabase: "kept" });
  expect(await Dexie.exists(OLD)).toBe(true);
  const one = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true, ignore: [{ table: "personalRecords", key: 1 }] });
  expect(one).toMatchObject({ notCopied: [{ table: "personalRecords", records: 1 }], oldDatabase: "kept" });
  const all = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true, ignore: ["personalRecords"] });
  expect(all).toEqual({ copied: 1, refused: [], notCopied: [], oldDatabase: "deleted" });
});

test("refused records are left behind once they are ignored", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ exerciseDefinitions: "++id" });
  await old.table("exerciseDefinitions").bulkAdd([{ name: "Squat", isCustom: true }, { title: "no name" }]);
  old.close();
  device = await Device.open(new MockServer());
  const { refused } = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true });
  expect(refused).toHaveLength(1);
  expect(await migrate(device as unknown as Sync, { from: OLD, deleteOld: true, ignore: refused })).toMatchObject({ copied: 1, oldDatabase: "deleted" });
});

test("a record with what JSON cannot hold is refused, and the only copy of it stays", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ workoutTemplates: "++" });
  const unfit = { photo: new Blob(["a picture"]), tags: new Set(["a"]), weights: new Map([["bench", 80]]), best: NaN, signature: new Uint8Array([1]) };
  await old.table("workoutTemplates").bulkAdd([{ name: "Push day", ...unfit }, "a text", null, { name: "Pull day" }]);
  old.close();
  device = await Device.open(new MockServer());
  const { copied, refused, oldDatabase } = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true });
  expect({ copied, oldDatabase }).toEqual({ copied: 1, oldDatabase: "kept" });
  expect(refused.map(({ reason }) => reason.split("; ")[0])).toEqual([
    expect.stringMatching(/^\/photo is a (Blob|Object), which JSON cannot hold$/u) as string,
    "the record is not an object",
    "the record is not an object",
  ]);
  expect(await Dexie.exists(OLD)).toBe(true);
});

test("of two migrations at once, the second one finds what the first one has left", async () => {
  const queue: Promise<unknown>[] = [Promise.resolve()];
  const request = (_: string, job: () => Promise<unknown>): Promise<unknown> => {
    const done = (queue.at(-1) as Promise<unknown>).then(job);
    queue.push(done.catch(() => undefined));
    return done;
  };
  vi.stubGlobal("navigator", { locks: { request } });
  const old = new Dexie(OLD);
  old.version(1).stores({ workoutTemplates: "++id" });
  await old.table("workoutTemplates").add({ name: "Push day" });
  old.close();
  device = await Device.open(new MockServer());
  const both = [0, 1].map(() => migrate(device as unknown as Sync, { from: OLD, deleteOld: true }));
  expect(await Promise.all(both)).toMatchObject([{ copied: 1, oldDatabase: "deleted" }, { copied: 1, oldDatabase: "absent" }]);
  vi.unstubAllGlobals();
});

test("records that would become one are not both called copied, and records without an id of their own stay apart", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ userSettings: "++id", workoutTemplates: "++" });
  const settings = { preferredWeightUnit: "kg", theme: "dark", defaultRestTimerSecs: 90 };
  await old.table("userSettings").bulkAdd([settings, { ...settings, theme: "light" }]);
  await old.table("workoutTemplates").bulkAdd([{ name: "Push" }, { name: "Pull" }]);
  old.close();
  device = await Device.open(new MockServer());
  const migrated = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true });
  expect(migrated).toMatchObject({ copied: 3, refused: [{ table: "userSettings", key: 2, reason: expect.stringContaining("same id") as string }], oldDatabase: "kept" });
  expect((await device.db.workoutTemplates.toArray()).map(({ name }) => name).sort()).toEqual(["Pull", "Push"]);
});

test("a name that cannot be the old database's is refused, and the database of that name is left alone", async () => {
  device = await Device.open(new MockServer());
  const sync = device as unknown as Sync;
  const other = new Dexie("photos");
  other.version(1).stores({ pictures: "++id" });
  await other.table("pictures").add({ precious: true });
  other.close();
  await expect(migrate(sync, { from: "photos", deleteOld: true, ignore: ["pictures"] })).rejects.toThrow("none of its tables");
  expect(await Dexie.exists("photos")).toBe(true);
  await expect(migrate(sync, { from: device.db.name, deleteOld: true })).rejects.toThrow("the synced database itself");
  const second = await Device.open(new MockServer());
  await expect(migrate(sync, { from: second.db.name, deleteOld: true })).rejects.toThrow("it is a synced database");
  second.close();
});

test("two tabs that migrate at once copy everything once", async () => {
  await oldDatabase();
  device = await Device.open(new MockServer());
  const sync = device as unknown as Sync;
  const both = await Promise.all([migrate(sync, { from: OLD }), migrate(sync, { from: OLD })]);
  expect(both.map(({ copied }) => copied)).toEqual([12, 12]);
  expect(await device.db.loggedSets.count()).toBe(2);
});

test("an old database that an earlier version has copied is not copied again, and not deleted", async () => {
  await oldDatabase();
  device = await Device.open(new MockServer());
  await device.db.table("_device").put({ name: "migrated", value: [OLD] });
  const { copied, notCopied, oldDatabase: state } = await migrate(device as unknown as Sync, { from: OLD, deleteOld: true });
  expect([copied, state]).toEqual([0, "kept"]);
  expect(notCopied).toContainEqual(expect.objectContaining({ table: "loggedSets", records: 3, reason: expect.stringContaining("earlier version") as string }));
});

test("a name without a database is told as such", async () => {
  device = await Device.open(new MockServer());
  expect(await migrate(device as unknown as Sync, { from: "NothingHere", deleteOld: true })).toEqual({
    copied: 0,
    refused: [],
    notCopied: [],
    oldDatabase: "absent",
  });
});

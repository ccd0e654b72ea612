// A database of the app from before sync, with all kinds of data that a migration must change.

import { Dexie, type IndexableType } from "dexie";
import { afterEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { makeDatabase } from "../../src/database.js";
import { newId } from "../../src/id.js";
import { migrate } from "../../src/migrate.js";
import { watchWrites } from "../../src/writes.js";
import { deterministicId, namespace } from "./contract.js";
import { Device, MockServer } from "./device.js";

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

test("everything is copied, every reference leads where it led, and what is rejected stays", async () => {
  await oldDatabase();
  const server = new MockServer();
  device = await Device.open(server);
  const { db } = device;
  const first = await migrate(device, { from: OLD, deleteOld: true });
  const { copied, refused } = first;
  expect(refused).toMatchObject([{ table: "loggedSets", key: 3, record: { loggedWeightKg: -1 }, reason: expect.stringContaining("/loggedWeightKg") as string }]);
  expect(copied).toBe(12);
  expect(await Dexie.exists(OLD), "kept, since a record was rejected").toBe(true);

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

  expect(await migrate(device, { from: OLD, deleteOld: true }), "the same is true again").toEqual(first);
  await device.signIn();
  expect(await device.sync()).toMatchObject({ pending: 0, blocked: 0 });
  expect(server.records.size).toBe(12);
});

test("a rejected record that is mended is copied by the next call, and only then the old database is deleted", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ exerciseDefinitions: "++id", loggedSets: "++id" });
  const set = { workoutLogId: LOG, exerciseDefinitionId: 9, orderInWorkout: 0, orderInExercise: 0, setType: "standard", loggedWeightKg: 1, loggedReps: 5 };
  await old.table("exerciseDefinitions").add({ id: 9, title: "no name", isCustom: true });
  await old.table("loggedSets").add(set);
  device = await Device.open(new MockServer());
  const { db } = device;
  const options = { from: OLD, deleteOld: true };
  expect(await migrate(device, options)).toMatchObject({ copied: 1, refused: [{ table: "exerciseDefinitions", key: 9 }], oldDatabase: "kept" });
  // The user's later changes to a copy are kept.
  await db.loggedSets.toCollection().modify({ loggedReps: 6 });
  await old.table("exerciseDefinitions").put({ id: 9, name: "Yoke", isCustom: true });
  expect(await migrate(device, options)).toEqual({ copied: 2, refused: [], notCopied: [], oldDatabase: "deleted" });
  const yoke = await db.exerciseDefinitions.toArray();
  expect(await db.loggedSets.toArray()).toMatchObject([{ exerciseDefinitionId: yoke[0]?.id, loggedReps: 6 }]);
  expect(await Dexie.exists(OLD)).toBe(false);
  expect(await migrate(device, options)).toEqual({ copied: 2, refused: [], notCopied: [], oldDatabase: "absent" });
});

test("tables that the contract does not know are named and kept, until they are ignored", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ exerciseDefinitions: "++id", personalRecords: "k", drafts: "k" });
  await old.table("exerciseDefinitions").add({ name: "Squat", isCustom: true });
  await old.table("personalRecords").bulkAdd([{ k: 1, best: 100 }, { k: 2, best: 110 }]);
  old.close();
  device = await Device.open(new MockServer());
  const kept = await migrate(device, { from: OLD, deleteOld: true });
  expect(kept).toMatchObject({ copied: 1, refused: [], notCopied: [{ table: "personalRecords", records: 2 }], oldDatabase: "kept" });
  expect(await Dexie.exists(OLD)).toBe(true);
  const one = await migrate(device, { from: OLD, deleteOld: true, ignore: [{ table: "personalRecords", key: 1 }] });
  expect(one).toMatchObject({ notCopied: [{ table: "personalRecords", records: 1 }], oldDatabase: "kept" });
  const all = await migrate(device, { from: OLD, deleteOld: true, ignore: ["personalRecords"] });
  expect(all).toEqual({ copied: 1, refused: [], notCopied: [], oldDatabase: "deleted" });
});

test("rejected records are left behind once they are ignored", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ exerciseDefinitions: "++id" });
  await old.table("exerciseDefinitions").bulkAdd([{ name: "Squat", isCustom: true }, { title: "no name" }]);
  old.close();
  device = await Device.open(new MockServer());
  const { refused } = await migrate(device, { from: OLD, deleteOld: true });
  expect(refused).toHaveLength(1);
  expect(await migrate(device, { from: OLD, deleteOld: true, ignore: refused })).toMatchObject({ copied: 1, oldDatabase: "deleted" });
});

test("a record with what JSON cannot hold is rejected, and the only copy of it stays", async () => {
  const old = new Dexie(OLD);
  old.version(1).stores({ workoutTemplates: "++" });
  const unfit = { photo: new Blob(["a picture"]), tags: new Set(["a"]), weights: new Map([["bench", 80]]), best: NaN, signature: new Uint8Array([1]) };
  await old.table("workoutTemplates").bulkAdd([{ name: "Push day", ...unfit }, "a text", null, { name: "Pull day" }]);
  old.close();
  device = await Device.open(new MockServer());
  const { copied, refused, oldDatabase } = await migrate(device, { from: OLD, deleteOld: true });
  expect({ copied, oldDatabase }).toEqual({ copied: 1, oldDatabase: "kept" });
  expect(refused.map(({ reason }) => reason.split("; ")[0])).toEqual([
    expect.stringMatching(/^\/photo is a (Blob|Object), which JSON cannot represent$/u) as string,
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
  const opened = (device = await Device.open(new MockServer()));
  const both = [0, 1].map(() => migrate(opened, { from: OLD, deleteOld: true }));
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
  const migrated = await migrate(device, { from: OLD, deleteOld: true });
  expect(migrated).toMatchObject({ copied: 3, refused: [{ table: "userSettings", key: 2, reason: expect.stringContaining("same id") as string }], oldDatabase: "kept" });
  expect((await device.db.workoutTemplates.toArray()).map(({ name }) => name).sort()).toEqual(["Pull", "Push"]);
});

test("a name that cannot be the old database's is rejected, and the database of that name is left alone", async () => {
  device = await Device.open(new MockServer());
  const other = new Dexie("photos");
  other.version(1).stores({ pictures: "++id" });
  await other.table("pictures").add({ precious: true });
  other.close();
  await expect(migrate(device, { from: "photos", deleteOld: true, ignore: ["pictures"] })).rejects.toThrow("none of its tables");
  expect(await Dexie.exists("photos")).toBe(true);
  await expect(migrate(device, { from: device.db.name, deleteOld: true })).rejects.toThrow("the synced database itself");
  const second = await Device.open(new MockServer());
  await expect(migrate(device, { from: second.db.name, deleteOld: true })).rejects.toThrow("it is a synced database");
  second.close();
});

/** An old database of templates without keys of their own in the records. */
async function templatesByKey(templates: readonly (readonly [key: IndexableType, name: string])[]): Promise<void> {
  const old = new Dexie(OLD);
  old.version(1).stores({ workoutTemplates: "" });
  for (const [key, name] of templates) {
    await old.table("workoutTemplates").add({ name }, key);
  }
  old.close();
}

const names = async (of: Device): Promise<string[]> => (await of.db.workoutTemplates.toArray()).map(({ name }) => name).sort();

test("records whose keys are alike as JSON are copied each, and the old database is deleted only then", async () => {
  const keys = [Uint8Array.of(1, 2), Uint8Array.of(1, 3), new Date(0), new Date(0).toJSON(), Infinity, -Infinity, [Uint8Array.of(1)], [Uint8Array.of(2)], "1", 1];
  await templatesByKey(keys.map((key, index) => [key, `day ${index}`]));
  device = await Device.open(new MockServer());
  const ignore = [{ table: "workoutTemplates", key: Uint8Array.of(1, 3) }];
  expect(await migrate(device, { from: OLD, deleteOld: true, ignore })).toEqual({ copied: 9, refused: [], notCopied: [], oldDatabase: "deleted" });
  expect(await names(device)).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => `day ${index}`));
});

test("what an earlier version has recorded with keys as JSON is not copied again, and counts for no other record", async () => {
  const bytes = [Uint8Array.of(1), Uint8Array.of(2)];
  await templatesByKey([[7, "seven"], [new Date(5), "five"], [new Date(6), "six"], [new Date(6).toJSON(), "a text"], ...bytes.map((key, index) => [key, `bytes ${index}`] as const)]);
  device = await Device.open(new MockServer());
  const [seven, five] = [newId(), newId()];
  const ids = [7, new Date(5), new Date(6), Uint8Array.of(1).buffer].map((key, index) => ({ key: JSON.stringify(key), id: [seven, five][index] ?? newId(), isCopied: true }));
  await device.db.table("_device").put({ name: "migrations", value: { [OLD]: { copied: 4, ids: { workoutTemplates: ids } } } });
  expect(await migrate(device, { from: OLD })).toMatchObject({ copied: 8, refused: [] });
  expect(await names(device)).toEqual(["a text", "bytes 0", "bytes 1", "six"]);
});

/** The data of two devices before sync: the same records, for example from a backup. */
async function sameOnTwoDevices(theme: string): Promise<void> {
  const old = new Dexie(OLD);
  old.version(1).stores({ workoutTemplates: "id", userSettings: "id" });
  await old.table("workoutTemplates").bulkAdd([{ id: LOG, name: "Push day" }, { id: CUSTOM.toLowerCase(), name: "Pull day" }]);
  await old.table("userSettings").add({ id: 1, preferredWeightUnit: "kg", theme, defaultRestTimerSecs: 90 });
  old.close();
}

const content = async (of: Device): Promise<unknown> => [await names(of), (await of.db.userSettings.toArray()).map(({ theme }) => theme)];

test.each(["before", "after"])("what the user has edited or deleted since wins over an old database that another device migrates %s its sign-in", async (when) => {
  const server = new MockServer();
  // On the server the last write wins, as in the engine.
  server.decide = (change) => {
    const stored = server.records.get(`${change.collection}/${change.record["id"] as string}`);
    const wins = stored === undefined || (change.record["clientUpdatedAt"] as number) > (stored.record["clientUpdatedAt"] as number);
    return wins ? undefined : { id: change.record["id"], op: change.op, outcome: "superseded", winner: { rev: stored.rev, op: stored.op, record: stored.record } };
  };
  await sameOnTwoDevices("light");
  const phone = await Device.open(server);
  await migrate(phone, { from: OLD });
  await phone.signIn();
  await phone.sync();
  await phone.db.userSettings.toCollection().modify({ theme: "dark" });
  await phone.db.workoutTemplates.update(LOG, { name: "Bench day" });
  await phone.db.workoutTemplates.delete(CUSTOM.toLowerCase());
  await phone.sync();
  device = await Device.open(server);
  const migrated = async (): Promise<unknown> => migrate(device as Device, { from: OLD, deleteOld: true });
  if (when === "before") {
    expect(await migrated()).toMatchObject({ copied: 3, oldDatabase: "deleted" });
  }
  await device.signIn();
  await device.sync();
  if (when === "after") {
    expect(await migrated()).toMatchObject({ copied: 3, oldDatabase: "deleted" });
  }
  expect(await device.sync()).toMatchObject({ pending: 0, blocked: 0 });
  await phone.sync();
  const now = [["Bench day"], ["dark"]];
  expect([await content(device), await content(phone)]).toEqual([now, now]);
  // Nothing is lost with the old database.
  const past = (await device.host.call("conflicts", [9])) as readonly { record: { name?: string; theme?: string } }[];
  expect(past.map(({ record }) => record.name ?? record.theme).sort()).toEqual(["Pull day", "Push day", "light"]);
  phone.close();
});

test("an old record wins over one that ships with the app", async () => {
  await sameOnTwoDevices("light");
  device = await Device.open(new MockServer());
  await device.db.userSettings.add({ preferredWeightUnit: "kg", theme: "system", defaultRestTimerSecs: 60, clientUpdatedAt: 0 });
  await device.sync();
  await migrate(device, { from: OLD });
  await device.sync();
  expect(await device.db.userSettings.toArray()).toMatchObject([{ theme: "light", defaultRestTimerSecs: 90 }]);
});

test("an old database of another contract is migrated by that contract", async () => {
  const schema = z.looseObject({ id: z.string(), text: z.string().min(1), at: z.string(), notebookId: z.string() });
  const collection = { schema, schemaName: "Note", parents: [], indexes: [], references: [], since: 1 };
  const notes = { ...collection, path: "notes", references: [{ path: ["notebookId"], collection: "notebooks" }] };
  const contract = { collections: [notes, { ...collection, path: "notebooks", schema: z.looseObject({ title: z.string() }) }], stores: { 1: { notes: "id", notebooks: "id" } } };
  const old = new Dexie(OLD);
  old.version(1).stores({ notes: "++id", notebooks: "++id" });
  await old.table("notebooks").add({ title: "Gym" });
  await old.table("notes").bulkAdd([{ text: "warm up", at: new Date(0), notebookId: 1 }, { text: "", at: new Date(0), notebookId: 1 }]);
  old.close();
  const db = makeDatabase(newId(), contract);
  watchWrites(db, () => undefined, contract);
  expect(await migrate({ db }, { from: OLD })).toMatchObject({ copied: 2, refused: [{ table: "notes", key: 2, reason: expect.stringContaining("/text") as string }] });
  const notebook = (await db.table("notebooks").toArray())[0] as { id: string };
  expect(await db.table("notes").toArray()).toMatchObject([{ text: "warm up", at: "1970-01-01T00:00:00.000Z", notebookId: notebook.id }]);
  db.close();
});

test("two tabs that migrate at once copy everything once", async () => {
  await oldDatabase();
  device = await Device.open(new MockServer());
  const both = await Promise.all([migrate(device, { from: OLD }), migrate(device, { from: OLD })]);
  expect(both.map(({ copied }) => copied)).toEqual([12, 12]);
  expect(await device.db.loggedSets.count()).toBe(2);
});

test("an old database that an earlier version has copied is not copied again, and not deleted", async () => {
  await oldDatabase();
  device = await Device.open(new MockServer());
  await device.db.table("_device").put({ name: "migrated", value: [OLD] });
  const { copied, notCopied, oldDatabase: state } = await migrate(device, { from: OLD, deleteOld: true });
  expect([copied, state]).toEqual([0, "kept"]);
  expect(notCopied).toContainEqual(expect.objectContaining({ table: "loggedSets", records: 3, reason: expect.stringContaining("earlier version") as string }));
});

test("a name without a database is reported as such", async () => {
  device = await Device.open(new MockServer());
  expect(await migrate(device, { from: "NothingHere", deleteOld: true })).toEqual({
    copied: 0,
    refused: [],
    notCopied: [],
    oldDatabase: "absent",
  });
});

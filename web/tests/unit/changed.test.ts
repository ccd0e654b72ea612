// Old databases that change, grow or stay open between calls of `migrate`, and records that it must not copy as they are.

import { Dexie } from "dexie";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { migrate, type Migrated } from "../../src/migrate.js";
import type { PastVersion } from "../../src/api.js";
import { Device, MockServer } from "./device.js";

const OLD = "StrongLogDB";
let server: MockServer;
let device: Device;
let old: Dexie;

beforeEach(async () => {
  server = new MockServer();
  device = await Device.open(server);
  old = new Dexie(OLD);
  old.version(1).stores({ workoutTemplates: "++id" });
});

afterEach(async () => {
  device.close();
  old.close();
  await Dexie.delete(OLD);
});

const templates = (): ReturnType<Dexie["table"]> => old.table("workoutTemplates");
const migrated = (deleteOld: boolean): Promise<Migrated> => migrate(device, { from: OLD, deleteOld });
const names = async (): Promise<string[]> => (await device.db.workoutTemplates.toArray()).map(({ name, notes }) => (notes === undefined ? name : `${name}: ${notes}`)).sort();
const past = async (): Promise<string[]> => ((await device.host.call("conflicts", [9])) as PastVersion[]).map(({ record }) => String(record["name"])).sort();

describe.each(["before the engine has seen the copy", "once the copy is on the server"])("a record that the old app changes after it was copied, %s", (when) => {
  async function copied(...records: readonly object[]): Promise<void> {
    await templates().bulkAdd(records);
    await migrated(false);
    if (when === "once the copy is on the server") {
      await device.signIn();
      await device.sync();
    }
  }

  test("replaces the copy", async () => {
    await copied({ name: "Push day" }, { name: "Pull day" });
    await templates().update(1, { notes: "bench first" });
    expect(await migrated(true)).toEqual({ copied: 2, refused: [], notCopied: [], oldDatabase: "deleted" });
    expect(await names()).toEqual(["Pull day", "Push day: bench first"]);
    await device.signIn();
    expect(await device.sync()).toMatchObject({ pending: 0, blocked: 0 });
    expect(await names()).toEqual(["Pull day", "Push day: bench first"]);
    expect([...server.records.values()].map(({ record }) => record["notes"]).sort()).toEqual(["bench first", undefined]);
  });

  test("goes to the history if the user has edited or deleted the copy", async () => {
    await copied({ name: "Push day" }, { name: "Pull day" });
    const [first, second] = await device.db.workoutTemplates.orderBy("name").primaryKeys();
    await device.db.workoutTemplates.delete(String(first));
    await device.db.workoutTemplates.update(String(second), { name: "Edited here" });
    await device.sync();
    await templates().toCollection().modify((record: { name: string }) => void (record.name += " of the old app"));
    expect(await migrated(true)).toMatchObject({ copied: 2, oldDatabase: "deleted" });
    await device.sync();
    expect(await names()).toEqual(["Edited here"]);
    expect(await past()).toEqual(expect.arrayContaining(["Pull day of the old app", "Push day of the old app"]));
  });

  test("and that is another record with the same key replaces it, and the first one is in the history", async () => {
    await copied({ name: "Push day" });
    await templates().clear();
    await templates().add({ id: 1, name: "Another" });
    expect(await migrated(true)).toMatchObject({ copied: 1, oldDatabase: "deleted" });
    await device.sync();
    expect([await names(), await past()]).toEqual([["Another"], ["Push day"]]);
  });

  test("is copied when another record is mended", async () => {
    await copied({ name: "Push day" }, { title: "no name" });
    await templates().bulkPut([{ id: 1, name: "Changed too" }, { id: 2, name: "Mended" }]);
    expect(await migrated(true)).toMatchObject({ copied: 2, oldDatabase: "deleted" });
    await device.sync();
    expect(await names()).toEqual(["Changed too", "Mended"]);
  });

  test("to what cannot be copied is named, and kept", async () => {
    await copied({ name: "Push day" });
    await templates().put({ id: 1, name: "Push day", best: NaN });
    expect(await migrated(true)).toMatchObject({ copied: 1, refused: [{ key: 1, reason: expect.stringContaining("/best") as string }], oldDatabase: "kept" });
  });
});

test("the third version of a record is newer than the second", async () => {
  for (const name of ["first", "second", "third"]) {
    await templates().put({ id: 1, name });
    await migrated(false);
  }
  await device.sync();
  expect(await names()).toEqual(["third"]);
  expect(await migrated(true)).toMatchObject({ copied: 1, oldDatabase: "deleted" });
});

test("every call settles while another tab holds the old database, and what that tab writes is not deleted", async () => {
  await templates().add({ name: "Push day" });
  // Another tab that does not close the database on request.
  old.close();
  const holder = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(OLD);
    request.onsuccess = () => resolve(request.result);
  });
  const inUse = { copied: 1, refused: [], notCopied: [], oldDatabase: "inUse" };
  expect(await migrated(true)).toEqual(inUse);
  expect(await migrated(true)).toEqual(inUse);
  const written = holder.transaction("workoutTemplates", "readwrite").objectStore("workoutTemplates").add({ name: "Written later" });
  await new Promise((resolve) => (written.onsuccess = resolve));
  holder.close();
  await expect.poll(() => migrated(true)).toEqual({ copied: 2, refused: [], notCopied: [], oldDatabase: "deleted" });
  expect(await names()).toEqual(["Push day", "Written later"]);
  expect(await migrated(true)).toEqual({ copied: 2, refused: [], notCopied: [], oldDatabase: "absent" });
});

test("a record that no write could hold is rejected, and the others are copied", async () => {
  const levels = (count: number): unknown => (count === 0 ? 1 : [levels(count - 1)]);
  const unfit = [{ photo: "x".repeat(300_000) }, { more: levels(100) }, { more: levels(500) }, { clientUpdatedAt: 5n }, { more: new Date(NaN) }, { more: [1, undefined] }, { more: new Array(2) }, { isDeleted: 1 }];
  await templates().bulkAdd([{ name: "fits", more: levels(99) }, ...unfit.map((members) => ({ name: "does not fit", ...members }))]);
  const { copied, refused, oldDatabase } = await migrated(true);
  expect({ copied, oldDatabase }).toEqual({ copied: 1, oldDatabase: "kept" });
  expect(refused.map(({ table, key, reason }) => [table, key, reason])).toEqual([
    ["workoutTemplates", 2, expect.stringContaining("bytes of JSON; expected at most") as string],
    ["workoutTemplates", 3, "the record nests deeper than 100 levels"],
    ["workoutTemplates", 4, "the record nests deeper than 100 levels"],
    ["workoutTemplates", 5, "/clientUpdatedAt is a bigint, which JSON cannot represent"],
    ["workoutTemplates", 6, "/more is an invalid date, which JSON cannot represent"],
    ["workoutTemplates", 7, "/more/1 is undefined, which JSON cannot represent in a list"],
    ["workoutTemplates", 8, "/more/0 is undefined, which JSON cannot represent in a list"],
    ["workoutTemplates", 9, "/isDeleted is not a boolean"],
  ]);
});

test("a member `id` that is not the record's key is not lost", async () => {
  const other = new Dexie("Other");
  other.version(1).stores({ workoutTemplates: "uid" });
  await other.table("workoutTemplates").bulkAdd([{ uid: 1, id: "legacy-7", name: "Push day" }, { uid: 2, id: 2, name: "Pull day" }]);
  other.close();
  expect(await migrate(device, { from: "Other", deleteOld: true })).toMatchObject({ copied: 1, refused: [{ key: 1, reason: expect.stringContaining("/id is not the key") as string }], oldDatabase: "kept" });
  await Dexie.delete("Other");
});

test("a record keeps its creation time; one without gets that of the migration", async () => {
  const began = Date.now();
  await templates().bulkAdd([{ name: "dated", clientCreatedAt: 1_577_836_800_000 }, { name: "undated" }]);
  await migrated(true);
  const times = async (): Promise<(readonly [string, number])[]> => (await device.db.workoutTemplates.orderBy("name").toArray()).map(({ name, clientCreatedAt }) => [name, clientCreatedAt]);
  const checked = await times();
  expect(checked).toEqual([["dated", 1_577_836_800_000], ["undated", expect.any(Number)]]);
  expect(checked[1]?.[1]).toBeGreaterThanOrEqual(began);
  await device.signIn();
  await device.sync();
  expect(await times()).toEqual(checked);
  expect([...server.records.values()].map(({ record }) => [record["name"], record["clientCreatedAt"]]).sort()).toEqual(checked);
});

test("of a record with a member that a list cannot hold, a write says which", async () => {
  for (const [more, at] of [[[1, undefined], "/more/1"], [[, 1], "/more/0"], [{ deep: new Date(NaN) }, "/more/deep"]] as const) {
    await expect(device.db.workoutTemplates.add({ name: "Push day", more } as never)).rejects.toMatchObject({ name: "RecordRefused", violations: [{ pointer: at }] });
  }
  const id = await device.db.workoutTemplates.add({ name: "Push day", absent: undefined } as never);
  expect(await device.db.workoutTemplates.get(id)).not.toHaveProperty("absent");
});

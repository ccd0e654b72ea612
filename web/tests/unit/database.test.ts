// Databases of earlier layouts: their content is in the current one.

import { Dexie } from "dexie";
import { describe, expect, test } from "vitest";
import { makeDatabase } from "../../src/database.js";
import { stores } from "./contract.js";
import { MockServer, Device } from "./device.js";
import { newId } from "../../src/id.js";

test("a database from before the tables were renamed keeps its unsent writes and its quarantined changes", async () => {
  const name = newId();
  const server = new MockServer();
  const before = await Device.open(server, name);
  const id = await before.db.workoutTemplates.add({ name: "Push day" });
  await before.host.call("syncNow", []);
  before.close();

  // The same database as the first layout had it: version 1000 is Dexie's 100.
  const rows = await readAll(name);
  await Dexie.delete(name);
  const [unsent, refused] = [newId(), newId()];
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open(name, 1_000);
    request.onupgradeneeded = () => {
      const database = request.result;
      for (const [table, { keyPath, autoIncrement, indexes, values }] of Object.entries(rows)) {
        const old = { _pendingWrites: "_notes", _quarantine: "_aside" }[table] ?? table;
        const store = database.createObjectStore(old, { keyPath, autoIncrement });
        indexes.forEach(({ name, keyPath, multiEntry }) => store.createIndex(name, keyPath, { multiEntry }));
        values.forEach((value) => store.put(value));
      }
      const { transaction } = request;
      transaction?.objectStore("workoutTemplates").put({ id: unsent, name: "Pull day", clientCreatedAt: 1, clientUpdatedAt: 1, isDeleted: false });
      transaction?.objectStore("_notes").put({ key: `workout-templates/${unsent}`, at: 5, shipped: 0 });
      transaction?.objectStore("_notes").put({ key: `workout-templates/${refused}`, shipped: 0, refused: { problem: "too long", at: 6 } });
      const quarantined = { key: `workout-templates/${refused}`, collection: "workout-templates", id: refused, rev: 3, raw: "{}", reason: "unknown", at: 7 };
      transaction?.objectStore("_aside").put(quarantined);
    };
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
    request.onerror = () => reject(new Error(request.error?.message));
  });

  const device = await Device.open(server, name);
  expect(device.status).toMatchObject({ pending: 2, blocked: 1, quarantined: 1 });
  expect(device.db.tables.map((table) => table.name)).not.toContain("_notes");
  await device.signIn();
  await device.sync();
  expect([...server.records.keys()].sort()).toEqual([`workout-templates/${id}`, `workout-templates/${unsent}`].sort());
  device.close();
});

describe("a database to which a newer version of the app has added a table, beside a tab of this version", () => {
  const task = (key: string): object => ({ key, info: "{}", text: JSON.stringify({ id: key, isDeleted: false }), seen: 0, queue: [99, 1], since: 5 });

  /** Adds the table, an edit of its record, and a write that is not an edit yet. */
  async function extend(name: string): Promise<Dexie> {
    const newer = makeDatabase(name, { stores: { ...stores, 2: { tasks: "id" } } });
    await newer.table("_rows").add(task("tasks/one"));
    await newer._pendingWrites.bulkAdd([{ key: "tasks/two", at: 6, shipped: 0 }, { key: "tasks/three", shipped: 0, refused: { problem: "too long", at: 7 } }]);
    return newer;
  }

  test.each(["is opened later", "is already open"])("which %s: what both know is synced, the rest waits and is counted", async (when) => {
    const [name, server] = [newId(), new MockServer()];
    const isOpen = when === "is already open";
    let device = await Device.open(server, name);
    await device.signIn();
    await device.sync();
    if (!isOpen) {
      device.close();
    }
    const newer = await extend(name);
    if (!isOpen) {
      device = await Device.open(server, name);
    }
    await device.db.workoutTemplates.add({ name: "Push day" });
    expect(await device.sync()).toMatchObject({ state: "idle", pending: 2, pendingSince: 5, storageProblem: null, lastError: null });
    expect(server.records.size).toBe(1);
    expect(await device.host.call("blocked", [])).toEqual([]);
    // A full resync does not delete records that this version does not know either.
    server.epoch = "e2";
    expect(await device.sync()).toMatchObject({ state: "idle", pending: 2, toBeDeleted: 0, lastError: null });
    device.close();
    expect(await newer.table("_rows").get("tasks/one")).toEqual(task("tasks/one"));
    expect(await newer.table("_pendingWrites").get("tasks/two")).toMatchObject({ at: 6 });
    newer.close();
  });
});

interface Stored {
  readonly keyPath: string | string[];
  readonly autoIncrement: boolean;
  readonly indexes: readonly { readonly name: string; readonly keyPath: string | string[]; readonly multiEntry: boolean }[];
  readonly values: readonly unknown[];
}

async function readAll(name: string): Promise<Record<string, Stored>> {
  const database = await new Dexie(name).open();
  const stored: Record<string, Stored> = {};
  for (const table of database.tables) {
    const values = await table.toArray();
    const store = database.backendDB().transaction(table.name).objectStore(table.name);
    const indexes = [...store.indexNames].map((index) => store.index(index)).map(({ name, keyPath, multiEntry }) => ({ name, keyPath, multiEntry }));
    stored[table.name] = { keyPath: store.keyPath as string, autoIncrement: store.autoIncrement, indexes, values };
  }
  database.close();
  return stored;
}

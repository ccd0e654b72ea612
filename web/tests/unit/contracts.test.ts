// One database under several contracts: collections and indexes that come and go, and the contract of another app.

import { Dexie } from "dexie";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StoreVersions } from "../../../generated/typescript/runtime/collection.js";
import type { Sync } from "../../src/api.js";
import { HELD_OPEN } from "../../src/database.js";
import { newId } from "../../src/id.js";
import { migrate } from "../../src/migrate.js";
import { createSync } from "../../src/sync.js";
import { namespace, stores } from "./contract.js";
import { Device, MockServer } from "./device.js";

const SERVER = "https://sync.example";
const { "workout-templates": templates, ...others } = (stores as Readonly<Record<number, Readonly<Record<string, string>>>>)[1] ?? {};
let name: string;
let server: MockServer;

beforeEach(() => {
  name = newId();
  server = new MockServer();
});

/** Opens the database under a contract with these stores, and closes it after the job. */
async function under<T>(contract: StoreVersions, job: (device: Device) => Promise<T>): Promise<T> {
  const device = await Device.open(server, name, SERVER, contract);
  try {
    return await job(device);
  } finally {
    device.close();
  }
}

describe.each([
  ["with a renamed collection", { 1: { ...others, "plan-templates": "id, name" } }],
  ["with a renamed collection of a new version", { 1: others, 2: { "plan-templates": "id, name" } }],
  ["with a collection less", { 1: others }],
  ["with an index more, too", { 1: { ...others, "workout-logs": "id, startTime, notes" } }],
])("a contract %s", (_, changed: StoreVersions) => {
  test("keeps the records and unsent edits of the one that it does not have, and names them", async () => {
    const kept = await under(stores, async (device) => {
      await device.signIn();
      await device.db.workoutTemplates.add({ name: "synced" });
      await device.sync();
      server.intercept = () => Promise.reject(new Error("offline"));
      await device.db.workoutTemplates.add({ name: "an edit" });
      await device.sync();
      server.intercept = undefined;
      device.host.close();
      await device.db.workoutTemplates.add({ name: "a write" });
      return device.db.workoutTemplates.orderBy("name").toArray();
    });
    await under(changed, async (device) => {
      await device.db.userBodyweightLogs.add({ date: 1, weightKg: 80 });
      expect(await device.sync()).toMatchObject({ state: "idle", pending: 2, unknownCollections: { "workout-templates": 2 }, lastError: null });
      expect([...server.records.values()].map(({ collection }) => collection)).toEqual(["workout-templates", "user-bodyweight-logs"]);
    });
    await under(stores, async (device) => {
      expect(await device.db.workoutTemplates.orderBy("name").toArray()).toMatchObject(kept.map(({ id, name }) => ({ id, name })));
      expect(await device.sync()).toMatchObject({ state: "idle", pending: 0, unknownCollections: {} });
      expect([...server.records.values()].map(({ record }) => record["name"]).sort()).toEqual(["a write", "an edit", "synced", undefined]);
    });
  });
});

test("records that are missing in the app's tables are put back at the next start", async () => {
  await under(stores, async (device) => {
    await device.signIn();
    await device.db.workoutTemplates.bulkAdd([{ name: "one" }, { name: "two" }, { name: "deleted" }]);
    await device.db.workoutTemplates.where("name").equals("deleted").delete();
    await device.sync();
  });
  // As an earlier version of this package left it.
  const raw = await new Dexie(name).open();
  await raw.table("workoutTemplates").clear();
  await raw.table("_device").delete("repaired");
  raw.close();
  await under(stores, async ({ db }) => expect((await db.workoutTemplates.orderBy("name").toArray()).map(({ name }) => name)).toEqual(["one", "two"]));
});

describe("in a page", () => {
  let sync: Sync | undefined;

  beforeEach(() => {
    const request = (lock: string, job: () => unknown): unknown => (lock.includes(":migrate:") ? job() : new Promise(() => undefined));
    vi.stubGlobal("navigator", { locks: { request } });
    vi.stubGlobal("Worker", class {
      postMessage(): void {}
      terminate(): void {}
    });
  });

  afterEach(async () => {
    await sync?.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** A page of an app whose contract has other stores. */
  const page = (contract: StoreVersions, of = namespace): Sync => {
    sync = createSync<object>({ baseUrl: SERVER, name, contract: { namespace: of, collections: [], stores: contract, data: {} } }) as unknown as Sync;
    return sync;
  };

  test("an index more is no newer version of the app, however often the page is loaded", async () => {
    await under(stores, ({ db }) => db.workoutTemplates.add({ name: "Push day", notes: "bench" }));
    for (let loads = 0; loads < 3; loads += 1) {
      const { db, status, close } = page({ 1: { ...others, "workout-templates": `${templates}, notes` } });
      expect(await db.workoutTemplates.where("notes").equals("bench").count()).toBe(1);
      expect(status.getSnapshot().storageProblem).toBeNull();
      await close.call(sync);
    }
  });

  test("the database of another app's contract is refused, and stays as it is", async () => {
    await under(stores, ({ db }) => db.workoutTemplates.add({ name: "Push day" }));
    const other = page({ 1: { plants: "id" } }, newId());
    const refusal = `the database "${name}" belongs to another contract; give createSync another \`name\``;
    await expect(other.db.table("plants").add({ id: newId() })).rejects.toThrow(refusal);
    await expect.poll(() => other.status.getSnapshot().storageProblem).toBe(`cannot open the local database: ${refusal}`);
    await expect(other.syncNow()).rejects.toThrow(`cannot call syncNow: ${refusal}`);
    await expect(other.pause()).rejects.toThrow(`cannot call pause: ${refusal}`);
    await expect(migrate(other, { from: "old" })).rejects.toThrow(refusal);
    await expect(Device.open(server, name, SERVER, { 1: {} })).resolves.toMatchObject({ status: { pending: 1 } });
  });

  /** Every call of the public API: the type lists them. */
  type Call = { [Name in keyof Sync]: Sync[Name] extends (...given: never[]) => Promise<unknown> ? Name : never }[keyof Sync];
  const given: Readonly<Record<Exclude<Call, "close">, readonly unknown[]>> = {
    signUp: [{ email: "ana@example.com", password: "correct horse battery staple" }],
    signIn: [{ email: "ana@example.com", password: "correct horse battery staple" }],
    signOut: [],
    devices: [],
    renameDevice: [newId(), "phone"],
    revokeDevice: [newId()],
    makeRecoveryCode: ["correct horse battery staple"],
    recover: [{ email: "ana@example.com", recoveryCode: "AAAA-BBBB-CCCC-DDDD", newPassword: "correct horse battery staple" }],
    enable: [],
    disable: [],
    syncNow: [],
    pause: [],
    resume: [],
    confirmDeletions: [],
    blocked: [],
    retry: ["workout-templates", newId()],
    discard: ["workout-templates", newId()],
    quarantine: [],
    conflicts: [],
    restore: [1],
  };

  test("every call is rejected while another tab holds the database open", async () => {
    const holder = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open(name, 10);
      request.onsuccess = () => resolve(request.result);
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval", "performance"] });
    const held = page(stores);
    const calls = Object.entries(given).map(async ([call, values]) => [call, await (held[call as Call] as (...given: unknown[]) => Promise<unknown>)(...values).catch(String)]);
    const migrating = migrate(held, { from: "old" }).catch(String);
    await vi.advanceTimersByTimeAsync(30_000);
    const answers = Object.fromEntries(await Promise.all(calls)) as Record<string, unknown>;
    expect(Object.keys(answers).filter((call) => !String(answers[call]).startsWith(`Error: cannot call ${call}: `))).toEqual([]);
    expect([answers["pause"], answers["resume"], await migrating].map(String)).toEqual(Array(3).fill(expect.stringContaining(HELD_OPEN)));
    expect(held.status.getSnapshot().storageProblem).toBe(HELD_OPEN);
    holder.close();
  });
});

// The conformance scenarios of stores, and the migration, on the browser's own IndexedDB.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser } from "playwright-core";
import file from "../../../tests/scenarios/stores.json";
import { Gate, launch, Tab } from "./stage.js";

const gate = new Gate({ port: 9 });
let browser: Browser;
let tab: Tab;

beforeAll(async () => {
  browser = await launch();
  const url = await gate.open();
  tab = await Tab.open(await browser.newContext(), url);
});

afterAll(async () => {
  await browser.close();
  gate.close();
});

test.each(file.scenarios)("$name", async (scenario) => {
  const problems = await tab.page.evaluate(
    (scenario) => (window as unknown as { scenario(scenario: object): Promise<string[]> }).scenario(scenario),
    scenario as object,
  );
  expect(problems).toEqual([]);
});

test("a database from before is copied, and deleted once the copy is verified", async () => {
  const found = await tab.page.evaluate(async () => {
    const { Dexie, migrate, sync } = window as unknown as Pick<typeof import("./page/main.js"), "Dexie" | "migrate" | "sync">;
    const old = new Dexie("StrongLogDB");
    old.version(1).stores({ exerciseDefinitions: "++id, &name", workoutLogs: "++id", loggedSets: "++id, workoutLogId" });
    await old.table("exerciseDefinitions").add({ name: "Squat", isCustom: true });
    const workoutLogId = crypto.randomUUID();
    await old.table("workoutLogs").add({ id: workoutLogId, startTime: 1, endTime: 2, durationMs: 1 });
    const sets = Array.from({ length: 500 }, (_, orderInWorkout) => {
      const exercise = { exerciseDefinitionId: 1, orderInWorkout, orderInExercise: 0 };
      return { workoutLogId, ...exercise, setType: "standard", loggedWeightKg: 100, loggedReps: 5 };
    });
    await old.table("loggedSets").bulkAdd(sets);
    old.close();
    const migrated = await migrate(sync, { from: "StrongLogDB", deleteOld: true });
    const exercise = await sync.db.exerciseDefinitions.where("name").equals("Squat").first();
    const pointing = await sync.db.loggedSets.where("exerciseDefinitionId").equals(exercise?.id ?? "").count();
    return { migrated, pointing, isOldThere: await Dexie.exists("StrongLogDB") };
  });
  expect(found).toEqual({ migrated: { copied: 502, refused: [], notCopied: [], oldDatabase: "deleted" }, pointing: 500, isOldThere: false });
  await tab.until((status) => status.pending === 502);
});

test("an old database that another connection holds open is deleted when that is closed, and nobody waits for it", async () => {
  const found = await tab.page.evaluate(async () => {
    const { Dexie, migrate, sync } = window as unknown as Pick<typeof import("./page/main.js"), "Dexie" | "migrate" | "sync">;
    const holder = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open("HeldOpen", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("workoutTemplates", { autoIncrement: true }).add({ name: "Push day" });
      request.onsuccess = () => resolve(request.result);
    });
    const { oldDatabase } = await migrate(sync, { from: "HeldOpen", deleteOld: true });
    holder.close();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { oldDatabase, isThere: await Dexie.exists("HeldOpen") };
  });
  expect(found).toEqual({ oldDatabase: "inUse", isThere: false });
});

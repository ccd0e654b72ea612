// The arguments that a page may pass to createSync and to its calls: invalid ones are reported before anything is opened or sent.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Sync } from "../../src/api.js";
import { makeDatabase } from "../../src/database.js";
import { newId } from "../../src/id.js";
import { startupProblem } from "../../src/startup.js";
import { createSync } from "../../src/sync.js";
import { stores } from "./contract.js";

/** A worker that never answers. */
class SilentWorker {
  postMessage(): void {}
  terminate(): void {}
}

beforeEach(() => {
  vi.stubGlobal("navigator", { locks: { request: () => new Promise(() => undefined) } });
  vi.stubGlobal("Worker", SilentWorker);
});

afterEach(() => vi.unstubAllGlobals());

test("outside a browser, for example when a server renders the page, createSync opens nothing and says why", () => {
  vi.stubGlobal("navigator", undefined);
  const opened = vi.fn();
  vi.stubGlobal("BroadcastChannel", opened);
  expect(() => createSync({ baseUrl: "https://sync.example" })).toThrow("createSync needs a browser: call it on the client only");
  expect(opened).not.toHaveBeenCalled();
});

test("a page whose database a newer version of the app has changed says that it must be reloaded", async () => {
  const name = newId();
  const sync: Sync = createSync({ baseUrl: "https://sync.example", name });
  await sync.db.workoutTemplates.add({ name: "Push day" });
  expect(sync.status.getSnapshot().storageProblem).toBeNull();
  const newer = makeDatabase(name, { stores: { ...stores, 2: { tasks: "id" } } });
  await newer.open();
  await expect.poll(() => sync.status.getSnapshot()).toMatchObject({ pending: 1, storageProblem: expect.stringContaining("reload this page") as string });
  await sync.db.workoutTemplates.add({ name: "Pull day" });
  expect(await newer.table("workoutTemplates").count()).toBe(2);
  newer.close();
  await sync.close();
});

test("a page lets others delete its database, and does not create it again by itself", async () => {
  const name = newId();
  const sync: Sync = createSync({ baseUrl: "https://sync.example", name });
  await sync.db.workoutTemplates.add({ name: "Push day" });
  await new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase(name), { onsuccess: resolve, onblocked: reject }));
  expect((await indexedDB.databases()).map((database) => database.name)).not.toContain(name);
  await sync.close();
});

test.each([
  ["TypeError: Failed to fetch", "connect-src 'self'"],
  ["Failed to fetch. Refused to connect because it violates the document's Content Security Policy.", "connect-src 'self'"],
  ["Refused to compile WebAssembly because 'unsafe-eval' is not allowed by the Content Security Policy", "'wasm-unsafe-eval' to its script-src"],
  ["the database \"app\" belongs to another contract; give createSync another `name`", "another `name`"],
])("the engine does not start because of %s: the problem says %s", (seen, remedy) => {
  expect(startupProblem(new Error(seen))).toMatch(new RegExp(`^cannot start sync: .*${remedy}[^;]*(; loading is retried automatically)?$`));
});

test("browsers without the newest functions of JavaScript read and write", async () => {
  const newest = [[URL, "parse"], [String.prototype, "isWellFormed"], [String.prototype, "toWellFormed"]] as const;
  const before = newest.map(([owner, name]) => [owner, name, Object.getOwnPropertyDescriptor(owner, name)] as const);
  newest.forEach(([owner, name]) => Reflect.deleteProperty(owner, name));
  const sync: Sync = createSync({ baseUrl: "https://sync.example", name: newId() });
  expect(await sync.db.workoutTemplates.add({ name: "Push day" })).toMatch(/^[\da-f-]{36}$/);
  expect(() => createSync({ baseUrl: "https://" })).toThrow("it is not a URL");
  await sync.close();
  before.forEach(([owner, name, descriptor]) => descriptor && Object.defineProperty(owner, name, descriptor));
});

test("a call whose arguments violate the contract says what was wrong with them", async () => {
  const sync: Sync = createSync({ baseUrl: "https://sync.example", name: newId() });
  const calls: readonly (readonly [call: () => Promise<unknown>, error: string])[] = [
    [() => sync.signUp({ email: "ana@example.com", password: "short" }), "cannot create the account: /password "],
    [() => sync.signIn({ email: "ana@example.com", password: null } as never), "cannot sign in: /password is null; expected string"],
    [() => sync.signIn(undefined as never), "cannot sign in: the argument is missing"],
    [() => sync.recover({ email: "ana@example.com", recoveryCode: "x", newPassword: "short" }), "cannot set a new password: /"],
    [() => sync.renameDevice(newId(), ""), "cannot rename the device: /name "],
    [() => sync.confirmDeletions("nope" as never), 'cannot confirm the deletions with "nope"; expected "delete" or "pushAgain"'],
    [() => sync.restore(undefined as never), "cannot restore a past version: the number is undefined; expected a whole number"],
    [() => sync.conflicts(1e12), "cannot list conflicts: the limit is 1000000000000; expected a whole number from 1 to 4294967295"],
  ];
  for (const [call, error] of calls) {
    await expect(call()).rejects.toThrow(error);
  }
  await sync.close();
});

// Failures in a browser: several tabs, tabs that crash or freeze, an unreachable server, expired tokens, and rejected records.

import type { BrowserContext, Page } from "playwright-core";
import { expect, test } from "vitest";
import { Play } from "./play.js";
import { problem, seed, Tab } from "./stage.js";

const play = new Play("faults");

const weigh = (tab: Tab, weightKg: number): Promise<string> =>
  tab.page.evaluate((weightKg) => window.sync.db.userBodyweightLogs.add({ date: Date.now(), weightKg }), weightKg);

const count = (tab: Tab): Promise<number> => tab.page.evaluate(() => window.sync.db.userBodyweightLogs.count());

test("of two tabs one leads, both sync, and the other takes over when it is closed", async () => {
  const context = await play.profile();
  const [one, other] = [await Tab.open(context, play.url), await Tab.open(context, play.url)];
  await one.signUp(play.account());
  const leaders = async (): Promise<boolean[]> => [(await one.status()).leader, (await other.until((status) => status.account !== null)).leader];
  expect((await leaders()).filter(Boolean)).toHaveLength(1);
  const [leader, follower] = (await one.status()).leader ? [one, other] : [other, one];

  await weigh(follower, 77);
  await leader.page.getByText("77 kg").waitFor();
  await follower.until((status) => status.pending === 0 && status.lastSuccessfulClientPushTimestamp !== null);

  const began = Date.now();
  await leader.page.close();
  await follower.until((status) => status.leader);
  expect(Date.now() - began).toBeLessThan(5_000);
  await weigh(follower, 78);
  expect(await follower.sync()).toMatchObject({ pending: 0, state: "idle", lastError: null });
});

/** Runs `script` in every worker of the profile before the worker's own code. */
async function beforeWorkers(context: BrowserContext, script: () => void): Promise<void> {
  await context.route(/worker.*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `(${script.toString()})();\n${await response.text()}` });
  });
}

/**
 * A profile whose workers can be frozen between two transactions. Chrome does not keep a page frozen while its transaction blocks another
 * page's.
 */
async function freezable(context: BrowserContext): Promise<BrowserContext> {
  await beforeWorkers(context, () => {
    const { transaction } = IDBDatabase.prototype;
    let open = 0;
    IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...given: Parameters<IDBDatabase["transaction"]>) {
      const opened = transaction.apply(this, given);
      open += 1;
      ["complete", "abort"].forEach((end) => opened.addEventListener(end, () => (open -= 1)));
      return opened;
    };
    const freeze = async (ms: number): Promise<void> => {
      while (open > 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      console.log("frozen");
      for (const end = Date.now() + ms; Date.now() < end; );
    };
    Object.assign(self, { freeze });
  });
  return context;
}

/** Freezes the worker of a page. Returns once it is frozen; `thawed` resolves when it is no longer. */
async function freeze(page: Page, ms: number): Promise<{ readonly thawed: Promise<void> }> {
  const [worker] = page.workers();
  if (worker === undefined) {
    throw new Error("the page has no worker to freeze");
  }
  const frozen = page.waitForEvent("console", (message) => message.text() === "frozen");
  const run = worker.evaluate((ms) => (self as unknown as { freeze(ms: number): Promise<void> }).freeze(ms), ms);
  // The page ends a worker that hangs for too long, and with it the call.
  const thawed = run.catch(() => undefined);
  await frozen;
  return { thawed };
}

test("a leader that freezes is replaced within five seconds, and writes nothing when it wakes up", async () => {
  const context = await freezable(await play.profile());
  const leader = await Tab.open(context, play.url);
  await leader.until((status) => status.leader);
  const follower = await Tab.open(context, play.url);
  await leader.signUp(play.account());
  await follower.until((status) => status.account !== null);
  const { thawed } = await freeze(leader.page, 8_000);
  const began = Date.now();
  await weigh(follower, 66);
  await follower.until((status) => status.leader && status.pending === 0);
  expect(Date.now() - began).toBeLessThan(5_000);
  await thawed;
  await follower.page.waitForTimeout(1_500);
  expect(await leader.status()).toMatchObject({ leader: false, pending: 0 });
  await weigh(leader, 67);
  expect(await leader.sync()).toMatchObject({ leader: false, pending: 0, state: "idle" });
  expect(await count(follower)).toBe(2);
});

test("a tab of a newer version of the app takes the lead from one that stays open, and keeps it", async () => {
  const context = await play.profile();
  await beforeWorkers(context, () => {
    const { postMessage } = BroadcastChannel.prototype;
    BroadcastChannel.prototype.postMessage = function (message: { readonly say: string }) {
      postMessage.call(this, message.say === "leading" ? { ...message, version: "100:1.0" } : message);
    };
  });
  const older = await Tab.open(context, play.url);
  await older.signUp(play.account());
  await context.unrouteAll();
  const newer = await Tab.open(context, play.url);
  await newer.until((status) => status.leader);
  await weigh(older, 71);
  expect(await older.sync()).toMatchObject({ leader: false, pending: 0, state: "idle", lastError: null });
  await older.page.waitForTimeout(2_500);
  expect((await newer.status()).leader).toBe(true);
});

test("an open tab leads after the files of its version were replaced", async () => {
  const context = await play.profile();
  const leader = await Tab.open(context, play.url);
  await leader.signUp(play.account());
  const follower = await Tab.open(context, play.url);
  await follower.until((status) => status.account !== null);
  await expect.poll(() => follower.page.workers()[0]?.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith(".wasm")))).toBe(true);
  play.gate.statusOf = (path) => (path.endsWith(".wasm") ? 404 : undefined);
  await leader.page.close();
  await follower.until((status) => status.leader);
  await weigh(follower, 72);
  expect(await follower.sync()).toMatchObject({ pending: 0, state: "idle", lastError: null });
});

test("a page that is left and comes back goes on", async () => {
  const context = await play.profile();
  const tab = await Tab.open(context, play.url);
  await tab.signUp(play.account());
  await tab.page.goto("about:blank");
  await tab.page.goBack();
  await tab.page.waitForFunction(() => window.sync !== undefined);
  await weigh(tab, 55);
  await tab.until((status) => status.pending === 0 && status.lastSuccessfulClientPushTimestamp !== null);
});

test("a reload in the middle of a pull loses nothing and doubles nothing", async () => {
  const email = play.account();
  await seed(play.server.port, email, 4_000);
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.page.evaluate((email) => window.sync.signIn({ email, password: "correct horse battery staple" }), email);
  await tab.page.waitForFunction(async () => (await window.sync.db.userBodyweightLogs.count()) > 0);
  await tab.page.reload();
  await tab.page.waitForFunction(() => window.sync !== undefined);
  await tab.until((status) => status.account !== null && status.state === "idle" && status.lastSuccessfulServerSyncTimestamp !== null);
  expect(await count(tab)).toBe(4_000);
  expect(await tab.status()).toMatchObject({ pending: 0, quarantined: 0, lastError: null });
});

test("a server that is killed and comes back", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await play.server.kill();
  await weigh(tab, 90);
  await tab.until((status) => status.pending === 1 && status.lastError !== null);
  await play.server.start();
  await tab.until((status) => status.pending === 0 && status.state === "idle" && status.lastError === null, 30_000);
});

test("a token that has run out is refreshed once, and nobody notices", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  let refused = 0;
  play.gate.intercept = (path, _, response) => path === "/api/v1/changes/batch" && refused === 0 && ++refused > 0 && problem(response, 401, "token_expired");
  await weigh(tab, 91);
  expect(await tab.sync()).toMatchObject({ pending: 0, state: "idle", lastError: null });
  expect(refused).toBe(1);
  expect(play.gate.seen.filter(({ path }) => path === "/api/v1/auth/refresh")).toHaveLength(1);
});

test("tokens that are revoked: the user is asked to sign in, and what was written waits", async () => {
  const email = play.account();
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(email);
  play.gate.intercept = (path, _, response) => path.startsWith("/api/v1/") && problem(response, 401, "token_revoked");
  await weigh(tab, 92);
  await tab.until((status) => status.state === "needsAuth" && status.pending === 1);
  play.gate.intercept = undefined;
  await tab.signIn(email);
  await tab.until((status) => status.state === "idle" && status.pending === 0);
});

test("a record that the server does not take is shown as blocked, and the rest goes on", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await tab.page.evaluate(() => window.sync.pause());
  const poison = await weigh(tab, 13);
  play.gate.intercept = (path, body, response) => path.endsWith("/batch") && body.includes(poison) && problem(response, 413, "payload_too_large");
  await tab.page.evaluate(() => window.sync.db.workoutTemplates.bulkAdd(["a", "b", "c"].map((name) => ({ name }))));
  await tab.until((status) => status.pending === 4);
  await tab.page.evaluate(() => window.sync.resume());
  const status = await tab.until((status) => status.pending === 0);
  expect(status).toMatchObject({ blocked: 1 });
  expect(await tab.page.evaluate(() => window.sync.blocked())).toMatchObject([
    { collection: "user-bodyweight-logs", id: poison, code: "record_too_large", record: { weightKg: 13 } },
  ]);
  play.gate.intercept = undefined;
  await tab.page.evaluate((id) => window.sync.retry("user-bodyweight-logs", id), poison);
  expect(await tab.sync()).toMatchObject({ pending: 0, blocked: 0 });
});

test("switched off, nothing is sent; switched on, everything is", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await tab.page.evaluate(() => window.sync.disable());
  await weigh(tab, 44);
  await tab.until((status) => status.state === "off" && status.pending === 1);
  const sent = play.gate.seen.length;
  await tab.page.reload();
  await tab.page.waitForFunction(() => window.sync !== undefined);
  await tab.until((status) => status.pending === 1);
  expect(play.gate.seen.length).toBe(sent);
  await tab.page.evaluate(() => window.sync.enable());
  await tab.until((status) => status.state === "idle" && status.pending === 0);
});

test("a second account never sees the first one's data", async () => {
  const context = await play.profile();
  const tab = await Tab.open(context, play.url);
  await tab.signUp(play.account());
  await weigh(tab, 88);
  await tab.sync();
  await tab.page.evaluate(() => window.sync.signOut());
  const secret = await weigh(tab, 89);
  const second = play.account();
  const refused = tab.page.evaluate((email) => window.sync.signUp({ email, password: "correct horse battery staple" }), second);
  await expect(refused).rejects.toThrow("belongs to the account that signed in first");
  const other = await Tab.open(context, `${play.url}/?name=second`);
  expect(play.gate.seen.filter(({ path, body }) => path.endsWith("/register") && body.includes(second)), "nothing was created").toEqual([]);
  await other.signUp(second);
  await weigh(other, 21);
  expect(await other.sync()).toMatchObject({ pending: 0, state: "idle" });
  expect(await other.shown()).toEqual(["21 kg"]);
  expect(play.gate.seen.some(({ body }) => body.includes(secret))).toBe(false);
  expect(await tab.status()).toMatchObject({ state: "off", pending: 1, account: null });
});

test("storage that is full is reported, and sync goes on once there is room", async () => {
  const email = play.account();
  await seed(play.server.port, email, 1_500);
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.until((status) => status.leader);
  const worker = tab.page.workers()[0];
  await worker?.evaluate(() => {
    const { put } = IDBObjectStore.prototype;
    const full = (): never => {
      throw new DOMException("no room", "QuotaExceededError");
    };
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
      return this.name === "_rows" ? full() : put.call(this, value, key);
    };
    Object.assign(self, { makeRoom: () => Object.assign(IDBObjectStore.prototype, { put }) });
  });
  await tab.page.evaluate((email) => window.sync.signIn({ email, password: "correct horse battery staple" }), email);
  // The status shows the next attempt only between two attempts.
  const full = await tab.until((status) => status.storageProblem !== null && status.nextAttemptInMs !== null);
  expect(full.storageProblem).toContain("storage is full");
  expect(full.lastError).toContain("storage is full");
  expect(await count(tab)).toBe(0);
  await worker?.evaluate(() => (self as unknown as { makeRoom(): void }).makeRoom());
  await tab.sync();
  expect(await tab.status()).toMatchObject({ storageProblem: null, lastError: null, state: "idle" });
  expect(await count(tab)).toBe(1_500);
});

/** The result of a page's call, or that it has none within 15 seconds. */
const outcome = (tab: Tab, method: "signUp" | "syncNow" | "conflicts"): Promise<string> =>
  tab.page.evaluate(async (method) => {
    const credentials = { email: "nobody@example.com", password: "correct horse battery staple" };
    const call: Promise<unknown> = method === "signUp" ? window.sync.signUp(credentials) : window.sync[method]();
    const ended = call.then(() => "resolved", (error: Error) => error.message);
    return Promise.race([ended, new Promise<string>((resolve) => setTimeout(() => resolve("hangs"), 15_000))]);
  }, method);

const refusals: readonly (readonly [name: string, headers: Record<string, string>, status: number, remedy: string])[] = [
  ["is not served", {}, 403, "reload the page, if the app was updated; otherwise serve engine_bg.wasm next to the worker"],
  ["is forbidden by the content security policy", { "Content-Security-Policy": "script-src 'self'" }, 200, "add 'wasm-unsafe-eval'"],
];

test.each(refusals)("an engine that %s: sync says why, calls end, and the app goes on", async (_, headers, status, remedy) => {
  const pages = play.gate;
  pages.headers = headers;
  pages.statusOf = (path) => (path.endsWith(".wasm") ? status : undefined);
  const tab = await Tab.open(await play.profile(), play.url);
  await weigh(tab, 61);
  const unavailable = await tab.until((found) => found.state === "unavailable" && found.pending === 1);
  expect(unavailable.lastError).toContain(remedy);
  expect(unavailable.leader).toBe(false);
  expect(await outcome(tab, "signUp")).toContain(remedy);
  await weigh(tab, 62);
  expect(await tab.until((found) => found.pending === 2)).toMatchObject({ state: "unavailable" });
  expect(await count(tab)).toBe(2);

  // Once repaired, it starts without help.
  pages.headers = {};
  pages.statusOf = undefined;
  if (status !== 200) {
    expect(await tab.until((found) => found.state === "off", 40_000)).toMatchObject({ pending: 2, lastError: null });
  }
});

test("a worker that is not served: sync says why, and calls end", async () => {
  play.gate.statusOf = (path) => (/worker.*\.js$/.test(path) ? 404 : undefined);
  const tab = await Tab.open(await play.profile(), play.url);
  await weigh(tab, 61);
  expect((await tab.until((found) => found.state === "unavailable" && found.pending === 1)).lastError).toContain("cannot run the sync worker");
  expect(await outcome(tab, "syncNow")).toContain("cannot run the sync worker");
});

test("a worker that ends is started again, and nothing waits for the old one", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await tab.page.workers()[0]?.evaluate(() => self.close());
  await tab.until((status) => status.state !== "idle");
  const ended = await outcome(tab, "syncNow");
  expect(ended === "resolved" || ended.includes("has ended")).toBe(true);
  await weigh(tab, 63);
  expect(await tab.until((status) => status.state === "idle" && status.pending === 0)).toMatchObject({ leader: true, lastError: null });
});

test("a worker that hangs holds up no call for ever, and is started again", async () => {
  const tab = await Tab.open(await freezable(await play.profile()), play.url);
  await tab.until((status) => status.leader);
  await freeze(tab.page, Infinity);
  await weigh(tab, 64);
  expect(await outcome(tab, "conflicts")).toContain("does not respond");
  expect(await tab.status()).toMatchObject({ leader: false, pending: 1 });
  await tab.until((status) => status.leader && status.state === "off" && status.pending === 1 && status.lastError === null);
});

test("a worker that hangs in a transaction does not hold up for ever what the app writes", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  const hangs = tab.page.waitForEvent("console", (message) => message.text() === "hangs");
  await tab.page.workers()[0]?.evaluate(() => {
    indexedDB.open("stronglog").onsuccess = ({ target }) => {
      const store = (target as IDBOpenDBRequest).result.transaction("userBodyweightLogs", "readwrite").objectStore("userBodyweightLogs");
      store.count().onsuccess = () => {
        console.log("hangs");
        for (;;);
      };
    };
  });
  await hangs;
  const began = Date.now();
  await weigh(tab, 64);
  expect(Date.now() - began).toBeGreaterThan(5_000);
  expect(await tab.until((status) => status.state === "idle" && status.pending === 0)).toMatchObject({ leader: true, lastError: null });
  expect(await count(tab)).toBe(1);
});

test("a browser without IndexedDB: sync says so, and calls end", async () => {
  const context = await play.profile();
  await context.addInitScript(() => Object.defineProperty(self, "indexedDB", { value: undefined }));
  await beforeWorkers(context, () => Object.defineProperty(self, "indexedDB", { value: undefined }));
  const tab = await Tab.open(context, play.url);
  const status = await tab.until((found) => found.state === "unavailable");
  expect(status.lastError).toContain("let the site store data");
  expect(status.storageProblem).toContain("cannot open the local database");
  expect(await outcome(tab, "signUp")).toContain("let the site store data");
});

test("a database that an older tab holds open: sync says so, calls end, and it goes on once that tab is closed", async () => {
  const context = await play.profile();
  const older = await Tab.open(context, play.url);
  await older.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const request = indexedDB.open("held", 1);
        request.onsuccess = () => resolve();
      }),
  );
  const tab = await Tab.open(context, `${play.url}/?name=held`);
  const status = await tab.until((found) => found.state === "unavailable");
  expect(status.lastError).toContain("reload that tab or close it");
  expect(status.storageProblem).toContain("reload that tab or close it");
  expect(await outcome(tab, "syncNow")).toContain("reload that tab or close it");
  await older.page.close();
  expect(await tab.until((found) => found.state === "off", 40_000)).toMatchObject({ lastError: null, storageProblem: null });
});

test("a database that is deleted while it is open: sync says so, and the app goes on", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await weigh(tab, 65);
  await tab.page.evaluate(
    () => new Promise((resolve) => Object.assign(indexedDB.deleteDatabase("stronglog"), { onsuccess: resolve, onerror: resolve })),
  );
  const status = await tab.until((found) => found.account === null && found.state === "off");
  expect(status.storageProblem).toContain("storage was cleared");
  await weigh(tab, 66);
  await tab.until((found) => found.pending === 1);
  expect(await outcome(tab, "syncNow")).toBe("resolved");
  await tab.signUp(play.account());
  expect(await tab.status()).toMatchObject({ storageProblem: null, pending: 0 });
});

test("a server that dies is noticed at once, not at the next poll", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await tab.until((status) => status.state === "idle");
  await expect.poll(() => play.gate.seen.some(({ path }) => path.endsWith("/changes/stream"))).toBe(true);
  await tab.page.waitForTimeout(300);
  await play.server.kill();
  await tab.until((status) => status.state === "offline", 3_000);
  await play.server.start();
  await tab.until((status) => status.state === "idle" && status.lastError === null, 30_000);
});

test("a write is pending from the moment it is made, and one that changes nothing is not pending for ever", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await tab.until((status) => status.state === "idle" && status.pending === 0);
  const pending = await tab.page.evaluate(async () => {
    const { db, status } = window.sync;
    const id = await db.userBodyweightLogs.add({ date: 1, weightKg: 70 });
    const { pending } = status.getSnapshot();
    await db.userBodyweightLogs.delete(id);
    await db.userBodyweightLogs.delete(crypto.randomUUID());
    return pending;
  });
  expect(pending).toBe(1);
  await tab.until((status) => status.state === "idle" && status.pending === 0);
});

test("a pause lasts across a reload", async () => {
  const tab = await Tab.open(await play.profile(), play.url);
  await tab.signUp(play.account());
  await tab.page.evaluate(() => window.sync.pause());
  await weigh(tab, 67);
  await tab.page.reload();
  await tab.page.waitForFunction(() => window.sync !== undefined);
  const sent = play.gate.seen.length;
  await tab.until((status) => status.state === "paused" && status.pending === 1);
  expect(play.gate.seen.slice(sent)).toEqual([]);
  await tab.page.evaluate(() => window.sync.resume());
  await tab.until((status) => status.state === "idle" && status.pending === 0);
});

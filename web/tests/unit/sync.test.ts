// The story's integration tests: the engine over an in-memory Dexie, with a mocked way to the server.

import { Dexie } from "dexie";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deterministicId, namespace } from "./contract.js";
import { ACCOUNT, Device, MockServer, json, tokensOf } from "./device.js";
import { newId } from "../../src/id.js";
import { platformOf } from "../../src/platform.js";
import { retryAfterMs } from "../../src/transport.js";

const OTHER = "01890000-0000-7000-8000-000000000002";

let server: MockServer;
let device: Device;

beforeEach(async () => {
  server = new MockServer();
  device = await Device.open(server);
});

afterEach(() => device.close());

const remote = (id: string, extra: object): Record<string, unknown> => ({
  id,
  clientCreatedAt: 1_000,
  clientUpdatedAt: 1_000,
  isDeleted: false,
  date: 1_700_000_000_000,
  weightKg: 80,
  ...extra,
});

describe("local changes only", () => {
  test("what was written before and after the sign-in is pushed", async () => {
    const before = await device.db.userBodyweightLogs.add({ date: 1, weightKg: 81 });
    await device.signIn();
    const status = await device.sync();
    expect(server.records.get(`user-bodyweight-logs/${before}`)?.record).toMatchObject({ weightKg: 81, isDeleted: false });
    expect(status).toMatchObject({ state: "idle", pending: 0, blocked: 0 });

    await device.db.userBodyweightLogs.update(before, { weightKg: 82 });
    await device.db.workoutTemplates.add({ name: "Push day" });
    await device.sync();
    expect(server.records.get(`user-bodyweight-logs/${before}`)?.record).toMatchObject({ weightKg: 82 });
    expect([...server.records.keys()].filter((key) => key.startsWith("workout-templates/"))).toHaveLength(1);
  });

  test("a record is completed, and shown with what the server has made of it", async () => {
    await device.signIn();
    const began = Date.now();
    const id = await device.db.workoutTemplates.add({ name: "Legs" });
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7/);
    const written = await device.db.workoutTemplates.get(id);
    expect(written).toMatchObject({ id, name: "Legs", isDeleted: false });
    expect(written?.clientUpdatedAt).toBeGreaterThanOrEqual(began);
    await device.sync();
    expect(await device.db.workoutTemplates.get(id)).toMatchObject({ serverId: expect.any(String) as string, name: "Legs" });
  });

  test("a record is written and deleted by whatever means, and leaves the table at once", async () => {
    await device.signIn();
    const [one, two, three] = [newId(), newId(), newId()];
    await device.db.workoutTemplates.bulkAdd([one, two, three].map((id) => ({ id, name: id })));
    await device.sync();
    await device.db.workoutTemplates.delete(one);
    await device.db.workoutTemplates.update(two, { isDeleted: true } as never);
    expect(await device.db.workoutTemplates.toCollection().primaryKeys()).toEqual([three]);
    await device.db.workoutTemplates.clear();
    expect(await device.db.workoutTemplates.count()).toBe(0);
    expect(await device.sync()).toMatchObject({ pending: 0 });
    const stored = [one, two, three].map((id) => server.records.get(`workout-templates/${id}`)?.record);
    expect(stored.map((record) => [record?.["isDeleted"], record?.["name"]])).toEqual(Array(3).fill([true, undefined]));
    expect(await device.host.call("conflicts", [100])).toMatchObject(Array(3).fill({ why: "deleted" }));
  });

  test("what is deleted before the engine has seen it is kept in the history, as it was last", async () => {
    await device.signIn();
    device.host.close();
    const id = await device.db.workoutTemplates.add({ name: "Push day" });
    await device.db.workoutTemplates.update(id, { name: "Bench day" });
    await device.db.workoutTemplates.delete(id);
    await device.db.workoutTemplates.delete(id);
    const other = await device.db.workoutTemplates.add({ name: "Pull day" });
    await device.db.workoutTemplates.update(other, { isDeleted: true } as never);
    device.close();
    device = await Device.open(server, device.db.name);
    expect(await device.sync()).toMatchObject({ pending: 0 });
    expect(await device.host.call("conflicts", [9])).toMatchObject([
      { why: "deleted", record: { id: other, name: "Pull day" } },
      { why: "deleted", record: { id, name: "Bench day" } },
    ]);
    expect(server.records.size).toBe(0);
  });

  test("a transaction that is undone is not pushed", async () => {
    await device.signIn();
    const undone = device.db.transaction("rw", device.db.workoutTemplates, async () => {
      await device.db.workoutTemplates.add({ name: "no" });
      throw new Error("changed my mind");
    });
    await expect(undone).rejects.toThrow("changed my mind");
    expect(await device.sync()).toMatchObject({ pending: 0 });
    expect(server.requests.filter((request) => request.path.endsWith("/batch"))).toEqual([]);
  });

  test("what the contract refuses is refused at once, and says why", async () => {
    const refused = device.db.userBodyweightLogs.add({ date: 1, weightKg: -3 });
    await expect(refused).rejects.toMatchObject({
      name: "RecordRefused",
      collection: "user-bodyweight-logs",
      violations: [{ pointer: "/weightKg", keyword: "exclusiveMinimum" }],
    });
    expect(await device.db.userBodyweightLogs.count()).toBe(0);
    const settings = { preferredWeightUnit: "kg", theme: "dark", defaultRestTimerSecs: 90 } as const;
    await expect(device.db.userSettings.put({ ...settings, id: newId() })).rejects.toThrow("the one id of this collection");
    expect(await device.db.userSettings.put(settings)).toBe(deterministicId(namespace, "user-settings", "settings"));
    await expect(device.db.workoutTemplates.add({ name: "x", notes: "n".repeat(10_001) })).rejects.toThrow("/notes");
  });

  test("a text that is not Unicode is refused at the write, where the server would refuse it later", async () => {
    const lone = "half a smile \ud83d";
    await expect(device.db.workoutTemplates.add({ name: lone })).rejects.toMatchObject({ violations: [{ pointer: "/name", keyword: "unicode" }] });
    const nested = { name: "Push day", mood: { [lone]: [lone] } };
    await expect(device.db.workoutTemplates.add(nested)).rejects.toMatchObject({ violations: [{ pointer: "/mood" }, { pointer: `/mood/${lone}/0` }] });
    expect(await device.db.workoutTemplates.add({ name: "a whole one \ud83d\ude00" })).toMatch(/^[\da-f-]{36}$/);
  });

  test("a value that JSON cannot hold is refused, and its member is named", async () => {
    const circular: Record<string, unknown> = { name: "Push day" };
    circular["self"] = circular;
    const unfit: readonly (readonly [value: unknown, pointer: string, message: string])[] = [
      [{ name: "Push day", order: NaN }, "/order", "is NaN, which JSON cannot hold"],
      [{ name: "Push day", order: 80n }, "/order", "is a bigint, which JSON cannot hold"],
      [{ name: "Push day", tags: [new Map([["a", 1]])] }, "/tags/0", "is a Map, which JSON cannot hold"],
      [{ name: "Push day", act: () => 1 }, "/act", "is a function, which JSON cannot hold"],
      [circular, "/self", "contains itself"],
      [null, "", "is not an object"],
      [[], "", "is not an object"],
    ];
    for (const [value, pointer, message] of unfit) {
      const refused = { name: "RecordRefused", violations: [{ pointer, keyword: "type", message }] };
      await expect(device.db.workoutTemplates.add(value as never)).rejects.toMatchObject(refused);
    }
    const kept = await device.db.workoutTemplates.add({ name: "Push day", since: new Date(0), left: undefined } as never);
    expect(await device.db.workoutTemplates.get(kept)).toMatchObject({ since: "1970-01-01T00:00:00.000Z" });
  });

  test("a shipped record never beats an edit", async () => {
    const id = deterministicId(namespace, "exercise-definitions", "Squat");
    server.add("exercise-definitions", { ...remote(id, {}), name: "Back squat", isCustom: false });
    const shipped = { id, name: "Squat", isCustom: false, clientUpdatedAt: 0 };
    await device.db.exerciseDefinitions.add(shipped);
    await device.signIn();
    expect(await device.sync()).toMatchObject({ pending: 0 });
    expect(await device.db.exerciseDefinitions.get(id)).toMatchObject({ name: "Back squat" });
    expect(server.records.get(`exercise-definitions/${id}`)?.record).toMatchObject({ name: "Back squat" });
  });

  test("a write that Dexie refuses changes nothing, though others of its request succeed", async () => {
    const id = await device.db.workoutTemplates.add({ name: "Squats" });
    await device.signIn();
    await device.sync();
    const before = await device.db.workoutTemplates.get(id);
    const seeds = [{ id, name: "Squats", notes: "seed" }, { name: "New" }];
    await device.db.workoutTemplates.bulkAdd(seeds).catch(() => undefined);
    await expect.poll(() => device.status?.pending).toBe(1);
    await device.sync();
    expect(await device.db.workoutTemplates.get(id)).toEqual(before);
    expect(await device.db.workoutTemplates.count()).toBe(2);
    await expect(device.db.workoutTemplates.add({ id, name: "Z", isDeleted: true })).rejects.toMatchObject({ name: "ConstraintError" });
    expect(await device.db.workoutTemplates.get(id)).toEqual(before);
  });

  test("a record that the app ships takes the place of no edit and of no deletion that are not sent yet", async () => {
    const [edited, deleted] = ["Squat", "Row"].map((name) => deterministicId(namespace, "exercise-definitions", name)) as [string, string];
    const seed = (id: string): object => ({ id, name: "shipped", isCustom: false, clientUpdatedAt: 0 });
    await device.db.exerciseDefinitions.bulkAdd([seed(edited), seed(deleted)] as never[]);
    await device.signIn();
    await device.sync();
    await device.db.transaction("rw", device.db.exerciseDefinitions, async () => {
      await device.db.exerciseDefinitions.update(edited, { notes: "what the user typed" });
      await device.db.exerciseDefinitions.delete(deleted);
      await device.db.exerciseDefinitions.bulkAdd([seed(edited), seed(deleted)] as never[]).catch(() => undefined);
    });
    expect(await device.db.exerciseDefinitions.get(deleted)).toBeUndefined();
    await device.sync();
    expect(server.records.get(`exercise-definitions/${edited}`)?.record).toMatchObject({ notes: "what the user typed" });
    expect(server.records.get(`exercise-definitions/${deleted}`)?.record).toMatchObject({ isDeleted: true });
  });

  test("of several writes of a record in one request, the last one remains", async () => {
    const [kept, gone] = [newId(), newId()];
    await device.db.workoutTemplates.bulkPut([
      { id: kept, name: "x", isDeleted: true },
      { id: kept, name: "y" },
      { id: gone, name: "x" },
      { id: gone, name: "y", isDeleted: true },
    ]);
    expect(await device.db.workoutTemplates.toArray()).toMatchObject([{ id: kept, name: "y" }]);
  });

  test("the deletion of a key that no record can have is nothing, and stops nothing", async () => {
    await device.signIn();
    await device.sync();
    const upper = newId().toUpperCase();
    for (const key of ["nope", "", "x/y", 5, [1, 2], upper] as string[]) {
      await device.db.workoutTemplates.delete(key);
    }
    await device.db.workoutTemplates.bulkDelete(["new", upper]);
    // As an earlier version has kept it.
    await device.db.table("_pendingWrites").put({ key: "workout-templates/nope", at: 5, shipped: 0 });
    await device.db.workoutTemplates.add({ name: "Push day" });
    expect(await device.sync()).toMatchObject({ state: "idle", pending: 0, storageProblem: null });
    expect(server.records.size).toBe(1);
  });
});

describe("remote changes only", () => {
  test("records arrive, change and disappear", async () => {
    const id = newId();
    server.add("user-bodyweight-logs", remote(id, {}));
    await device.signIn();
    await device.sync();
    expect(await device.db.userBodyweightLogs.toArray()).toMatchObject([{ id, weightKg: 80 }]);
    server.add("user-bodyweight-logs", remote(id, { weightKg: 79, mood: "fine", clientUpdatedAt: 2_000 }), 2);
    await device.sync();
    expect(await device.db.userBodyweightLogs.get(id)).toMatchObject({ weightKg: 79, mood: "fine" });
    server.add("user-bodyweight-logs", { id, clientCreatedAt: 1_000, clientUpdatedAt: 3_000, isDeleted: true }, 3);
    await device.sync();
    expect(await device.db.userBodyweightLogs.count()).toBe(0);
  });

  test("many pages", async () => {
    for (let index = 0; index < 2_500; index += 1) {
      server.add("user-bodyweight-logs", remote(newId(), { date: index }));
    }
    await device.signIn();
    expect(await device.sync()).toMatchObject({ state: "idle", pending: 0 });
    expect(await device.db.userBodyweightLogs.count()).toBe(2_500);
    expect(await device.db.userBodyweightLogs.orderBy("date").last()).toMatchObject({ date: 2_499 });
  });

  test("what this version cannot read is quarantined, and not edited", async () => {
    const id = newId();
    server.add("user-bodyweight-logs", remote(id, { weightKg: "eighty" }));
    await device.signIn();
    expect(await device.sync()).toMatchObject({ quarantined: 1, state: "idle" });
    expect(await device.host.call("quarantine", [])).toMatchObject([{ collection: "user-bodyweight-logs", id }]);
    await expect(device.db.userBodyweightLogs.add({ id, date: 1, weightKg: 80 })).rejects.toThrow("update the app");
  });
});

describe("concurrent changes", () => {
  test("the last write wins, and the loser is in the history", async () => {
    const [mine, theirs] = [newId(), newId()];
    const [first, second] = [server.add("user-bodyweight-logs", remote(mine, {})), server.add("user-bodyweight-logs", remote(theirs, {}))];
    await device.signIn();
    await device.sync();
    await device.db.userBodyweightLogs.bulkPut([
      { ...(remote(mine, { weightKg: 71 }) as { date: number; weightKg: number }) },
      { ...(remote(theirs, { weightKg: 72 }) as { date: number; weightKg: number }) },
    ]);
    const later = Date.now() + 60_000;
    const { collection: _, ...winner } = server.add("user-bodyweight-logs", remote(theirs, { weightKg: 99, clientUpdatedAt: later }), 9);
    server.add("user-bodyweight-logs", remote(mine, { weightKg: 98, clientUpdatedAt: 1_500 }), 8);
    server.judge = ({ record, op }) => (record["id"] === theirs ? { id: theirs, op, outcome: "superseded", winner } : undefined);
    expect(await device.sync()).toMatchObject({ pending: 0, state: "idle" });
    expect([first.rev, second.rev]).toEqual([1, 2]);
    expect(await device.db.userBodyweightLogs.get(theirs)).toMatchObject({ weightKg: 99 });
    expect(await device.db.userBodyweightLogs.get(mine)).toMatchObject({ weightKg: 71 });
    expect(server.records.get(`user-bodyweight-logs/${mine}`)?.record).toMatchObject({ weightKg: 71 });
    const [past] = (await device.host.call("conflicts", [100])) as { number: number; record: object; why: string }[];
    expect(past).toMatchObject({ why: "lost", record: { id: theirs, weightKg: 72 } });

    server.judge = undefined;
    await device.host.call("restore", [past?.number]);
    expect(await device.db.userBodyweightLogs.get(theirs)).toMatchObject({ weightKg: 72 });
    expect(await device.sync()).toMatchObject({ pending: 0 });
    expect(server.records.get(`user-bodyweight-logs/${theirs}`)?.record).toMatchObject({ weightKg: 72 });
    const [replaced] = (await device.host.call("conflicts", [100])) as { record: object; why: string }[];
    expect(replaced).toMatchObject({ why: "lost", record: { id: theirs, weightKg: 99 } });
  });

  test("a stale form overwrites nothing without a trace", async () => {
    const id = newId();
    server.add("user-bodyweight-logs", remote(id, {}));
    await device.signIn();
    await device.sync();
    const form = await device.db.userBodyweightLogs.get(id);
    server.add("user-bodyweight-logs", remote(id, { weightKg: 60, clientUpdatedAt: 1_500 }), 2);
    await device.sync();
    await device.db.userBodyweightLogs.put({ ...form, weightKg: 61 } as { date: number; weightKg: number });
    // What is written over it later does not make it any fresher.
    await device.db.userBodyweightLogs.update(id, { weightKg: 62 });
    await device.sync();
    expect(server.records.get(`user-bodyweight-logs/${id}`)?.record).toMatchObject({ weightKg: 62 });
    expect(await device.host.call("conflicts", [100])).toMatchObject([{ why: "lost", record: { id, weightKg: 60 } }]);
    const push = server.requests.findLast(({ path }) => path.endsWith("/batch"))?.body as { changes: { baseRev?: number }[] };
    expect(push.changes.map(({ baseRev }) => baseRev)).toEqual([undefined]);

    // A form that is up to date replaces what it was made of.
    const fresh = await device.db.userBodyweightLogs.get(id);
    await device.db.userBodyweightLogs.put({ ...fresh, weightKg: 63 } as { date: number; weightKg: number });
    await device.sync();
    expect(await device.host.call("conflicts", [100])).toHaveLength(1);
  });

  test("an edit that nobody has stamped yet is not overwritten by a page", async () => {
    const id = newId();
    server.add("user-bodyweight-logs", remote(id, {}));
    await device.signIn();
    await device.sync();
    server.add("user-bodyweight-logs", remote(id, { weightKg: 60, clientUpdatedAt: 1_500 }), 2);
    const written = device.db.userBodyweightLogs.update(id, { weightKg: 61 });
    await Promise.all([written, device.sync()]);
    await device.sync();
    expect(await device.db.userBodyweightLogs.get(id)).toMatchObject({ weightKg: 61 });
    expect(server.records.get(`user-bodyweight-logs/${id}`)?.record).toMatchObject({ weightKg: 61 });
  });
});

describe("timestamps and refusals", () => {
  test("the two timestamps are set by what has succeeded, for each collection too", async () => {
    await device.signIn();
    const began = Date.now();
    const pulled = await device.sync();
    expect(pulled.lastSuccessfulServerSyncTimestamp).toBeGreaterThanOrEqual(began - 1_000);
    expect(pulled.lastSuccessfulClientPushTimestamp).toBeNull();
    await device.db.workoutTemplates.add({ name: "Pull day" });
    const pushed = await device.sync();
    expect(pushed.lastSuccessfulClientPushTimestamp).toBeGreaterThanOrEqual(began);
    expect(pushed.collections["workout-templates"]?.lastSuccessfulClientPushTimestamp).toBe(pushed.lastSuccessfulClientPushTimestamp);
    expect(pushed.collections["user-goals"]?.lastSuccessfulClientPushTimestamp).toBeNull();
  });

  test("a failure changes no timestamp, and what waits goes on waiting", async () => {
    await device.signIn();
    const before = await device.sync();
    server.intercept = (path) => (path.startsWith("/api/v1/changes") ? new Response("<html>welcome</html>") : undefined);
    await device.db.workoutTemplates.add({ name: "Pull day" });
    const failed = await device.sync();
    expect(failed).toMatchObject({ pending: 1, lastSuccessfulServerSyncTimestamp: before.lastSuccessfulServerSyncTimestamp });
    expect(failed.lastError).toContain("something that is not a sync server");
    expect(failed.nextAttemptInMs).not.toBeNull();
    server.intercept = undefined;
    expect(await device.sync()).toMatchObject({ pending: 0, lastError: null });
  });

  test("a refused record is blocked, can be tried again, and can be given up", async () => {
    await device.signIn();
    await device.sync();
    const [good, bad] = [newId(), newId()];
    const error = { code: "invalid_record", retryable: false, message: "no", errors: [] };
    server.judge = ({ record, op }) => (record["id"] === bad ? { id: bad, op, outcome: "rejected", error } : undefined);
    await device.db.workoutTemplates.bulkAdd([
      { id: bad, name: "poison" },
      { id: good, name: "fine" },
    ]);
    expect(await device.sync()).toMatchObject({ pending: 0, blocked: 1 });
    expect(server.records.has(`workout-templates/${good}`)).toBe(true);
    expect(await device.host.call("blocked", [])).toMatchObject([{ collection: "workout-templates", id: bad, code: "invalid_record", message: "no" }]);
    server.judge = undefined;
    await device.host.call("retry", ["workout-templates", bad]);
    expect(await device.sync()).toMatchObject({ blocked: 0, pending: 0 });
    expect(server.records.has(`workout-templates/${bad}`)).toBe(true);
  });

  test("a token that has run out is refreshed once", async () => {
    await device.signIn();
    await device.sync();
    let expired = true;
    server.intercept = (path) => {
      if (path === "/api/v1/changes" && expired) {
        expired = false;
        const problem = { type: "about:blank", title: "Unauthorized", status: 401, code: "token_expired", retryable: false };
        return json(problem, 401);
      }
      return undefined;
    };
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
    expect(server.requests.filter((request) => request.path.endsWith("/refresh"))).toHaveLength(1);
  });

  test("an answer of another account is not taken, nor are its tokens", async () => {
    await device.signIn();
    await device.sync();
    const id = newId();
    const op = { id: newId(), deviceId: newId(), seq: 1 };
    const change = { collection: "user-bodyweight-logs", rev: 1, op, record: remote(id, {}) };
    const page = { changes: [change], nextCursor: "v1.all.e1.1", hasMore: false, userRev: 1, serverTime: Date.now() };
    server.intercept = (path) => {
      const headers = { "Content-Type": "application/json", "X-Account": OTHER };
      return path === "/api/v1/changes" ? new Response(JSON.stringify(page), { headers }) : undefined;
    };
    const status = await device.sync();
    expect(status.lastError).toContain(`the account ${OTHER}`);
    expect(await device.db.userBodyweightLogs.get(id)).toBeUndefined();
    server.intercept = (path) => {
      if (path === "/api/v1/auth/refresh") {
        return tokensOf(OTHER);
      }
      return path === "/api/v1/changes" ? json({ title: "No", code: "token_expired" }, 401) : undefined;
    };
    expect((await device.sync()).lastError).toContain("received tokens of another account");
    server.intercept = undefined;
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
  });

  test("an answer without end is given up", async () => {
    await device.signIn();
    await device.sync();
    const endless = { pull: (stream: ReadableStreamDefaultController<Uint8Array>) => stream.enqueue(new Uint8Array(1 << 20)) };
    server.intercept = () => new Response(new ReadableStream(endless), { status: 200 });
    const status = await device.sync();
    expect(status).toMatchObject({ state: "offline" });
    expect(status.lastError).toContain("more than 16777216 bytes");
  });

  test("a refresh without an answer signs nobody out", async () => {
    await device.signIn();
    await device.sync();
    let [expired, isDown] = [true, true];
    server.intercept = (path) => {
      if (path.endsWith("/refresh")) {
        expired = isDown;
        return isDown ? new Response("<html>maintenance</html>", { status: 503 }) : undefined;
      }
      const problem = { type: "about:blank", title: "Unauthorized", status: 401, code: "token_expired", retryable: false };
      return path === "/api/v1/changes" && expired ? json(problem, 401) : undefined;
    };
    const down = await device.sync();
    expect(down).toMatchObject({ state: "offline" });
    expect(down.account).not.toBeNull();
    expect(down.nextAttemptInMs).not.toBeNull();
    isDown = false;
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
  });

  test("a wait may be in seconds or until a time of the server's clock", () => {
    const wait = (after: string, date?: string) => retryAfterMs(new Headers({ "Retry-After": after, ...(date === undefined ? {} : { Date: date }) }));
    const now = "Sun, 29 Nov 2026 08:00:00 GMT";
    expect([wait("120"), wait("0"), wait("Sun, 29 Nov 2026 08:02:00 GMT", now)]).toEqual([120_000, 0, 120_000]);
    expect([wait("soon"), wait(""), wait("Sun, 29 Nov 2026 07:00:00 GMT", now)]).toEqual([undefined, undefined, undefined]);
  });

  test("another account is not created in a database that belongs to one", async () => {
    await device.signIn();
    await device.host.call("signOut", []);
    const sent = server.requests.length;
    const other = { email: "ben@example.com", password: "correct horse battery staple" };
    await expect(device.host.call("signUp", [other])).rejects.toThrow("give createSync another name");
    expect(server.requests.slice(sent).map(({ path }) => path)).toEqual([]);
  });

  test("another account is refused, and nothing is sent", async () => {
    await device.signIn();
    await device.sync();
    server.intercept = (path) =>
      path.endsWith("/login")
        ? tokensOf(OTHER)
        : undefined;
    await device.host.call("signOut", []);
    expect(device.status).toMatchObject({ state: "off", account: null });
    await expect(device.signIn()).rejects.toThrow("give createSync another name");
    const sent = server.requests.length;
    await device.db.workoutTemplates.add({ name: "secret" });
    await device.sync();
    expect(server.requests.length).toBe(sent);
  });
});

describe("sign-ins that meet", () => {
  /** Answers requests to this path when the test lets it. */
  const held = (ending: string, answer: (body: unknown) => Response): (() => void) => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    server.intercept = (path, body) => (path.endsWith(ending) ? released.then(() => answer(body)) : undefined);
    return () => release();
  };

  test("of two accounts at once, the first owns the database and the second is rejected", async () => {
    server.intercept = (path, body) =>
      path.endsWith("/login") ? tokensOf((body as { email: string }).email === "ben@example.com" ? OTHER : ACCOUNT) : undefined;
    const password = "correct horse battery staple";
    const both = ["ana@example.com", "ben@example.com"].map((email) => device.host.call("signIn", [{ email, password }]));
    const [first, second] = await Promise.allSettled(both);
    expect(first?.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("belongs to the account that signed in first") as string } });
    expect(await device.sync()).toMatchObject({ state: "idle", account: ACCOUNT });
  });

  test("a sign-out while a sign-in waits has the last word", async () => {
    const release = held("/login", () => tokensOf(ACCOUNT));
    const signedIn = device.signIn();
    signedIn.catch(() => undefined);
    await expect.poll(() => server.requests.some(({ path }) => path.endsWith("/login"))).toBe(true);
    await device.host.call("signOut", []);
    release();
    await expect(signedIn).rejects.toThrow("signed out meanwhile");
    expect(device.status).toMatchObject({ state: "off", account: null });
    expect(server.requests.at(-1)?.path).toBe("/api/v1/auth/logout");
  });

  test("a refresh that was asked for before a sign-out or a sign-in changes nothing after it", async () => {
    for (const [outcome, answer] of [
      ["granted", () => tokensOf(ACCOUNT)],
      ["denied", () => json(SESSION_ENDED, 401)],
    ] as const) {
      for (const isOut of [true, false]) {
        await device.signIn();
        await device.sync();
        const release = held("/refresh", answer);
        const { intercept } = server;
        let expired = true;
        server.intercept = (path, body) => {
          if (path === "/api/v1/changes" && expired) {
            expired = false;
            return json({ ...SESSION_ENDED, code: "token_expired" }, 401);
          }
          return intercept?.(path, body);
        };
        const asked = server.requests.length;
        const synced = device.sync();
        await expect.poll(() => server.requests.slice(asked).some(({ path }) => path.endsWith("/refresh"))).toBe(true);
        await (isOut ? device.host.call("signOut", []) : device.signIn());
        release();
        await synced;
        const name = `${outcome}, then a ${isOut ? "sign-out" : "sign-in"}`;
        const tokens = (await device.db.table("_device").get("tokens")) as object | undefined;
        expect(tokens === undefined, name).toBe(isOut);
        expect(await device.sync(), name).toMatchObject(isOut ? { state: "off", account: null } : { state: "idle", account: ACCOUNT });
        server.intercept = undefined;
      }
    }
  });
});

/** What the server answers once a session has ended. */
const SESSION_ENDED = { type: "about:blank", title: "Unauthorized", status: 401, code: "token_revoked", retryable: false };

describe("nothing waits in silence", () => {
  test("a sync that only the user can let go on ends at once, and says which act it needs", async () => {
    for (let index = 0; index < 120; index += 1) {
      server.add("user-bodyweight-logs", remote(newId(), { date: index }));
    }
    await device.signIn();
    await device.sync();
    // The server was restored, and has lost them.
    server.records.clear();
    server.epoch = "e2";
    expect(await device.sync()).toMatchObject({ state: "needsConfirmation", toBeDeleted: 120 });
    await device.db.workoutTemplates.add({ name: "meanwhile" });
    expect(await device.sync()).toMatchObject({ state: "needsConfirmation", pending: 1 });
    await device.host.call("confirmDeletions", ["delete"]);
    expect(await device.sync()).toMatchObject({ state: "idle", pending: 0 });
    expect(await device.db.userBodyweightLogs.count()).toBe(0);
  });

  test("tokens go to the server that gave them, and to no other one", async () => {
    await device.signIn();
    await device.sync();
    device.close();
    const elsewhere = new MockServer();
    const moved = await Device.open(elsewhere, device.db.name, "https://staging.example");
    await moved.db.workoutTemplates.add({ name: "Push day" });
    expect(await moved.sync()).toMatchObject({ state: "needsAuth", account: null, pending: 1 });
    expect(elsewhere.requests).toEqual([]);
    moved.close();
    device = await Device.open(server, device.db.name);
    expect(await device.sync()).toMatchObject({ state: "idle", account: ACCOUNT, pending: 0 });
  });

  test("a pause outlives the app", async () => {
    await device.signIn();
    await device.sync();
    await device.db.table("_device").put({ name: "paused", value: true });
    device.host.close();
    const again = await Device.open(server, device.db.name);
    const sent = server.requests.length;
    await again.db.workoutTemplates.add({ name: "offline" });
    expect(await again.sync()).toMatchObject({ state: "paused", pending: 1 });
    expect(server.requests.length).toBe(sent);
    again.host.pause(false);
    expect(await again.sync()).toMatchObject({ state: "idle", pending: 0 });
    again.close();
  });

  test("change notifications that break are noticed at once", async () => {
    let breakStream: ((error: Error) => void) | undefined;
    server.intercept = (path) => {
      if (!path.endsWith("/changes/stream")) {
        return undefined;
      }
      return new Response(new ReadableStream({ start: (stream) => void (breakStream = (error) => stream.error(error)) }));
    };
    await device.signIn();
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
    await expect.poll(() => breakStream).toBeDefined();
    server.intercept = () => {
      throw new TypeError("connection refused");
    };
    breakStream?.(new TypeError("connection reset"));
    await expect.poll(() => device.status).toMatchObject({ state: "offline" });
  });

  test("change notifications that never end are not read for ever", async () => {
    let sent = 0;
    server.intercept = (path) => {
      if (!path.endsWith("/changes/stream")) {
        return undefined;
      }
      return new Response(
        new ReadableStream<Uint8Array>({
          pull: (stream) => {
            sent += 1;
            stream.enqueue(new Uint8Array(16_384).fill(0x78));
          },
        }),
      );
    };
    await device.signIn();
    await expect.poll(() => sent).toBeGreaterThan(3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(20);
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
  });

  test("a session that was ended elsewhere asks for a sign-in, even if only the change notifications meet it", async () => {
    let ended = false;
    server.intercept = (path) => {
      ended ||= path.endsWith("/changes/stream");
      return ended ? json(SESSION_ENDED, 401) : undefined;
    };
    await device.signIn();
    await expect.poll(() => device.status).toMatchObject({ state: "needsAuth", account: null });
  });

  test("a session that was ended elsewhere still asks for a sign-in after a reload, until the user ends it", async () => {
    await device.signIn();
    await device.sync();
    server.intercept = () => json(SESSION_ENDED, 401);
    await device.sync();
    const reopen = async (): Promise<void> => {
      device.close();
      device = await Device.open(server, device.db.name);
    };
    await reopen();
    await expect.poll(() => device.status).toMatchObject({ state: "needsAuth", account: null });
    await device.host.call("signOut", []);
    await reopen();
    await expect.poll(() => device.status).toMatchObject({ state: "off", account: null });
  });

  test("a call to a device that has lost the lead is rejected, and does not wait for ever", async () => {
    device.stopped = () => undefined;
    await device.signIn();
    await device.sync();
    const second = await Device.open(server, device.db.name);
    await expect(device.host.call("syncNow", [])).rejects.toMatchObject({ name: "LeadershipLost" });
    second.close();
  });

  test("a database that was emptied while it was open is told as such", async () => {
    const reasons: unknown[] = [];
    device.stopped = (reason) => reasons.push(reason);
    await device.signIn();
    await Dexie.delete(device.db.name);
    await expect(device.host.call("syncNow", [])).rejects.toThrow("storage was cleared");
    await expect.poll(() => reasons).toMatchObject([{ name: "LeadershipLost", notice: expect.stringContaining("storage was cleared") as string }]);
  });
});

describe("the account", () => {
  const DEVICE = { id: newId(), platform: "Firefox on Android", signedInAt: 1, lastSeenAt: 2, isCurrent: false };

  test("devices are listed, renamed and revoked, and a recovery code is made and used", async () => {
    await expect(device.host.call("devices", [])).rejects.toThrow("cannot list the devices: nobody is signed in");
    await device.signIn();
    server.intercept = (path) =>
      path === "/api/v1/account/devices"
        ? json({ devices: [DEVICE] })
        : path === "/api/v1/account/recovery-code"
          ? json({ recoveryCode: "7HXQ2-M9TRA-0VKD4-WB3EC" })
          : path.startsWith("/api/v1/a")
            ? new Response(null, { status: 204 })
            : undefined;
    expect(await device.host.call("devices", [])).toEqual([DEVICE]);
    await device.host.call("renameDevice", [DEVICE.id, "old phone"]);
    await device.host.call("revokeDevice", [DEVICE.id]);
    expect(await device.host.call("makeRecoveryCode", ["correct horse"])).toBe("7HXQ2-M9TRA-0VKD4-WB3EC");
    await device.host.call("recover", [{ email: "ana@example.com", recoveryCode: "7HXQ2", newPassword: "squat bench deadlift" }]);
    const path = `/api/v1/account/devices/${DEVICE.id}`;
    expect(server.requests.slice(-5)).toEqual([
      { method: "GET", path: "/api/v1/account/devices", body: undefined },
      { method: "PUT", path, body: { name: "old phone" } },
      { method: "DELETE", path, body: undefined },
      { method: "POST", path: "/api/v1/account/recovery-code", body: { password: "correct horse" } },
      {
        method: "POST",
        path: "/api/v1/auth/recover",
        body: { email: "ana@example.com", recoveryCode: "7HXQ2", newPassword: "squat bench deadlift" },
      },
    ]);
  });

  test("a refusal says why, and a session that has ended needs a new sign-in", async () => {
    await device.signIn();
    const refused = { type: "about:blank", title: "Not Found", status: 404, code: "not_found", retryable: false, detail: "no such device" };
    server.intercept = (path) => (path.startsWith("/api/v1/account") ? json(refused, 404) : undefined);
    await expect(device.host.call("revokeDevice", [DEVICE.id])).rejects.toThrow("cannot sign out the device: the server answered 404: no such device");
    server.intercept = () => json(SESSION_ENDED, 401);
    await expect(device.host.call("devices", [])).rejects.toThrow("sign in first");
    expect(await device.sync()).toMatchObject({ state: "needsAuth" });
  });

  test("a platform is named as its user knows it", () => {
    expect(platformOf("Mozilla/5.0 (Android 15; Mobile; rv:142.0) Gecko/142.0 Firefox/142.0")).toBe("Firefox on Android");
    expect(platformOf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")).toBe("Chrome on Linux");
    expect(platformOf("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15")).toBe(
      "Safari on macOS",
    );
    expect(platformOf("curl/8")).toBe("A browser");
  });
});

describe("two tabs", () => {
  test("a tab that no longer leads writes nothing, even in the middle of a step", async () => {
    await device.signIn();
    await device.sync();
    const reasons: unknown[] = [];
    const second = await Device.open(server, device.db.name);
    device.stopped = (reason) => reasons.push(reason);
    const meta = await second.db.table("_device").get("meta");
    server.add("user-bodyweight-logs", remote(newId(), {}));
    await expect(device.host.call("syncNow", [])).rejects.toMatchObject({ name: "LeadershipLost" });
    await expect.poll(() => reasons).toMatchObject([{ name: "LeadershipLost" }]);
    expect(await second.db.table("_device").get("meta")).toEqual(meta);
    expect(await second.sync()).toMatchObject({ pending: 0, state: "idle" });
    expect(await second.db.userBodyweightLogs.count()).toBe(1);
    second.close();
  });
});

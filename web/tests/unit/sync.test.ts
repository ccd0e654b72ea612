// The story's integration tests: the engine with an in-memory Dexie and a mocked server.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deterministicId, namespace } from "./contract.js";
import { Device, MockServer, OTHER, json, remote, tokensOf } from "./device.js";
import { newId } from "../../src/id.js";
import { retryAfterMs } from "../../src/transport.js";

let server: MockServer;
let device: Device;

beforeEach(async () => {
  server = new MockServer();
  device = await Device.open(server);
});

afterEach(() => device.close());

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

  test("an update keeps members of any name", async () => {
    const text = '{"name":"Legs","more":{"k":[{"__proto__":{"y":2}}],"__proto__":{"x":1}}}';
    const id = await device.db.workoutTemplates.add(JSON.parse(text) as { name: string });
    await device.db.workoutTemplates.update(id, { notes: "squat first" });
    await device.db.workoutTemplates.where("name").equals("Legs").modify((record) => void (record.notes = "squat last"));
    const { more, notes } = (await device.db.workoutTemplates.get(id)) as { more?: unknown; notes?: unknown };
    await expect(device.db.workoutTemplates.update(id, { best: NaN } as object)).rejects.toMatchObject({ violations: [{ pointer: "/best" }] });
    expect([JSON.stringify(more), notes]).toEqual([JSON.stringify((JSON.parse(text) as { more: unknown }).more), "squat last"]);
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

  test("an invalid write is rejected at once, with the reason", async () => {
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

  test("a text that is not Unicode is rejected at the write, where the server would reject it later", async () => {
    const lone = "half a smile \ud83d";
    await expect(device.db.workoutTemplates.add({ name: lone })).rejects.toMatchObject({ violations: [{ pointer: "/name", keyword: "unicode" }] });
    const nested = { name: "Push day", mood: { [lone]: [lone] } };
    await expect(device.db.workoutTemplates.add(nested)).rejects.toMatchObject({ violations: [{ pointer: "/mood" }, { pointer: `/mood/${lone}/0` }] });
    expect(await device.db.workoutTemplates.add({ name: "a whole one \ud83d\ude00" })).toMatch(/^[\da-f-]{36}$/);
  });

  test("a value that JSON cannot hold is rejected, and its member is named", async () => {
    const circular: Record<string, unknown> = { name: "Push day" };
    circular["self"] = circular;
    const unfit: readonly (readonly [value: unknown, pointer: string, message: string])[] = [
      [{ name: "Push day", order: NaN }, "/order", "is NaN, which JSON cannot represent"],
      [{ name: "Push day", order: 80n }, "/order", "is a bigint, which JSON cannot represent"],
      [{ name: "Push day", tags: [new Map([["a", 1]])] }, "/tags/0", "is a Map, which JSON cannot represent"],
      [{ name: "Push day", act: () => 1 }, "/act", "is a function, which JSON cannot represent"],
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

  test("a write that Dexie rejects changes nothing, though others of its request succeed", async () => {
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
    // As an earlier version has stored it.
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
    server.decide = ({ record, op }) => (record["id"] === theirs ? { id: theirs, op, outcome: "superseded", winner } : undefined);
    expect(await device.sync()).toMatchObject({ pending: 0, state: "idle" });
    expect([first.rev, second.rev]).toEqual([1, 2]);
    expect(await device.db.userBodyweightLogs.get(theirs)).toMatchObject({ weightKg: 99 });
    expect(await device.db.userBodyweightLogs.get(mine)).toMatchObject({ weightKg: 71 });
    expect(server.records.get(`user-bodyweight-logs/${mine}`)?.record).toMatchObject({ weightKg: 71 });
    const [past] = (await device.host.call("conflicts", [100])) as { number: number; record: object; why: string }[];
    expect(past).toMatchObject({ why: "lost", record: { id: theirs, weightKg: 72 } });

    server.decide = undefined;
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
    // A later write on top of it does not make it current.
    await device.db.userBodyweightLogs.update(id, { weightKg: 62 });
    await device.sync();
    expect(server.records.get(`user-bodyweight-logs/${id}`)?.record).toMatchObject({ weightKg: 62 });
    expect(await device.host.call("conflicts", [100])).toMatchObject([{ why: "lost", record: { id, weightKg: 60 } }]);
    const push = server.requests.findLast(({ path }) => path.endsWith("/batch"))?.body as { changes: { baseRev?: number }[] };
    expect(push.changes.map(({ baseRev }) => baseRev)).toEqual([undefined]);

    // A write based on the current version replaces it.
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

describe("timestamps and rejections", () => {
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

  test("a rejected record is blocked, can be tried again, and can be given up", async () => {
    await device.signIn();
    await device.sync();
    const [good, bad] = [newId(), newId()];
    const error = { code: "invalid_record", retryable: false, message: "no", errors: [{ pointer: "/record", keyword: "required", message: 'is missing "color"' }, { pointer: "/record/name", keyword: "type", message: "is a number" }] };
    server.decide = ({ record, op }) => (record["id"] === bad ? { id: bad, op, outcome: "rejected", error } : undefined);
    await device.db.workoutTemplates.bulkAdd([
      { id: bad, name: "poison" },
      { id: good, name: "fine" },
    ]);
    expect(await device.sync()).toMatchObject({ pending: 0, blocked: 1 });
    expect(server.records.has(`workout-templates/${good}`)).toBe(true);
    expect(await device.host.call("blocked", [])).toMatchObject([{ collection: "workout-templates", id: bad, code: "invalid_record", message: 'no: the record is missing "color"; /name is a number' }]);
    server.decide = undefined;
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

  test("an answer that names no account is not taken once the server has named it", async () => {
    await device.signIn();
    const account = (await device.sync()).account ?? "";
    const page = (rev: number, changes: unknown[]) => ({ changes, nextCursor: `v1.all.e1.${rev}`, hasMore: false, userRev: rev, serverTime: Date.now() });
    const answerWith = (body: unknown, headers: Record<string, string>): void => {
      const head = { "Content-Type": "application/json", ...headers };
      server.intercept = (path) => (path === "/api/v1/changes" ? new Response(JSON.stringify(body), { headers: head }) : undefined);
    };
    answerWith(page(0, []), { "X-Account": account });
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
    const id = newId();
    const op = { id: newId(), deviceId: newId(), seq: 1 };
    const change = { collection: "user-bodyweight-logs", rev: 1, op, record: remote(id, {}) };
    answerWith(page(1, [change]), {});
    expect((await device.sync()).lastError).toContain("names no account");
    expect(await device.db.userBodyweightLogs.get(id)).toBeUndefined();
    answerWith(page(1, [change]), { "X-Account": account });
    expect(await device.sync()).toMatchObject({ state: "idle", lastError: null });
    expect(await device.db.userBodyweightLogs.get(id)).toBeDefined();
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

  test("another account is rejected, and nothing is sent", async () => {
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

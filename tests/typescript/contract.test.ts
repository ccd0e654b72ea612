// StrongLog's contract in TypeScript: the client over a fetch that never leaves the test, the stores, and ids.

import "fake-indexeddb/auto";
import { Dexie } from "dexie";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../generated/typescript/index.js";

const { runtime } = contract;
const ID = "0197536f-69e0-7b1c-9d2e-3f4a5b6c7d8e";
const BASE = "https://sync.example/base/";

const CURSOR = "v1.user-bodyweight-logs.e1.1";

const record = { id: ID, clientCreatedAt: 1, clientUpdatedAt: 2, isDeleted: false, date: 1, weightKg: 82.4 } as const;
const op = { id: ID, deviceId: ID, seq: 1 };
const page = { changes: [{ rev: 1, op, record }], nextCursor: CURSOR, hasMore: false, userRev: 1, serverTime: 1 };

interface Sent {
  url: string;
  init: RequestInit;
}

/** A client whose requests are kept, and answered one after the other. */
function clientOf(answers: (Response | Error)[], options: Partial<contract.runtime.ClientOptions> = {}) {
  const sent: Sent[] = [];
  const answer = async (url: URL | RequestInfo, init: RequestInit = {}): Promise<Response> => {
    sent.push({ url: String(url), init });
    const next = answers.shift();
    if (next instanceof Response) {
      return next;
    }
    throw next ?? new Error("there is no answer left");
  };
  return { sent, client: contract.createClient({ baseUrl: BASE, fetch: answer as typeof fetch, ...options }) };
}

const json = (status: number, body: unknown, type = "application/json"): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } });

async function failure(call: Promise<unknown>): Promise<contract.runtime.CallError> {
  const error = await call.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(runtime.CallError);
  return error as contract.runtime.CallError;
}

describe("the client", () => {
  test("writes what the contract says and reads what comes back", async () => {
    const { client, sent } = clientOf([json(200, page)], { authorize: runtime.bearer(async () => "secret") });
    const result = await client.listUserBodyweightLogChanges({ since: CURSOR, limit: 10 });
    expect(sent[0]?.url).toBe("https://sync.example/base/api/v1/user-bodyweight-logs?since=v1.user-bodyweight-logs.e1.1&limit=10");
    expect(new Headers(sent[0]?.init.headers).get("authorization")).toBe("Bearer secret");
    if (result.outcome !== 200) {
      throw new Error(`answered ${result.outcome}`);
    }
    expect(result.body.changes[0]?.record).toEqual(record);
    expect(result.refused).toEqual([]);
  });

  test("separates items that violate the contract", async () => {
    const bad = { rev: 2, op, record: { ...record, weightKg: "heavy" } };
    const { client } = clientOf([json(200, { ...page, changes: [...page.changes, bad] })]);
    const result = await client.listUserBodyweightLogChanges();
    expect(result).toMatchObject({ outcome: 200, body: { changes: [{ rev: 1 }] }, refused: [{ raw: { rev: 2 } }] });
  });

  test("sends no request that violates the contract", async () => {
    const { client, sent } = clientOf([]);
    const error = await failure(client.listUserBodyweightLogChanges({ limit: 0 }));
    expect(error).toMatchObject({ kind: "request", violations: [{ pointer: "/query/limit", keyword: "minimum" }] });
    const empty = await failure(client.pushChanges({ body: {} as never }));
    expect(empty.violations).toMatchObject([{ pointer: "", keyword: "required" }]);
    expect(sent).toEqual([]);
  });

  test("a declared error is a result, an undeclared status too", async () => {
    const problem = { type: "about:blank", title: "Unauthorized", status: 401, code: "unauthorized", retryable: false };
    const { client } = clientOf([json(401, problem, "application/problem+json"), new Response("teapot", { status: 418 })]);
    const declared = await client.getAccount();
    expect([declared.outcome, declared.status]).toEqual([401, 401]);
    const undeclared = await client.getAccount();
    expect([undeclared.outcome, undeclared.status]).toEqual(["undeclared", 418]);
    expect(new TextDecoder().decode(undeclared.body as Uint8Array)).toBe("teapot");
  });

  test("a response that breaks the contract is an error that says where", async () => {
    const { client } = clientOf([json(200, { ...page, userRev: -1 }), new Response("<html>", { status: 200 })]);
    const wrong = await failure(client.listUserBodyweightLogChanges());
    expect(wrong).toMatchObject({ kind: "response", status: 200, violations: [{ pointer: "/userRev", keyword: "minimum" }] });
    const portal = await failure(client.listUserBodyweightLogChanges());
    expect(portal.violations).toMatchObject([{ keyword: "syntax" }]);
  });

  test("a header is a typed value, validated when it is read", async () => {
    const problem = { type: "about:blank", title: "Too Many Requests", status: 429, code: "rate_limited", retryable: true };
    const answer = (retryAfter: string) => {
      const response = json(429, problem, "application/problem+json");
      response.headers.set("Retry-After", retryAfter);
      return response;
    };
    const { client } = clientOf([answer("30"), answer("soon")]);
    const reply = await client.getAccount();
    const seconds: contract.runtime.Validated<number | undefined> = contract.readHeader(reply, contract.headers.retryAfter);
    expect(seconds).toEqual({ valid: true, value: 30 });
    expect(contract.readHeader(reply, contract.headers.wwwAuthenticate)).toEqual({ valid: true, value: undefined });
    const invalid = contract.readHeader(await client.getAccount(), contract.headers.retryAfter);
    expect(invalid).toMatchObject({ valid: false, violations: [{ pointer: "/header/Retry-After", keyword: "type" }] });
  });

  test("an integer in a header is read exactly or rejected, like one in a body", () => {
    const reply = { headers: new Headers({ one: "9007199254740993", list: "1,-9007199254740993", beyond: "18446744073709551616" }) };
    const { integer, longInteger, number } = contract.runtime;
    const read = (name: string, schema: z.ZodType): unknown => contract.readHeader(reply, { name, types: ["number"], schema });
    expect(read("one", longInteger())).toEqual({ valid: true, value: 9007199254740993n });
    const list: contract.runtime.Header<unknown> = { name: "list", types: ["array"], items: { types: ["number"] }, schema: z.array(longInteger()) };
    expect(contract.readHeader(reply, list)).toEqual({ valid: true, value: [1, -9007199254740993n] });
    expect(read("one", integer())).toMatchObject({ valid: false, violations: [{ pointer: "/header/one", keyword: "type" }] });
    expect(read("one", number())).toEqual({ valid: true, value: Number("9007199254740993") });
    expect(read("beyond", longInteger("unsigned"))).toMatchObject({ valid: false });
  });

  test("a text that may be several is the first that the schema accepts", () => {
    const reply = { headers: new Headers({ number: "5", word: "unlimited", list: "5,unlimited,7", other: "some" }) };
    const schema = z.union([z.number(), z.literal("unlimited")]);
    const either: contract.runtime.TextShape = { types: ["number", "string"] };
    expect(contract.readHeader(reply, { name: "number", ...either, schema })).toEqual({ valid: true, value: 5 });
    expect(contract.readHeader(reply, { name: "word", ...either, schema })).toEqual({ valid: true, value: "unlimited" });
    const list: contract.runtime.Header<unknown> = { name: "list", types: ["array"], items: either, schema: z.array(schema) };
    expect(contract.readHeader(reply, list)).toEqual({ valid: true, value: [5, "unlimited", 7] });
    const digits = z.tuple([z.string(), schema, z.number()]);
    const tuple: contract.runtime.Header<unknown> = { name: "list", types: ["array"], places: [either, either], schema: digits };
    expect(contract.readHeader(reply, tuple)).toEqual({ valid: true, value: ["5", "unlimited", 7] });
    expect(contract.readHeader(reply, { name: "other", ...either, schema }).valid).toBe(false);
  });

  test("a stream has events of the contract's type", async () => {
    const { client } = clientOf([new Response("data: 1\n\n", { headers: { "Content-Type": "text/event-stream" } })]);
    const result = await client.streamChanges();
    const events = (result.body as contract.runtime.EventStream<string>)[Symbol.asyncIterator]();
    expect((await events.next()).value).toEqual({ event: "message", id: "", data: "1", refused: [] });
  });

  test("asks whether to try again, with fresh credentials", async () => {
    let token = 0;
    const attempts: contract.runtime.Attempt[] = [];
    const { client, sent } = clientOf([new Error("offline"), new Response(null, { status: 503 }), json(200, page)], {
      authorize: runtime.bearer(() => `t${(token += 1)}`),
      retry: (attempt) => {
        attempts.push(attempt);
        return attempt.response?.status !== 200;
      },
    });
    expect((await client.listUserBodyweightLogChanges()).outcome).toBe(200);
    expect(sent.map(({ init }) => new Headers(init.headers).get("authorization"))).toEqual(["Bearer t1", "Bearer t2", "Bearer t3"]);
    expect(attempts.map(({ number, response }) => [number, response?.status])).toEqual([[1, undefined], [2, 503], [3, 200]]);
  });

  test("no response, none in time, and an abort are distinguished", async () => {
    const { client } = clientOf([new Error("offline")]);
    expect((await failure(client.getAccount())).kind).toBe("transport");
    const never: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => {
        const giveUp = (): void => reject(init?.signal?.reason as Error);
        init?.signal?.addEventListener("abort", giveUp);
        if (init?.signal?.aborted === true) {
          giveUp();
        }
      });
    const slow = contract.createClient({ baseUrl: BASE, fetch: never, timeoutMs: 5 });
    expect((await failure(slow.getAccount())).kind).toBe("timeout");
    const controller = new AbortController();
    const call = slow.getAccount({}, { signal: controller.signal, timeoutMs: 60_000 });
    controller.abort();
    expect((await failure(call)).kind).toBe("aborted");
  });

  test("a function of the app that never ends ends with the time limit, and its error is a call's error", async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const deaf = contract.createClient({ baseUrl: BASE, fetch: never, timeoutMs: 5 });
    expect((await failure(deaf.getAccount())).kind).toBe("timeout");
    const fetch: typeof globalThis.fetch = () => Promise.reject(new Error("nothing is sent"));
    const undecided = contract.createClient({ baseUrl: BASE, fetch, authorize: never });
    expect((await failure(undecided.getAccount({}, { timeoutMs: 5 }))).kind).toBe("timeout");
    expect((await failure(undecided.getAccount({}, { signal: AbortSignal.timeout(5) }))).kind).toBe("aborted");
    const failing = contract.createClient({ baseUrl: BASE, fetch, authorize: () => Promise.reject(new Error("no token")) });
    expect(await failure(failing.getAccount())).toMatchObject({ kind: "transport", cause: { message: "no token" } });
  });

  test("a call without its argument, and an address that is none, are errors of the request", async () => {
    const { client } = clientOf([]);
    const login = client.login as unknown as () => Promise<never>;
    expect(await failure(login())).toMatchObject({ kind: "request", message: "login: the call violates the contract: the request is missing the body" });
    const relative = contract.createClient({ baseUrl: "/api" });
    expect((await failure(relative.getAccount())).message).toBe(
      'getAccount: "/api/api/v1/account" is not a URL; set baseUrl to one such as "https://example.com"',
    );
  });
});

describe("schemas", () => {
  test("every schema has its contract's name and refuses what is not JSON", () => {
    expect(Object.keys(contract.schemas).length).toBeGreaterThan(200);
    expect(Object.values(contract.schemas).every((schema) => !schema.safeParse(undefined).success)).toBe(true);
  });

  test("types narrow by their tags", () => {
    const change = contract.schemas.FeedChange.parse({ collection: "user-bodyweight-logs", rev: 1, op, record });
    if (change.collection !== "user-bodyweight-logs" || change.record.isDeleted) {
      throw new Error("the change is another one");
    }
    expect(change.record.weightKg).toBe(82.4);
  });
});

describe("stores", () => {
  test("Dexie opens them, and finds records by their indexes", async () => {
    const database = new Dexie("test");
    runtime.defineStores(database, contract.stores);
    const tables = database as Dexie & contract.Tables;
    await database.table("user-bodyweight-logs").put(record);
    expect(await tables.table("user-bodyweight-logs").where("date").equals(1).toArray()).toEqual([record]);
    const names = database.tables.map(({ name }) => name).sort();
    expect(names).toEqual(contract.collections.map(({ path }) => path).sort());
    database.close();
  });

  test("parents come before children", () => {
    const paths = contract.collections.map(({ path }) => path);
    contract.collections.forEach(({ parents }, index) => expect(paths.slice(0, index)).toEqual(expect.arrayContaining([...parents])));
  });
});

test("deterministic ids are those of Rust", () => {
  const id = (collection: string, key: string): string => contract.deterministicId(contract.namespace, collection, key);
  // From the examples of the contract, which the Rust side is held against as well.
  expect(id("user-settings", "settings")).toBe("96ab6253-07a8-5cdf-8d60-08cafff96ab5");
  expect(id("exercise-definitions", "Back squat")).toBe("abdc32c4-682e-57ef-8063-864a23a47720");
  expect(id("x", "é".repeat(100))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(() => contract.deterministicId("no uuid", "a", "b")).toThrow(RangeError);
});

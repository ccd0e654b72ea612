// Credentials, bodies and statuses of the TypeScript client, over hand-written operations.

import { describe, expect, test } from "vitest";
import * as z from "zod";
import {
  bearer,
  CallError,
  credentials,
  parseJson,
  read,
  Refused,
  send,
  toJson,
  write,
  type Body,
  type Draft,
  type Operation,
  type Replies,
  type Scheme,
  type Security,
} from "../../generated/typescript/runtime/index.js";
import type { GetChangesResult } from "../../generated/typescript/operations.js";

const header: Scheme = { name: "header", type: "apiKey", place: "header", key: "X-Api-Key" };
const query: Scheme = { name: "query", type: "apiKey", place: "query", key: "key" };
const cookie: Scheme = { name: "cookie", type: "apiKey", place: "cookie", key: "sid" };
const basic: Scheme = { name: "basic", type: "basic" };
const token: Scheme = { name: "token", type: "bearer" };
const unknown: Scheme = { name: "unknown", type: "apiKey", place: "header", key: "X-Unknown" };

const all = credentials({
  header: "h/1",
  query: "q&1",
  cookie: "c;1",
  basic: { user: "Ana", password: "pass:word é" },
  token: async () => "t1",
});

async function sent(authorize: (draft: Draft) => void | Promise<void>, security: Security): Promise<[string, Record<string, string>]> {
  const draft = { operation: "operation", security, headers: new Headers(), url: new URL("https://example.com/a?x=1") };
  await authorize(draft);
  return [draft.url.href, Object.fromEntries(draft.headers)];
}

describe("credentials", () => {
  const plain = "https://example.com/a?x=1";

  test.each<[Security, string, Record<string, string>]>([
    [[[header]], plain, { "x-api-key": "h/1" }],
    [[[query]], `${plain}&key=q%261`, {}],
    [[[cookie]], plain, { cookie: "sid=c%3B1" }],
    [[[basic]], plain, { authorization: "Basic QW5hOnBhc3M6d29yZCDDqQ==" }],
    [[[token]], plain, { authorization: "Bearer t1" }],
    [[[header, query]], `${plain}&key=q%261`, { "x-api-key": "h/1" }],
    [[[header, unknown], [token], []], plain, { authorization: "Bearer t1" }],
    [[[{ ...query, key: "x" }]], plain, {}], // The key is also a parameter, which the request has.
    [[], plain, {}],
  ])("%j", async (security, url, headers) => {
    expect(await sent(all, security)).toEqual([url, headers]);
  });

  test("a set that a request cannot carry, or that only the application knows, leaves the others", async () => {
    const digest: Scheme = { name: "digest", type: "other" };
    const cookies: Scheme = { name: "cookies", type: "apiKey", place: "header", key: "cookie" };
    expect(await sent(all, [[token, basic], [header]])).toEqual([plain, { "x-api-key": "h/1" }]);
    expect(await sent(credentials({ basic: "p", token: "t" }), [[query, basic], [basic], [token], []])).toEqual([plain, { authorization: "Bearer t" }]);
    expect(await sent(all, [[digest], [header]])).toEqual([plain, { "x-api-key": "h/1" }]);
    expect(await sent(all, [[digest, token]])).toEqual([plain, { authorization: "Bearer t1" }]);
    expect(await sent(all, [[digest]])).toEqual([plain, {}]);
    for (const set of [[cookie, cookies], [cookies, cookie]]) {
      const [, { cookie: text = "" }] = await sent(credentials({ cookie: "c", cookies: "a=1; b=2" }), [set]);
      expect(text.split("; ").sort()).toEqual(["a=1", "b=2", "sid=c"]);
    }
  });

  test("a set of schemes is sent as a whole or not at all", async () => {
    expect(await sent(credentials({ header: "h" }), [[header, query]])).toEqual([plain, {}]);
    expect(await sent(credentials({ token: () => undefined }), [[token]])).toEqual([plain, {}]);
    expect(await sent(bearer("t"), [[header], [basic]])).toEqual([plain, {}]);
    expect(await sent(bearer("t"), [[header], [token]])).toEqual([plain, { authorization: "Bearer t" }]);
  });
});

describe("credentials that do not fit", () => {
  test("a credential does not replace another one", async () => {
    const same: Scheme = { name: "same", type: "apiKey", place: "header", key: "AUTHORIZATION" };
    await expect(sent(all, [[token, basic]])).rejects.toThrow('the credential of "basic" would replace that of "token"');
    await expect(sent(credentials({ token: "t", same: "key" }), [[token, same]])).rejects.toThrow('of "same" would replace that of "token"');
    const [, headers] = await sent(credentials({ token: "t", same: "Bearer t" }), [[token, same]]);
    expect(headers).toEqual({ authorization: "Bearer t" });
  });

  test("a text with a colon is a user and a password", async () => {
    const [, headers] = await sent(credentials({ basic: "Ana:p" }), [[basic]]);
    expect(headers["authorization"]).toBe("Basic QW5hOnA=");
  });

  test.each<[Scheme, Parameters<typeof credentials>[0], string]>([
    [basic, { basic: "p" }, 'the credential of "basic" is not a user and a password'],
    [token, { token: { user: "Ana", password: "p" } }, 'the credential of "token" is not a token'],
    [token, { token: "t\n" }, 'the credential of "token" contains characters that a header cannot carry'],
    [header, { header: "ключ" }, 'the credential of "header" contains characters that a header cannot carry'],
    [{ name: "digest", type: "other" }, { digest: "x" }, 'the credential of "digest" cannot be sent'],
  ])("%j is rejected, and nothing is sent", async (scheme, sources, message) => {
    const called = { ...operation(undefined), security: [[scheme, query]] } as Operation<object, unknown>;
    const options = { baseUrl: "https://example.com", authorize: credentials({ ...sources, query: "q" }), fetch: () => Promise.reject(new Error("sent")) };
    await expect(send(options, called, {})).rejects.toMatchObject({ kind: "request", message: expect.stringContaining(message) as unknown });
  });
});

describe("calls without a result", () => {
  test("a header that cannot be sent is an error of the request", async () => {
    const options = { baseUrl: "https://example.com", fetch: () => Promise.reject(new Error("sent")) };
    for (const headers of [{ "X-A": "a\r\nB: c" }, { "X A": "a" }]) {
      await expect(send(options, operation(undefined) as Operation<object, unknown>, {}, { headers })).rejects.toMatchObject({
        name: "CallError",
        kind: "request",
        message: expect.stringContaining("headers that cannot be sent") as unknown,
      });
    }
  });

  test("a body that breaks off is an error with the status and the headers", async () => {
    const broken = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array([123]));
        controller.error(new TypeError("terminated"));
      },
    });
    const response = new Response(broken, { status: 200, headers: { "X-Request-Id": "7" } });
    const options = { baseUrl: "https://example.com", fetch: () => Promise.resolve(response) };
    const error = await send(options, operation(undefined) as Operation<object, unknown>, {}).catch((error: unknown) => error as CallError);
    expect(error).toMatchObject({ kind: "transport", status: 200 });
    expect((error as CallError).headers?.get("X-Request-Id")).toBe("7");
    expect(String(error)).toContain("the response broke off");
  });
});

describe("redirects", () => {
  const to = (place: string, status = 302): Response => new Response(null, { status, headers: { Location: place } });

  async function called(responses: Operation<unknown, unknown>["responses"], answers: Response[], security: Security): Promise<[unknown, string[]]> {
    const asked: string[] = [];
    const fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      asked.push(`${init.method} ${String(url)} ${init.redirect ?? "follow"}`);
      return answers.shift() ?? new Response("", { status: 200 });
    };
    const called = { ...operation(undefined, responses), security } as Operation<object, unknown>;
    const result = send({ baseUrl: "https://example.com", authorize: all, fetch }, called, {});
    return [await result.then((reply) => (reply as { status: number }).status, (error: unknown) => String(error)), asked];
  }

  test("a key in a header is taken along within the origin, and to no other", async () => {
    const within = await called([], [to("/q"), to("https://example.com/r", 307)], [[header]]);
    expect(within).toEqual([200, ["POST https://example.com/p manual", "GET https://example.com/q manual", "GET https://example.com/r manual"]]);
    const [error, asked] = await called([], [to("https://elsewhere.example/q")], [[header]]);
    expect([error, asked.length]).toEqual([expect.stringContaining("redirects the call to https://elsewhere.example"), 1]);
    expect((await called([], Array.from({ length: 30 }, () => to("/p")), [[header]]))[0]).toContain("too often");
    expect((await called([], [], [[token]]))[1]).toEqual(["POST https://example.com/p follow"]);
  });

  test("a declared redirect is a result", async () => {
    expect(await called([{ status: 302, content: "none" }], [to("https://elsewhere.example/q")], [])).toEqual([302, ["POST https://example.com/p manual"]]);
  });
});

describe("JSON", () => {
  test.each(['{"a":1,"a":2}', '[{"b":{"c":":"},"b":{}}]', '{"\\u003A":1,":":2}'])("%s has two members of one name", (text) => {
    expect(() => parseJson(text)).toThrow("duplicate member name");
  });

  test.each(['{"a:":":","b":{"a:":1}}', '{"\\u003a":"\\\\u003a"}', '["a:b"]'])("%s has no two members of one name", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test.each<[unknown, string, string]>([
    [{ x: Number.NaN }, "/x", "is NaN"],
    [[undefined], "/0", "is undefined"],
    [{ x: { y: new Map() } }, "/x/y", "is a Map"],
    [{ x: new Date() }, "/x", "is a Date"],
    [{ x: (): number => 1 }, "/x", "is a function"],
    [{ "\uD800": 1 }, "/\uD800", "unpaired surrogate"],
    ["\uD800", "", "unpaired surrogate"],
  ])("%j is not sent as another value", (value, pointer, message) => {
    const body: Body = { field: "body", mediaType: "application/json", required: true, content: "json" };
    try {
      write("https://example.com", operation(body), { body: value });
      expect.unreachable();
    } catch (error) {
      expect((error as CallError).violations).toMatchObject([{ pointer, keyword: "syntax", message: expect.stringContaining(message) as unknown }]);
    }
  });

  test("members without a value are absent, and cycles are rejected", () => {
    expect(toJson({ a: undefined, b: [1n] })).toBe('{"b":[1]}');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => toJson(cycle)).toThrow(Refused);
  });
});

describe("two parameters in one segment", () => {
  const path = (template: string, style: "simple" | "label", call: Record<string, unknown>): string => {
    const parameters = Object.keys(call).map((name) => ({ field: name, name, place: "path", required: true, style }) as const);
    return new URL(write("https://example.com", { ...operation(undefined), path: template, parameters }, call).url).pathname;
  };

  test("a value does not end where the text between them ends it", () => {
    expect(path("/files/{name}.{ext}", "simple", { name: "a.b", ext: "tar.gz" })).toBe("/files/a%2Eb.tar.gz");
    expect(path("/{a}-{b}/{c}", "simple", { a: "1-2", b: "3-4", c: "5-6" })).toBe("/1%2D2-3-4/5-6");
    expect(path("/{a}:{b}", "simple", { a: "1:2", b: "3:4" })).toBe("/1%3A2:3%3A4");
    expect(() => path("/{a},{b}", "simple", { a: ["1", "2"], b: "3" })).toThrow("contains ',', which separates it from the next parameter in this path");
    expect(() => path("/{a}.{b}", "label", { a: "1", b: "3" })).toThrow("contains '.', which separates it from the next parameter in this path");
  });
});

function operation(body: Body | undefined, responses: Operation<unknown, unknown>["responses"] = []): Operation<unknown, unknown> {
  const base = { id: "call", method: "POST", path: "/p", security: [], parameters: [], accept: "text/plain", responses };
  return body === undefined ? base : { ...base, body };
}

describe("bodies", () => {
  test("a form has each member as its encoding says", () => {
    const body: Body = {
      field: "body",
      mediaType: "application/x-www-form-urlencoded",
      required: true,
      content: "form",
      encodings: { csv: { place: "query", explode: false }, metadata: { place: "query", style: "deepObject", explode: true } },
    };
    const value = { csv: ["a,b", "c"], grant: "a b&c", metadata: { k: "v=1" }, nested: { a: 1 }, ok: true, scope: ["x", "1"] };
    const request = write("https://example.com", operation(body), { body: value });
    const expected = "csv=a%2Cb,c&grant=a%20b%26c&metadata[k]=v%3D1&nested=%7B%22a%22%3A1%7D&ok=true&scope=x&scope=1";
    expect(request.body).toBe(expected);
    expect(request.headers.get("Content-Type")).toBe("application/x-www-form-urlencoded");
    expect(request.headers.get("Accept")).toBe("text/plain");
  });

  test("a member that a form needs has a text", () => {
    const schema = z.object({ scope: z.array(z.string()).nullable(), other: z.array(z.string()).optional() });
    const body: Body = { field: "body", mediaType: "application/x-www-form-urlencoded", required: true, content: "form", schema };
    for (const scope of [[], null]) {
      expect(() => write("https://example.com", operation(body), { body: { scope, other: [] } })).toThrow("/scope is required, and null or an empty list cannot be sent");
    }
    expect(write("https://example.com", operation(body), { body: { scope: ["x"], other: [] } }).body).toBe("scope=x");
  });

  test("text is sent and read as it is", async () => {
    const body: Body = { field: "body", mediaType: "text/plain", required: true, content: "text" };
    expect(write("https://example.com", operation(body), { body: '"é"\n1' }).body).toBe('"é"\n1');
    expect(write("https://example.com", operation(body), { body: 2 ** 60 }).body).toBe("1152921504606846976");
    const called = operation(undefined, [{ status: 200, content: "text" }]);
    expect((await read(called, new Response("\uFEFFhello"))).body).toBe("hello");
  });

  test("a string of any media type is sent as text, and read as its media type says", async () => {
    const sent = (mediaType: string, value: unknown): [string | null, BodyInit | undefined] => {
      const body: Body = { field: "body", mediaType, required: true, content: "jsonOrText" };
      const { headers, body: text } = write("https://example.com", operation(body), { body: value });
      return [headers.get("Content-Type"), text];
    };
    expect(sent("*/*", "5")).toEqual(["text/plain; charset=utf-8", "5"]);
    expect(sent("*/*", { a: 1 })).toEqual(["application/json", '{"a":1}']);
    expect(sent("text/*", 5)).toEqual(["text/plain; charset=utf-8", "5"]);
    const called = operation(undefined, [{ status: 200, content: "jsonOrText", mediaTypes: ["*/*"] }]);
    const answer = async (type: string): Promise<unknown[]> => {
      const { outcome, body } = await read(called, new Response('"a"', { headers: { "Content-Type": type } }));
      return [outcome, body];
    };
    expect(await answer("application/problem+json")).toEqual([200, "a"]);
    expect(await answer("text/csv")).toEqual([200, '"a"']);
    expect(await answer("application/xml")).toEqual(["undeclared", new TextEncoder().encode('"a"')]);
  });
});

describe("responses", () => {
  test("the caller's signal ends a stream that a call has returned", async () => {
    const called = operation(undefined, [{ status: 200, content: "events" }]) as Operation<object, unknown>;
    const abort = new AbortController();
    let signal: AbortSignal | null | undefined;
    const fetch = async (_: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      signal = init.signal;
      return new Response(new ReadableStream(), { status: 200 });
    };
    await send({ baseUrl: "https://example.com", fetch }, called, {}, { signal: abort.signal });
    expect(signal?.aborted).toBe(false);
    abort.abort();
    expect(signal?.aborted).toBe(true);
  });

  test("the most exact status decides, and of its media types the most exact one", async () => {
    const item = z.strictObject({ a: z.number() });
    const several = ["application/json", "application/problem+json", "text/csv", "text/event-stream"];
    const any = { status: "default", content: "text" } as const;
    const json = { content: "json", mediaTypes: several, schema: item } as const;
    const answer = async (responses: Operation<unknown, unknown>["responses"], status: number, type: string): Promise<unknown> =>
      (await read(operation(undefined, responses), new Response('{"a":1}', { status, headers: { "Content-Type": type } }))).outcome;
    for (const status of [200, "2XX"] as const) {
      expect(await answer([{ ...json, status }, any], 200, "application/json; charset=utf-8")).toBe(status);
      for (const type of ["application/problem+json", "text/csv", "text/event-stream", "image/png", ""]) {
        expect(await answer([{ ...json, status }, any], 200, type)).toBe("undeclared");
      }
    }
    expect(await answer([{ ...json, status: 404 }, { status: "4XX", content: "bytes" }, any], 404, "text/csv")).toBe("undeclared");
    expect(await answer([{ ...json, status: 404 }, { status: "4XX", content: "bytes" }, any], 405, "text/csv")).toBe("4XX");
    const texts = { status: 200, content: "text", mediaTypes: ["text/csv", "text/plain"] } as const;
    expect([await answer([texts], 200, "TEXT/CSV"), await answer([texts], 200, "text/plain")]).toEqual([200, "undeclared"]);
    const text = { status: 200, content: "jsonOrText", mediaTypes: ["text/*"] } as const;
    expect([await answer([text], 200, "text/html"), await answer([text], 200, "application/json")]).toEqual([200, "undeclared"]);
    const suffix = { status: 200, content: "json", mediaTypes: ["application/*+json", "application/problem+json"] } as const;
    const types = ["application/vnd.a+json", "application/json", "application/problem+json"];
    expect(await Promise.all(types.map((type) => answer([suffix], 200, type)))).toEqual([200, 200, "undeclared"]);
  });

  test("what cannot be read is kept whole", async () => {
    const called = operation(undefined, [{ status: "default", content: "json" }]);
    const response = new Response("<html>", { status: 502, headers: { "X-Gateway": "7" } });
    const error: unknown = await read(called, response).then(() => undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(CallError);
    const { status, headers, body } = error as CallError;
    expect([status, headers?.get("x-gateway"), new TextDecoder().decode(body)]).toEqual([502, "7", "<html>"]);
  });

  test.each([204, 205, 304])("a range and the default with a body leave out %d, which has none", async (status) => {
    const ranges = operation(undefined, [
      { status: status < 300 ? "2XX" : "3XX", content: "json" },
      { status: "default", content: "json" },
    ]);
    const { outcome, body } = await read(ranges, new Response(null, { status }));
    expect([outcome, body]).toEqual(["undeclared", new Uint8Array()]);
    const empty = operation(undefined, [{ status: "default", content: "none" }]);
    expect((await read(empty, new Response(null, { status }))).outcome).toBe("default");
  });

  test("a body that the contract does not declare is there as it came", async () => {
    const { body, raw } = await read(operation(undefined, [{ status: 400, content: "none" }]), new Response('{"error":"x"}', { status: 400 }));
    expect([body, new TextDecoder().decode(raw)]).toEqual([undefined, '{"error":"x"}']);
  });

  test("the status narrows the body", () => {
    const reply = { outcome: 200, status: 200, headers: new Headers(), refused: [], body: "x", raw: undefined } as Replies<{ 200: string; 404: number; "4XX": boolean }>;
    const of = (result: typeof reply): string => {
      if (result.status === 200) {
        return result.body.toUpperCase();
      }
      if (result.status === 404) {
        return result.body.toFixed();
      }
      if (result.status === 400) {
        const isBad: boolean = result.body;
        return String(isBad);
      }
      const rest: Uint8Array | boolean = result.body;
      return String(rest);
    };
    expect(of(reply)).toBe("X");
    const wide = { ...reply, outcome: "2XX", status: 200 } as Replies<{ "2XX": string; default: number }>;
    const ofWide = (result: typeof wide): string => {
      if (result.status === 204) {
        const { body, outcome }: { body: Uint8Array; outcome: "undeclared" } = result;
        return outcome + String(body);
      }
      return result.outcome === "2XX" ? result.body.toLowerCase() : result.outcome === "default" ? result.body.toFixed() : "";
    };
    expect(ofWide(wide)).toBe("x");
    const changes = (result: GetChangesResult): number => (result.status === 200 ? result.body.changes.length : 0);
    expect(changes).toBeTypeOf("function");
  });
});

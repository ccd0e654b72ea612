// Credentials, bodies and statuses of the TypeScript client, over hand-written operations.

import { describe, expect, test } from "vitest";
import {
  bearer,
  CallError,
  credentials,
  read,
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
    [[], plain, {}],
  ])("%j", async (security, url, headers) => {
    expect(await sent(all, security)).toEqual([url, headers]);
  });

  test("a set of schemes is sent as a whole or not at all", async () => {
    expect(await sent(credentials({ header: "h" }), [[header, query]])).toEqual([plain, {}]);
    expect(await sent(credentials({ token: () => undefined }), [[token]])).toEqual([plain, {}]);
    expect(await sent(bearer("t"), [[header], [basic]])).toEqual([plain, {}]);
    expect(await sent(bearer("t"), [[header], [token]])).toEqual([plain, { authorization: "Bearer t" }]);
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

  test("text is sent and read as it is", async () => {
    const body: Body = { field: "body", mediaType: "text/plain", required: true, content: "text" };
    expect(write("https://example.com", operation(body), { body: '"é"\n1' }).body).toBe('"é"\n1');
    const called = operation(undefined, [{ status: 200, content: "text" }]);
    expect((await read(called, new Response("\uFEFFhello"))).body).toBe("hello");
  });
});

describe("responses", () => {
  test("what cannot be read is kept whole", async () => {
    const called = operation(undefined, [{ status: "default", content: "json" }]);
    const response = new Response("<html>", { status: 502, headers: { "X-Gateway": "7" } });
    const error: unknown = await read(called, response).then(() => undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(CallError);
    const { status, headers, body } = error as CallError;
    expect([status, headers?.get("x-gateway"), new TextDecoder().decode(body)]).toEqual([502, "7", "<html>"]);
  });

  test("the status narrows the body", () => {
    const reply = { outcome: 200, status: 200, headers: new Headers(), refused: [], body: "x" } as Replies<{ 200: string; 404: number; "4XX": boolean }>;
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
    const changes = (result: GetChangesResult): number => (result.status === 200 ? result.body.changes.length : 0);
    expect(changes).toBeTypeOf("function");
  });
});

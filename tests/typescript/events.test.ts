// Server-sent events: the table that the Rust parser reads too (`tests/events.rs`), and the stream that the client returns.

import { describe, expect, test } from "vitest";
import * as rt from "../../contractc/runtime/typescript/index.js";
import listed from "../events.json";

interface Row {
  readonly name: string;
  readonly text?: string;
  readonly bytes?: readonly number[];
  readonly events: readonly (readonly [event: string, id: string, data: string])[];
  readonly lastId?: string;
  readonly retryMs?: number;
}

const table = listed as unknown as readonly Row[];

test.each(table)("$name", ({ text, bytes: listed, events, lastId, retryMs }) => {
  const bytes = text === undefined ? Uint8Array.from(listed ?? []) : new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 4, 5, 6, 7, 8, Math.max(bytes.length, 1)]) {
    const parser = new rt.Events();
    const found: rt.EventFields[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      found.push(...parser.push(bytes.subarray(at, at + size)));
    }
    expect(found.map(({ event, id, data }) => [event, id, data]), `in pieces of ${size} bytes`).toEqual(events);
    expect(parser.lastId).toBe(lastId ?? parser.lastId);
    expect(parser.retryMs).toBe(retryMs);
  }
});

describe("the client", () => {
  type Counted = rt.EventStream<{ n: number }>;
  const schema = rt.object<{ n: number }>({ n: rt.integer() });
  const watch: rt.Operation<object, rt.Replies<{ 200: Counted }>> = {
    id: "watch",
    method: "GET",
    path: "/events",
    security: [],
    parameters: [],
    accept: "text/event-stream",
    responses: [{ status: 200, content: "events", schema }],
  };

  function streamed(chunks: readonly (string | Error)[]): { readonly response: Response; isCancelled: () => boolean } {
    let isCancelled = false;
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks[at];
        at += 1;
        if (chunk === undefined) {
          controller.close();
        } else if (typeof chunk === "string") {
          controller.enqueue(new TextEncoder().encode(chunk));
        } else {
          controller.error(chunk);
        }
      },
      cancel() {
        isCancelled = true;
      },
    });
    return { response: new Response(body, { headers: { "Content-Type": "text/event-stream" } }), isCancelled: () => isCancelled };
  }

  async function opened(response: Response): Promise<Counted> {
    const reply = await rt.send({ baseUrl: "http://host", fetch: () => Promise.resolve(response) }, watch, {});
    if (reply.outcome !== 200) {
      throw new Error("the status is another one");
    }
    expect(reply.raw).toBeUndefined();
    return reply.body;
  }

  test("events are typed values, in the order in which they come", async () => {
    const { response } = streamed(["id: 1\nda", 'ta: {"n": 1}\n\nevent: last\ndata: {"n":\ndata: 2}\n\n', "retry: 5\n"]);
    const stream = await opened(response);
    const found: [string, number][] = [];
    for await (const { event, data } of stream) {
      found.push([event, data.n]);
    }
    expect(found).toEqual([["message", 1], ["last", 2]]);
    expect([stream.lastId, stream.retryMs]).toEqual(["1", 5]);
  });

  test.each([['data: {"n": "x"}\n\n', "/n", "type"], ["data: {\n\n", "", "syntax"]])("%j is an error that says where", async (text, pointer, keyword) => {
    const { response, isCancelled } = streamed([text, "data: never\n\n"]);
    const stream = await opened(response);
    const error = await stream[Symbol.asyncIterator]().next().catch((error: unknown) => error);
    expect(error).toMatchObject({ kind: "response", operation: "watch", status: 200, violations: [{ pointer, keyword }] });
    expect(isCancelled()).toBe(true);
  });

  test("a loop that ends closes the stream, and a stream that breaks off is an error", async () => {
    const one = streamed(['data: {"n": 1}\n\n', 'data: {"n": 2}\n\n', 'data: {"n": 3}\n\n']);
    for await (const { data } of await opened(one.response)) {
      if (data.n === 1) {
        break;
      }
    }
    expect(one.isCancelled()).toBe(true);
    const broken = await opened(streamed(['data: {"n": 1}\n\n', new Error("offline")]).response);
    const events = broken[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ data: { n: 1 } });
    await expect(events.next()).rejects.toMatchObject({ kind: "transport", status: 200 });
  });

  test.each<[string, (abort: AbortController) => void]>([
    ["no reason", (abort) => abort.abort()],
    ["a text", (abort) => abort.abort("x")],
    ["an error", (abort) => abort.abort(new DOMException("too late", "TimeoutError"))],
  ])("a stream that the caller aborts with %s is aborted", async (_, end) => {
    const abort = new AbortController();
    const fetch = (_: unknown, init?: RequestInit): Promise<Response> => {
      const body = new ReadableStream<Uint8Array>({ start: (stream) => init?.signal?.addEventListener("abort", () => stream.error(init.signal?.reason)) });
      return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
    };
    const { body } = (await rt.send({ baseUrl: "http://host", fetch }, watch, {}, { signal: abort.signal })) as { body: Counted };
    const next = body[Symbol.asyncIterator]().next();
    end(abort);
    await expect(next).rejects.toMatchObject({ kind: "aborted", status: 200 });
  });

  test("an invalid item of an `x-each` array is refused, and the stream goes on", async () => {
    const each = rt.object({ of: rt.each(schema) });
    const listed = { ...watch, responses: [{ status: 200, content: "events", schema: each }] } as rt.Operation<object, rt.Replies<{ 200: rt.EventStream<{ of: { n: number }[] }> }>>;
    const { response } = streamed(['data: {"of": [{"n": 1}, {"n": "x"}]}\n\ndata: {"of": []}\n\n']);
    const { body } = (await rt.send({ baseUrl: "http://host", fetch: () => Promise.resolve(response) }, listed, {})) as { body: rt.EventStream<unknown> };
    const events: rt.ServerEvent<unknown>[] = [];
    for await (const event of body) {
      events.push(event);
    }
    expect(events).toMatchObject([{ data: { of: [{ n: 1 }] }, refused: [{ raw: { n: "x" }, violations: [{ pointer: "/n" }] }] }, { data: { of: [] }, refused: [] }]);
  });

  test("a body of another media type is no stream", async () => {
    const html = (): Response => new Response("<html>", { headers: { "Content-Type": "text/html; charset=utf-8" } });
    const error = await opened(html()).catch((error: unknown) => error);
    expect(error).toMatchObject({ kind: "response", status: 200, violations: [{ pointer: "", keyword: "content" }] });
    expect(new TextDecoder().decode((error as rt.CallError).body)).toBe("<html>");
    const several = { ...watch, responses: [{ status: 200, content: "events", mediaTypes: ["text/event-stream", "text/plain"], schema }] } as typeof watch;
    const reply = await rt.send({ baseUrl: "http://host", fetch: () => Promise.resolve(html()) }, several, {});
    expect([reply.outcome, new TextDecoder().decode(reply.raw)]).toEqual(["undeclared", "<html>"]);
  });

  test("the bytes can be read as they came", async () => {
    const stream = await opened(streamed(["data: 1\n\n"]).response);
    expect(await new Response(stream.bytes).text()).toBe("data: 1\n\n");
  });
});

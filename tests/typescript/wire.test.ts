// How the TypeScript client writes parameters: the table that the Rust client and the server are tested with.

import { expect, test } from "vitest";
import { CallError, multipart, write, type Body, type Encoding, type Operation, type Parameter } from "../../generated/typescript/runtime/index.js";
import table from "../wire/table.json" with { type: "json" };

interface Row {
  readonly in: Encoding["place"];
  readonly style: NonNullable<Encoding["style"]>;
  readonly explode: boolean;
  readonly allowReserved?: true;
  readonly value: unknown;
  readonly sent?: string | null;
  readonly refused?: true;
}

const rows = table as Row[];

function sent(row: Row): string | null {
  const parameter: Parameter = {
    field: "v",
    name: "v",
    place: row.in,
    style: row.style,
    explode: row.explode,
    ...(row.allowReserved === undefined ? {} : { reserved: true }),
    ...(row.in === "path" ? { required: true } : {}),
  };
  const path = row.in === "path" ? "/p/{v}" : "/p";
  const operation: Operation<unknown, unknown> = { id: "call", method: "GET", path, security: [], parameters: [parameter], responses: [] };
  const { url, headers } = write("https://example.com/base", operation, { v: row.value });
  const rest = url.slice("https://example.com/base/p".length);
  // The URL parser of `fetch` keeps the path and the query.
  expect(new URL(url).href).toBe(url);
  switch (row.in) {
    case "path":
      return rest.slice(1);
    case "query":
      return rest === "" ? null : rest.slice(1);
    default:
      return headers.get(row.in === "header" ? "v" : "cookie");
  }
}

test.each(rows.map((row) => [JSON.stringify(row), row] as const))("%s", (_, row) => {
  if (row.refused) {
    expect(() => sent(row)).toThrow(CallError);
  } else {
    expect(sent(row)).toBe(row.sent);
  }
});

test("a base URL that ends a path is rejected", () => {
  const operation: Operation<unknown, unknown> = { id: "call", method: "GET", path: "/p", security: [], parameters: [], responses: [] };
  for (const base of ["https://example.com/api?key=1", "https://example.com/api#part", "https://example.com?"]) {
    expect(() => write(base, operation, {})).toThrow(`a base URL with \`?\` or \`#\`, which must not be in it: ${base}`);
  }
  expect(write("https://example.com/api/", operation, {}).url).toBe("https://example.com/api/p");
});

test("members of an open object do not repeat another parameter", () => {
  const parameters: Parameter[] = [
    { field: "any", name: "any", place: "query" },
    { field: "limit", name: "limit", place: "query" },
  ];
  const operation: Operation<unknown, unknown> = { id: "call", method: "GET", path: "/p", security: [], parameters, responses: [] };
  const url = (call: Record<string, unknown>): string => write("https://example.com", operation, call).url;
  for (const name of ["limit", "limit[from]"]) {
    const message = `/query/any has the member ${JSON.stringify(name)}, which is also a separate parameter`;
    expect(() => url({ any: { a: "1", [name]: "7" }, limit: 3 })).toThrow(message);
  }
  expect(url({ any: { a: "1", limit: undefined }, limit: 3 })).toBe("https://example.com/p?a=1&limit=3");
});

const parts = multipart([
  { name: "file", required: true, file: true },
  { name: "name" },
  { name: "members" },
  { name: 'a "name"', types: ["application/json"] },
  { name: "photos", file: true, types: ["image/png", "image/*"], counts: [1, 2] },
]);

function form(body: unknown): { readonly headers: Headers; readonly body: BodyInit | undefined } {
  return sentBody({ field: "body", mediaType: "multipart/form-data", required: true, content: parts }, body);
}

function sentBody(declared: Body, body: unknown, headers = {}): { readonly headers: Headers; readonly body: BodyInit | undefined } {
  const operation: Operation<unknown, unknown> = { id: "call", method: "POST", path: "/p", security: [], parameters: [], body: declared, responses: [] };
  return write("https://example.com", operation, { body }, new Headers(headers));
}

test("a body of several parts is what another reader of forms reads", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const photos = [new Blob([bytes]), new File(["x"], 'é "1".gif', { type: "image/gif" })];
  const members = [{ userId: "1" }, { userId: "2" }];
  const { headers, body } = form({ file: new Blob([bytes]), name: "line\r\nline \u{1F600}", members, 'a "name"': ["x", "1"], photos, other: 1 });
  const read = await new Response(body ?? null, { headers }).formData();
  expect([...new Set(read.keys())]).toEqual(["file", "name", "members", 'a "name"', "photos"]);
  expect(read.get("name")).toBe("line\r\nline \u{1F600}");
  const texts = await Promise.all([...read.getAll("members"), ...read.getAll('a "name"')].map(async (part) => (typeof part === "string" ? part : part.text())));
  expect(texts).toEqual(['{"userId":"1"}', '{"userId":"2"}', '"x"', '"1"']);
  const files = [...read.getAll("file"), ...read.getAll("photos")] as File[];
  expect(files.map(({ name, type }) => [name, type])).toEqual([["blob", "application/octet-stream"], ["blob", "image/png"], ['é "1".gif', "image/gif"]]);
  expect(new Uint8Array(await (files[0] as File).arrayBuffer())).toEqual(bytes);
});

test("a body without a required part, or with a file of another type, is not sent", () => {
  expect(() => form({ name: "x" })).toThrow('is missing the part "file"');
  expect(() => form({ file: "text" })).toThrow("/file is not a file; expected a Blob");
  expect(() => form({ file: new Blob(), photos: [new Blob([], { type: "text/html" })] })).toThrow("/photos has the media type");
  expect(() => form({ file: new Blob(), photos: [] })).toThrow("/photos has 0 files; expected at least 1");
  expect(() => form({ file: new Blob(), photos: Array(3).fill(new Blob()) })).toThrow("/photos has 3 files; expected at most 2");
  expect(() => form({ file: [] })).toThrow("/file is required, and null or an empty list cannot be sent");
});

test("a body that `fetch` sends as it is has a media type that the contract accepts", () => {
  const raw = (mediaType: string, body: unknown, headers = {}): string | null =>
    sentBody({ field: "body", mediaType, required: true, content: "raw" }, body, headers).headers.get("Content-Type");
  expect(raw("application/octet-stream", Uint8Array.of(1))).toBe("application/octet-stream");
  // `fetch` sends the type of the blob.
  expect(raw("image/*", new Blob([], { type: "image/png" }))).toBeNull();
  expect(raw("*/*", "text")).toBeNull();
  expect(raw("image/*", Uint8Array.of(1), { "Content-Type": "image/png" })).toBe("image/png");
  expect(() => raw("image/*", new Blob([], { type: "text/html" }))).toThrow('has the media type "text/html"; expected image/*');
  expect(() => raw("image/*", Uint8Array.of(1))).toThrow("needs a media type, which the contract does not declare");
  for (const other of [null, { a: 1 }, 5]) {
    expect(() => raw("text/csv", other)).toThrow("is not a body that `fetch` sends");
  }
});

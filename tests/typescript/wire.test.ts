// How the TypeScript client writes parameters: the table that the Rust client and the server are tested with.

import { expect, test } from "vitest";
import { CallError, write, type Encoding, type Operation, type Parameter } from "../../generated/typescript/runtime/index.js";
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

// Also validates every request and every response of the feed with the generated Zod schemas, and compares the results with those of the
// generated Rust in the engine. A difference is an error: the request counts as failed, and the status gives the reason.

import { parseEach, type Sorted } from "../../generated/typescript/runtime/each.js";
import { getChanges, pushChanges } from "../../generated/typescript/operations.js";
import * as schemas from "../../generated/typescript/schemas.js";
import type { ServerResponse, Call } from "./transport.js";
import * as wasm from "../engine/pkg/engine.js";

/** The result of one validator for a message: the number of rejected items, or that the whole message is rejected. */
type Result = number | "rejected";

/** Validates a request of the feed and its response with both validators. */
export function audit(call: Call, sent: Uint8Array | undefined, answer: ServerResponse): void {
  if (call.operation === pushChanges.id && sent !== undefined) {
    // The engine validated each of these records before it stored them.
    agree("the push", zod(parseEach(schemas.FeedPushRequestSchema, json(sent))), 0);
  }
  if (call.operation === getChanges.id && answer.status === 200) {
    agree("the page", zod(parseEach(schemas.FeedPageSchema, json(answer.body))), rust(() => wasm.validatePage(answer.body)));
  }
  if (call.operation === pushChanges.id && answer.status === 200) {
    const outcomes = parseEach(schemas.FeedPushResultSchema, json(answer.body));
    if (!outcomes.valid) {
      throw new Error(`cannot validate the server's outcomes with Zod: ${JSON.stringify(outcomes.violations)}; report it to the server's operator`);
    }
  }
}

function agree(what: string, byZod: Result, byRust: Result): void {
  if (byZod !== byRust) {
    throw new Error(`cannot validate ${what}: Zod says ${byZod}, Rust says ${byRust}; please report this bug`);
  }
  if (byZod === "rejected") {
    throw new Error(`cannot validate ${what}: it violates the contract; report it to the server's operator`);
  }
}

function json(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function zod(sorted: Sorted<unknown>): Result {
  return sorted.valid ? sorted.refused.length : "rejected";
}

function rust(validate: () => number): Result {
  try {
    return validate();
  } catch {
    // The engine reads the message next and reports the reason.
    return "rejected";
  }
}

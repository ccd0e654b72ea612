// Responses: each is read as the response that the contract declares for its status.

import type * as z from "zod";
import { parseEach } from "./each.js";
import { EventStream, type ServerEvent } from "./events.js";
import { parseJson } from "./json.js";
import { isEvents, isFirst, isJson, isText } from "./media.js";
import { CallError, type AnyReply, type Declared, type Operation } from "./operation.js";
import { json } from "./plain.js";
import { fromJson, validateAt, type Validated, type Violation } from "./report.js";

/**
 * Reads a response as the response that the contract declares for its status. `signal` is the caller's, which may abort a stream.
 *
 * @throws CallError if the contract rejects it.
 */
export async function read(operation: Operation<unknown, unknown>, response: Response, signal?: AbortSignal): Promise<AnyReply> {
  const { status, headers } = response;
  const type = headers.get("Content-Type") ?? "";
  const hasBody = status >= 200 && ![204, 205, 304].includes(status);
  // The most exact status decides: a less exact one does not describe a body that the response with this status does not have.
  const found = operation.responses.find((declared) => matches(declared.status, status));
  const declared = found !== undefined && belongs(found, hasBody, type) ? found : undefined;
  const isStream = declared !== undefined && isOfEvents(declared.content);
  const isOther = isStream && type !== "" && !isEvents(type);
  const raw = isStream && !isOther ? undefined : new Uint8Array(await response.arrayBuffer());
  const reply = { outcome: declared?.status ?? ("undeclared" as const), status, headers, raw, refused: [] };
  if (raw === undefined) {
    return { ...reply, body: eventsOf(operation.id, response, declared as Declared, signal) };
  }
  if (isOther) {
    const message = `has the media type ${JSON.stringify(type)}; expected text/event-stream`;
    throw invalid(operation.id, response, raw, [{ pointer: "", keyword: "content", message }]);
  }
  switch (declared?.content) {
    case "none":
      return { ...reply, body: undefined };
    case "json":
      return { ...reply, ...readJson(operation.id, response, raw, declared.schema) };
    case "text":
      return { ...reply, body: readText(operation.id, response, raw, declared.schema) };
    case "jsonOrText":
      return isJson(type)
        ? { ...reply, ...readJson(operation.id, response, raw, declared.schema) }
        : { ...reply, body: readText(operation.id, response, raw, declared.schema) };
    default:
      return { ...reply, body: raw };
  }
}

function isOfEvents(content: Declared["content"]): boolean {
  return content === "events" || content === "textEvents";
}

/** Whether a response with a declared status has a body that the contract describes. */
function belongs({ status, content, mediaTypes }: Declared, hasBody: boolean, type: string): boolean {
  const isRead = (): boolean => (content === "json" ? isJson(type) : content !== "jsonOrText" || isJson(type) || isText(type));
  return (hasBody || content === "none" || typeof status === "number") && (mediaTypes === undefined || (isFirst(mediaTypes, type) && isRead()));
}

function readJson(id: string, response: Response, body: Uint8Array, schema: z.ZodType | undefined): Pick<AnyReply, "body" | "refused"> {
  let value: unknown;
  try {
    value = parseJson(decode(body));
  } catch (error) {
    throw invalid(id, response, body, [notReadable("JSON", error)]);
  }
  if (schema === undefined) {
    return { body: value, refused: [] };
  }
  const parsed = parseEach(schema, value);
  if (!parsed.valid) {
    throw invalid(id, response, body, parsed.violations);
  }
  return { body: parsed.value, refused: parsed.refused };
}

function readText(id: string, response: Response, body: Uint8Array, schema: z.ZodType | undefined): string {
  let text: string;
  try {
    text = decode(body);
  } catch (error) {
    throw invalid(id, response, body, [notReadable("UTF-8", error)]);
  }
  const violations = validateAt(schema, text, []);
  if (violations.length > 0) {
    throw invalid(id, response, body, violations);
  }
  return text;
}

function eventsOf(id: string, response: Response, { content, schema }: Declared, signal?: AbortSignal): EventStream<unknown> {
  const { status, headers } = response;
  const readEvent = (data: string): Pick<ServerEvent<unknown>, "data" | "refused"> => {
    const parsed: Validated<unknown> = content === "events" ? fromJson(json(), data) : { valid: true, value: data };
    const read = parsed.valid ? parseEach(schema ?? json(), parsed.value) : parsed;
    if (!read.valid) {
      throw invalid(id, response, new TextEncoder().encode(data), read.violations);
    }
    return { data: read.value, refused: read.refused };
  };
  const broken = (cause: unknown): CallError => {
    // The reason of the signal is any value.
    const isAborted = signal?.aborted === true;
    const message = isAborted ? "the call was aborted" : "the stream broke off";
    return new CallError(isAborted ? "aborted" : "transport", id, message, { cause, status, headers });
  };
  return new EventStream(response.body ?? new Response("").body as ReadableStream<Uint8Array>, readEvent, broken);
}

/** A byte order mark is no part of the text; the decoder removes it. */
function decode(body: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(body);
}

function notReadable(what: string, error: unknown): Violation {
  return { pointer: "", keyword: "syntax", message: `is not ${what}: ${error instanceof Error ? error.message : String(error)}` };
}

function invalid(operation: string, { status, headers }: Response, body: Uint8Array, violations: readonly Violation[]): CallError {
  const listed = violations.map((violation) => `${violation.pointer} ${violation.message}`).join("; ");
  const message = `the response with status ${status} violates the contract: ${listed}`;
  return new CallError("response", operation, message, { violations, status, headers, body });
}

/** Whether a declared status covers a status. */
export function matches(declared: Declared["status"], status: number): boolean {
  return declared === "default" || declared === status || declared === `${Math.floor(status / 100)}XX`;
}

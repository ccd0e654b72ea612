// An HTTP client for a contract, based on `fetch`: validates both requests and responses against the contract.

import type * as z from "zod";
import { parseEach, type Invalid } from "./each.js";
import { isObject, parseJson, toJson } from "./json.js";
import { checkHeader, parts, Refused, whole, type Encoding, type Parameter } from "./parameter.js";
import { pointer, validate, type Violation } from "./report.js";
import type { Security } from "./security.js";

/** An operation of the contract. `Call` is its input, and `Result` the union of its possible responses. */
export interface Operation<Call, Result> {
  readonly id: string;
  readonly method: string;
  /** The path template, with parameters in braces. */
  readonly path: string;
  readonly security: Security;
  readonly parameters: readonly Parameter[];
  /** The media types of the responses, as the header `Accept` lists them. */
  readonly accept?: string;
  readonly body?: Body;
  /** Exact statuses, then ranges, then the default. */
  readonly responses: readonly Declared[];
  /** Never present: connects the types to the operation. */
  readonly "~types"?: readonly [Call, Result];
}

/** Writes a body of another kind, and sets its content type. What the contract refuses is added to `refused`. */
export type BodyWriter = (value: unknown, headers: Headers, refused: Violation[]) => BodyInit;

/** The body of a request: a value that is sent as JSON, text or a form or by a writer, or a body that `fetch` accepts. */
export interface Body {
  readonly field: string;
  readonly mediaType: string;
  readonly required: boolean;
  readonly content: "json" | "text" | "form" | "raw" | BodyWriter;
  /** The members of a form whose encoding is not the default. */
  readonly encodings?: Readonly<Record<string, Encoding>>;
  readonly schema?: z.ZodType;
}

/** A response that the contract declares. */
export interface Declared {
  readonly status: number | `${number}XX` | "default";
  readonly content: "none" | "json" | "text" | "bytes" | "stream";
  /** Whether a body with another media type does not belong to this response. */
  readonly isOneOfSeveral?: true;
  readonly schema?: z.ZodType;
}

/** A response. `outcome` and `status` distinguish the declared responses. */
export interface Reply<Outcome extends Declared["status"] | "undeclared", Content, Other extends number = never> {
  readonly outcome: Outcome;
  /** For a range or the default: every status of it, except those that other responses declare (`Other`). */
  readonly status: Exclude<StatusOf<Outcome>, Other>;
  readonly headers: Headers;
  readonly body: Content;
  /** Items of `x-each` arrays that the contract rejects; `body` contains the others. */
  readonly refused: readonly Invalid[];
}

/** The responses of an operation: its outcomes with their contents, and any other status unless there is a default. */
export type Replies<Contents extends object, Open extends number = never> =
  | { [Outcome in keyof Contents & Declared["status"]]: Reply<Outcome, Contents[Outcome], Others<keyof Contents, Outcome>> }[keyof Contents & Declared["status"]]
  | ("default" extends keyof Contents ? never : Undeclared<Exclude<StatusOf<keyof Contents & Declared["status"]>, Open>>);

/** A response with a status that the contract does not declare. */
export type Undeclared<Other extends number = never> = Reply<"undeclared", Uint8Array, Other>;

/** The statuses that take precedence over those of an outcome: exact ones over ranges, and both over the default. */
type Others<Outcomes, Outcome> = Outcome extends number
  ? never
  : Outcome extends "default"
    ? StatusOf<Exclude<Outcomes, "default">>
    : Extract<Outcomes, number>;

/** The statuses of an outcome. */
export type StatusOf<Outcome> = Outcome extends number
  ? Outcome
  : Outcome extends `${infer Hundreds extends number}XX`
    ? Parsed<`${Hundreds}${Digit}${Digit}`>
    : Status;

/** Every status code of HTTP. */
export type Status = Parsed<`${1 | 2 | 3 | 4 | 5}${Digit}${Digit}`>;
type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
type Parsed<Text> = Text extends `${infer Code extends number}` ? Code : never;

/** A reply of any operation. */
export interface AnyReply {
  readonly outcome: Declared["status"] | "undeclared";
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly refused: readonly Invalid[];
}

/** A request before it is sent; `authorize` can add to it. */
export interface Draft {
  readonly operation: string;
  readonly security: Security;
  readonly headers: Headers;
  readonly url: URL;
}

/** An attempt that has ended; `retry` decides on it. */
export interface Attempt {
  readonly operation: string;
  /** The number of the attempt, starting at 1. */
  readonly number: number;
  /** The response with its body unread; absent if there was none. */
  readonly response?: Response;
  /** Why there was no response. */
  readonly error?: unknown;
}

/** The options of a client. */
export interface ClientOptions {
  /** The address of the server; may include a path. In a page, it may be relative to the page's own address, such as `/api`. */
  readonly baseUrl: string;
  /** Sends a request; the default is the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Adds credentials to a request on every attempt: see `credentials` and `bearer`. */
  readonly authorize?: (draft: Draft) => void | Promise<void>;
  /** Whether to send the request again. The function is responsible for any delay. */
  readonly retry?: (attempt: Attempt) => boolean | Promise<boolean>;
  /** The time limit of one attempt, including reading the body; no limit if absent. */
  readonly timeoutMs?: number;
}

/** The options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a call produced no result. A declared error status is not in this list: it is a result. */
export type CallErrorKind =
  /** The call itself violates the contract; nothing was sent. */
  | "request"
  /** No response, or no credentials from `authorize`. */
  | "transport"
  /** No response within the time limit. */
  | "timeout"
  /** The caller aborted the call. */
  | "aborted"
  /** The response violates the contract. */
  | "response";

/** What is known of a call that produced no result. */
export interface CallErrorDetails {
  readonly violations?: readonly Violation[];
  readonly status?: number;
  readonly headers?: Headers;
  readonly body?: Uint8Array;
  readonly cause?: unknown;
}

/** The error of a call that produced no result. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly kind: CallErrorKind;
  readonly operation: string;
  /** The violations of the contract; empty unless `kind` is `request` or `response`. */
  readonly violations: readonly Violation[];
  /** The status of a response that violates the contract. */
  readonly status: number | undefined;
  /** The headers of that response. */
  readonly headers: Headers | undefined;
  /** The body of that response, as received. */
  readonly body: Uint8Array | undefined;

  constructor(kind: CallErrorKind, operation: string, message: string, details: CallErrorDetails) {
    super(`${operation}: ${message}`, "cause" in details ? { cause: details.cause } : undefined);
    this.kind = kind;
    this.operation = operation;
    this.violations = details.violations ?? [];
    this.status = details.status;
    this.headers = details.headers;
    this.body = details.body;
  }
}

/**
 * Calls an operation.
 *
 * @throws CallError
 */
export async function send<Call extends object, Result>(
  client: ClientOptions,
  operation: Operation<Call, Result>,
  call: Call,
  options: CallOptions = {},
): Promise<Result> {
  // JavaScript may call an operation without its argument.
  const request = write(client.baseUrl, operation, ((call as Call | undefined) ?? {}) as Readonly<Record<string, unknown>>);
  for (let number = 1; ; number += 1) {
    const limit = new Limit(options.timeoutMs ?? client.timeoutMs, options.signal);
    try {
      const attempt = await exchange(client, operation, request, options, limit, number);
      if (attempt !== undefined) {
        return attempt as Result;
      }
    } finally {
      limit.end();
    }
  }
}

/** Makes one attempt: returns a result, or nothing if another attempt is requested. */
async function exchange(
  client: ClientOptions,
  operation: Operation<unknown, unknown>,
  request: Written,
  options: CallOptions,
  limit: Limit,
  number: number,
): Promise<AnyReply | undefined> {
  const { id, security } = operation;
  const [headers, url] = [new Headers(request.headers), addressOf(id, request.url)];
  new Headers(options.headers).forEach((value, name) => headers.set(name, value));
  const ask = async (): Promise<Response> => {
    await client.authorize?.({ operation: id, security, headers, url });
    return (client.fetch ?? fetch)(url, { method: operation.method, headers, body: request.body ?? null, signal: limit.signal });
  };
  try {
    const response = await limit.within(ask());
    if (await client.retry?.({ operation: id, number, response })) {
      await response.body?.cancel();
      return undefined;
    }
    return await limit.within(read(operation, response));
  } catch (error) {
    if (error instanceof CallError) {
      throw error;
    }
    const kind = limit.isOver ? "timeout" : options.signal?.aborted === true ? "aborted" : "transport";
    if (kind !== "aborted" && (await client.retry?.({ operation: id, number, error }))) {
      return undefined;
    }
    const reasons = { timeout: "the response timed out", aborted: "the call was aborted", transport: "no response; check the address and the network" };
    throw new CallError(kind, id, reasons[kind], { cause: error });
  }
}

/** The address of a request. In a page, it may be relative to the page's own. */
function addressOf(operation: string, url: string): URL {
  try {
    return new URL(url, (globalThis as { readonly location?: { readonly href: string } }).location?.href);
  } catch (cause) {
    const message = `${JSON.stringify(url)} is not an address; set baseUrl to one such as "https://example.com"`;
    throw new CallError("request", operation, message, { cause });
  }
}

/** Combines the time limit of an attempt with the caller's own signal. */
class Limit {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#outer?.reason);
  isOver = false;

  constructor(timeoutMs: number | undefined, outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted === true) {
      this.#abort();
    }
    outer?.addEventListener("abort", this.#abort);
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        this.#controller.abort(new DOMException(`no complete response within ${timeoutMs} ms`, "TimeoutError"));
      }, timeoutMs);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for a promise, but not beyond the limit, even if it is one of a function of the app that does not look at the signal. */
  within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const over = (): void => reject(this.signal.reason as Error);
      this.signal.addEventListener("abort", over);
      if (this.signal.aborted) {
        over();
      }
      void promise.then(resolve, reject).then(() => this.signal.removeEventListener("abort", over));
    });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}

/** A request that can be sent repeatedly. */
export interface Written {
  readonly url: string;
  readonly headers: Headers;
  readonly body: BodyInit | undefined;
}

/**
 * Serializes a call as a request.
 *
 * @throws CallError if the contract rejects it.
 */
export function write(baseUrl: string, operation: Operation<unknown, unknown>, call: Readonly<Record<string, unknown>>): Written {
  const refused: Violation[] = [];
  const headers = new Headers(operation.accept === undefined ? {} : { Accept: operation.accept });
  const [query, cookies]: [string[], string[]] = [[], []];
  let path = operation.path;
  for (const parameter of operation.parameters) {
    const value = call[parameter.field];
    const { name, place } = parameter;
    const refuse = (keyword: string, message: string): number => refused.push({ pointer: pointer([place, name]), keyword, message });
    if (value === undefined) {
      if (parameter.required) {
        refused.push({ pointer: pointer([place]), keyword: "required", message: `is missing the parameter ${JSON.stringify(name)}` });
      }
      continue;
    }
    refused.push(...judge(parameter.schema, value, [place, name]));
    let isDefined = true;
    try {
      if (place === "path") {
        const text = whole(parameter, name, value) ?? "";
        path = path.replaceAll(`{${name}}`, () => text);
        isDefined = text !== "";
      } else if (place === "header") {
        const text = whole(parameter, name, value);
        isDefined = text !== undefined;
        checkHeader(text ?? "");
        if (text !== undefined) {
          headers.set(name, text);
        }
      } else {
        const found = parts(parameter, name, value);
        (place === "query" ? query : cookies).push(...found);
        isDefined = found.length > 0;
      }
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      refuse("syntax", error.message);
    }
    if (!isDefined && parameter.required) {
      refuse("required", "is required, and null or an empty list cannot be sent");
    }
  }
  refused.push(...dotSegments(operation.path, path));
  if (cookies.length > 0) {
    headers.set("Cookie", cookies.join("; "));
  }
  const body = writeBody(operation.body, call, headers, refused);
  if (refused.length > 0) {
    const listed = refused.map(({ pointer, message }) => `${pointer || "the request"} ${message}`).join("; ");
    throw new CallError("request", operation.id, `the call violates the contract: ${listed}`, { violations: refused });
  }
  const search = query.length > 0 ? `${path.includes("?") ? "&" : "?"}${query.join("&")}` : "";
  return { url: `${baseUrl.replace(/\/+$/, "")}${path}${search}`, headers, body };
}

/**
 * Refuses values that make a segment `.` or `..`: every URL parser removes such a segment, even percent-encoded, so that the request would
 * go to another path.
 */
function dotSegments(template: string, path: string): Violation[] {
  const segments = path.split("/");
  return template.split("/").flatMap((part, index) => {
    const [name, segment] = [/\{(.*?)\}/.exec(part)?.[1], segments[index]];
    const message = `makes the segment "${segment}" in the path, which would lead to another path`;
    return name !== undefined && (segment === "." || segment === "..") ? [{ pointer: pointer(["path", name]), keyword: "syntax", message }] : [];
  });
}

function writeBody(body: Body | undefined, call: Readonly<Record<string, unknown>>, headers: Headers, refused: Violation[]): BodyInit | undefined {
  const value = body === undefined ? undefined : call[body.field];
  if (body === undefined || value === undefined) {
    if (body?.required === true) {
      refused.push({ pointer: "", keyword: "required", message: "is missing the body" });
    }
    return undefined;
  }
  if (typeof body.content === "function") {
    return body.content(value, headers, refused);
  }
  // `fetch` knows the boundary of a form and the type of a blob, where the contract leaves the media type to the caller.
  if (!/\*|^multipart\//i.test(body.mediaType)) {
    headers.set("Content-Type", body.mediaType);
  }
  if (body.content === "raw") {
    return value as BodyInit;
  }
  refused.push(...judge(body.schema, value, []));
  switch (body.content) {
    case "text":
      return String(value);
    case "form":
      return writeForm(body.encodings ?? {}, value, refused);
    default:
      return toJson(value);
  }
}

/** Writes each member like a query parameter. An object is JSON text if the contract does not say otherwise. */
function writeForm(encodings: Readonly<Record<string, Encoding>>, value: unknown, refused: Violation[]): string {
  const members = isObject(value) ? Object.entries(value) : [];
  const written = members.flatMap(([name, member]) => {
    const encoding: Encoding = Object.hasOwn(encodings, name) ? (encodings[name] ?? QUERY) : isObject(member) ? JSON_TEXT : QUERY;
    try {
      return parts(encoding, name, member);
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      refused.push({ pointer: pointer([name]), keyword: "syntax", message: error.message });
      return [];
    }
  });
  return written.join("&");
}

const QUERY: Encoding = { place: "query" };
const JSON_TEXT: Encoding = { place: "query", style: "json" };

function judge(schema: z.ZodType | undefined, value: unknown, place: readonly string[]): Violation[] {
  const found = schema === undefined ? [] : validate(schema, value);
  return found.map((violation) => ({ ...violation, pointer: pointer(place) + violation.pointer }));
}

/**
 * Reads a response as the one that the contract declares for its status.
 *
 * @throws CallError if the contract rejects it.
 */
export async function read(operation: Operation<unknown, unknown>, response: Response): Promise<AnyReply> {
  const { status, headers } = response;
  const isJson = /^(?:application\/json|text\/json|[^;]*\+json)\s*(?:;|$)/i.test(headers.get("Content-Type") ?? "");
  const declared = operation.responses.find(
    (candidate) => matches(candidate.status, status) && (candidate.isOneOfSeveral !== true || candidate.content !== "json" || isJson),
  );
  const reply = { outcome: declared?.status ?? ("undeclared" as const), status, headers, refused: [] };
  switch (declared?.content) {
    case "none":
      await response.body?.cancel();
      return { ...reply, body: undefined };
    case "stream":
      return { ...reply, body: response.body };
    case "json":
      return { ...reply, ...readJson(operation.id, response, new Uint8Array(await response.arrayBuffer()), declared.schema) };
    case "text":
      return { ...reply, body: readText(operation.id, response, new Uint8Array(await response.arrayBuffer()), declared.schema) };
    default:
      return { ...reply, body: new Uint8Array(await response.arrayBuffer()) };
  }
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
  const judged = parseEach(schema, value);
  if (!judged.valid) {
    throw invalid(id, response, body, judged.violations);
  }
  return { body: judged.value, refused: judged.refused };
}

function readText(id: string, response: Response, body: Uint8Array, schema: z.ZodType | undefined): string {
  let text: string;
  try {
    text = decode(body);
  } catch (error) {
    throw invalid(id, response, body, [notReadable("UTF-8", error)]);
  }
  const violations = judge(schema, text, []);
  if (violations.length > 0) {
    throw invalid(id, response, body, violations);
  }
  return text;
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

function matches(declared: Declared["status"], status: number): boolean {
  return declared === "default" || declared === status || declared === `${Math.floor(status / 100)}XX`;
}

// Operations as values: their requests and their possible responses.

import type * as z from "zod";
import type { Invalid } from "./each.js";
import type { Encoding, Parameter } from "./parameter.js";
import type { Violation } from "./report.js";
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

/** The message for a required value that cannot be sent. */
export const NOT_SENT = "is required, and null or an empty list cannot be sent";

/** Writes a body of another kind, and sets its content type. Violations of the contract are added to `refused`. */
export type BodyWriter = (value: unknown, headers: Headers, refused: Violation[]) => BodyInit;

/** The body of a request: a value that is sent as JSON, text or a form or by a writer (`jsonOrText`: a string as text, any other value as JSON), or a body that `fetch` accepts. */
export interface Body {
  readonly field: string;
  readonly mediaType: string;
  readonly required: boolean;
  readonly content: "json" | "text" | "jsonOrText" | "form" | "raw" | BodyWriter;
  /** The members of a form whose encoding is not the default. */
  readonly encodings?: Readonly<Record<string, Encoding>>;
  readonly schema?: z.ZodType;
}

/** A response that the contract declares. */
export interface Declared {
  readonly status: number | `${number}XX` | "default";
  readonly content: "none" | "json" | "text" | "jsonOrText" | "bytes" | "events" | "textEvents";
  /** The declared media types, if a body of another one than the first does not belong to this response. */
  readonly mediaTypes?: readonly string[];
  readonly schema?: z.ZodType;
}

/** A response. `outcome` and `status` distinguish the declared responses. */
export interface Reply<Outcome extends Declared["status"] | "undeclared", Content, Other extends number = never> {
  readonly outcome: Outcome;
  /** For a range or the default: every status of it, except those that other responses declare (`Other`). */
  readonly status: Exclude<StatusOf<Outcome>, Other>;
  readonly headers: Headers;
  readonly body: Content;
  /** The body as received, even if the contract declares none; undefined for a stream of events. */
  readonly raw: Uint8Array | undefined;
  /** Items of `x-each` arrays that the contract rejects; `body` contains the others. */
  readonly refused: readonly Invalid[];
}

/** The responses of an operation: its outcomes with their contents, and any other status unless there is a default. Bodies of other media types are possible for the statuses in `Open`. */
export type Replies<Contents extends object, Open extends number = never> =
  | {
      [Outcome in keyof Contents & Declared["status"]]: Reply<
        Outcome,
        Contents[Outcome],
        Others<keyof Contents, Outcome> | ([Contents[Outcome]] extends [undefined] ? never : Outcome extends number ? never : Bodiless)
      >;
    }[keyof Contents & Declared["status"]]
  | ("default" extends keyof Contents
      ? [Open] extends [never]
        ? never
        : Undeclared<Exclude<Status, Open>>
      : Undeclared<Exclude<StatusOf<keyof Contents & Declared["status"]>, Open>>)
  | ([Contents[keyof Contents & WithAndWithoutBody]] extends [undefined] ? never : Undeclared<Exclude<Status, Exclude<Bodiless, keyof Contents>>>);

/** The statuses whose responses have no body. They belong to a range or the default only if that has no body either. */
export type Bodiless = 204 | 205 | 304;

/** Ranges and the default, which also cover statuses without a body. */
type WithAndWithoutBody = "2XX" | "3XX" | "default";

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

/** A response to any operation. */
export interface AnyReply {
  readonly outcome: Declared["status"] | "undeclared";
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly raw: Uint8Array | undefined;
  readonly refused: readonly Invalid[];
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

/** What is known about a call that produced no result. */
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
  /** The status of a response that violates the contract, or that broke off. */
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

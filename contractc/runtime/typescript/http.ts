// An HTTP client for a contract, based on `fetch`: validates both requests and responses against the contract.

import { Refused } from "./json.js";
import { CallError, type AnyReply, type Declared, type Operation } from "./operation.js";
import { write, type Written } from "./request.js";
import { matches, read } from "./response.js";
import type { Draft } from "./security.js";

/** An attempt that has ended. `retry` decides whether there is another one. */
export interface Attempt {
  readonly operation: string;
  /** The number of the attempt, starting at 1. */
  readonly number: number;
  /** The response, with its body unread; absent if there was none. */
  readonly response?: Response;
  /** Why there was no response. */
  readonly error?: unknown;
}

/** The options of a client. */
export interface ClientOptions {
  /** The address of the server; may include a path. In a page, it may be relative to the page's address, such as `/api`. */
  readonly baseUrl: string;
  /** Sends a request; the default is the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Adds credentials to a request on every attempt: see `credentials` and `bearer`. */
  readonly authorize?: (draft: Draft) => void | Promise<void>;
  /** Whether to send the request again. The function is responsible for any delay. */
  readonly retry?: (attempt: Attempt) => boolean | Promise<boolean>;
  /** The time limit of one attempt, including reading the body; no limit if absent. It does not apply to a stream that has begun. */
  readonly timeoutMs?: number;
}

/** The options of one call. */
export interface CallOptions {
  /** Aborts the call, or the stream that it has returned. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
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
  const given = ((call as Call | undefined) ?? {}) as Readonly<Record<string, unknown>>;
  const request = write(client.baseUrl, operation, given, headersOf(operation.id, options));
  for (let number = 1; ; number += 1) {
    const limit = new Limit(options.timeoutMs ?? client.timeoutMs, options.signal);
    try {
      const attempt = await exchange(client, operation, request, options.signal, limit, number);
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
  signal: AbortSignal | undefined,
  limit: Limit,
  number: number,
): Promise<AnyReply | undefined> {
  const { id, security } = operation;
  const [headers, url] = [new Headers(request.headers), addressOf(id, request.url)];
  let received: Response | undefined;
  const ask = async (): Promise<Response> => {
    const own = new Set(headers.keys());
    await client.authorize?.({ operation: id, security, headers, url });
    const isPrivate = [...headers.keys()].some((name) => !own.has(name) && name !== "authorization" && name !== "cookie");
    const init = { method: operation.method, headers, body: request.body ?? null, signal: limit.signal };
    const isManual = isPrivate || operation.responses.some(declaresRedirect);
    return isManual ? follow(client.fetch ?? fetch, operation, url, init) : (client.fetch ?? fetch)(url, init);
  };
  try {
    const response = await limit.within(ask());
    if (await client.retry?.({ operation: id, number, response })) {
      await response.body?.cancel();
      return undefined;
    }
    received = response;
    return await limit.within(read(operation, response, signal));
  } catch (error) {
    if (error instanceof CallError) {
      throw error;
    }
    if (error instanceof Refused) {
      throw new CallError("request", id, error.message, { cause: error });
    }
    const kind = limit.isOver ? "timeout" : signal?.aborted === true ? "aborted" : "transport";
    if (kind !== "aborted" && (await client.retry?.({ operation: id, number, error }))) {
      return undefined;
    }
    const missing = received === undefined ? "no response; check the URL and the network" : "the response broke off";
    const reasons = { timeout: "the response timed out", aborted: "the call was aborted", transport: missing };
    const { status, headers: found } = received ?? {};
    throw new CallError(kind, id, reasons[kind], { cause: error, ...(status && found ? { status, headers: found } : {}) });
  }
}

/** The caller's own headers. */
function headersOf(operation: string, { headers }: CallOptions): Headers {
  try {
    return new Headers(headers);
  } catch (cause) {
    const message = `the call has headers that cannot be sent: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new CallError("request", operation, message, { cause });
  }
}

/** The address of a request. In a page, it may be relative to the page's address. */
function addressOf(operation: string, url: string): URL {
  try {
    return new URL(url, (globalThis as { readonly location?: { readonly href: string } }).location?.href);
  } catch (cause) {
    const message = `${JSON.stringify(url)} is not a URL; set baseUrl to one such as "https://example.com"`;
    throw new CallError("request", operation, message, { cause });
  }
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

function declaresRedirect({ status }: Declared): boolean {
  return status === "3XX" || (typeof status === "number" && REDIRECTS.includes(status));
}

/**
 * Sends a request whose headers no other origin may see, or whose redirect may be a declared response: `fetch` itself sends all headers
 * except `Authorization` and `Cookie` to wherever the server redirects it.
 */
async function follow(send: typeof fetch, operation: Operation<unknown, unknown>, to: URL, init: RequestInit): Promise<Response> {
  let [url, request] = [to, { ...init, redirect: "manual" as const }];
  for (let count = 0; count < 20; count += 1) {
    const response = await send(url, request);
    const { status, type } = response;
    const place = response.headers.get("Location");
    if (type === "opaqueredirect") {
      throw new CallError("transport", operation.id, "the server redirects the call, and the browser hides the target; set baseUrl to the target", {});
    }
    const isAnswer = operation.responses.some((declared) => declaresRedirect(declared) && matches(declared.status, status));
    if (!REDIRECTS.includes(status) || place === null || isAnswer) {
      return response;
    }
    url = new URL(place, url);
    if (url.origin !== to.origin) {
      throw new CallError("transport", operation.id, `the server redirects the call to ${url.origin}, which must not see its credentials; set baseUrl to that URL if it may`, {});
    }
    await response.body?.cancel();
    if (status === 303 || (status < 303 && request.method === "POST")) {
      request = { ...request, method: "GET", body: null };
    }
  }
  throw new CallError("transport", operation.id, "the server redirects the call too often", {});
}

/** Combines the time limit of an attempt with the caller's own signal. */
class Limit {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  /** Also aborts a stream that the call returns and that outlives the limit. */
  readonly signal: AbortSignal;
  isOver = false;

  constructor(timeoutMs: number | undefined, outer: AbortSignal | undefined) {
    this.signal = outer === undefined ? this.#controller.signal : AbortSignal.any([outer, this.#controller.signal]);
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        this.#controller.abort(new DOMException(`no complete response within ${timeoutMs} ms`, "TimeoutError"));
      }, timeoutMs);
    }
  }

  /** Waits for a promise, but not beyond the limit, even if it comes from a function of the app that ignores the signal. */
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
  }
}

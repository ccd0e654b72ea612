// Sends requests to the server with fetch, and manages the tokens that they need. The counterpart of src/transport.rs.

import type { Recovery } from "./api.js";
import {
  BYTES_WITHOUT_REVISION_MAX,
  FIRST_REVISION_MS_MAX,
  OPERATIONS,
  RESPONSE_BYTES_MAX,
  SESSION_ENDED,
  SILENCE_MS_MAX,
  type AccountCall,
  type TokenResponse,
  type WrittenCall,
} from "./border.js";
import type { OwnTables } from "./database.js";
import { errorText } from "./error.js";
import { platformOf } from "./platform.js";
import * as wasm from "../engine/pkg/engine.js";

/** The time limit for a response. */
const RESPONSE_MS_MAX = 60_000;
/** The reason why a response belongs to another account (R29). */
const MIXED_UP = "; a proxy in front of the server may mix up responses, so report it to its operator";
/** The longest line of the change notifications that is accepted. */
const LINE_MAX = 4_096;

const encoder = new TextEncoder();

/** The head of a request, as the engine serializes it. */
export type Call = Omit<WrittenCall, "body">;

export interface ServerResponse {
  readonly status: number;
  /** The header `X-Account`: the account of the request. */
  readonly account: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly body: Uint8Array;
}

/** The credentials of a signed-in device. */
export interface Tokens {
  readonly account: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** The address of the server that issued them, unless an earlier version has stored them. */
  readonly server?: string;
}

/** The part of a session that the database keeps: the tokens, or only the account if the server has ended it. */
export type Session = Tokens | { readonly account: string; readonly accessToken?: undefined };

/** An operation of the contract about the account. */
export interface AccountOperation {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
}

/** Validates a request and its response, and throws if they violate the contract. */
export type Audit = (call: Call, sent: Uint8Array | undefined, answer: ServerResponse) => void;

/** The user must sign in. */
export class SignInNeeded extends Error {
  override readonly name = "SignInNeeded";
}

/** The connection broke during the response: a smaller one may get through. */
export class ConnectionCut extends Error {
  override readonly name = "ConnectionCut";
}

export class Transport {
  /** The refresh in progress: all requests that need new tokens wait for the same refresh. */
  private refreshing: Promise<Tokens | undefined> | undefined;

  constructor(
    private readonly baseUrl: string,
    private readonly device: OwnTables["_device"],
    private readonly send: typeof fetch,
    private readonly audit: Audit | undefined,
  ) {}

  /**
   * The session that the user has not ended, even if the server has. Its tokens are not sent to another server: the user must sign in
   * there.
   */
  async session(): Promise<Session | undefined> {
    const session = (await this.device.get("tokens"))?.value as Session | undefined;
    return session?.accessToken === undefined || (session.server ?? this.baseUrl) === this.baseUrl ? session : { account: session.account };
  }

  async tokens(): Promise<Tokens | undefined> {
    const session = await this.session();
    return session?.accessToken === undefined ? undefined : session;
  }

  async keep(session: Session | undefined): Promise<void> {
    await (session === undefined ? this.device.delete("tokens") : this.device.put({ name: "tokens", value: { ...session, server: this.baseUrl } }));
  }

  /**
   * Sends a request of the engine. The engine has decided that `account` owns the records (R15); here the token is compared with it, because
   * somebody else may have signed in since.
   */
  async exchange(call: Call, account: string, body: Uint8Array | undefined, signal: AbortSignal): Promise<ServerResponse> {
    const tokens = await this.tokens();
    if (tokens === undefined) {
      // Another call has found out that the session has ended. The server would respond in the same way.
      return { status: 401, account: undefined, retryAfterMs: undefined, body: encoder.encode(SESSION_ENDED) };
    }
    if (tokens.account !== account) {
      throw new SignInNeeded("cannot sync: nobody is signed in; sign in first");
    }
    return this.ask(call, body, tokens, signal);
  }

  /** Requests tokens for an email address and a password. */
  async signIn(how: "signUp" | "signIn", credentials: { readonly email: string; readonly password: string }): Promise<Tokens> {
    const doing = how === "signUp" ? "create the account" : "sign in";
    const typed: [string, string, string] = [credentials.email, credentials.password, platformOf(globalThis.navigator?.userAgent ?? "")];
    const answer = await this.askForTokens(doing, how === "signUp" ? { signUp: typed } : { signIn: typed });
    if ("tokens" in answer) {
      return answer.tokens;
    }
    throw new Error(`cannot ${doing}: ${"rejected" in answer ? answer.rejected : answer.unavailable}`);
  }

  /** Ends the session of tokens that are no longer kept. */
  async signOut(tokens: Tokens): Promise<void> {
    const { body, ...call } = this.write("signOut");
    const { status } = await this.ask(call, encode(body), tokens);
    if (status === 401) {
      // The access token may have expired.
      const renewed = await this.askForTokens("sign out", { refresh: tokens.refreshToken });
      if ("tokens" in renewed) {
        await this.ask(call, encode(body), renewed.tokens);
      }
    }
  }

  /** Gets new tokens, or undefined if the user must sign in. Throws if the server does not respond. */
  refresh(): Promise<Tokens | undefined> {
    this.refreshing ??= this.refreshOnce().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async refreshOnce(): Promise<Tokens | undefined> {
    const stale = await this.tokens();
    if (stale === undefined) {
      return undefined;
    }
    const answer = await this.askForTokens("refresh the sign-in", { refresh: stale.refreshToken });
    if ("unavailable" in answer) {
      throw new Error(answer.unavailable);
    }
    const fresh = "tokens" in answer ? answer.tokens : { account: stale.account };
    if (fresh.account !== stale.account) {
      throw new Error(`cannot refresh the sign-in: received tokens of another account${MIXED_UP}`);
    }
    // The user may have signed in or out since. In that case this response belongs to a session that is over.
    await this.device.db.transaction("rw", this.device, async () => {
      if ((await this.tokens())?.refreshToken === stale.refreshToken) {
        await this.keep(fresh);
      }
    });
    return this.tokens();
  }

  /**
   * Reads change notifications until the stream ends. Throws if the stream cannot be opened, or breaks.
   *
   * @param on `open` is called once the server has responded, `changed` with each new revision.
   */
  async listen(signal: AbortSignal, on: { readonly open: () => void; readonly changed: (rev: number) => void }): Promise<void> {
    const tokens = await this.tokens();
    if (tokens === undefined) {
      return;
    }
    const { body: _, ...call } = this.write("notifications");
    const silent = new AbortController();
    const response = await this.request(call, undefined, tokens, AbortSignal.any([signal, silent.signal]));
    // After 401, the engine's request refreshes the token, or finds out that the session has ended.
    if (response.status === 401 || response.status >= 500) {
      throw new Error(`cannot listen for changes: the server responded with ${response.status}; sync tries again`);
    }
    if (!response.ok || response.body === null) {
      return;
    }
    on.open();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    let bytesWithoutRevision = 0;
    let silenceMsMax = FIRST_REVISION_MS_MAX;
    for (;;) {
      const timer = setTimeout(() => silent.abort(), silenceMsMax);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) {
        return;
      }
      const lines = (line + value).split("\n");
      line = (lines.pop() ?? "").slice(0, LINE_MAX);
      const revs = lines.filter((text) => text.startsWith("data:"));
      revs.forEach((text) => on.changed(Number(text.slice("data:".length))));
      if (revs.length > 0) {
        silenceMsMax = SILENCE_MS_MAX;
      }
      bytesWithoutRevision = revs.length > 0 ? 0 : bytesWithoutRevision + value.length;
      if (bytesWithoutRevision > BYTES_WITHOUT_REVISION_MAX) {
        silent.abort();
        throw new Error("cannot listen for changes: received no revision, so this is probably not a sync server; check the address and the network");
      }
    }
  }

  /** Calls an operation of the account as the signed-in user, and returns the JSON of the response, which `expected` accepts. */
  async callAccount<T>(doing: string, operation: AccountOperation, expected: Expected<T>, body?: object): Promise<T> {
    const asked = async (tokens: Tokens | undefined): Promise<ServerResponse> => {
      if (tokens === undefined) {
        throw new Error(`cannot ${doing}: nobody is signed in; sign in first`);
      }
      const answer = await this.askAccount(doing, operation, body, tokens);
      // The engine compares those of its own requests.
      if ((answer.account ?? tokens.account) !== tokens.account) {
        throw new Error(`cannot ${doing}: received the response of another account${MIXED_UP}`);
      }
      return answer;
    };
    const answer = await asked(await this.tokens());
    return result(doing, expected, answer.status === 401 ? await asked(await this.refresh()) : answer);
  }

  /** Sets a new password with the recovery code. Nobody needs to be signed in. */
  async recover(recovery: Recovery): Promise<void> {
    const doing = "set a new password";
    result(doing, isNothing, await this.askAccount(doing, OPERATIONS.recoverAccount, recovery, undefined));
  }

  private async askAccount(doing: string, to: AccountOperation, body: object | undefined, tokens: Tokens | undefined): Promise<ServerResponse> {
    const call = { operation: to.operation, method: to.method, url: `${this.baseUrl}${to.path}` };
    const sent = body === undefined ? undefined : encode(JSON.stringify(body));
    return this.ask(call, sent, tokens).catch((error: unknown) => {
      throw new Error(`cannot ${doing}: the server cannot be reached (${errorText(error)}); check its address and the network`);
    });
  }

  /** Requests tokens, and reads the response. */
  private async askForTokens(doing: string, asked: AccountCall): Promise<TokenResponse> {
    const { body, ...call } = this.write(asked);
    const answer = await this.ask(call, encode(body), undefined).catch((error: unknown) => {
      throw new Error(`cannot ${doing}: the server cannot be reached (${errorText(error)}); check its address and the network`);
    });
    return JSON.parse(wasm.readTokens(answer.status, answer.body)) as TokenResponse;
  }

  private write(asked: AccountCall): WrittenCall {
    return JSON.parse(wasm.writeCall(JSON.stringify(asked), this.baseUrl)) as WrittenCall;
  }

  private async ask(call: Call, sent: Uint8Array | undefined, tokens: Tokens | undefined, signal?: AbortSignal): Promise<ServerResponse> {
    const limit = AbortSignal.timeout(RESPONSE_MS_MAX);
    const response = await this.request(call, sent, tokens, signal === undefined ? limit : AbortSignal.any([signal, limit]));
    const account = response.headers.get("X-Account") ?? undefined;
    const body = await bodyOf(response).catch((error: unknown) => {
      throw new ConnectionCut(`the connection closed before the response was complete (${errorText(error)}); sync tries again`);
    });
    const answer = { status: response.status, account, retryAfterMs: retryAfterMs(response.headers), body };
    this.audit?.(call, sent, answer);
    return answer;
  }

  private request(call: Call, body: Uint8Array | undefined, tokens: Tokens | undefined, signal: AbortSignal): Promise<Response> {
    const headers = new Headers({ "X-Contract-Version": wasm.contractVersion() });
    if (body !== undefined) {
      headers.set("Content-Type", "application/json");
    }
    if (tokens !== undefined) {
      headers.set("Authorization", `Bearer ${tokens.accessToken}`);
    }
    const request: RequestInit = { method: call.method, headers, signal, cache: "no-store", credentials: "omit", redirect: "error" };
    return this.send(call.url, body === undefined ? request : { ...request, body: body as BodyInit });
  }
}

/** The body of a response, unless it is too large to come from a sync server. */
async function bodyOf(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) {
      break;
    }
    length += value.length;
    if (length > RESPONSE_BYTES_MAX) {
      await reader?.cancel();
      throw new Error(`received more than ${RESPONSE_BYTES_MAX} bytes, which no sync server sends`);
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let place = 0;
  for (const chunk of chunks) {
    body.set(chunk, place);
    place += chunk.length;
  }
  return body;
}

/**
 * The delay that the server asks for: seconds, or a date by its clock. The clock of another origin is hidden, so the device's clock is
 * used.
 */
export function retryAfterMs(headers: Headers): number | undefined {
  const after = headers.get("Retry-After")?.trim() ?? "";
  const now = headers.get("Date") ?? new Date().toUTCString();
  const wait = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - Date.parse(now);
  return wait >= 0 ? wait : undefined;
}

/** Whether a successful response is what the contract says. No other program's response counts as done. */
export type Expected<T> = (body: unknown) => body is T;

/** Whether a response has no body. */
export const isNothing: Expected<undefined> = (body) => body === undefined;

/** The JSON of a response, or an error if the server rejects the request. */
function result<T>(doing: string, expected: Expected<T>, { status, body }: ServerResponse): T {
  const elsewhere = `cannot ${doing}: received status ${status} from something that is not a sync server; check the address and the network`;
  let read: unknown;
  try {
    read = status === 204 ? undefined : JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new Error(elsewhere);
  }
  if (status >= 300) {
    const { detail, title } = (read ?? {}) as { readonly detail?: string; readonly title?: string };
    throw new Error(`cannot ${doing}: the server responded with ${status}: ${detail ?? title ?? "no reason given"}; ${status < 500 ? "correct that, and try again" : "try again later"}`);
  }
  if (!expected(read)) {
    throw new Error(elsewhere);
  }
  return read;
}

function encode(body: string): Uint8Array | undefined {
  return body === "" ? undefined : encoder.encode(body);
}

// The way to the server: fetch, and the tokens that go with every request. The twin of src/transport.rs.

import type { OwnTables } from "./database.js";
import * as wasm from "../engine/pkg/engine.js";

/** How long to wait for an answer. */
const ANSWER_MS_MAX = 60_000;
/** How long change notifications may be silent. The server sends a comment every 20 seconds. */
const SILENCE_MS_MAX = 50_000;
/** The longest line of change notifications that is looked at. */
const LINE_MAX = 4_096;

/** A request as the engine writes it. */
export interface Call {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
}

export interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly body: Uint8Array;
}

/** What a signed-in device holds. */
export interface Tokens {
  readonly account: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Looks at a request and its answer, and throws if it does not like them. */
export type Audit = (call: Call, sent: Uint8Array | undefined, answer: Answer) => void;

/** What is asked beside the feed: `Asked` in web/engine. */
type Asked = "notifications" | "signOut" | { readonly refresh: string } | { readonly [How in "signIn" | "signUp"]?: readonly [email: string, password: string] };

type Said = { readonly tokens: Tokens } | { readonly refused: string } | { readonly unavailable: string };

/** The user must sign in. */
export class SignInNeeded extends Error {
  override readonly name = "SignInNeeded";
}

export class Transport {
  /** The refresh under way: whoever needs fresh tokens waits for the same one. */
  private refreshing: Promise<Tokens | undefined> | undefined;

  constructor(
    private readonly baseUrl: string,
    private readonly device: OwnTables["_device"],
    private readonly send: typeof fetch,
    private readonly audit: Audit | undefined,
  ) {}

  async tokens(): Promise<Tokens | undefined> {
    return (await this.device.get("tokens"))?.value as Tokens | undefined;
  }

  async keep(tokens: Tokens | undefined): Promise<void> {
    await (tokens === undefined ? this.device.delete("tokens") : this.device.put({ name: "tokens", value: tokens }));
  }

  /** Sends a request of the engine with the token of `account`, and of no other (R15). */
  async exchange(call: Call, account: string, body: Uint8Array | undefined, signal: AbortSignal): Promise<Answer> {
    const tokens = await this.tokens();
    if (tokens?.account !== account) {
      throw new SignInNeeded("cannot sync: nobody is signed in; sign in first");
    }
    return this.ask(call, body, tokens, signal);
  }

  /** Tokens for what a person has typed. */
  async signIn(how: "signUp" | "signIn", credentials: { readonly email: string; readonly password: string }): Promise<Tokens> {
    const doing = how === "signUp" ? "create the account" : "sign in";
    const said = await this.say(doing, { [how]: [credentials.email, credentials.password] });
    if ("tokens" in said) {
      return said.tokens;
    }
    throw new Error(`cannot ${doing}: ${"refused" in said ? said.refused : said.unavailable}`);
  }

  /** Tells the server that the tokens are of no use any more. */
  async signOut(tokens: Tokens): Promise<void> {
    const { body, ...call } = this.write("signOut");
    await this.ask(call, encode(body), tokens);
  }

  /** Gets new tokens. Nothing comes back if the user must sign in; it throws if the server cannot say. */
  refresh(): Promise<Tokens | undefined> {
    this.refreshing ??= this.refreshOnce().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async refreshOnce(): Promise<Tokens | undefined> {
    const stale = await this.tokens();
    if (stale === undefined) {
      return undefined;
    }
    const said = await this.say("refresh the sign-in", { refresh: stale.refreshToken });
    if ("unavailable" in said) {
      throw new Error(said.unavailable);
    }
    const fresh = "tokens" in said ? said.tokens : undefined;
    await this.keep(fresh);
    return fresh;
  }

  /** Hears change notifications until it ends: each line is the newest revision. */
  async listen(signal: AbortSignal, rung: (rev: number) => void): Promise<void> {
    const tokens = await this.tokens();
    if (tokens === undefined) {
      return;
    }
    const { body: _, ...call } = this.write("notifications");
    const silent = new AbortController();
    const response = await this.request(call, undefined, tokens, AbortSignal.any([signal, silent.signal]));
    if (response.status === 401) {
      // The engine finds out by itself if this fails.
      await this.refresh();
      return;
    }
    if (!response.ok || response.body === null) {
      return;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    for (;;) {
      const timer = setTimeout(() => silent.abort(), SILENCE_MS_MAX);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) {
        return;
      }
      const lines = (line + value).split("\n");
      line = (lines.pop() ?? "").slice(0, LINE_MAX);
      lines.filter((text) => text.startsWith("data:")).forEach((text) => rung(Number(text.slice("data:".length))));
    }
  }

  /** Asks for tokens, and reads what is said. */
  private async say(doing: string, asked: Asked): Promise<Said> {
    const { body, ...call } = this.write(asked);
    const answer = await this.ask(call, encode(body), undefined).catch((error: unknown) => {
      throw new Error(`cannot ${doing}: the server was not reached (${said(error)}); look at the address and the network`);
    });
    return JSON.parse(wasm.readTokens(answer.status, answer.body)) as Said;
  }

  private write(asked: Asked): Call & { readonly body: string } {
    return JSON.parse(wasm.writeCall(JSON.stringify(asked), this.baseUrl)) as Call & { readonly body: string };
  }

  private async ask(call: Call, sent: Uint8Array | undefined, tokens: Tokens | undefined, signal?: AbortSignal): Promise<Answer> {
    const limit = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await this.request(call, sent, tokens, signal === undefined ? limit : AbortSignal.any([signal, limit]));
    const seconds = Number(response.headers.get("Retry-After") ?? "");
    const retryAfterMs = response.headers.has("Retry-After") && seconds >= 0 ? seconds * 1_000 : undefined;
    const answer = { status: response.status, retryAfterMs, body: new Uint8Array(await response.arrayBuffer()) };
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

function encode(body: string): Uint8Array | undefined {
  return body === "" ? undefined : new TextEncoder().encode(body);
}

/** An error in words. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

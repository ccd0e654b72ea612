// Security: credentials are sent to the operations that declare their schemes, and to no others.

import { Refused } from "./json.js";
import { checkHeader } from "./parameter.js";

/** A security scheme of the contract. */
export interface Scheme {
  /** The name in the contract. */
  readonly name: string;
  /** How a request carries the credential: `bearer` also for OAuth 2.0 and OpenID Connect. */
  readonly type: "bearer" | "basic" | "apiKey" | "other";
  /** Where an API key is placed. */
  readonly place?: "header" | "query" | "cookie";
  /** The name of the header, parameter or cookie of an API key. */
  readonly key?: string;
}

/**
 * What an operation needs: one of several sets of schemes. A request must satisfy all schemes of a set. An empty set makes credentials
 * optional; no set at all means that none are needed.
 */
export type Security = readonly (readonly Scheme[])[];

/** A request before it is sent; `authorize` can add to it. */
export interface Draft {
  readonly operation: string;
  readonly security: Security;
  readonly headers: Headers;
  readonly url: URL;
}

/** The credential for one scheme: a bearer token or an API key, or a user and a password, which may be a text with a colon between them. */
export type Credential = string | { readonly user: string; readonly password: string };

/** A credential, or a function that returns the current one, for example a token that is renewed. Undefined if there is none. */
export type CredentialSource = Credential | (() => Credential | undefined | Promise<Credential | undefined>);

/**
 * For `authorize`: adds the credentials of the first set of schemes that they satisfy. Nothing is added if there is none; the server then
 * responds with 401. A script in a browser cannot set a cookie on a request: there, an API key in a cookie must be stored by the browser
 * itself.
 *
 * @param sources credentials by the names of their schemes
 */
export function credentials(sources: Readonly<Record<string, CredentialSource>>): (draft: Draft) => Promise<void> {
  return async (draft) => {
    for (const set of draft.security) {
      if (set.length > 0 && set.every(({ name }) => Object.hasOwn(sources, name))) {
        const found = await Promise.all(set.map(async ({ name }) => current(sources[name])));
        if (found.every((credential) => credential !== undefined)) {
          attachAll(draft, set.map((scheme, index) => [scheme, found[index] ?? ""]));
          return;
        }
      }
    }
  };
}

/** For `authorize`: adds a bearer token to operations that accept one. */
export function bearer(token: string | (() => string | Promise<string>)): (draft: Draft) => Promise<void> {
  return async (draft) => {
    const scheme = draft.security.flat().find(({ type }) => type === "bearer");
    if (scheme !== undefined) {
      attach(draft, scheme, typeof token === "string" ? token : await token());
    }
  };
}

async function current(source: CredentialSource | undefined): Promise<Credential | undefined> {
  return typeof source === "function" ? source() : source;
}

/**
 * Adds the credentials of a set to a request.
 *
 * @throws Refused if one would replace another.
 */
function attachAll(draft: Draft, found: readonly (readonly [scheme: Scheme, credential: Credential])[]): void {
  const sent = new Map<string, readonly [name: string, text: string]>();
  for (const [scheme, credential] of found) {
    const { name, place = "header", key = "Authorization" } = scheme;
    const where = `${place} ${place === "header" ? key.toLowerCase() : key}`;
    const [other, text] = sent.get(where) ?? [name, textOf(scheme, credential)];
    if (text !== textOf(scheme, credential)) {
      throw new Refused(`the credential of ${JSON.stringify(name)} would replace that of ${JSON.stringify(other)}`);
    }
    if (!sent.has(where)) {
      attach(draft, scheme, credential);
    }
    sent.set(where, [other, text]);
  }
}

/**
 * Adds a credential to a request.
 *
 * @throws Refused if the credential does not fit the scheme.
 */
function attach({ headers, url }: Draft, scheme: Scheme, credential: Credential): void {
  const { name, place, key = "" } = scheme;
  const text = textOf(scheme, credential);
  const pair = `${encodeURIComponent(key)}=${encodeURIComponent(text)}`;
  if (place === "query") {
    url.search += `${url.search === "" ? "?" : "&"}${pair}`;
  } else if (place === "cookie") {
    const sent = headers.get("Cookie");
    headers.set("Cookie", sent === null ? pair : `${sent}; ${pair}`);
  } else {
    try {
      checkHeader(text);
    } catch (error) {
      throw error instanceof Refused ? new Refused(`the credential of ${JSON.stringify(name)} ${error.message}`) : error;
    }
    headers.set(place === "header" ? key : "Authorization", text);
  }
}

/** A credential as its scheme sends it. */
function textOf({ name, type }: Scheme, credential: Credential): string {
  const isPair = typeof credential !== "string";
  if (type === "basic" && (isPair || credential.includes(":"))) {
    const bytes = new TextEncoder().encode(isPair ? `${credential.user}:${credential.password}` : credential);
    return `Basic ${btoa(String.fromCharCode(...bytes))}`;
  }
  if (!isPair && (type === "bearer" || type === "apiKey")) {
    return type === "bearer" ? `Bearer ${credential}` : credential;
  }
  const expected = {
    basic: "is not a user and a password",
    bearer: "is not a token",
    apiKey: "is not a key",
    other: "cannot be sent, because the contract does not say how; set it in `authorize`",
  };
  throw new Refused(`the credential of ${JSON.stringify(name)} ${expected[type]}`);
}

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

/** A credential as its scheme sends it. */
type Sent = readonly [scheme: Scheme, text: string];

/**
 * For `authorize`: adds the credentials of the first set of schemes that they satisfy and that a request can carry. Nothing is added if they
 * satisfy none; the server then responds with 401. If they satisfy only sets that a request cannot carry, it is not sent. A script in a
 * browser cannot set a cookie on a request: there, an API key in a cookie must be stored by the browser itself.
 *
 * @param sources credentials by the names of their schemes
 */
export function credentials(sources: Readonly<Record<string, CredentialSource>>): (draft: Draft) => Promise<void> {
  return async (draft) => {
    let refused: Refused | undefined;
    for (const set of draft.security) {
      try {
        const found = await complete(set, sources);
        if (found.length > 0) {
          attachAll(draft, found);
          return;
        }
      } catch (error) {
        if (!(error instanceof Refused)) {
          throw error;
        }
        refused ??= error;
      }
    }
    if (refused !== undefined) {
      throw refused;
    }
  };
}

/**
 * The credentials of a set; none if one is missing. The application itself satisfies a scheme that generated code does not know, so its
 * credential is not needed.
 *
 * @throws Refused if a credential does not fit its scheme.
 */
async function complete(set: readonly Scheme[], sources: Readonly<Record<string, CredentialSource>>): Promise<Sent[]> {
  const isKnown = ({ name }: Scheme): boolean => Object.hasOwn(sources, name);
  if (set.some((scheme) => scheme.type !== "other" && !isKnown(scheme))) {
    return [];
  }
  const found = await Promise.all(set.filter(isKnown).map(async (scheme) => [scheme, await current(sources[scheme.name])] as const));
  if (found.some(([{ type }, credential]) => type !== "other" && credential === undefined)) {
    return [];
  }
  return found.flatMap(([scheme, credential]): Sent[] => (credential === undefined ? [] : [[scheme, textOf(scheme, credential)]]));
}

/** For `authorize`: adds a bearer token to operations that accept one. */
export function bearer(token: string | (() => string | Promise<string>)): (draft: Draft) => Promise<void> {
  return async (draft) => {
    const scheme = draft.security.flat().find(({ type }) => type === "bearer");
    if (scheme !== undefined) {
      attachAll(draft, [[scheme, textOf(scheme, typeof token === "string" ? token : await token())]]);
    }
  };
}

async function current(source: CredentialSource | undefined): Promise<Credential | undefined> {
  return typeof source === "function" ? source() : source;
}

/**
 * Adds the credentials of a set to a request: all of them, or none.
 *
 * @throws Refused if one would replace another, or its place cannot carry it.
 */
function attachAll(draft: Draft, found: readonly Sent[]): void {
  const byPlace = new Map<string, Sent>();
  for (const [scheme, text] of found) {
    const { name, place = "header", key = "Authorization" } = scheme;
    const where = `${place} ${place === "header" ? key.toLowerCase() : key}`;
    const [other, known] = byPlace.get(where) ?? [scheme, text];
    if (known !== text) {
      throw new Refused(`the credential of ${JSON.stringify(name)} would replace that of ${JSON.stringify(other.name)}`);
    }
    checkPlace(scheme, text);
    byPlace.set(where, [other, text]);
  }
  byPlace.forEach(([scheme, text]) => attach(draft, scheme, text));
}

/** @throws Refused if a header cannot carry the credential. */
function checkPlace({ name, place = "header" }: Scheme, text: string): void {
  try {
    checkHeader(place === "header" ? text : "");
  } catch (error) {
    throw error instanceof Refused ? new Refused(`the credential of ${JSON.stringify(name)} ${error.message}`) : error;
  }
}

function attach({ headers, url }: Draft, { place = "header", key = "Authorization" }: Scheme, text: string): void {
  const pair = `${encodeURIComponent(key)}=${encodeURIComponent(text)}`;
  if (place === "query") {
    // An argument of the call may already be the key, in a contract that declares it as a parameter too.
    if (url.searchParams.has(key)) {
      return;
    }
    url.search += `${url.search === "" ? "?" : "&"}${pair}`;
  } else if (place === "cookie" || key.toLowerCase() === "cookie") {
    const [sent, added] = [headers.get("Cookie"), place === "cookie" ? pair : text];
    headers.set("Cookie", sent === null ? added : `${sent}; ${added}`);
  } else {
    headers.set(key, text);
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

// Requests: a call is validated and written by the rules of OpenAPI.

import { isObject, names, Refused, toJson } from "./json.js";
import { checkCovered, covers } from "./media.js";
import { CallError, NOT_SENT, type Body, type Operation } from "./operation.js";
import { checkHeader, parts, plain, whole, type Encoding, type Parameter } from "./parameter.js";
import { pointer, validateAt, type Violation } from "./report.js";

/** A request that can be sent repeatedly. */
export interface Written {
  readonly url: string;
  readonly headers: Headers;
  readonly body: BodyInit | undefined;
}

/**
 * Serializes a call as a request. `given` are headers of the caller's own, which take precedence.
 *
 * @throws CallError if the contract rejects it.
 */
export function write(
  baseUrl: string,
  operation: Operation<unknown, unknown>,
  call: Readonly<Record<string, unknown>>,
  given: Headers = new Headers(),
): Written {
  const refused: Violation[] = [];
  const headers = new Headers(operation.accept === undefined ? {} : { Accept: operation.accept });
  const [query, cookies]: [string[], string[]] = [[], []];
  let path = operation.path;
  for (const parameter of operation.parameters) {
    const value = call[parameter.field];
    const { name, place } = parameter;
    if (value === undefined) {
      if (parameter.required) {
        refused.push({ pointer: pointer([place]), keyword: "required", message: `is missing the parameter ${JSON.stringify(name)}` });
      }
      continue;
    }
    refused.push(...validateAt(parameter.schema, value, [place, name]));
    const isDefined = written(refused, [place, name], () => {
      if (place === "path") {
        const text = apart(operation.path, parameter, whole(parameter, name, value) ?? "");
        path = path.replaceAll(`{${name}}`, () => text);
        return text !== "";
      }
      if (place === "header") {
        const text = whole(parameter, name, value);
        checkHeader(text ?? "");
        if (text !== undefined) {
          headers.set(name, text);
        }
        return text !== undefined;
      }
      notRepeated(operation.parameters, parameter, value);
      const found = parts(parameter, name, value);
      (place === "query" ? query : cookies).push(...found);
      return found.length > 0;
    });
    if (isDefined === false && parameter.required) {
      refused.push({ pointer: pointer([place, name]), keyword: "required", message: NOT_SENT });
    }
  }
  refused.push(...dotSegments(operation.path, path));
  if (cookies.length > 0) {
    headers.set("Cookie", cookies.join("; "));
  }
  const body = writeBody(operation.body, call, headers, given, refused);
  given.forEach((value, name) => headers.set(name, value));
  if (refused.length > 0) {
    const listed = refused.map(({ pointer, message }) => `${pointer || "the request"} ${message}`).join("; ");
    throw new CallError("request", operation.id, `the call violates the contract: ${listed}`, { violations: refused });
  }
  if (/[?#]/.test(baseUrl)) {
    throw new CallError("request", operation.id, `the call has a base URL with \`?\` or \`#\`, which must not be in it: ${baseUrl}`, {});
  }
  const search = query.length > 0 ? `${path.includes("?") ? "&" : "?"}${query.join("&")}` : "";
  return { url: `${baseUrl.replace(/\/+$/, "")}${path}${search}`, headers, body };
}

/**
 * Rejects an object that is exploded into the query, if one of its members has the name of another parameter.
 *
 * @throws Refused
 */
function notRepeated(all: readonly Parameter[], parameter: Parameter, value: unknown): void {
  const { place, style = "form", explode = style === "form" } = parameter;
  const others = all.filter((other) => other !== parameter && other.place === place).map(({ name }) => name);
  // A member of another parameter has its name before a bracket.
  const isOther = (name: string): boolean => others.includes(name) || others.includes(name.split("[")[0] ?? name);
  const repeated = isObject(value) && style === "form" && explode ? names(value).find(isOther) : undefined;
  if (repeated !== undefined) {
    throw new Refused(`has the member ${JSON.stringify(repeated)}, which is also a separate parameter`);
  }
}

/**
 * Separates the value of a path parameter from the next one in its segment, as in `{name}.{ext}`: a reader ends the value where the text
 * between them begins.
 *
 * @throws Refused
 */
function apart(template: string, { name, style = "simple" }: Parameter, text: string): string {
  const [between = "", next] = (template.split(`{${name}}`)[1] ?? "").split("{");
  const first = Array.from(between)[0];
  if (next === undefined || first === undefined || between.includes("/") || !text.includes(first)) {
    return text;
  }
  if (style !== "simple" || !"-._~".includes(first)) {
    throw new Refused(`contains '${first}', which separates it from the next parameter in this path`);
  }
  return text.replaceAll(first, `%${first.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Rejects values that turn a segment into `.` or `..`: every URL parser removes such a segment, even percent-encoded, so that the request
 * would go to another path.
 */
function dotSegments(template: string, path: string): Violation[] {
  const segments = path.split("/");
  return template.split("/").flatMap((part, index) => {
    const [name, segment] = [/\{(.*?)\}/.exec(part)?.[1], segments[index]];
    const message = `would produce the path segment "${segment}", which URL parsers remove`;
    return name !== undefined && (segment === "." || segment === "..") ? [{ pointer: pointer(["path", name]), keyword: "syntax", message }] : [];
  });
}

function writeBody(
  body: Body | undefined,
  call: Readonly<Record<string, unknown>>,
  headers: Headers,
  given: Headers,
  refused: Violation[],
): BodyInit | undefined {
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
  if (!isOpen(body.mediaType)) {
    headers.set("Content-Type", body.mediaType);
  }
  if (body.content === "raw") {
    return written(refused, [], () => rawBody(body.mediaType, value, given.get("Content-Type")));
  }
  refused.push(...validateAt(body.schema, value, []));
  if (body.content === "form") {
    return writeForm(body, value, refused);
  }
  return written(refused, [], () => {
    const text = toJson(value);
    const isText = body.content === "text" || (body.content === "jsonOrText" && (typeof value === "string" || !covers(body.mediaType, JSON_TYPE)));
    if (body.content === "jsonOrText") {
      headers.set("Content-Type", isText ? "text/plain; charset=utf-8" : JSON_TYPE);
    }
    return isText ? plain(value) : text;
  });
}

const JSON_TYPE = "application/json";

/** Whether the contract leaves the media type to the caller: `fetch` knows the boundary of a form and the type of a blob. */
function isOpen(mediaType: string): boolean {
  return /\*|^multipart\//i.test(mediaType);
}

/**
 * A body that `fetch` sends as it is. `given` is the media type in the caller's headers.
 *
 * @throws Refused
 */
function rawBody(mediaType: string, body: unknown, given: string | null): BodyInit {
  if (!isRaw(body)) {
    throw new Refused("is not a body that `fetch` sends; expected a string, bytes, a Blob, a form or a stream");
  }
  if (isOpen(mediaType)) {
    // A response reads its body as `fetch` would send it. A stream is not read, because it has no type.
    const type = given ?? (body instanceof ReadableStream ? null : new Response(body).headers.get("Content-Type"));
    if (type === null) {
      throw new Refused("needs a media type, which the contract does not declare; pass a Blob with a `type`, or the header `Content-Type`");
    }
    checkCovered([mediaType], type);
  }
  return body;
}

function isRaw(body: unknown): body is BodyInit {
  const isObject = [Blob, ArrayBuffer, FormData, URLSearchParams, ReadableStream].some((known) => body instanceof known);
  return typeof body === "string" || ArrayBuffer.isView(body) || isObject;
}

/** The result of `write`. If it throws, the reason is added to `refused`. */
function written<Text>(refused: Violation[], path: readonly PropertyKey[], write: () => Text): Text | undefined {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Refused)) {
      throw error;
    }
    refused.push({ pointer: pointer([...path, ...error.path]), keyword: "syntax", message: error.message });
    return undefined;
  }
}

/** Writes each member like a query parameter. An object is JSON text unless the contract says otherwise. */
function writeForm({ encodings = {}, schema }: Body, value: unknown, refused: Violation[]): string {
  const members = isObject(value) ? Object.entries(value) : [];
  const isValid = refused.length === 0;
  const found = members.flatMap(([name, member]) => {
    const encoding: Encoding = Object.hasOwn(encodings, name) ? (encodings[name] ?? QUERY) : isObject(member) ? JSON_TEXT : QUERY;
    const texts = written(refused, [name], () => parts(encoding, name, member));
    // Null and empty lists have no text, so the server does not receive the member.
    const isNeeded = (): boolean => validateAt(schema, Object.fromEntries(members.filter(([other]) => other !== name)), []).length > 0;
    if (isValid && texts?.length === 0 && isNeeded()) {
      refused.push({ pointer: pointer([name]), keyword: "required", message: NOT_SENT });
    }
    return texts ?? [];
  });
  return found.join("&");
}

const QUERY: Encoding = { place: "query" };
const JSON_TEXT: Encoding = { place: "query", style: "json" };

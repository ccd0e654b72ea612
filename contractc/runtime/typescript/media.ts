// Media types: which are JSON, and which a range covers.

import { Refused } from "./json.js";

/** Whether a media type is JSON: `application/json`, `text/json` or any `+json`. */
export function isJson(type: string): boolean {
  return /^(?:application\/json|text\/json|.*\+json)$/.test(essence(type));
}

/** Whether a media type is text. */
export function isText(type: string): boolean {
  return essence(type).startsWith("text/");
}

/** Whether a media type is a stream of server-sent events. */
export function isEvents(type: string): boolean {
  return essence(type) === "text/event-stream";
}

/**
 * Refuses a media type that is not one of those that the contract accepts, which may be ranges, such as `image/*`.
 *
 * @throws Refused
 */
export function checkCovered(accepted: readonly string[], type: string): void {
  if (!accepted.some((known) => covers(known, type))) {
    throw new Refused(`has the media type ${JSON.stringify(type)}; expected ${accepted.join(", ")}`);
  }
}

/** Whether a media type is the known one, or one of its range, such as `image/*`. */
export function covers(known: string, type: string): boolean {
  const [range, found] = [essence(known), essence(type)];
  return range === "*/*" || range === found || (range.endsWith("*") && found.startsWith(range.slice(0, -1)));
}

/** Whether a media type belongs to the first of the declared ones: it covers the type, and none of the others is more exact. */
export function isFirst(declared: readonly string[], type: string): boolean {
  const [first = -1, ...others] = declared.map((known) => exactness(known, type));
  return first >= 0 && others.every((other) => other <= first);
}

/** How exactly a declared media type describes the found one; -1 if it does not. `application/*+json` describes `application/json` too. */
function exactness(known: string, type: string): number {
  const [range, found] = [essence(known), essence(type)];
  const [start = "", end] = range.split("*");
  if (end === undefined) {
    return range === found ? Infinity : -1;
  }
  const isBase = end.startsWith("+") && found === start + end.slice(1);
  return range === "*/*" || (found.startsWith(start) && found.endsWith(end)) || isBase ? range.length : -1;
}

/** A media type without its parameters. */
function essence(type: string): string {
  return (type.split(";")[0] ?? "").trim().toLowerCase();
}

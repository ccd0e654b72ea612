// Issues: what a schema reports to Zod, and which checks Zod still runs on the value.

import type * as z from "zod";
import { show, type JsonType } from "./json.js";
import type { Payload } from "./schema.js";

type Issue = z.core.$ZodRawIssue;

/** The checks that still run on a value after an issue: all of them, only the keyword checks and not Zod's own, or none. */
type RemainingChecks = "all" | "keywords" | "none";

/** The value of Zod's `continue` flag for each. */
const CONTINUE: Readonly<Record<RemainingChecks, boolean | undefined>> = { all: true, keywords: undefined, none: false };

/** Records a violation of a keyword. */
export function violate(payload: Payload, keyword: string, message: string, path?: PropertyKey[]): void {
  const place = path === undefined ? {} : { path };
  payload.issues.push({ code: "custom", params: { keyword }, message, input: payload.value, continue: CONTINUE.all, ...place });
}

/** Records that a value has none of the types. */
export function wrongType(payload: Payload, types: readonly JsonType[], remaining: RemainingChecks = "all"): Payload {
  const message = types.length === 0 ? "is not JSON" : `is ${show(payload.value)}; expected ${types.join(" or ")}`;
  payload.issues.push({ code: "custom", params: { keyword: "type" }, message, input: payload.value, continue: CONTINUE[remaining] });
  return payload;
}

/** Records that a valid integer does not fit the type of its schema. */
export function unread(payload: Payload, message: string): void {
  payload.issues.push({ code: "custom", params: { keyword: "type", isUnread: true }, message, input: payload.value, continue: CONTINUE.all });
}

/** Whether an issue is that a valid integer does not fit the type of its schema. */
export function isUnread(issue: Issue): boolean {
  return (issue as { readonly params?: { readonly isUnread?: unknown } }).params?.isUnread === true;
}

/** An issue of a part, as an issue of the whole: the whole's keyword checks still run even if the part's could not. */
export function ofPart(issue: Issue): Issue {
  return issue.continue === CONTINUE.none ? { ...issue, continue: CONTINUE.keywords } : issue;
}

/** An issue that a check has found with another schema. It does not prevent other checks from running. */
export function ofCheck(issue: Issue, path: readonly PropertyKey[] = []): Issue {
  return { ...issue, ...(path.length === 0 ? {} : { path: [...path, ...(issue.path ?? [])] }), continue: CONTINUE.all };
}

// Explains rejected writes to the user: the messages of the contract are for developers.

interface Rejected {
  readonly violations: readonly { readonly pointer: string; readonly keyword: string }[];
}

const REASONS: Readonly<Record<string, string>> = {
  exclusiveMaximum: "is too large",
  exclusiveMinimum: "is too small",
  maxBytes: "is too large",
  maxItems: "has too many entries",
  maxLength: "is too long",
  maximum: "is too large",
  minLength: "is missing",
  minimum: "is too small",
  required: "is missing",
  version: "was changed by a newer version of this app: reload the page",
};

/** The reason why a write was rejected; undefined for any other error. */
export function rejection(error: Error): string | undefined {
  if (error.name !== "RecordRefused") {
    return undefined;
  }
  const first = (error as Error & Rejected).violations[0];
  const member = (first?.pointer ?? "").split("/").findLast((part) => /[a-z]/i.test(part));
  return `Not saved: the ${member === undefined ? "record" : plain(member)} ${REASONS[first?.keyword ?? ""] ?? "is not possible"}.`;
}

/** `loggedWeightKg` as a person says it: weight. */
function plain(member: string): string {
  const words = member.replace(/^(logged|target)(?=[A-Z])|(Kg|Secs|Ms)$/g, "");
  return words.replace(/(?<=.)[A-Z]/g, " $&").toLowerCase();
}

// Refused writes in the user's words: the contract's words are for developers.

interface Refused {
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

/** Why a write was refused; undefined if the error is another one. */
export function refusal(error: Error): string | undefined {
  if (error.name !== "RecordRefused") {
    return undefined;
  }
  const first = (error as Error & Refused).violations[0];
  const member = (first?.pointer ?? "").split("/").findLast((part) => /[a-z]/i.test(part));
  return `Not saved: the ${member === undefined ? "record" : plain(member)} ${REASONS[first?.keyword ?? ""] ?? "is not possible"}.`;
}

/** `loggedWeightKg` as a person says it: weight. */
function plain(member: string): string {
  const words = member.replace(/^(logged|target)(?=[A-Z])|(Kg|Secs|Ms)$/g, "");
  return words.replace(/(?<=.)[A-Z]/g, " $&").toLowerCase();
}

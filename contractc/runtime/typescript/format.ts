// `format`: the nine asserted formats, each with one grammar. All other formats are annotations.

/** An asserted format. */
export type Format = "date" | "date-time" | "email" | "hostname" | "ipv4" | "ipv6" | "time" | "uri" | "uuid";

/** The function that checks whether a text is valid in a format. */
export function formatTest(format: Format): (text: string) => boolean {
  return FORMATS[format];
}

const FORMATS: Readonly<Record<Format, (text: string) => boolean>> = {
  date: isDate,
  "date-time": isDateTime,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  time: isTime,
  uri: isUri,
  uuid: isUuid,
};

/** RFC 3339 `full-date`. */
function isDate(text: string): boolean {
  return text.length === 10 && startsWithDate(text);
}

function startsWithDate(text: string): boolean {
  const century = digits(text, 0);
  const year = digits(text, 2);
  const month = digits(text, 5);
  const day = digits(text, 8);
  const isLeap = year % 4 === 0 && (year !== 0 || century % 4 === 0);
  const days = month === 2 ? (isLeap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  const isRight = century >= 0 && year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= days;
  return isRight && text.charCodeAt(4) === DASH && text.charCodeAt(7) === DASH;
}

const DASH = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const ZERO = 0x30;

/** The number that two digits write; -1 if either is not a digit. */
function digits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** RFC 3339 `date-time`; `t` and `z` may be lower case. */
function isDateTime(text: string): boolean {
  return (text.charCodeAt(10) | 0x20) === 0x74 && startsWithDate(text) && isTimeFrom(text, 11);
}

/** RFC 3339 `full-time`; second 60 only at the times at which UTC has leap seconds. */
function isTime(text: string): boolean {
  return isTimeFrom(text, 0);
}

function isTimeFrom(text: string, start: number): boolean {
  const hour = digits(text, start);
  const minute = digits(text, start + 3);
  const second = digits(text, start + 6);
  const isRight = hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0;
  if (!isRight || text.charCodeAt(start + 2) !== COLON || text.charCodeAt(start + 5) !== COLON) {
    return false;
  }
  const end = behindFraction(text, start + 8);
  const offset = offsetFrom(text, end);
  if (offset === undefined) {
    return false;
  }
  const minutesInDay = 24 * 60;
  const inUtc = (hour * 60 + minute - offset + 2 * minutesInDay) % minutesInDay;
  return second <= 59 || (second === 60 && inUtc === minutesInDay - 1);
}

/** The index after a fraction of a second; after the whole text if the fraction has no digits. */
function behindFraction(text: string, start: number): number {
  if (text.charCodeAt(start) !== POINT) {
    return start;
  }
  let end = start + 1;
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= ZERO + 9) {
    end += 1;
  }
  return end === start + 1 ? text.length : end;
}

/** The minutes that the rest of a time, such as `Z` or `-08:00`, is ahead of UTC. */
function offsetFrom(text: string, start: number): number | undefined {
  const sign = text[start];
  if ((sign === "Z" || sign === "z") && text.length === start + 1) {
    return 0;
  }
  const hours = digits(text, start + 1);
  const minutes = digits(text, start + 4);
  const isRight = (sign === "+" || sign === "-") && text.charCodeAt(start + 3) === COLON && text.length === start + 6;
  if (!isRight || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
    return undefined;
  }
  return (hours * 60 + minutes) * (sign === "-" ? -1 : 1);
}

/** Which of the first 128 characters are hexadecimal digits, in either case. */
const HEX_DIGITS: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => ("0123456789abcdefABCDEF".includes(String.fromCharCode(code)) ? 1 : 0));

/** The form with 36 characters, in either case. */
function isUuid(text: string): boolean {
  const hasDashes =
    text.charCodeAt(8) === DASH && text.charCodeAt(13) === DASH && text.charCodeAt(18) === DASH && text.charCodeAt(23) === DASH;
  return text.length === 36 && hasDashes && areHex(text, 0, 8) && areHex(text, 9, 13) && areHex(text, 14, 18) && areHex(text, 19, 23) && areHex(text, 24, 36);
}

function areHex(text: string, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) {
    if (HEX_DIGITS[text.charCodeAt(index)] !== 1) {
      return false;
    }
  }
  return true;
}

/** RFC 5321 `Mailbox`, including quoted local parts and address literals. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  return at >= 0 && isLocalPart(text.slice(0, at)) && isDomainPart(text.slice(at + 1));
}

function isLocalPart(local: string): boolean {
  if (local.length > 1 && local.startsWith('"') && local.endsWith('"')) {
    return /^"(?:[ !#-[\]-~]|\\[ -~])*"$/.test(local);
  }
  return local.length <= 64 && /^[\w!#$%&'*+\-/=?^`{|}~]+(?:\.[\w!#$%&'*+\-/=?^`{|}~]+)*$/.test(local);
}

function isDomainPart(domain: string): boolean {
  if (!domain.startsWith("[") || !domain.endsWith("]")) {
    return isHostname(domain);
  }
  const literal = domain.slice(1, -1);
  return literal.startsWith("IPv6:") ? isIpv6(literal.slice("IPv6:".length)) : isIpv4(literal);
}

/** RFC 1123 host name: labels of letters, digits and inner hyphens. */
function isHostname(text: string): boolean {
  // Hyphens in the third and fourth position are reserved for encoded labels (RFC 5890).
  const isLabel = (label: string): boolean =>
    label.length <= 63 && /^[a-z\d](?:[a-z\d-]*[a-z\d])?$/i.test(label) && (label.slice(2, 4) !== "--" || /^xn--/i.test(label));
  return text.length <= 253 && text.split(".").every(isLabel);
}

/** Four decimal numbers without leading zeros. */
function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** RFC 4291, without a zone; `::` stands for at least one group. */
function isIpv6(text: string): boolean {
  const halves = text.split("::");
  const [head = "", tail] = halves;
  if (halves.length > 2) {
    return false;
  }
  if (tail === undefined) {
    return groups(head, true) === 8;
  }
  const [before, behind] = [groups(head, false), groups(tail, true)];
  return before >= 0 && behind >= 0 && before + behind <= 7;
}

/** The number of 16-bit groups in a sequence, or -1 if it is invalid. Only the last sequence may end with an IPv4 address. */
function groups(row: string, mayEndInIpv4: boolean): number {
  if (row === "") {
    return 0;
  }
  const parts = row.split(":");
  const last = parts.at(-1) ?? "";
  const endsInIpv4 = mayEndInIpv4 && isIpv4(last);
  const plain = endsInIpv4 ? parts.slice(0, -1) : parts;
  return plain.every((part) => /^[\da-f]{1,4}$/i.test(part)) ? plain.length + (endsInIpv4 ? 2 : 0) : -1;
}

/** RFC 3986 `URI`: a scheme, and only the characters and escapes that are allowed in a URI. */
function isUri(text: string): boolean {
  const parts = /^[a-z][a-z\d+\-.]*:(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/i.exec(text);
  if (parts === null) {
    return false;
  }
  const [, authority = "", path = "", query = "", fragment = ""] = parts;
  return isAuthority(authority) && isUriText(path, "/:@") && isUriText(query, "/?:@") && isUriText(fragment, "/?:@");
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf("@");
  const user = authority.slice(0, Math.max(at, 0));
  const rest = authority.slice(at + 1);
  const bracket = rest.lastIndexOf("]");
  const colon = rest.indexOf(":", bracket + 1);
  const end = bracket >= 0 ? bracket + 1 : colon >= 0 ? colon : rest.length;
  const [host, port] = [rest.slice(0, end), rest.slice(end)];
  return isUriText(user, ":") && isUriHost(host) && /^(?::\d*)?$/.test(port);
}

function isUriHost(host: string): boolean {
  if (!host.startsWith("[") || !host.endsWith("]")) {
    return isUriText(host, "");
  }
  const literal = host.slice(1, -1);
  const future = /^v[\da-f]+\.([^]*)$/i.exec(literal);
  return (future !== null && isUriText(future[1] ?? "", ":")) || isIpv6(literal);
}

/** Unreserved characters, sub-delimiters, percent escapes, and `extra`. */
function isUriText(text: string, extra: string): boolean {
  const escaped = text.replace(/%[\da-f]{2}/gi, "");
  return [...escaped].every((character) => /[\w\-.~!$&'()*+,;=]/.test(character) || extra.includes(character));
}

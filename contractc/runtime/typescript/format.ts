// `format`: the nine asserted formats, each with one grammar. All other formats are annotations.

/** An asserted format. */
export type Format = "date" | "date-time" | "email" | "hostname" | "ipv4" | "ipv6" | "time" | "uri" | "uuid";

/** Whether a text matches a format. */
export function isFormat(text: string, format: Format): boolean {
  return FORMATS[format](text);
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
  uuid: (text) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
};

/** RFC 3339 `full-date`. */
function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (parts === null) {
    return false;
  }
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= days;
}

/** RFC 3339 `date-time`; `t` and `z` may be lower case. */
function isDateTime(text: string): boolean {
  return /^.{10}[Tt]/.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

/** RFC 3339 `full-time`; second 60 only at the times at which UTC has leap seconds. */
function isTime(text: string): boolean {
  const parts = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text);
  if (parts === null) {
    return false;
  }
  const [hour, minute, second] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const [offsetHours, offsetMinutes] = [Number(parts[5] ?? 0), Number(parts[6] ?? 0)];
  if (hour > 23 || minute > 59 || offsetHours > 23 || offsetMinutes > 59) {
    return false;
  }
  const offset = (offsetHours * 60 + offsetMinutes) * (parts[4] === "-" ? -1 : 1);
  const minutesInDay = 24 * 60;
  const inUtc = (hour * 60 + minute - offset + 2 * minutesInDay) % minutesInDay;
  return second <= 59 || (second === 60 && inUtc === minutesInDay - 1);
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

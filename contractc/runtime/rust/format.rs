//! `format`: the nine asserted formats, with one grammar each. All other formats are annotations.

/// An asserted format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `date` of RFC 3339.
    Date,
    /// `date-time` of RFC 3339.
    DateTime,
    /// `email`
    Email,
    /// `hostname`
    Hostname,
    /// `ipv4`
    Ipv4,
    /// `ipv6`
    Ipv6,
    /// `time` of RFC 3339.
    Time,
    /// `uri`: an absolute URI of RFC 3986.
    Uri,
    /// `uuid`: the form with 36 characters.
    Uuid,
}

/// The high bits of eight bytes.
const HIGHS: u64 = 0x8080_8080_8080_8080;

impl Format {
    /// All asserted formats, ordered by name.
    pub const ALL: [Format; 9] = [
        Format::Date,
        Format::DateTime,
        Format::Email,
        Format::Hostname,
        Format::Ipv4,
        Format::Ipv6,
        Format::Time,
        Format::Uri,
        Format::Uuid,
    ];

    /// The asserted format with this name; `None` if the format is not asserted.
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The name in a contract.
    pub fn name(self) -> &'static str {
        match self {
            Format::Date => "date",
            Format::DateTime => "date-time",
            Format::Email => "email",
            Format::Hostname => "hostname",
            Format::Ipv4 => "ipv4",
            Format::Ipv6 => "ipv6",
            Format::Time => "time",
            Format::Uri => "uri",
            Format::Uuid => "uuid",
        }
    }

    /// Whether the text is valid in this format.
    #[inline]
    pub fn matches(self, text: &str) -> bool {
        match self {
            Format::Date => date(text),
            Format::DateTime => date_time(text),
            Format::Email => email(text),
            Format::Hostname => hostname(text),
            Format::Ipv4 => ipv4(text),
            Format::Ipv6 => text.parse::<std::net::Ipv6Addr>().is_ok(),
            Format::Time => time(text),
            Format::Uri => uri(text),
            Format::Uuid => uuid(text),
        }
    }
}

/// The length of the text in this format at the start of `bytes`, up to a quote. `None` if the text is not in this format, or has an
/// unusual length.
#[inline]
pub(super) fn quoted_length(format: Format, bytes: &[u8]) -> Option<usize> {
    let ends_at = |length: usize| bytes.get(length) == Some(&b'"');
    match format {
        Format::Uuid => (ends_at(36) && is_uuid(bytes.first_chunk()?)).then_some(36),
        Format::DateTime if ends_at(24) => is_usual_date_time(bytes.first_chunk::<24>()?).then_some(24),
        Format::DateTime if ends_at(20) => is_usual_date_time(bytes.first_chunk::<20>()?).then_some(20),
        _ => None,
    }
}

/// RFC 3339 `full-date`.
fn date(text: &str) -> bool {
    text.as_bytes().first_chunk::<10>().is_some_and(|bytes| text.len() == 10 && is_date(bytes))
}

fn is_date(bytes: &[u8; 10]) -> bool {
    let (Some(century), Some(year)) = (two_digits(bytes[0], bytes[1]), two_digits(bytes[2], bytes[3])) else { return false };
    let (Some(month), Some(day)) = (two_digits(bytes[5], bytes[6]), two_digits(bytes[8], bytes[9])) else { return false };
    bytes[4] == b'-' && bytes[7] == b'-' && is_day(century, year, month, day)
}

/// Whether the year `century * 100 + year` has this day.
#[inline]
fn is_day(century: u8, year: u8, month: u8, day: u8) -> bool {
    let leap = year.is_multiple_of(4) && (year != 0 || century.is_multiple_of(4));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// RFC 3339 `date-time`; `t` and `z` may be lower case.
fn date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    if matches!(bytes.len(), 20 | 24) && is_usual_date_time(bytes) {
        return true;
    }
    match bytes.split_first_chunk::<10>() {
        Some((day, [b'T' | b't', rest @ ..])) => is_date(day) && is_time(rest),
        _ => false,
    }
}

/// Whether 20 or 24 bytes are a `date-time` in the usual form, such as `2024-02-29T23:59:59Z` or `2024-02-29T23:59:59.000Z`. Compares eight
/// characters at a time. Returns `false` if the text may still be valid in another form, or as a leap second.
#[inline]
fn is_usual_date_time(bytes: &[u8]) -> bool {
    let Some((day, time)) = bytes.split_first_chunk::<8>() else { return false };
    let Some((time, rest)) = time.split_first_chunk::<8>() else { return false };
    let rest = match rest {
        [a, b, c, d] => Digits::read(*b":00Z0000", [*a, *b, *c, *d, b'0', b'0', b'0', b'0']),
        [a, b, c, d, e, f, g, h] => Digits::read(*b":00.000Z", [*a, *b, *c, *d, *e, *f, *g, *h]),
        _ => None,
    };
    let (Some(date), Some(time), Some(rest)) = (Digits::read(*b"0000-00-", *day), Digits::read(*b"00T00:00", *time), rest) else {
        return false;
    };
    is_day(date.pair(0), date.pair(2), date.pair(5), time.pair(0)) && time.pair(3) <= 23 && time.pair(6) <= 59 && rest.pair(1) <= 59
}

/// The values of the digits in eight characters.
struct Digits([u8; 8]);

impl Digits {
    /// Reads characters that must be digits where `form` has a `0`, and the same as in `form` everywhere else.
    #[inline]
    fn read(form: [u8; 8], text: [u8; 8]) -> Option<Digits> {
        let values = u64::from_le_bytes(text) ^ u64::from_le_bytes(form);
        // The high bit of a byte of the sum is set if its value is too large. Only values that have a high bit themselves could carry.
        let limits = u64::from_le_bytes(form.map(|byte| if byte == b'0' { 0x7f - 9 } else { 0x7f }));
        ((values | values.wrapping_add(limits)) & HIGHS == 0).then(|| Digits(values.to_le_bytes()))
    }

    /// The number that two digits write.
    #[inline]
    fn pair(&self, at: usize) -> u8 {
        self.0[at] * 10 + self.0[at + 1]
    }
}

/// RFC 3339 `full-time`. Second 60 is accepted only at times when UTC inserts leap seconds.
fn time(text: &str) -> bool {
    is_time(text.as_bytes())
}

fn is_time(bytes: &[u8]) -> bool {
    let Some(([h1, h2, b':', m1, m2, b':', s1, s2], mut rest)) = bytes.split_first_chunk::<8>() else { return false };
    let (Some(hour), Some(minute), Some(second)) = (two_digits(*h1, *h2), two_digits(*m1, *m2), two_digits(*s1, *s2)) else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    let offset = match rest {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => match (two_digits(*h1, *h2), two_digits(*m1, *m2)) {
            (Some(hours @ 0..=23), Some(minutes @ 0..=59)) => {
                let total = i32::from(hours) * 60 + i32::from(minutes);
                if *sign == b'+' { total } else { -total }
            }
            _ => return false,
        },
        _ => return false,
    };
    let ends_utc_day = || (i32::from(hour) * 60 + i32::from(minute) - offset).rem_euclid(24 * 60) == 23 * 60 + 59;
    hour <= 23 && minute <= 59 && (second <= 59 || (second == 60 && ends_utc_day()))
}

/// The number that two digits write; `None` if either is not a digit.
#[inline]
fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| tens * 10 + ones)
}

/// RFC 5321 `Mailbox`, including quoted local parts and address literals.
fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    local_part(local) && domain_part(domain)
}

fn local_part(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let mut bytes = quoted.bytes();
        while let Some(byte) = bytes.next() {
            let fine = match byte {
                b'\\' => bytes.next().is_some_and(|next| (32..127).contains(&next)),
                b'"' => false,
                other => (32..127).contains(&other),
            };
            if !fine {
                return false;
            }
        }
        return true;
    }
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    local.len() <= 64 && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
}

fn domain_part(domain: &str) -> bool {
    match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => match literal.strip_prefix("IPv6:") {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => ipv4(literal),
        },
        None => hostname(domain),
    }
}

/// An RFC 1123 host name: labels of letters, digits and inner hyphens.
fn hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            // Hyphens in the third and fourth position are reserved for encoded labels (RFC 5890).
            && (label.get(2..4) != Some("--") || label.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("xn--")))
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Four decimal numbers without leading zeros.
fn ipv4(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// RFC 3986 `URI`: a scheme, followed only by characters and escapes that are valid in a URI.
fn uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_fine = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path_fine = match hierarchy.strip_prefix("//") {
        Some(after) => {
            let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            uri_authority(authority) && uri_text(path, b"/:@")
        }
        None => uri_text(hierarchy, b"/:@"),
    };
    scheme_fine && path_fine && uri_text(query, b"/?:@") && uri_text(fragment, b"/?:@")
}

fn uri_authority(authority: &str) -> bool {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match host.rfind(']') {
        Some(end) => host.split_at(end + 1),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let host_fine = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => {
            let future = literal.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.')).is_some_and(|(version, name)| {
                !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit()) && uri_text(name, b":")
            });
            future || literal.parse::<std::net::Ipv6Addr>().is_ok()
        }
        None => uri_text(host, b""),
    };
    let port_fine = port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    uri_text(user, b":") && host_fine && port_fine
}

/// Whether the text consists of unreserved characters, sub-delimiters, percent escapes, and `extra`.
fn uri_text(text: &str, extra: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        if byte == b'%' {
            if !bytes.get(index + 1..index + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit)) {
                return false;
            }
            index += 3;
        } else if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || extra.contains(&byte) {
            index += 1;
        } else {
            return false;
        }
    }
    true
}

/// The form with 36 characters, in either case.
fn uuid(text: &str) -> bool {
    <&[u8; 36]>::try_from(text.as_bytes()).is_ok_and(is_uuid)
}

/// Compares eight digits at a time.
pub(super) fn is_uuid(bytes: &[u8; 36]) -> bool {
    let [a0, a1, a2, a3, a4, a5, a6, a7, b'-', b0, b1, b2, b3, b'-', c0, c1, c2, c3, b'-', d0, d1, d2, d3, b'-', rest @ ..] = *bytes else {
        return false;
    };
    let [e0, e1, e2, e3, e4, e5, e6, e7, f0, f1, f2, f3] = rest;
    let words = [
        [a0, a1, a2, a3, a4, a5, a6, a7],
        [b0, b1, b2, b3, c0, c1, c2, c3],
        [d0, d1, d2, d3, f0, f1, f2, f3],
        [e0, e1, e2, e3, e4, e5, e6, e7],
    ];
    words.into_iter().fold(true, |all, word| all & are_hex_digits(u64::from_le_bytes(word)))
}

/// Whether all eight bytes are hexadecimal digits.
#[inline]
fn are_hex_digits(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The high bit of a byte of the sum is set if the byte is at least `from`, provided that no byte of the word has its high bit set.
    let at_least = |word: u64, from: u8| word.wrapping_add(ONES * u64::from(0x80 - from));
    let lower = word | (ONES * 0x20);
    let digits = at_least(word, b'0') & !at_least(word, b'9' + 1);
    let letters = at_least(lower, b'a') & !at_least(lower, b'f' + 1);
    (digits | letters) & !word & HIGHS == HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_accepts_and_rejects() {
        let cases: [(Format, &[&str], &[&str]); 9] = [
            (Format::Date, &["2024-02-29", "2000-02-29"], &["2023-02-29", "1900-02-29", "2024-13-01", "2024-1-01", "٢024-01-01"]),
            (
                Format::DateTime,
                &["1998-12-31T23:59:60Z", "1998-12-31t15:59:60.123-08:00", "2024-02-29T23:59:59Z", "2000-02-29T00:00:00.000Z"],
                &[
                    "1998-12-31T23:58:60Z",
                    "2024-01-01 00:00:00Z",
                    "2023-02-29T00:00:00Z",
                    "2024-01-01T24:00:00.000Z",
                    "2024-01-01T00:00:00é",
                ],
            ),
            (Format::Email, &["a.b@example.com", "\"a b\"@x.org", "x@[127.0.0.1]"], &["a", ".a@b.c", "a..b@c.d", "a@-b.c", "@x.y"]),
            (Format::Hostname, &["a", "xn--4gbwdl.xn--wgbh1c", "a-b.c1"], &["", "-a", "a-", "a_b", "a..b", "ab--c"]),
            (Format::Ipv4, &["127.0.0.1"], &["127.0.0", "256.0.0.1", "01.2.3.4"]),
            (Format::Ipv6, &["::1", "::ffff:1.2.3.4"], &["1:2", "::1%eth0", "12345::"]),
            (Format::Time, &["23:59:60Z", "01:29:60+01:30", "00:00:00.5z"], &["24:00:00Z", "12:00:00", "12:00:00+24:00", "12:00:00.Z"]),
            (Format::Uri, &["http://a.b:80/c?d#e", "urn:x:y", "http://[::1]/"], &["//a", "a b:c", "http://a b", "x:%zz", "http://[x]/"]),
            (
                Format::Uuid,
                &["2EB8AA08-aa98-11ea-b4aa-73b441d16380"],
                &["2eb8aa08aa9811eab4aa73b441d16380", "{2eb8aa08-aa98-11ea-b4aa-73b441d1638}"],
            ),
        ];
        for (format, accepted, refused) in cases {
            assert_eq!(Format::from_name(format.name()), Some(format));
            accepted.iter().for_each(|text| assert!(format.matches(text), "{} {text}", format.name()));
            refused.iter().for_each(|text| assert!(!format.matches(text), "{} {text}", format.name()));
        }
    }
}

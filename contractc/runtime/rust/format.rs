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

/// RFC 3339 `full-date`.
fn date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (digits(&bytes[..4]), digits(&bytes[5..7]), digits(&bytes[8..])) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
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
    text.is_ascii() && text.len() > 11 && date(&text[..10]) && matches!(text.as_bytes()[10], b'T' | b't') && time(&text[11..])
}

/// RFC 3339 `full-time`. Second 60 is accepted only at times when UTC inserts leap seconds.
fn time(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 9 || bytes[2] != b':' || bytes[5] != b':' {
        return false;
    }
    let (Some(hour), Some(minute), Some(second)) = (digits(&bytes[..2]), digits(&bytes[3..5]), digits(&bytes[6..8])) else {
        return false;
    };
    let mut rest = &bytes[8..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    let offset = match rest {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', _, _] if hours.len() == 2 => {
            let (hours, minutes) = (digits(hours), digits(&rest[4..]));
            match (hours, minutes) {
                (Some(hours @ 0..=23), Some(minutes @ 0..=59)) => {
                    let total = (hours * 60 + minutes) as i64;
                    Some(if *sign == b'+' { total } else { -total })
                }
                _ => None,
            }
        }
        _ => None,
    };
    let Some(offset) = offset else { return false };
    let leap_minute = ((hour * 60 + minute) as i64 - offset).rem_euclid(24 * 60) == 23 * 60 + 59;
    hour <= 23 && minute <= 59 && (second <= 59 || (second == 60 && leap_minute))
}

/// The digits as a number; `None` if there is any other character.
fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
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
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_accepts_and_refuses() {
        let cases: [(Format, &[&str], &[&str]); 9] = [
            (Format::Date, &["2024-02-29", "2000-02-29"], &["2023-02-29", "1900-02-29", "2024-13-01", "2024-1-01", "٢024-01-01"]),
            (
                Format::DateTime,
                &["1998-12-31T23:59:60Z", "1998-12-31t15:59:60.123-08:00"],
                &["1998-12-31T23:58:60Z", "2024-01-01 00:00:00Z"],
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

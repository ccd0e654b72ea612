//! Path templates: the names of their parameters, the template that requests have, and which templates are the same path for a server.

/// The parameter names in braces in a path template. The fragment has none, because it is not sent.
pub fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    template(path).split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// A path without its fragment, which is not sent.
pub fn template(path: &str) -> &str {
    path.split('#').next().unwrap_or_default()
}

/// A path template as requests have it: every URL parser removes dot segments and writes certain characters percent-encoded, and a percent
/// sign that encodes nothing is not part of a URL.
pub fn as_sent(path: &str) -> String {
    let encoded = encoded(path);
    let end = encoded.find(['?', '#']).unwrap_or(encoded.len());
    without_dot_segments(&encoded[..end]) + &encoded[end..]
}

/// What a server sees of a template. Templates with the same route are the same path: neither the names of parameters, nor the order of the
/// query, nor the encoding of characters that may be either (RFC 3986, section 6.2.2) make a difference.
pub fn route(template: &str) -> String {
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    let unnamed = placeholders(path).fold(path.to_owned(), |route, name| route.replace(&format!("{{{name}}}"), "{}"));
    let mut parts: Vec<String> = query.split('&').filter(|part| !part.is_empty()).map(decoded).collect();
    parts.sort();
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    decoded(&unnamed) + &query
}

fn encoded(path: &str) -> String {
    let mut sent = String::with_capacity(path.len());
    let mut is_name = false;
    for (at, character) in path.char_indices() {
        is_name = character == '{' || (is_name && character != '}');
        let is_url = character.is_ascii_graphic() && !"\"<>\\`".contains(character) && (character != '%' || code(&path[at..]).is_some());
        if is_name || is_url {
            sent.push(character);
        } else {
            let mut bytes = [0; 4];
            sent.extend(character.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    sent
}

/// A path without `.` and `..`, which may be percent-encoded (RFC 3986, section 5.2.4).
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match decoded(segment).as_str() {
            "." => {}
            ".." => _ = kept.pop(),
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// A text whose characters are percent-encoded only where this changes their meaning, with digits in upper case.
fn decoded(text: &str) -> String {
    const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=%{}";
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match code(rest) {
            Some(byte) if byte.is_ascii_graphic() && !RESERVED.contains(&byte) => plain.push(char::from(byte)),
            Some(byte) => plain.push_str(&format!("%{byte:02X}")),
            None => plain.push(first),
        }
        rest = &rest[code(rest).map_or(first.len_utf8(), |_| 3)..];
    }
    plain
}

/// The byte whose percent-encoding a text starts with.
fn code(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

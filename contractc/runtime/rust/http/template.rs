//! Path templates: which paths match one, and the text of their parameters.

/// The texts of the path parameters, as received; `None` if the path does not match the template.
pub(super) fn path_values<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let mut values = raw_values(template.split('?').next()?, path)?;
    values.reverse();
    Some(values)
}

/// Whether a URL matches a template. A template may name parts of the query that the URL must have, as `?beta=true` does.
pub fn matches(template: &'static str, uri: &http::Uri) -> bool {
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    let has = |part: &str| uri.query().is_some_and(|found| found.split('&').any(|found| found == part));
    raw_values(path, uri.path()).is_some() && query.split('&').all(|part| part.is_empty() || has(part))
}

/// The text between a parameter and the next one in the same segment.
pub(super) fn text_behind<'t>(template: &'t str, name: &str) -> Option<&'t str> {
    let (_, behind) = template.split_once(&format!("{{{name}}}"))?;
    let (between, _) = behind.split_once('{')?;
    (!between.contains('/')).then_some(between)
}

/// The number of literal characters in a template. The more there are, the more specific the template is.
pub fn literal_length(template: &str) -> usize {
    let mut depth = 0;
    let is_literal = |character: &char| {
        depth += i32::from(*character == '{');
        let literal = depth == 0;
        depth -= i32::from(*character == '}');
        literal
    };
    template.chars().filter(is_literal).count()
}

/// The values of the path parameters, in reverse order. A value lies within one segment, is not empty, and is as short as the template
/// allows.
fn raw_values<'p>(template: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
    let Some((literal, rest)) = template.split_once('{') else { return behind_literal(template, path)?.is_empty().then(Vec::new) };
    let path = behind_literal(literal, path)?;
    let (name, behind) = rest.split_once('}')?;
    // Between two values of one segment, an encoded character belongs to a value.
    let between = behind.split_once('{').map(|(between, _)| between).filter(|between| !between.contains('/'));
    let segment = path.find('/').unwrap_or(path.len());
    let ends = path[..segment].char_indices().map(|(at, character)| at + character.len_utf8());
    ends.into_iter().filter(|end| between.is_none_or(|between| path[*end..].starts_with(between))).find_map(|end| {
        let mut values = raw_values(behind, &path[end..])?;
        values.push((name, &path[..end]));
        Some(values)
    })
}

/// The rest of a path that starts with a literal text. By RFC 3986, the text is the same if a client has percent-encoded an unreserved
/// character, or has written the digits in lower case.
fn behind_literal<'p>(literal: &str, path: &'p str) -> Option<&'p str> {
    let (mut literal, mut path) = (literal, path);
    while !literal.is_empty() {
        let (wanted, behind) = next_byte(literal)?;
        let (found, rest) = next_byte(path)?;
        if wanted != found {
            return None;
        }
        (literal, path) = (behind, rest);
    }
    Some(path)
}

/// The first byte of a text, whether its encoding changes its meaning, and the rest of the text.
fn next_byte(text: &str) -> Option<((u8, bool), &str)> {
    const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=%";
    let first = *text.as_bytes().first()?;
    let digits = text.get(1..3).filter(|digits| first == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
        Some(byte) => Some(((byte, RESERVED.contains(&byte)), &text[3..])),
        // The path of a request is ASCII.
        None => Some(((first, false), text.get(1..)?)),
    }
}

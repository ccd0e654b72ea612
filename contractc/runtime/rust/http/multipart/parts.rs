//! The parts of a multipart body as text: their delimiters and headers (RFC 2046, section 5.1, and RFC 7578).

use super::super::super::report::Report;
use super::super::text::decoded;

/// A part to send.
pub struct Sent {
    /// The name of the member.
    pub name: &'static str,
    /// The name of the file, if it is one.
    pub file_name: Option<String>,
    /// The media type; plain text if it is absent.
    pub media_type: Option<String>,
    /// The content.
    pub content: Vec<u8>,
}

impl Sent {
    /// Joins parts, and returns the media type with the boundary, and the body.
    pub fn join(parts: &[Sent]) -> (String, Vec<u8>) {
        let boundary = boundary(parts);
        let mut body = Vec::new();
        for part in parts {
            body.extend_from_slice(format!("--{boundary}\r\n{}\r\n", part.headers()).as_bytes());
            body.extend_from_slice(&part.content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body)
    }

    fn headers(&self) -> String {
        let mut headers = format!("Content-Disposition: form-data; name=\"{}\"", quoted(self.name));
        if let Some(name) = &self.file_name {
            headers.push_str(&format!("; filename=\"{}\"", quoted(name)));
        }
        headers.push_str("\r\n");
        if let Some(media_type) = &self.media_type {
            headers.push_str(&format!("Content-Type: {media_type}\r\n"));
        }
        headers
    }
}

/// A boundary that no content has.
fn boundary(parts: &[Sent]) -> String {
    let mut number = 0_u64;
    loop {
        let boundary = format!("contract-part-{number:08}");
        if !parts.iter().any(|part| find(&part.content, boundary.as_bytes()).is_some()) {
            return boundary;
        }
        number += 1;
    }
}

/// Escapes a name as browsers do.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A part that was received.
pub struct Received<'a> {
    /// The name of the member.
    pub name: String,
    /// The name of the file, if the part has one.
    pub file_name: Option<String>,
    /// The media type, if the part has one.
    pub media_type: Option<String>,
    /// The content.
    pub content: &'a [u8],
}

/// Splits a body into its parts. `media_type` is its media type, with the boundary.
///
/// # Errors
/// Returns what is wrong with the form of the body.
pub fn split<'a>(media_type: &str, body: &'a [u8]) -> Result<Vec<Received<'a>>, Report> {
    let fault = |message: &str| Report::new("syntax", message);
    let (_, parameters) = parameters(media_type);
    let boundary = parameters.iter().find(|(name, _)| name == "boundary").map(|(_, value)| value.as_str());
    let boundary = boundary.filter(|boundary| !boundary.is_empty()).ok_or_else(|| fault("has a media type without a boundary"))?;
    let (first, delimiter) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut rest = match body.strip_prefix(first.as_bytes()) {
        Some(rest) => rest,
        None => after(body, delimiter.as_bytes()).ok_or_else(|| fault("does not contain its boundary"))?,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let line = after(rest, b"\r\n").filter(|line| rest[..rest.len() - line.len()].trim_ascii().is_empty());
        let line = line.ok_or_else(|| fault("has a boundary that does not end its line"))?;
        let length = find(line, delimiter.as_bytes()).ok_or_else(|| fault("has a part that does not end with the boundary"))?;
        parts.push(part(&line[..length]).ok_or_else(|| fault("has a part without a name"))?);
        rest = &line[length + delimiter.len()..];
    }
    Ok(parts)
}

/// A part from its headers and content.
fn part(text: &[u8]) -> Option<Received<'_>> {
    let (headers, content) = match text.strip_prefix(b"\r\n") {
        Some(content) => (&[][..], content),
        None => (&text[..find(text, b"\r\n\r\n")?], after(text, b"\r\n\r\n")?),
    };
    let headers = String::from_utf8_lossy(headers);
    let header = |name: &str| {
        let mut lines = headers.split("\r\n").filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let (_, parameters) = parameters(header("Content-Disposition")?);
    let parameter = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let extended = parameter("filename*").and_then(|value| value.splitn(3, '\'').nth(2)).map(|value| decoded(value, false));
    Some(Received {
        name: unquoted(parameter("name")?),
        file_name: extended.or_else(|| parameter("filename").map(unquoted)),
        media_type: header("Content-Type").map(str::to_owned),
        content,
    })
}

/// Reverses [`quoted`].
fn unquoted(name: &str) -> String {
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// The value of a header before its parameters, and the parameters with their names in lower case.
fn parameters(text: &str) -> (&str, Vec<(String, String)>) {
    let (value, mut rest) = text.split_once(';').unwrap_or((text, ""));
    let mut parameters = Vec::new();
    while let Some((name, behind)) = rest.split_once('=') {
        let behind = behind.trim_start();
        let (found, after) = match behind.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted),
            None => behind.split_once(';').map_or((behind.trim().to_owned(), ""), |(found, after)| (found.trim().to_owned(), after)),
        };
        parameters.push((name.trim_matches([' ', '\t', ';']).to_ascii_lowercase(), found));
        rest = after;
    }
    (value.trim(), parameters)
}

/// A quoted text without its escapes, and what follows it.
fn quoted_text(text: &str) -> (String, &str) {
    let mut found = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (found, &text[at + 1..]),
            // Browsers and others do not escape backslashes, which the paths of Windows have.
            '\\' if text[at + 1..].starts_with('"') => {
                found.push('"');
                characters.next();
            }
            character => found.push(character),
        }
    }
    (found, "")
}

/// What follows the first occurrence of `part`.
fn after<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    find(text, part).map(|at| &text[at + part.len()..])
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = part.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| byte == first) {
        if text[from + at..].starts_with(part) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

//! The kinds of bodies: how each is written to a request or a response, and read from one.

use super::super::json::Json;
use super::super::report::{At, Report};
use super::super::schema::{ReadJson, ToJson};
use super::form::Form;
use super::multipart::{File, IncomingParts, Multipart, Parts, Sent};
use super::request::{Body, Incoming, NOT_SENT, NOT_UTF8, Rejection, Writer, unsupported};
use super::text::{is_utf8, pairs};
use super::{
    Check, HeaderMap, StatusCode, as_text, covers, essence, has_body, has_json, is_first, is_json, media_type, read_checked, read_json,
};

/// A body that is JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody {
    media_type: &'static str,
    check: Check,
}

/// A body that is text.
#[derive(Clone, Copy, Debug)]
pub struct TextBody {
    media_type: &'static str,
    check: Check,
}

/// A body of a range of media types, such as `*/*`: a string as text, or any value as JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonOrTextBody {
    accepted: &'static str,
    check: Check,
}

/// A body of another kind.
#[derive(Clone, Copy, Debug)]
pub struct BytesBody {
    media_type: &'static str,
}

/// A body of type `multipart/form-data`.
#[derive(Clone, Copy, Debug)]
pub struct MultipartBody;

/// A body whose media type the contract leaves open: a range such as `image/*`, or parts of another kind with their boundary.
#[derive(Clone, Copy, Debug)]
pub struct FileBody {
    accepted: &'static str,
}

/// JSON of this media type, which passes the check.
pub const fn json(media_type: &'static str, check: Check) -> JsonBody {
    JsonBody { media_type, check }
}

/// Text of this media type, which passes the check.
pub const fn text(media_type: &'static str, check: Check) -> TextBody {
    TextBody { media_type, check }
}

/// JSON or text whose media type is one of this range, and whose value passes the check.
pub const fn json_or_text(accepted: &'static str, check: Check) -> JsonOrTextBody {
    JsonOrTextBody { accepted, check }
}

/// Bytes of this media type.
pub const fn bytes(media_type: &'static str) -> BytesBody {
    BytesBody { media_type }
}

/// Content of a media type that the caller names.
pub const fn file(accepted: &'static str) -> FileBody {
    FileBody { accepted }
}

/// A response's status, media type and body.
pub type Written = (StatusCode, Option<&'static str>, Vec<u8>);

/// The media type of a response's body, and the body.
pub type Content = (&'static str, Vec<u8>);

/// Writes a response with or without a body.
pub fn respond<const N: usize>(status: StatusCode, content: [Content; N]) -> Written {
    match content.into_iter().next() {
        Some((media_type, body)) => (status, Some(media_type), body),
        None => (status, None, Vec::new()),
    }
}

/// A status of the contract. The compiler of the contract guarantees that it is valid.
pub fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl JsonBody {
    /// Reads the body of a response.
    ///
    /// # Errors
    /// Returns all violations.
    pub fn parse<T: ReadJson>(&self, _: &HeaderMap, body: &[u8]) -> Result<T, Report> {
        read_json(body, self.check)
    }

    /// Writes the body of a response.
    pub fn content(&self, body: &impl ToJson) -> Content {
        (self.media_type, body.as_json().to_text().into_bytes())
    }
}

impl TextBody {
    /// Reads the body of a response.
    ///
    /// # Errors
    /// Returns all violations.
    pub fn parse<T: ReadJson>(&self, _: &HeaderMap, body: &[u8]) -> Result<T, Report> {
        read_checked(Json::String(as_text(body)?), At::ROOT, self.check)
    }

    /// Writes the body of a response.
    pub fn content(&self, body: &impl ToJson) -> Content {
        (self.media_type, body.as_json().as_str().unwrap_or_default().as_bytes().to_vec())
    }
}

impl JsonOrTextBody {
    /// Reads the body of a response, as its media type says.
    ///
    /// # Errors
    /// Returns all violations.
    pub fn parse<T: ReadJson>(&self, headers: &HeaderMap, body: &[u8]) -> Result<T, Report> {
        if has_json(headers) { json("", self.check).parse(headers, body) } else { text("", self.check).parse(headers, body) }
    }

    /// Writes the body of a response.
    pub fn content(&self, body: &impl ToJson) -> Content {
        match body.as_json() {
            Json::String(text) => (TEXT, text.as_bytes().to_vec()),
            value => (if covers(self.accepted, JSON) { JSON } else { TEXT }, value.to_text().into_bytes()),
        }
    }
}

impl BytesBody {
    /// Reads the body of a response.
    ///
    /// # Errors
    /// Never.
    pub fn parse(&self, _: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, Report> {
        Ok(body.to_vec())
    }

    /// Writes the body of a response.
    pub fn content(&self, body: &[u8]) -> Content {
        (self.media_type, body.to_vec())
    }
}

/// Decides whether a response belongs to the variant of its status: whether its body has the media type that is read, which is the first of
/// those that the contract declares.
pub mod guard {
    use super::{HeaderMap, StatusCode};

    /// Its body is JSON.
    pub fn has_json(_: StatusCode, headers: &HeaderMap, declared: &[&str]) -> bool {
        let found = super::media_type(headers);
        super::is_json(found) && super::is_first(declared, found)
    }

    /// Its body is text.
    pub fn has_text(_: StatusCode, headers: &HeaderMap, declared: &[&str]) -> bool {
        super::is_first(declared, super::media_type(headers))
    }

    /// Its body is JSON or text.
    pub fn has_json_or_text(_: StatusCode, headers: &HeaderMap, declared: &[&str]) -> bool {
        let found = super::media_type(headers);
        (super::is_json(found) || super::is_text(found)) && super::is_first(declared, found)
    }

    /// It may have a body.
    pub fn has_body(status: StatusCode, _: &HeaderMap, _: &[&str]) -> bool {
        super::has_body(status)
    }

    /// It may have a body, which is JSON.
    pub fn has_json_body(status: StatusCode, headers: &HeaderMap, declared: &[&str]) -> bool {
        super::has_body(status) && has_json(status, headers, declared)
    }

    /// It may have a body, which is text.
    pub fn has_text_body(status: StatusCode, headers: &HeaderMap, declared: &[&str]) -> bool {
        super::has_body(status) && has_text(status, headers, declared)
    }

    /// It may have a body, which is JSON or text.
    pub fn has_json_or_text_body(status: StatusCode, headers: &HeaderMap, declared: &[&str]) -> bool {
        super::has_body(status) && has_json_or_text(status, headers, declared)
    }
}

impl<T: ToJson + ReadJson> Body<T> for JsonBody {
    fn write(&self, value: &T, to: &mut Writer) {
        let value = value.as_json();
        to.checker.check(value, self.check, At::ROOT);
        to.bytes(self.media_type, value.to_text().as_bytes());
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<T, Rejection> {
        let media_type = incoming.media_type();
        if !is_json(media_type) {
            return Err(unsupported(media_type, "JSON"));
        }
        self.parse(incoming.headers, incoming.body).map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
    }
}

impl<T: ToJson + ReadJson> Body<T> for TextBody {
    fn write(&self, value: &T, to: &mut Writer) {
        let value = value.as_json();
        to.checker.check(value, self.check, At::ROOT);
        to.bytes(self.media_type, value.as_str().unwrap_or_default().as_bytes());
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<T, Rejection> {
        incoming.expect(self.media_type)?;
        self.parse(incoming.headers, incoming.body).map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
    }
}

impl<T: ToJson + ReadJson> Body<T> for JsonOrTextBody {
    fn write(&self, value: &T, to: &mut Writer) {
        to.checker.check(value.as_json(), self.check, At::ROOT);
        let (media_type, body) = self.content(value);
        to.bytes(media_type, &body);
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<T, Rejection> {
        let media_type = incoming.media_type();
        if !covers(self.accepted, media_type) || !(is_json(media_type) || is_text(media_type)) {
            return Err(unsupported(media_type, "JSON or text"));
        }
        self.parse(incoming.headers, incoming.body).map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
    }
}

impl<T: ToJson + ReadJson> Body<T> for Form {
    fn write(&self, value: &T, to: &mut Writer) {
        let value = value.as_json();
        to.checker.check(value, self.check, At::ROOT);
        match self.text(value) {
            Ok(text) => to.bytes(self.media_type, text.as_bytes()),
            Err(message) => to.checker.violation(At::ROOT, "syntax", || message),
        }
        if to.checker.passed() {
            for name in self.unsent(value) {
                to.checker.violation(At::ROOT.member(&name), "required", || NOT_SENT.to_owned());
            }
        }
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<T, Rejection> {
        incoming.expect(self.media_type)?;
        let value = as_text(incoming.body).and_then(|text| match pairs(text, '&').iter().find(|(_, text)| !is_utf8(text)) {
            Some((name, _)) => Err(Rejection::invalid(At::ROOT.member(name), "syntax", NOT_UTF8).report),
            None => Ok(self.settled(self.parsed(text))),
        });
        let read = value.and_then(|value| read_checked(Json::from(&value), At::ROOT, self.check));
        read.map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
    }
}

impl Body<Vec<u8>> for BytesBody {
    fn write(&self, value: &Vec<u8>, to: &mut Writer) {
        to.bytes(self.media_type, value);
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Vec<u8>, Rejection> {
        // A request without a media type may have any bytes.
        if !incoming.media_type().is_empty() {
            incoming.expect(self.media_type)?;
        }
        Ok(incoming.body.to_vec())
    }
}

impl<T: Multipart> Body<T> for MultipartBody {
    fn write(&self, value: &T, to: &mut Writer) {
        let (media_type, bytes) = Sent::join(&Parts::of(value, &mut to.checker));
        to.content(&media_type, bytes);
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<T, Rejection> {
        incoming.expect("multipart/form-data")?;
        let read = IncomingParts::new(incoming.media_type(), incoming.body).and_then(|parts| T::read(&parts));
        read.map_err(|report| Rejection::new(StatusCode::BAD_REQUEST, report))
    }
}

impl Body<File> for FileBody {
    fn write(&self, value: &File, to: &mut Writer) {
        match value.media_type.as_deref() {
            Some(media_type) if covers(self.accepted, media_type) => to.content(media_type, value.content.clone()),
            Some(media_type) => {
                let message = || format!("has the media type {media_type:?}; expected {}", self.accepted);
                to.checker.violation(At::ROOT, "contentType", message);
            }
            None => {
                let message = || "needs a media type, because the contract does not declare one".to_owned();
                to.checker.violation(At::ROOT, "contentType", message);
            }
        }
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<File, Rejection> {
        let media_type = Some(incoming.media_type().to_owned()).filter(|media_type| !media_type.is_empty());
        if let Some(other) = media_type.as_deref().filter(|found| !covers(self.accepted, found)) {
            return Err(unsupported(other, self.accepted));
        }
        Ok(File { name: None, media_type, content: incoming.body.to_vec() })
    }
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

fn is_text(media_type: &str) -> bool {
    essence(media_type).starts_with("text/")
}

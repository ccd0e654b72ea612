//! Parameters: the styles of OpenAPI, which follow RFC 6570. A value is written by encoding its items and joining them; see `text.rs` for
//! reading.

use super::super::check::Types;
use super::super::json::Json;
use super::super::number::Number;
use super::Check;

/// Where a request carries a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query string.
    Query,
    /// In a header.
    Header,
    /// In a cookie.
    Cookie,
}

impl Place {
    /// The name that OpenAPI gives the place.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
            Place::Cookie => "cookie",
        }
    }
}

/// `style` of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `a,b`
    Simple,
    /// `.a,b`
    Label,
    /// `;name=a,b`
    Matrix,
    /// `name=a,b`
    Form,
    /// `name=a%20b`
    SpaceDelimited,
    /// `name=a%7Cb`
    PipeDelimited,
    /// `name[key]=value`
    DeepObject,
    /// JSON text, for a parameter with `content`.
    Json,
}

/// How a value is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Where the text is placed, which determines how it is encoded.
    pub place: Place,
    /// `style`
    pub style: Style,
    /// `explode`
    pub explode: bool,
    /// `allowReserved`
    pub reserved: bool,
}

impl Encoding {
    /// The encoding that OpenAPI defines as the default of a place.
    pub const fn of(place: Place) -> Self {
        match place {
            Place::Path | Place::Header => Encoding { place, style: Style::Simple, explode: false, reserved: false },
            Place::Query | Place::Cookie => Encoding { place, style: Style::Form, explode: true, reserved: false },
        }
    }

    /// The encoding with this style, not exploded.
    pub const fn style(self, style: Style) -> Self {
        Encoding { style, explode: false, ..self }
    }

    /// The encoding with `explode`.
    pub const fn exploded(self) -> Self {
        Encoding { explode: true, ..self }
    }

    /// The encoding with `allowReserved`.
    pub const fn reserved(self) -> Self {
        Encoding { reserved: true, ..self }
    }
}

/// How the text of a parameter is read, because text alone does not say whether `1` is a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The JSON types of the value. Empty if any type is accepted.
    pub types: Types,
    /// The shapes of the first items of an array.
    pub places: &'static [Shape],
    /// The shape of the other items of an array.
    pub items: Option<&'static Shape>,
    /// The members of an object.
    pub members: &'static [(&'static str, Shape)],
    /// The shape of further members of an object, if it may have any.
    pub others: Option<&'static Shape>,
    /// The names that further members cannot have, because other parameters have them.
    pub besides: &'static [&'static str],
}

impl Shape {
    /// A string.
    pub const TEXT: Shape = Shape::of(Types::STRING);
    /// An integer.
    pub const INTEGER: Shape = Shape::of(Types::INTEGER);
    /// Anything.
    pub const ANY: Shape = Shape::of(Types(0));

    /// A value of these types.
    pub const fn of(types: Types) -> Self {
        Shape { types, places: &[], items: None, members: &[], others: None, besides: &[] }
    }

    /// The shape with these first items, for an array.
    pub const fn places(self, places: &'static [Shape]) -> Self {
        Shape { places, ..self }
    }

    /// The shape with these items, for an array.
    pub const fn items(self, items: &'static Shape) -> Self {
        Shape { items: Some(items), ..self }
    }

    /// The shape with these members, for an object.
    pub const fn members(self, members: &'static [(&'static str, Shape)]) -> Self {
        Shape { members, ..self }
    }

    /// The shape with further members, for an object.
    pub const fn others(self, others: &'static Shape) -> Self {
        Shape { others: Some(others), ..self }
    }

    /// The shape without further members of these names.
    pub const fn besides(self, names: &'static [&'static str]) -> Self {
        Shape { besides: names, ..self }
    }

    /// Whether a query name may belong to a member of the object.
    pub(super) fn is_member(&self, name: &str) -> bool {
        (self.others.is_some() && !self.is_beside(name)) || self.members.iter().any(|(known, _)| *known == name)
    }

    /// The first member of a value that has the name of another parameter.
    pub(super) fn repeated<'v>(&self, value: Json<'v>) -> Option<&'v str> {
        let Json::Object(members) = value else { return None };
        members.into_iter().map(|(name, _)| name).find(|name| self.is_beside(name))
    }

    /// Whether a query name belongs to another parameter, or to a member of it (`name[…]`).
    fn is_beside(&self, name: &str) -> bool {
        let parameter = name.split('[').next().unwrap_or(name);
        self.besides.contains(&name) || self.besides.contains(&parameter)
    }

    /// The shape of an item.
    pub(super) fn item(&self, index: usize) -> &Shape {
        self.places.get(index).or(self.items).unwrap_or(&Shape::ANY)
    }

    /// The shape of a member.
    pub(super) fn member(&self, name: &str) -> &Shape {
        let known = self.members.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape);
        known.or(self.others).unwrap_or(&Shape::ANY)
    }

    pub(super) fn has(&self, types: Types) -> bool {
        self.types.intersects(types)
    }
}

/// A parameter of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub(super) name: &'static str,
    pub(super) encoding: Encoding,
    pub(super) shape: Shape,
    pub(super) check: Check,
}

impl Parameter {
    /// A parameter with the default style of its place.
    pub const fn new(place: Place, name: &'static str, shape: Shape, check: Check) -> Self {
        Parameter { name, encoding: Encoding::of(place), shape, check }
    }

    /// The parameter with this style, not exploded.
    pub const fn style(self, style: Style) -> Self {
        Parameter { encoding: self.encoding.style(style), ..self }
    }

    /// The parameter with `explode`.
    pub const fn exploded(self) -> Self {
        Parameter { encoding: self.encoding.exploded(), ..self }
    }

    /// The parameter with `allowReserved`.
    pub const fn reserved(self) -> Self {
        Parameter { encoding: self.encoding.reserved(), ..self }
    }
}

/// A value that is not nested, as text. Null is an undefined value, which RFC 6570 leaves out.
enum Flat {
    Undefined,
    Plain(String),
    List(Vec<String>),
    Members(Vec<(String, String)>),
}

impl Flat {
    fn new(value: Json<'_>) -> Self {
        match value {
            Json::Null => Flat::Undefined,
            Json::Array(array) => Flat::List(array.into_iter().filter_map(|(_, item)| text(item)).collect()),
            Json::Object(object) => {
                Flat::Members(object.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value)?))).collect())
            }
            other => Flat::Plain(text(other).unwrap_or_default()),
        }
    }
}

/// A value as text; a nested value is JSON text. `None` for null.
pub(super) fn text(value: Json<'_>) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.to_owned()),
        // The engine in the browser sends no fractions, and every byte of it counts.
        Json::Number(Number::Float(number)) if cfg!(not(target_arch = "wasm32")) => Some(double(number)),
        other => Some(other.to_text()),
    }
}

/// A double as JavaScript writes it, so that all clients send the same text: `3` for 3.0, and an exponent only for 1e21 and above or below 1e-6.
fn double(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return if size < 1.0 { text } else { text.replace('e', "e+") };
    }
    // Zero has no sign.
    (number + 0.0).to_string()
}

/// Characters that structure the text around an item, and therefore must be encoded in it.
const LIST: &[char] = &[','];
const MEMBER: &[char] = &[',', '='];

impl Encoding {
    /// Writes a value as parts: `name=value` in a query or cookie, otherwise items. Returns no parts if the value is undefined.
    ///
    /// # Errors
    /// Returns why the place cannot carry the value.
    pub fn parts(&self, name: &str, value: Json<'_>) -> Result<Vec<String>, String> {
        if self.style == Style::Json {
            return Ok(vec![self.named(name, self.item(&value.to_text(), &[])?)]);
        }
        if self.style == Style::DeepObject && matches!(value, Json::Object(_)) {
            let mut parts = Vec::new();
            self.nested(&encoded(name, b"[]"), value, &mut parts)?;
            return Ok(parts);
        }
        Ok(match Flat::new(value) {
            Flat::Undefined => Vec::new(),
            Flat::Plain(text) => vec![self.named(name, self.item(&text, &[])?)],
            Flat::List(items) if items.is_empty() => Vec::new(),
            Flat::Members(members) if members.is_empty() => Vec::new(),
            Flat::List(items) => {
                let items = items.iter().map(|item| self.item(item, LIST)).collect::<Result<Vec<_>, _>>()?;
                if self.explode && self.style != Style::Simple {
                    items.into_iter().map(|item| self.named(name, item)).collect()
                } else {
                    vec![self.named(name, items.join(self.delimiter()))]
                }
            }
            Flat::Members(members) => {
                let pair = |(key, value): &(String, String)| Ok([self.key(key)?, self.item(value, LIST)?]);
                let pairs = members.iter().map(pair).collect::<Result<Vec<_>, String>>()?;
                if self.explode {
                    // RFC 6570 leaves out the `=` before an empty value in this style alone.
                    let is_bare = |value: &str| self.style == Style::Matrix && value.is_empty();
                    pairs.into_iter().map(|[key, value]| if is_bare(&value) { key } else { format!("{key}={value}") }).collect()
                } else {
                    vec![self.named(name, pairs.concat().join(self.delimiter()))]
                }
            }
        })
    }

    /// Writes a value as one text, for a path or a header. Returns `None` if the value is undefined.
    ///
    /// # Errors
    /// Returns why the place cannot carry the value.
    pub fn whole(&self, name: &str, value: Json<'_>) -> Result<Option<String>, String> {
        let parts = self.parts(name, value)?;
        let (first, separator) = match self.style {
            Style::Label => (".", "."),
            Style::Matrix => (";", ";"),
            _ => ("", ","),
        };
        Ok((!parts.is_empty()).then(|| format!("{first}{}", parts.join(separator))))
    }

    /// The members of a value, with the path to each in brackets. OpenAPI does not define members that are nested; servers commonly read
    /// them this way.
    fn nested(&self, name: &str, value: Json<'_>, parts: &mut Vec<String>) -> Result<(), String> {
        match value {
            Json::Object(object) => {
                object.into_iter().try_for_each(|(key, value)| self.nested(&format!("{name}[{}]", self.key(key)?), value, parts))
            }
            Json::Array(array) => array.into_iter().try_for_each(|(_, item)| match item {
                Json::Array(_) | Json::Object(_) => Err("is a list of lists or objects, which cannot be written as text".to_owned()),
                item => self.nested(name, item, parts),
            }),
            plain => {
                if let Some(text) = text(plain) {
                    parts.push(format!("{name}={}", self.item(&text, &[])?));
                }
                Ok(())
            }
        }
    }

    fn named(&self, name: &str, text: String) -> String {
        match (self.place, self.style) {
            (_, Style::Matrix) if text.is_empty() => encoded(name, b""),
            (Place::Query | Place::Cookie, _) | (_, Style::Matrix) => format!("{}={text}", encoded(name, b"[]")),
            _ => text,
        }
    }

    pub(super) fn delimiter(&self) -> &'static str {
        match self.style {
            Style::SpaceDelimited => "%20",
            Style::PipeDelimited => "%7C",
            _ => ",",
        }
    }

    fn key(&self, key: &str) -> Result<String, String> {
        Encoding { reserved: false, ..*self }.item(key, MEMBER)
    }

    /// Encodes an item in which the characters of `structure` would be read as separators.
    fn item(&self, text: &str, structure: &[char]) -> Result<String, String> {
        let refused = match (self.place, self.style) {
            // Headers have no escape syntax that every server knows.
            (Place::Header, _) => text.chars().find(|character| structure.contains(character)),
            (_, Style::SpaceDelimited) if !structure.is_empty() => text.chars().find(|character| *character == ' '),
            (_, Style::PipeDelimited) if !structure.is_empty() => text.chars().find(|character| *character == '|'),
            _ => None,
        };
        if let Some(character) = refused {
            return Err(format!("has an item with {character:?}, which separates items in this style"));
        }
        Ok(match (self.place, self.style) {
            (Place::Header, _) => text.to_owned(),
            (Place::Path, Style::Label) if self.explode && !structure.is_empty() => encoded(text, b"").replace('.', "%2E"),
            (Place::Query, _) if self.reserved => reserved(text, structure),
            _ => encoded(text, b""),
        })
    }
}

/// Percent-encodes everything except unreserved characters and `keep`.
pub(super) fn encoded(text: &str, keep: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The reserved characters that a query may contain and that do not structure it.
const RESERVED: &[u8] = b":/?@!$'()*;=,";

/// Keeps reserved characters and percent-encoded bytes (RFC 6570, section 3.2.3).
fn reserved(text: &str, structure: &[char]) -> String {
    let keep: Vec<u8> = RESERVED.iter().copied().filter(|byte| !structure.contains(&char::from(*byte))).collect();
    let mut parts = text.split('%');
    let mut out = encoded(parts.next().unwrap_or_default(), &keep);
    for part in parts {
        let is_code = part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
        out.push_str(if is_code { "%" } else { "%25" });
        out.push_str(&encoded(part, &keep));
    }
    out
}

/// The reason why a header cannot have this value; `None` if it can. Servers disagree about non-ASCII bytes, and spaces at the ends are
/// removed in transit.
pub(super) fn invalid_header(text: &str) -> Option<&'static str> {
    let is_kept = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
    if !text.bytes().all(is_kept) {
        Some("contains characters that a header cannot carry: line breaks, control characters or non-ASCII characters")
    } else if text.trim() != text {
        Some("begins or ends with white space, which a header does not preserve")
    } else {
        None
    }
}

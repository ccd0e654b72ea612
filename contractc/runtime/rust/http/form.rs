//! Bodies of type `application/x-www-form-urlencoded`: each member is written like a query parameter.

use super::super::check::Types;
use super::super::json::{Json, Value};
use super::Check;
use super::parameter::{Encoding, Place, Shape, Style};
use super::text::{Pair, pairs};

/// The members of a form.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    shape: Shape,
    encodings: &'static [(&'static str, Encoding)],
    pub(super) check: Check,
}

impl Form {
    /// A form with these members. `encodings` has those whose encoding is not the default.
    pub const fn new(shape: Shape, encodings: &'static [(&'static str, Encoding)], check: Check) -> Self {
        Form { shape, encodings, check }
    }

    /// The encoding of a member: an object is JSON text if the contract does not say otherwise.
    fn encoding(&self, name: &str, is_object: bool) -> Encoding {
        let declared = self.encodings.iter().find(|(known, _)| *known == name).map(|(_, encoding)| *encoding);
        let default = Encoding::of(Place::Query);
        declared.unwrap_or(if is_object { default.style(Style::Json, false) } else { default })
    }

    /// The text of a form.
    pub(super) fn write(&self, value: Json<'_>) -> Result<String, String> {
        let Json::Object(members) = value else { return Err("must be an object, because it is sent as a form".to_owned()) };
        let mut parts = Vec::new();
        for (name, member) in members {
            parts.extend(self.encoding(name, matches!(member, Json::Object(_))).parts(name, member)?);
        }
        Ok(parts.join("&"))
    }

    /// The members of a form.
    pub(super) fn read(&self, text: &str) -> Value {
        let pairs = pairs(text, '&');
        let mut members = serde_json::Map::new();
        for (name, shape) in self.shape.members {
            let value = self.encoding(name, shape.types == Types::OBJECT).read_pairs(name, shape, &pairs);
            members.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        let is_known = |name: &str| {
            self.shape
                .members
                .iter()
                .any(|(known, _)| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('[')))
        };
        let others: Vec<Pair<'_>> = pairs.into_iter().filter(|(name, _)| !is_known(name)).collect();
        for (name, _) in &others {
            let value = self.encoding(name, false).read_pairs(name, self.shape.others.unwrap_or(&Shape::TEXT), &others);
            members.extend(value.map(|value| (name.clone(), value)));
        }
        Value::Object(members)
    }
}

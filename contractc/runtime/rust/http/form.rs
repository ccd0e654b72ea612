//! Bodies of type `application/x-www-form-urlencoded`: each member is written like a query parameter.

use std::collections::BTreeMap;

use super::super::check::Types;
use super::super::json::{Json, Value};
use super::super::report::{At, Checker, escaped};
use super::Check;
use super::kind::Alternatives;
use super::parameter::{Encoding, Place, Shape, Style};
use super::text::{Pair, pairs};

/// The members of a form.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub(super) media_type: &'static str,
    shape: Shape,
    encodings: &'static [(&'static str, Encoding)],
    pub(super) check: Check,
}

impl Form {
    /// A form with these members. `encodings` has those whose encoding is not the default.
    pub const fn new(media_type: &'static str, shape: Shape, encodings: &'static [(&'static str, Encoding)], check: Check) -> Self {
        Form { media_type, shape, encodings, check }
    }

    /// The encoding of a member. An object is JSON text unless the contract says otherwise.
    fn encoding(&self, name: &str, is_object: bool) -> Encoding {
        let declared = self.encodings.iter().find(|(known, _)| *known == name).map(|(_, encoding)| *encoding);
        let default = Encoding::of(Place::Query);
        declared.unwrap_or(if is_object { default.style(Style::Json) } else { default })
    }

    /// The text of a form.
    pub(super) fn text(&self, value: Json<'_>) -> Result<String, String> {
        let Json::Object(members) = value else { return Err("must be an object, because it is sent as a form".to_owned()) };
        let mut parts = Vec::new();
        for (name, member) in members {
            parts.extend(self.encoding(name, matches!(member, Json::Object(_))).parts(name, member)?);
        }
        Ok(parts.join("&"))
    }

    /// The required members that the form omits because of their values: null and empty lists have no text.
    pub(super) fn unsent(&self, value: Json<'_>) -> Vec<String> {
        let Json::Object(members) = value else { return Vec::new() };
        let has_no_text = |(name, member): &(&str, Json<'_>)| {
            self.encoding(name, matches!(member, Json::Object(_))).parts(name, *member).is_ok_and(|parts| parts.is_empty())
        };
        let is_needed = |name: &str| {
            let others =
                members.into_iter().filter(|(other, _)| *other != name).map(|(other, member)| (other.to_owned(), member.to_value()));
            !Checker::new().accepts(|out| out.check(Json::from(&Value::Object(others.collect())), self.check, At::ROOT))
        };
        members.into_iter().filter(has_no_text).map(|(name, _)| name.to_owned()).filter(|name| is_needed(name)).collect()
    }

    /// The members of a form.
    pub(super) fn parsed(&self, text: &str) -> Value {
        let pairs = pairs(text, '&');
        let mut members = serde_json::Map::new();
        for (name, shape) in self.shape.members {
            let value = self.read_member(name, shape, &pairs);
            members.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        let is_known = |name: &str| {
            self.shape
                .members
                .iter()
                .any(|(known, _)| name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('[')))
        };
        // There may be very many, so each is visited once.
        let mut others: BTreeMap<String, Vec<Pair<'_>>> = BTreeMap::new();
        for pair in pairs.into_iter().filter(|(name, _)| !is_known(name)) {
            others.entry(pair.0.clone()).or_default().push(pair);
        }
        for (name, pairs) in others {
            let value = self.encoding(&name, false).read_pairs(&name, self.shape.others.unwrap_or(&Shape::TEXT), &pairs);
            members.extend(value.map(|value| (name, value)));
        }
        Value::Object(members)
    }

    /// A member that may be an object is JSON text if its value is one.
    fn read_member(&self, name: &str, shape: &Shape, pairs: &[Pair<'_>]) -> Option<Value> {
        let is_declared = self.encodings.iter().any(|(known, _)| *known == name);
        if is_declared || !shape.has(Types::OBJECT) {
            return self.encoding(name, false).read_pairs(name, shape, pairs);
        }
        let object = self.encoding(name, true).read_pairs(name, shape, pairs);
        let others = Shape { types: Types(shape.types.0 & !Types::OBJECT.0), ..*shape };
        let is_object = others.types == Types(0) || matches!(object, Some(Value::Object(_)));
        if is_object { object } else { self.encoding(name, false).read_pairs(name, &others, pairs) }
    }

    /// The members of a form, each text as the kind of value that the contract accepts.
    pub(super) fn settled(&self, value: Value) -> Value {
        let mut alternatives = Alternatives::default();
        for (name, member) in value.as_object().into_iter().flatten() {
            let shape = self.shape.member(name);
            alternatives.add(format!("/{}", escaped(name)), member, shape, &self.encoding(name, matches!(member, Value::Object(_))));
        }
        alternatives.settle(value, self.check)
    }
}

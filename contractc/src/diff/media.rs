//! Compares the representations of bodies: their media types, and how their members are written.

use std::collections::{BTreeMap, BTreeSet};

use super::schemas::{Comparison, Effect, Place};
use crate::model::{Contract, Media, SchemaId};
use crate::runtime::check::Types;

impl<'c> Comparison<'c> {
    pub(super) fn media(&mut self, old: &'c [Media], new: &'c [Media], at: Place<'_>) {
        let mut counterparts: BTreeSet<usize> = BTreeSet::new();
        for media in old {
            let found = counterparts_of(new, media);
            if found.is_empty() {
                // No longer accepting a request's media type breaks clients as much as no longer sending a response's.
                self.note(at, Effect::Changes, format!("`{}` is gone", media.media_type));
            }
            for (index, other) in found {
                counterparts.insert(index);
                let effect = match (covers(&media.media_type, &other.media_type), covers(&other.media_type, &media.media_type)) {
                    (true, true) => None,
                    (true, false) => Some(Effect::Narrows),
                    _ => Some(Effect::Widens),
                };
                if let Some(effect) = effect {
                    self.note(at, effect, format!("`{}` is now `{}`", media.media_type, other.media_type));
                }
                if let (Some(before), Some(after)) = (media.schema, other.schema) {
                    self.schemas(before, after, at.direction);
                } else if self.is_compared(media, media.schema.or(other.schema)) {
                    self.optional_schemas(media.schema, other.schema, at.direction);
                }
                self.members_as_text(media, other, at);
            }
        }
        for (_, media) in new.iter().enumerate().filter(|(index, _)| !counterparts.contains(index)) {
            self.note(at, Effect::Nothing, format!("`{}` is new", media.media_type));
        }
    }

    /// Whether it matters that one of two representations has no schema. Bytes are not validated, and every text is a string.
    fn is_compared(&self, media: &Media, schema: Option<SchemaId>) -> bool {
        let contract = if media.schema.is_some() { self.old } else { self.new };
        let is_any_text = schema.map(|id| contract.schema(contract.resolved(id))).is_some_and(|schema| {
            schema.types == Some(Types::STRING) && !schema.has_facets() && schema.enumeration.is_none() && schema.constant.is_none()
        });
        media.is_json() || (media.is_typed(contract) && !is_any_text)
    }

    /// Compares how the members of a form or of a multipart body are written.
    fn members_as_text(&mut self, old: &Media, new: &Media, at: Place<'_>) {
        let written = |contract: &Contract, media: &Media| -> BTreeMap<String, String> {
            let parts = contract.body_parts(media).map(|body| body.parts).unwrap_or_default();
            let kinds = parts.into_iter().map(|part| (part.name, format!("{:?}", part.kind)));
            let encodings = media.encodings.iter().map(|(name, encoding)| (name.clone(), format!("{encoding:?}")));
            let types = media.part_types.iter().map(|(name, types)| (name.clone(), types.join(", ")));
            let mut all: BTreeMap<String, String> = BTreeMap::new();
            kinds.chain(encodings).chain(types).for_each(|(name, text)| all.entry(name).or_default().push_str(&text));
            all
        };
        let (before, after) = (written(self.old, old), written(self.new, new));
        // The parts of a multipart body are all listed, and comparing the schemas reports which are new or gone.
        let lists_all = self.old.body_parts(old).is_some() || self.new.body_parts(new).is_some();
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (old, new_text) = (before.get(name), after.get(name));
            if old != new_text && !(lists_all && (old.is_none() || new_text.is_none())) {
                self.note(at, Effect::Changes, format!("the member `{name}` of `{}` is now serialized differently", new.media_type));
            }
        }
    }
}

/// The counterparts of a representation: the one with the same media type, otherwise those whose range includes it or is included in it.
fn counterparts_of<'c>(list: &'c [Media], wanted: &Media) -> Vec<(usize, &'c Media)> {
    let found = |is_one: &dyn Fn(&Media) -> bool| list.iter().enumerate().filter(|(_, other)| is_one(other)).collect::<Vec<_>>();
    let same = found(&|other| covers(&wanted.media_type, &other.media_type) && covers(&other.media_type, &wanted.media_type));
    if !same.is_empty() {
        return same;
    }
    let wider = found(&|other| covers(&other.media_type, &wanted.media_type));
    if wider.is_empty() { found(&|other| covers(&wanted.media_type, &other.media_type)) } else { wider }
}

/// Whether a media type includes another one: a range the types in it, and a type without parameters the type with any. The character set does
/// not count.
fn covers(range: &str, media_type: &str) -> bool {
    let split = |text: &str| {
        let text = text.to_ascii_lowercase();
        let mut parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let essence = parts.next().unwrap_or_default().to_owned();
        let parameters = parts.map(|part| part.replace(['"', ' '], "")).filter(|part| !part.starts_with("charset="));
        (essence, parameters.collect::<BTreeSet<_>>())
    };
    let ((range, needed), (essence, parameters)) = (split(range), split(media_type));
    let is_within =
        range == essence || range == "*/*" || range.strip_suffix("/*").is_some_and(|kind| essence.split('/').next() == Some(kind));
    is_within && needed.is_subset(&parameters)
}

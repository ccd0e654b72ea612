//! The parts of bodies of type `multipart/form-data`: which are files, and which are values.

use std::collections::BTreeSet;

use super::{Contract, Media, SchemaId};
use crate::runtime::check::Types;

/// The members of a multipart body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BodyParts {
    /// The members, required ones first.
    pub parts: Vec<BodyPart>,
    /// Whether there are no other members.
    pub is_closed: bool,
}

/// A member of a multipart body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BodyPart {
    /// Its name.
    pub name: String,
    /// Its schema.
    pub schema: SchemaId,
    /// Whether it is required.
    pub required: bool,
    /// What it contains.
    pub kind: PartKind,
    /// The media types that the contract names (`contentType`).
    pub media_types: Vec<String>,
    /// How many files a list of files may have (`minItems`, `maxItems`), if the contract says so.
    pub counts: Option<(u64, Option<u64>)>,
}

/// What a member of a multipart body contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartKind {
    /// A value.
    Value,
    /// A file.
    File,
    /// A list of files.
    Files,
}

impl Contract {
    /// The members of a multipart body; `None` if its schema does not list them.
    pub fn body_parts(&self, media: &Media) -> Option<BodyParts> {
        let closure = self.all_of_closure(media.schema?);
        let schemas: Vec<_> = closure.iter().map(|id| self.schema(*id)).collect();
        let is_object = |types: Types| types.contains(Types::OBJECT);
        if schemas.iter().any(|schema| !schema.any_of.is_empty() || !schema.one_of.is_empty() || !schema.types.is_none_or(is_object)) {
            return None;
        }
        let required: BTreeSet<&String> = schemas.iter().flat_map(|schema| &schema.object.required).collect();
        let mut parts: Vec<BodyPart> = Vec::new();
        for (name, id) in schemas.iter().flat_map(|schema| &schema.object.properties) {
            if !parts.iter().any(|part| part.name == *name) {
                let media_types = media.part_types.iter().find(|(known, _)| known == name).map(|(_, types)| types.clone());
                let media_types = media_types.unwrap_or_default();
                let kind = self.part_kind(*id, &media_types);
                let counts = if kind == PartKind::Files { self.item_counts(*id) } else { None };
                parts.push(BodyPart { name: name.clone(), schema: *id, required: required.contains(name), kind, media_types, counts });
            }
        }
        parts.sort_by_key(|part| !part.required);
        let is_closed = schemas.iter().filter_map(|schema| schema.object.additional_properties).any(|id| self.schema(id).never);
        (!parts.is_empty()).then_some(BodyParts { parts, is_closed })
    }

    fn part_kind(&self, id: SchemaId, media_types: &[String]) -> PartKind {
        let items = self.all_of_closure(id).into_iter().find_map(|part| self.schema(part).array.items);
        match items {
            _ if self.is_file(id, media_types) => PartKind::File,
            Some(items) if self.is_file(items, media_types) => PartKind::Files,
            _ => PartKind::Value,
        }
    }

    /// The numbers of items that an array may have, if a schema limits them.
    fn item_counts(&self, id: SchemaId) -> Option<(u64, Option<u64>)> {
        let limits: Vec<_> = self.all_of_closure(id).into_iter().map(|part| &self.schema(part).array.limits).collect();
        let min = limits.iter().filter_map(|limits| limits.min_items).max();
        let max = limits.iter().filter_map(|limits| limits.max_items).min();
        (min.is_some() || max.is_some()).then_some((min.unwrap_or(0), max))
    }

    /// Whether a schema describes bytes: by `format: binary` of OpenAPI 3.0, by a `contentMediaType` without an encoding, or, if it is
    /// a string or says nothing, by the media types of the part.
    pub(super) fn is_file(&self, id: SchemaId, media_types: &[String]) -> bool {
        let mut schemas = self.all_of_closure(id);
        schemas.extend(schemas.clone().iter().flat_map(|id| self.schema(*id).any_of.iter().chain(&self.schema(*id).one_of).copied()));
        let schemas: Vec<_> = schemas.into_iter().map(|id| self.schema(id)).collect();
        let is_text = |types: Types| types.contains(Types::STRING) || types == Types::NULL;
        if !schemas.iter().all(|schema| schema.types.is_none_or(is_text)) {
            return false;
        }
        let notes = || schemas.iter().map(|schema| &schema.annotations);
        let is_encoded = notes().any(|notes| notes.content_encoding.is_some());
        let is_binary = notes().any(|notes| notes.format.as_deref() == Some("binary") || notes.content_media_type.is_some());
        let is_media = |media_type: &String| {
            let media_type = media_type.to_ascii_lowercase();
            ["image/", "audio/", "video/", "font/", "application/octet-stream", "application/pdf", "application/zip"]
                .iter()
                .any(|known| media_type.starts_with(known))
        };
        !is_encoded && (is_binary || media_types.iter().any(is_media))
    }
}

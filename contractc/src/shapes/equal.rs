//! Finds schemas that are equal, so that each is declared and checked once.
//!
//! Only schemas without a name are shared: two names in a document stay two types. Schemas are equal if all their keywords are equal except
//! annotations. A title counts, because it names a type, and so does whether a text is secret, and what examples and defaults say about the
//! type of an integer.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::stated::Stated;
use crate::model::{Annotations, Contract, Merged, Schema, SchemaId, intersect, is_null};
use crate::runtime::check::Types;
use crate::span::Span;

/// The representative of each schema: the first schema that equals it.
#[derive(Debug, Default)]
pub(super) struct Equals(Vec<SchemaId>);

impl Equals {
    /// Compares all schemas of a contract. Those in `own` represent themselves.
    pub(super) fn new(contract: &Contract, own: &BTreeSet<SchemaId>) -> Self {
        let plain_variants = contract.schemas.iter().flat_map(|schema| plain_variants(contract, schema)).collect();
        let mut search = Search { contract, own, plain_variants, found: vec![None; contract.schemas.len()], by_outline: HashMap::new() };
        let found: Vec<SchemaId> = (0..contract.schemas.len()).map(|index| search.representative(SchemaId(index))).collect();
        let mut equals = found.clone();
        // The name of a plain variant says to which union it belongs, so that only equal unions share it.
        let mut open = search.plain_variants;
        for (schema, shared) in contract.schemas.iter().zip(&found) {
            let shared = contract.schema(*shared);
            let pairs = schema.one_of.iter().zip(&shared.one_of).chain(schema.any_of.iter().zip(&shared.any_of));
            for (variant, of_shared) in pairs.map(|(variant, of_shared)| (contract.resolved(*variant), contract.resolved(*of_shared))) {
                if open.remove(&variant) {
                    equals[variant.0] = of_shared;
                }
            }
        }
        Equals(equals)
    }

    /// The representative of a schema. References and other aliases are followed.
    pub(super) fn of(&self, contract: &Contract, id: SchemaId) -> SchemaId {
        let id = contract.resolved(id);
        self.0.get(id.0).copied().unwrap_or(id)
    }
}

struct Search<'c> {
    contract: &'c Contract,
    own: &'c BTreeSet<SchemaId>,
    plain_variants: BTreeSet<SchemaId>,
    found: Vec<Option<SchemaId>>,
    /// The representatives with the content that equal schemas share, by outline. A plain variant has its own type, which a member with the
    /// same schema does not need.
    by_outline: HashMap<(bool, u64), Vec<(Schema, SchemaId)>>,
}

impl Search<'_> {
    fn representative(&mut self, id: SchemaId) -> SchemaId {
        let id = self.contract.resolved(id);
        if let Some(known) = self.found[id.0] {
            return known;
        }
        // A schema that contains itself represents itself.
        self.found[id.0] = Some(id);
        let schema = self.contract.schema(id);
        if self.own.contains(&id) || schema.max_depth.is_some() {
            return id;
        }
        let is_plain_variant = self.plain_variants.contains(&id);
        let content = self.content(schema);
        let alike = self.by_outline.entry((is_plain_variant, outline(&content))).or_default();
        let representative = match alike.iter().find(|(known, _)| *known == content) {
            Some((_, known)) => *known,
            None => {
                alike.push((content, id));
                id
            }
        };
        self.found[id.0] = Some(representative);
        representative
    }

    /// The content that exactly the equal schemas share: without the keywords that do not count, and with representatives as its parts.
    fn content(&mut self, schema: &Schema) -> Schema {
        let mut schema = constraints(schema);
        schema.each_inner(|_, inner| *inner = self.representative(*inner));
        schema
    }
}

/// The variants of a union that have neither members nor variants, if the JSON type of a value does not determine its variant.
fn plain_variants(contract: &Contract, schema: &Schema) -> Vec<SchemaId> {
    let types = |id: SchemaId| Merged::new(contract, id).types;
    let is_plain = |id: &SchemaId| types(*id).map_or(contract.schema(*id).is_anything(), |types| !types.contains(Types::OBJECT));
    let mut plain = Vec::new();
    for variants in [&schema.one_of, &schema.any_of] {
        let variants: Vec<SchemaId> = variants.iter().map(|id| contract.resolved(*id)).filter(|id| !is_null(contract, *id)).collect();
        let mut seen = Types(0);
        let overlap = variants.iter().any(|id| {
            let own = types(*id).unwrap_or(Types::ALL);
            let overlaps = intersect(seen, own) != Types(0);
            seen = seen.or(own);
            overlaps
        });
        if overlap {
            plain.extend(variants.into_iter().filter(is_plain));
        }
    }
    plain
}

/// A copy of the schema without places and annotations other than those that count.
fn constraints(schema: &Schema) -> Schema {
    #[rustfmt::skip]
    let Schema {
        span: _, pointer: _, annotations, never, accepts_null, types, constant, enumeration, number, text, array, object, reference, all_of,
        any_of, one_of, not, condition, tag, discriminator: _, rules, max_depth, refers_to, any_collection, rust_type, view: _,
        complete: _,
    } = schema;
    let is_secret_text = schema.is_secret() && !types.is_some_and(|types| types.contains(Types::OBJECT));
    let mut rules = rules.clone();
    rules.iter_mut().for_each(|rule| rule.span = Span::default());
    Schema {
        span: Span::default(),
        pointer: String::new(),
        annotations: Annotations {
            title: annotations.title.clone(),
            write_only: is_secret_text,
            examples: Stated::of(annotations).representative().into_iter().collect(),
            ..Annotations::default()
        },
        never: *never,
        accepts_null: *accepts_null,
        types: *types,
        constant: constant.clone(),
        enumeration: enumeration.clone(),
        number: number.clone(),
        text: text.clone(),
        array: array.clone(),
        object: object.clone(),
        reference: *reference,
        all_of: all_of.clone(),
        any_of: any_of.clone(),
        one_of: one_of.clone(),
        not: *not,
        condition: *condition,
        tag: tag.clone(),
        discriminator: None,
        rules,
        max_depth: *max_depth,
        refers_to: refers_to.clone(),
        any_collection: any_collection.clone(),
        rust_type: rust_type.clone(),
        view: None,
        complete: None,
    }
}

/// A hash of the content.
fn outline(content: &Schema) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.types.map(|types| types.0).hash(&mut hasher);
    content.annotations.title.hash(&mut hasher);
    content.enumeration.as_ref().and_then(|values| Some((values.len(), values.first()?.as_str()))).hash(&mut hasher);
    (content.text.min_length, content.text.max_length, &content.text.pattern).hash(&mut hasher);
    (&content.object.properties, &content.object.required, content.array.items).hash(&mut hasher);
    (content.reference, &content.all_of, &content.any_of, &content.one_of).hash(&mut hasher);
    hasher.finish()
}

//! A merged view of a schema: the constraints of its `$ref` and `allOf` parts count as its own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Argument, Contract, KEYWORDS, Keyword, Rule, Schema, SchemaId};
use crate::runtime::check::Types;

/// The combined constraints of all parts of a schema.
pub struct View<'c> {
    pub contract: &'c Contract,
    pub parts: Vec<&'c Schema>,
    /// The lists of variants that are neither plain types nor a single variant.
    unions: Vec<(&'c Schema, &'c [SchemaId])>,
    /// Whether a value must match exactly one variant, and no member selects it.
    is_exclusive: bool,
    /// The types that unions of plain types accept.
    plain_unions: Vec<Types>,
    /// Whether null is a variant beside the only other one.
    has_null_variant: bool,
}

impl<'c> View<'c> {
    pub fn new(contract: &'c Contract, id: SchemaId) -> Self {
        let mut view = View {
            contract,
            parts: Vec::new(),
            unions: Vec::new(),
            is_exclusive: false,
            plain_unions: Vec::new(),
            has_null_variant: false,
        };
        let (mut seen, mut open) = (BTreeSet::new(), contract.all_of_closure(id));
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                let part = contract.schema(id);
                view.parts.push(part);
                open.extend(view.variants_of(part));
            }
        }
        view
    }

    /// Sorts the unions of a part, and returns the parts of an only variant.
    fn variants_of(&mut self, part: &'c Schema) -> Vec<SchemaId> {
        let mut parts = Vec::new();
        for (list, is_exclusive) in [(&part.one_of, true), (&part.any_of, false)] {
            let (nulls, others): (Vec<SchemaId>, Vec<SchemaId>) =
                list.iter().partition(|id| plain(self.contract, **id) == Some(Types::NULL));
            let types: Option<Vec<Types>> = list.iter().map(|id| plain(self.contract, *id)).collect();
            match (others.as_slice(), types) {
                _ if list.is_empty() => {}
                ([only], _)
                    if part.tag.is_none() && !(is_exclusive && !nulls.is_empty() && View::new(self.contract, *only).may_be_null()) =>
                {
                    self.has_null_variant |= !nulls.is_empty();
                    parts.extend(self.contract.all_of_closure(*only));
                }
                (_, Some(types)) if !is_exclusive || are_disjoint(&types) => {
                    self.plain_unions.push(types.into_iter().fold(Types(0), Types::or));
                }
                _ => {
                    self.is_exclusive |= is_exclusive && part.tag.is_none();
                    self.unions.push((part, list));
                }
            }
        }
        parts
    }

    pub fn is_union(&self) -> bool {
        !self.unions.is_empty()
    }

    /// Whether a value must match exactly one variant, so that a second match invalidates it.
    pub fn is_exclusive(&self) -> bool {
        self.is_exclusive
    }

    fn may_be_null(&self) -> bool {
        self.accepts_null() || self.types().is_none_or(|types| types.contains(Types::NULL))
    }

    /// The types that the variants accept in total; `None` if every type is accepted.
    pub fn variant_types(&self) -> Option<Types> {
        let (_, list) = self.unions.first()?;
        let types: Option<Vec<Types>> = list.iter().map(|id| View::new(self.contract, *id).types()).collect();
        Some(types?.into_iter().fold(Types(0), Types::or))
    }

    /// The types that all parts accept; `None` if every type is accepted.
    pub fn types(&self) -> Option<Types> {
        self.parts.iter().filter_map(|part| part.types).chain(self.plain_unions.iter().copied()).reduce(both)
    }

    /// The types of the values of `const` and `enum`, as far as `type` accepts them.
    pub fn types_of_values(&self) -> Option<Types> {
        let of = |value: &Value| match value {
            Value::Null => Types::NULL,
            Value::Bool(_) => Types::BOOLEAN,
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => Types::INTEGER,
            Value::Number(_) => Types::NUMBER,
            Value::String(_) => Types::STRING,
            Value::Array(_) => Types::ARRAY,
            Value::Object(_) => Types::OBJECT,
        };
        let types = self.values()?.iter().map(of).fold(Types(0), Types::or);
        Some(self.types().map_or(types, |listed| both(listed, types)))
    }

    pub fn accepts_null(&self) -> bool {
        self.has_null_variant || self.parts.iter().any(|part| part.accepts_null)
    }

    pub fn never(&self) -> bool {
        self.parts.iter().any(|part| part.never)
    }

    /// The values of `const` and `enum`; `None` if neither is present.
    pub fn values(&self) -> Option<Vec<Value>> {
        self.parts.iter().find_map(|part| part.enumeration.clone().or_else(|| part.constant.clone().map(|value| vec![value])))
    }

    /// The arguments that the parts give to a keyword.
    pub fn arguments(&self, keyword: &Keyword) -> Vec<Argument<'c>> {
        self.parts.iter().filter_map(|part| keyword.argument(part)).collect()
    }

    pub fn items(&self) -> Option<SchemaId> {
        self.parts.iter().find_map(|part| part.array.items)
    }

    pub fn prefix_items(&self) -> &'c [SchemaId] {
        self.parts.iter().map(|part| part.array.prefix_items.as_slice()).find(|items| !items.is_empty()).unwrap_or_default()
    }

    /// The declared members, each with its first schema.
    pub fn properties(&self) -> Vec<(&'c str, SchemaId)> {
        let mut properties: Vec<(&str, SchemaId)> = Vec::new();
        for (name, id) in self.parts.iter().flat_map(|part| &part.object.properties) {
            if !properties.iter().any(|(known, _)| known == name) {
                properties.push((name, *id));
            }
        }
        properties
    }

    pub fn required(&self) -> BTreeSet<&'c str> {
        self.parts.iter().flat_map(|part| &part.object.required).map(String::as_str).collect()
    }

    /// The schema of undeclared members; `None` if they are unconstrained.
    pub fn additional(&self) -> Option<SchemaId> {
        let rest = self.parts.iter().find_map(|part| part.object.additional_properties.or(part.object.unevaluated_properties));
        rest.filter(|rest| !self.contract.schema(self.contract.resolved(*rest)).is_anything())
    }

    pub fn is_closed(&self) -> bool {
        self.additional().is_some_and(|rest| self.contract.schema(self.contract.resolved(rest)).never)
    }

    pub fn rules(&self) -> Vec<&'c Rule> {
        self.parts.iter().flat_map(|part| &part.rules).collect()
    }

    pub fn max_depth(&self) -> Option<u64> {
        self.parts.iter().find_map(|part| part.max_depth)
    }

    /// The variants of `oneOf` and `anyOf`, each identified by its tag, its name, or its JSON type. A variant that several values of the
    /// tag select is listed once for each.
    pub fn variants(&self) -> Vec<(String, SchemaId)> {
        let mut variants = Vec::new();
        for (part, list) in &self.unions {
            let tag = part.tag.as_ref().filter(|_| part.one_of == *list);
            for (index, id) in list.iter().enumerate() {
                match tag.and_then(|tag| tag.values.get(index)).filter(|values| !values.is_empty()) {
                    Some(values) => variants.extend(values.iter().map(|value| (value.to_string(), *id))),
                    None => variants.push((self.variant_name(*id), *id)),
                }
            }
        }
        variants
    }

    /// The member that alone selects the variant.
    pub fn discriminator(&self) -> Option<&'c str> {
        let tags = self.unions.iter().filter_map(|(part, _)| part.tag.as_ref());
        tags.filter(|tag| tag.by_discriminator).map(|tag| tag.member.as_str()).next()
    }

    fn variant_name(&self, id: SchemaId) -> String {
        let resolved = self.contract.resolved(id);
        let named = self.contract.names.iter().find(|(_, known)| self.contract.resolved(*known) == resolved);
        let types = || View::new(self.contract, resolved).types().map(|types| types.to_string());
        let schema = self.contract.schema(resolved);
        let title = || schema.annotations.title.clone();
        named.map(|(name, _)| name.clone()).or_else(title).or_else(types).unwrap_or_else(|| schema.pointer.clone())
    }

    /// A fingerprint of the keywords whose changes are detected but not analyzed.
    pub fn others(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            let object = &part.object;
            let schemas = [
                ("not", part.not),
                ("if", part.condition.map(|condition| condition.condition)),
                ("then", part.condition.and_then(|condition| condition.then)),
                ("else", part.condition.and_then(|condition| condition.otherwise)),
                ("contains", part.array.contains.map(|contains| contains.schema)),
                ("propertyNames", object.property_names),
                ("unevaluatedItems", part.array.unevaluated_items),
            ];
            let named = object.pattern_properties.iter().chain(&object.dependent_schemas).map(|(name, id)| (name.as_str(), Some(*id)));
            for (keyword, id) in schemas.into_iter().chain(named).filter_map(|(keyword, id)| Some((keyword, id?))) {
                text.push_str(&format!("{keyword} {} ", fingerprint(self.contract, id, 0)));
            }
            if let Some(contains) = part.array.contains {
                text.push_str(&format!("{} {:?} ", contains.min, contains.max));
            }
            if !object.dependent_required.is_empty() {
                text.push_str(&format!("{:?} ", object.dependent_required));
            }
        }
        text
    }
}

/// The types that both accept.
pub fn both(left: Types, right: Types) -> Types {
    let has_integers = |types: Types| types.contains(Types::INTEGER) || types.contains(Types::NUMBER);
    let both = Types(left.0 & right.0);
    if has_integers(left) && has_integers(right) && !both.contains(Types::NUMBER) { both.or(Types::INTEGER) } else { both }
}

/// The types that a schema accepts if it has no other keyword.
fn plain(contract: &Contract, id: SchemaId) -> Option<Types> {
    let schema = contract.schema(contract.resolved(id));
    let plain = Schema {
        span: schema.span,
        pointer: schema.pointer.clone(),
        annotations: schema.annotations.clone(),
        types: schema.types,
        view: schema.view,
        ..Schema::default()
    };
    schema.types.filter(|_| *schema == plain)
}

fn are_disjoint(types: &[Types]) -> bool {
    let with_integers = |types: &Types| if types.contains(Types::NUMBER) { types.or(Types::INTEGER) } else { *types };
    let mut seen = Types(0);
    types.iter().map(with_integers).all(|types| {
        let is_new = !seen.intersects(types);
        seen = seen.or(types);
        is_new
    })
}

/// A text that is identical for equivalent schemas.
fn fingerprint(contract: &Contract, id: SchemaId, depth: usize) -> String {
    const DEPTH_MAX: usize = 6;
    let resolved = contract.resolved(id);
    let schema = contract.schema(resolved);
    if depth > DEPTH_MAX {
        return schema.pointer.clone();
    }
    let inner = |id: &SchemaId| fingerprint(contract, *id, depth + 1);
    let all = |ids: &[SchemaId]| ids.iter().map(inner).collect::<Vec<_>>().join(",");
    let members: Vec<String> = schema.object.properties.iter().map(|(name, id)| format!("{name}:{}", inner(id))).collect();
    let assertions: Vec<_> = KEYWORDS.iter().map(|keyword| keyword.argument(schema)).collect();
    let lists = [&schema.all_of, &schema.any_of, &schema.one_of, &schema.array.prefix_items].map(|ids| all(ids)).join(";");
    let single = [schema.reference, schema.not, schema.array.items, schema.object.additional_properties];
    let singles: Vec<String> = single.iter().map(|id| id.as_ref().map(inner).unwrap_or_default()).collect();
    format!(
        "{{{:?} {:?} {:?} {:?} {:?} {:?} {} {} {} {}}}",
        schema.types,
        schema.constant,
        schema.enumeration,
        assertions,
        schema.object.required,
        schema.never,
        members.join(","),
        lists,
        singles.join(";"),
        schema.accepts_null
    )
}

//! The schemas that all apply to one value, combined: `$ref` and `allOf` are followed, and a union of one variant is that variant.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use serde_json::Value;

use super::forms::{Side, listed_values, normal_types, plain_text};
use crate::interpret;
use crate::model::{Argument, Contract, Keyword, Schema, SchemaId, UnionTag};
use crate::runtime::check::Types;
use crate::runtime::number::Number;

/// The maximum number of listed values that are compared one by one.
const VALUES_MAX: usize = 1_000;

/// The identity of a set of schemas: the schemas, and the unions that contributed a variant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub side: Side,
    pub roots: Vec<SchemaId>,
    decided: Vec<(SchemaId, UnionKind)>,
    rejects_null: bool,
    /// The types to which the comparison is restricted.
    only: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum UnionKind {
    AnyOf,
    OneOf,
}

/// A contract, with the sets of its schemas that have been computed.
pub struct Model<'c> {
    pub contract: &'c Contract,
    pub side: Side,
    known: RefCell<HashMap<Key, Rc<Parts<'c>>>>,
    /// The names that the document gives to schemas.
    names: HashMap<SchemaId, &'c str>,
}

/// The constraints of all schemas of a set.
pub struct Parts<'c> {
    contract: &'c Contract,
    pub key: Key,
    pub parts: Vec<(SchemaId, &'c Schema)>,
    pub unions: Vec<Union<'c>>,
    /// The types that all parts accept, apart from null.
    types: Types,
    /// The types that all parts accept apart from their unions, without null.
    own_types: Types,
    pub accepts_null: bool,
}

/// A union that the value must satisfy.
pub struct Union<'c> {
    of: (SchemaId, UnionKind),
    pub variants: Vec<SchemaId>,
    pub tag: Option<&'c UnionTag>,
}

impl Key {
    /// This set, restricted to values of one type.
    pub fn of_type(&self, types: Types) -> Key {
        Key { only: self.only & types.0, ..self.clone() }
    }

    /// The only schema of the set, if it is one.
    pub fn single(&self) -> Option<SchemaId> {
        if let ([single], true) = (self.roots.as_slice(), self.is_whole()) { Some(*single) } else { None }
    }

    /// Whether a schema applies as a whole, and not only one of its variants.
    pub fn is_whole(&self) -> bool {
        self.decided.is_empty() && !self.rejects_null && self.only == Types::ALL.0
    }
}

impl Union<'_> {
    /// The part that contains it.
    pub fn part(&self) -> SchemaId {
        self.of.0
    }

    /// Whether a value must match exactly one variant.
    pub fn is_exclusive(&self) -> bool {
        self.of.1 == UnionKind::OneOf && !self.is_selected()
    }

    /// Whether a `discriminator` alone selects the variant.
    pub fn is_selected(&self) -> bool {
        self.tag.is_some_and(|tag| tag.by_discriminator)
    }
}

impl<'c> Model<'c> {
    pub fn new(contract: &'c Contract, side: Side) -> Self {
        // A schema with several names is known by the first.
        let names = contract.names.iter().rev().map(|(name, id)| (contract.resolved(*id), name.as_str())).collect();
        Model { contract, side, known: RefCell::default(), names }
    }

    /// The key of schemas that all apply.
    pub fn key(&self, roots: &[SchemaId]) -> Key {
        let mut found: Vec<SchemaId> = Vec::new();
        for root in roots.iter().map(|id| self.contract.resolved(*id)) {
            if !found.contains(&root) {
                found.push(root);
            }
        }
        Key { side: self.side, roots: found, decided: Vec::new(), rejects_null: false, only: Types::ALL.0 }
    }

    pub fn parts(&self, key: &Key) -> Rc<Parts<'c>> {
        if let Some(known) = self.known.borrow().get(key) {
            return Rc::clone(known);
        }
        let parts = Rc::new(self.merged(key.clone()));
        self.known.borrow_mut().insert(key.clone(), Rc::clone(&parts));
        parts
    }

    pub fn alone(&self, id: SchemaId) -> Rc<Parts<'c>> {
        self.parts(&self.key(&[id]))
    }

    fn merged(&self, key: Key) -> Parts<'c> {
        let contract = self.contract;
        let is_asked = key.only & Types::NULL.0 != 0;
        let accepts_null = is_asked && !key.rejects_null && key.roots.iter().all(|root| is_valid(contract, *root, "null"));
        let mut open: Vec<SchemaId> = key.roots.iter().rev().copied().collect();
        let types = Types(key.only & !Types::NULL.0);
        let mut all = Parts { contract, key, parts: Vec::new(), unions: Vec::new(), own_types: types, types, accepts_null };
        while let Some(id) = open.pop() {
            let id = contract.resolved(id);
            if all.parts.iter().all(|(known, _)| *known != id) {
                let schema = contract.schema(id);
                all.parts.push((id, schema));
                all.types = both(all.types, schema.types.map_or(Types::ALL, normal_types));
                if schema.never {
                    all.types = Types(0);
                }
                open.extend(schema.all_of.iter().rev().chain(&schema.reference));
                open.extend(self.variants_of(id, schema, &mut all));
            }
        }
        all.own_types = all.types;
        for union in &all.unions {
            let types = union.variants.iter().map(|id| self.alone(*id).types).fold(Types(0), Types::or);
            all.types = both(all.types, types);
        }
        all
    }

    /// Keeps the unions of a part. Returns the variant of a union that has only one.
    fn variants_of(&self, id: SchemaId, schema: &'c Schema, all: &mut Parts<'c>) -> Vec<SchemaId> {
        let mut only = Vec::new();
        for (kind, list) in [(UnionKind::AnyOf, &schema.any_of), (UnionKind::OneOf, &schema.one_of)] {
            if list.is_empty() || all.key.decided.contains(&(id, kind)) {
                continue;
            }
            let tag = schema.tag.as_ref().filter(|_| kind == UnionKind::OneOf);
            if let Some(types) = plain_types(self.contract, list, kind == UnionKind::OneOf) {
                all.types = both(all.types, types);
                continue;
            }
            // It is known whether null is accepted.
            let accepts_more = |id: &&SchemaId| tag.is_some() || self.alone(**id).types != Types(0);
            let variants: Vec<SchemaId> = list.iter().filter(accepts_more).copied().collect();
            match variants.as_slice() {
                [] => all.types = Types(0),
                [single] if tag.is_none() => only.push(*single),
                _ => all.unions.push(Union { of: (id, kind), variants, tag }),
            }
        }
        only
    }

    /// A set with a variant in place of its union.
    pub fn with_variant(&self, parts: &Parts<'c>, union: &Union<'_>, variant: SchemaId) -> Key {
        let (id, kind) = union.of;
        let says_nothing = |(part, schema): &(SchemaId, &Schema)| {
            let mut own = Schema { reference: None, all_of: Vec::new(), ..(*schema).clone() };
            match kind {
                UnionKind::AnyOf if *part == id => own.any_of.clear(),
                UnionKind::OneOf if *part == id => own.one_of.clear(),
                _ => {}
            }
            own.is_anything()
        };
        let variant_accepts_null = is_valid(self.contract, variant, "null");
        if parts.key.only == Types::ALL.0 && parts.parts.iter().all(says_nothing) && (parts.accepts_null || !variant_accepts_null) {
            return self.key(&[variant]);
        }
        let roots: Vec<SchemaId> = parts.key.roots.iter().copied().chain([variant]).collect();
        let mut decided: Vec<_> = parts.key.decided.iter().copied().chain([(id, kind)]).collect();
        decided.sort();
        Key { decided, rejects_null: !(parts.accepts_null && variant_accepts_null), only: parts.key.only, ..self.key(&roots) }
    }

    /// All accepted values, if they are listed.
    pub fn values(&self, parts: &Parts<'c>) -> Option<Vec<Value>> {
        let mut listed = self.candidates(parts, 0)?;
        listed.retain(|value| parts.accepts(value));
        let mut seen = BTreeSet::new();
        listed.retain(|value| seen.insert(plain_text(value)));
        Some(listed)
    }

    /// All accepted values of a schema that lists them; a type with few values does not count.
    pub fn listed_values(&self, parts: &Parts<'c>) -> Option<Vec<Value>> {
        let is_listed = !parts.listed().is_empty() || parts.types.0 & !Types::BOOLEAN.0 != 0;
        if is_listed { self.values(parts) } else { None }
    }

    /// A list that contains all accepted values.
    fn candidates(&self, parts: &Parts<'c>, depth: usize) -> Option<Vec<Value>> {
        const DEPTH_MAX: usize = 8;
        if parts.types.0 & !Types::BOOLEAN.0 == 0 {
            return Some(vec![Value::Null, true.into(), false.into()]);
        }
        let mut lists = parts.listed().into_iter().map(|list| list.into_iter().cloned().chain([Value::Null]).collect::<Vec<_>>());
        if let Some(list) = lists.find(|list| list.len() <= VALUES_MAX) {
            return Some(list);
        }
        let of_union = |union: &Union<'_>| -> Option<Vec<Value>> {
            let mut all = vec![Value::Null];
            for variant in &union.variants {
                all.extend(self.candidates(&self.alone(*variant), depth + 1)?);
                if all.len() > VALUES_MAX {
                    return None;
                }
            }
            Some(all)
        };
        if depth < DEPTH_MAX { parts.unions.iter().find_map(of_union) } else { None }
    }

    /// Whether the document names the schema.
    pub fn is_component(&self, id: SchemaId) -> bool {
        self.component(id).is_some()
    }

    /// The name that the document gives the schema.
    pub fn component(&self, id: SchemaId) -> Option<&'c str> {
        self.names.get(&self.contract.resolved(id)).copied()
    }

    /// A description of a variant: its name, its title, or its types.
    pub fn name_of(&self, id: SchemaId) -> String {
        let (contract, resolved) = (self.contract, self.contract.resolved(id));
        let title = || contract.schema(resolved).annotations.title.clone();
        let types = || Some(self.alone(resolved).types().to_string()).filter(|text| !text.is_empty());
        let pointer = || contract.schema(resolved).pointer.clone();
        self.component(id).map(str::to_owned).or_else(title).or_else(types).unwrap_or_else(pointer)
    }
}

impl<'c> Parts<'c> {
    pub fn contract(&self) -> &'c Contract {
        self.contract
    }

    /// The accepted types. Integers are one type, and all other numbers another.
    pub fn types(&self) -> Types {
        if self.accepts_null { self.types.or(Types::NULL) } else { self.types }
    }

    /// The accepted types, without the constraints of unions.
    pub fn types_beside_unions(&self) -> Types {
        if self.accepts_null { self.own_types.or(Types::NULL) } else { self.own_types }
    }

    /// Whether values of these types are accepted.
    pub fn may_be(&self, types: Types) -> bool {
        self.types.intersects(types)
    }

    /// Whether a value is accepted.
    pub fn accepts(&self, value: &Value) -> bool {
        let text = value.to_string();
        if !type_of(value).intersects(Types(self.key.only)) {
            return false;
        }
        (self.accepts_null || !value.is_null()) && self.key.roots.iter().all(|root| is_valid(self.contract, *root, &text))
    }

    /// The values that each part lists.
    pub fn listed(&self) -> Vec<Vec<&'c Value>> {
        let of = |(_, part): &(SchemaId, &'c Schema)| listed_values(part.constant.as_ref(), part.enumeration.as_deref());
        self.parts.iter().filter_map(of).collect()
    }

    /// The arguments that the parts give to a keyword.
    pub fn arguments(&self, keyword: &Keyword) -> Vec<Argument<'c>> {
        self.parts.iter().filter_map(|(_, part)| keyword.argument(part)).collect()
    }

    pub fn required(&self) -> BTreeSet<&'c str> {
        self.parts.iter().flat_map(|(_, part)| &part.object.required).map(String::as_str).collect()
    }

    pub fn max_depth(&self) -> Option<u64> {
        self.parts.iter().filter_map(|(_, part)| part.max_depth).min()
    }
}

fn type_of(value: &Value) -> Types {
    match value {
        Value::Null => Types::NULL,
        Value::Bool(_) => Types::BOOLEAN,
        Value::Number(number) if Number::from(number).is_integer() => Types::INTEGER,
        Value::Number(_) => Types::NUMBER,
        Value::String(_) => Types::STRING,
        Value::Array(_) => Types::ARRAY,
        Value::Object(_) => Types::OBJECT,
    }
}

fn is_valid(contract: &Contract, id: SchemaId, json: &str) -> bool {
    interpret::validate(contract, id, json.as_bytes()).is_ok()
}

/// The types that both accept.
pub fn both(left: Types, right: Types) -> Types {
    Types(left.0 & right.0)
}

/// The types that a union accepts if its variants state only types.
fn plain_types(contract: &Contract, variants: &[SchemaId], is_exclusive: bool) -> Option<Types> {
    let mut all = Types(0);
    for id in variants {
        let schema = contract.schema(contract.resolved(*id));
        let types = schema.types.filter(|types| {
            let plain = Schema {
                span: schema.span,
                pointer: schema.pointer.clone(),
                annotations: schema.annotations.clone(),
                types: Some(*types),
                view: schema.view,
                ..Schema::default()
            };
            *schema == plain
        });
        let types = normal_types(types?);
        if is_exclusive && all.intersects(types) {
            return None;
        }
        all = all.or(types);
    }
    Some(all)
}

//! The structure of a schema, for its section: a table of members, the rules between them, and a table for each variant of a union.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as JsonValue;

use super::markdown::{cell, code, embed, first_paragraph, has_more_paragraphs, key, plain};
use super::words::{Detail, Name, Words, name_link, schema_key, value_code};
use crate::model::{Direction, Schema, SchemaId};

/// The depth to which tables list the members of inline objects, as in `a.b[].c`.
const NESTED_DEPTH_MAX: usize = 4;

/// Markdown has no deeper headings. Unions below are lists, so that unions of unions do not grow without bound.
const HEADING_LEVEL_MAX: usize = 6;

/// The structure of a schema, prepared for the templates.
#[derive(Debug, Default, Serialize)]
pub struct Structure {
    /// The kind of the value and the constraints on it, unless a table states them.
    pub value: String,
    pub rows: Vec<Row>,
    pub notes: Vec<Note>,
    /// Sentences about all members together.
    pub facts: Vec<String>,
    /// The text before the variants.
    pub choice: String,
    pub variants: Vec<Variant>,
    /// The variants that have sections of their own, and whether they have tags.
    pub linked: Vec<LinkedVariant>,
    pub has_tags: bool,
}

/// A member, as a row in a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub name: String,
    pub kind: String,
    pub required: &'static str,
    pub rules: String,
    pub description: String,
}

/// The part of a member's description that does not fit in a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    pub name: String,
    pub text: String,
}

#[derive(Debug, Serialize)]
pub struct Variant {
    pub heading: String,
    pub description: String,
    pub structure: Structure,
}

#[derive(Debug, Serialize)]
pub struct LinkedVariant {
    pub link: String,
    pub tags: String,
    pub description: String,
}

/// A member of an object, declared or inherited.
struct Member<'c> {
    name: String,
    schema: SchemaId,
    required: &'static str,
    from: Option<Name<'c>>,
}

/// Whether named variants are described here or in sections of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NamedVariants {
    Here,
    Linked,
}

impl<'c> Words<'c> {
    /// The structure of a schema whose section has a heading at `level`.
    pub fn structure(&self, id: SchemaId, named: NamedVariants, level: usize) -> Structure {
        let members = self.members(id);
        let mut structure = Structure { value: self.value_line(id, &members), ..Structure::default() };
        self.table(&members, &mut structure);
        self.facts(id, &members, &mut structure);
        self.union(id, named, level, &mut structure);
        structure
    }

    /// The members of an inline object in a body; empty if the object has its own section.
    pub fn inline_structure(&self, id: SchemaId) -> Structure {
        let mut structure = Structure::default();
        if self.name(id).is_none() {
            let members = self.members(id);
            self.table(&members, &mut structure);
            structure.facts = self.inherited(&members);
        }
        structure
    }

    /// All members: the schema's own members first, then the inherited ones.
    fn members(&self, id: SchemaId) -> Vec<Member<'c>> {
        let parts = self.contract.all_of_closure(id);
        let required: BTreeSet<&String> = parts.iter().flat_map(|part| &self.contract.schema(*part).object.required).collect();
        let (mut members, mut seen): (Vec<Member<'c>>, BTreeSet<&String>) = Default::default();
        for part in &parts {
            let from = self.own_name(*part).filter(|_| *part != self.contract.resolved(id));
            for (name, schema) in &self.contract.schema(*part).object.properties {
                if seen.insert(name) {
                    let required = if required.contains(name) { self.needed(*schema) } else { yes_or_no(false) };
                    members.push(Member { name: name.clone(), schema: *schema, required, from });
                }
            }
        }
        members
    }

    /// The direction in which a required member is required.
    fn needed(&self, member: SchemaId) -> &'static str {
        match self.contract.only_direction(member) {
            None => yes_or_no(true),
            Some(Direction::Request) => "in requests",
            Some(Direction::Response) => "in responses",
        }
    }

    fn table(&self, members: &[Member<'c>], structure: &mut Structure) {
        for member in members {
            let row = self.row(&member.name, member.schema, member.required, None);
            structure.rows.push(row);
            structure.notes.extend(self.note(&member.name, member.schema, None));
            self.nested(&member.name, member.schema, 1, structure);
        }
    }

    /// The rows of an inline object, below the row of the member that contains it.
    fn nested(&self, path: &str, id: SchemaId, depth: usize, structure: &mut Structure) {
        if depth > NESTED_DEPTH_MAX || self.name(id).is_some() {
            return;
        }
        for member in self.members(id) {
            let path = format!("{path}.{}", member.name);
            structure.rows.push(self.row(&path, member.schema, member.required, None));
            structure.notes.extend(self.note(&path, member.schema, None));
            self.nested(&path, member.schema, depth + 1, structure);
        }
        if let Some(items) = self.parts(id).iter().find_map(|part| part.array.items) {
            self.nested(&format!("{path}[]"), items, depth, structure);
        }
        let values = self.parts(id).iter().find_map(|part| part.object.additional_properties);
        if let Some(values) = values {
            self.nested(&format!("{path}.*"), values, depth + 1, structure);
        }
    }

    /// A row in a table. `description` replaces the description of the schema.
    pub fn row(&self, name: &str, id: SchemaId, required: &'static str, description: Option<&str>) -> Row {
        let description = description.or_else(|| self.description(id)).map(first_paragraph).unwrap_or_default();
        Row {
            name: cell(&code(name)),
            kind: cell(&self.kind(id)),
            required,
            rules: cell(&self.rules(id, Detail::Brief).join(", ")),
            description: cell(&description),
        }
    }

    /// The whole description of a member, if it is the member's own and longer than the paragraph shown in its row.
    pub fn note(&self, name: &str, id: SchemaId, description: Option<&str>) -> Option<Note> {
        let text = description.or(self.contract.schema(id).annotations.description.as_deref())?;
        let linked = description.is_none() && self.own_name(id).is_some();
        (!linked && has_more_paragraphs(text)).then(|| Note { name: code(name), text: embed(text, 5) })
    }

    /// A sentence that describes a value without members.
    fn value_line(&self, id: SchemaId, members: &[Member<'c>]) -> String {
        let parts = self.parts(id);
        let is_union = parts.iter().any(|part| !part.one_of.is_empty() || !part.any_of.is_empty());
        let mut words = Vec::new();
        if members.is_empty() && !is_union {
            words.push(self.unnamed_kind(id));
        }
        words.extend(self.rules(id, Detail::Full));
        let mut sentences = Vec::new();
        if !words.is_empty() {
            sentences.push(format!("{}.", capitalised(&words.join(", "))));
        }
        if self.contract.schema(id).accepts_null {
            sentences.push("May be null.".to_owned());
        }
        let examples = &self.contract.schema(id).annotations.examples;
        if !examples.is_empty() && examples.iter().all(is_plain) {
            sentences.push(format!("For example {}.", examples.iter().map(value_code).collect::<Vec<_>>().join(", ")));
        }
        sentences.join(" ")
    }

    fn facts(&self, id: SchemaId, members: &[Member<'c>], structure: &mut Structure) {
        structure.facts = self.inherited(members);
        let parts = self.parts(id);
        if !members.is_empty() && self.is_closed(id) {
            structure.facts.push("No other members.".to_owned());
        }
        structure.facts.extend(parts.iter().flat_map(|part| self.object_facts(part)));
        for rule in parts.iter().flat_map(|part| &part.rules) {
            structure.facts.push(format!("Rule: {}, where all of these members are present.", code(&rule.text)));
        }
        if let Some(depth) = parts.iter().find_map(|part| part.max_depth) {
            structure.facts.push(format!("At most {depth} levels deep."));
        }
    }

    /// Sentences that state the origin of inherited members.
    fn inherited(&self, members: &[Member<'c>]) -> Vec<String> {
        let mut sources: Vec<(Name<'c>, Vec<String>)> = Vec::new();
        for (from, member) in members.iter().filter_map(|member| member.from.map(|from| (from, code(&member.name)))) {
            match sources.iter_mut().find(|(known, _)| *known == from) {
                Some((_, names)) => names.push(member),
                None => sources.push((from, vec![member])),
            }
        }
        sources.iter().map(|(from, names)| format!("Inherited from {}: {}.", name_link(*from), names.join(", "))).collect()
    }

    /// Sentences for the less common object keywords.
    fn object_facts(&self, part: &Schema) -> Vec<String> {
        let object = &part.object;
        let listed = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
        let mut facts: Vec<String> = Vec::new();
        let undescribed = |name: &&String| !object.properties.is_empty() && !object.properties.iter().any(|(known, _)| known == *name);
        facts.extend(
            object
                .pattern_properties
                .iter()
                .map(|(pattern, id)| format!("Members whose names match {}: {}.", code(pattern), self.kind(*id))),
        );
        let others = object
            .additional_properties
            .filter(|id| !object.properties.is_empty() && !self.contract.schema(self.contract.resolved(*id)).never);
        facts.extend(others.filter(|id| !self.contract.schema(*id).is_anything()).map(|id| format!("Other members: {}.", self.kind(id))));
        facts.extend(object.property_names.map(|id| format!("Names of members: {}.", self.rules(id, Detail::Brief).join(", "))));
        facts.extend(object.dependent_required.iter().map(|(name, needed)| format!("{} needs {} beside it.", code(name), listed(needed))));
        facts.extend(
            object
                .dependent_schemas
                .iter()
                .map(|(name, id)| format!("Where {} is present, the object is also {}.", code(name), self.kind(*id))),
        );
        if object.required.iter().any(|name| undescribed(&name)) && part.all_of.is_empty() {
            let names: Vec<String> = object.required.iter().filter(undescribed).cloned().collect();
            facts.push(format!("Also required: {}.", listed(&names)));
        }
        facts.extend(part.not.map(|id| format!("Must not be {}.", self.kind(id))));
        facts.extend(
            part.condition.map(|_| format!("Conditional: `if`, `then` and `else` at {} of the contract say more.", code(&part.pointer))),
        );
        facts
    }

    fn union(&self, id: SchemaId, named: NamedVariants, level: usize, structure: &mut Structure) {
        let parts = self.parts(id);
        let Some(union) = parts.iter().find(|part| !part.one_of.is_empty() || !part.any_of.is_empty()) else { return };
        let (variants, quantity) =
            if union.one_of.is_empty() { (&union.any_of, "at least one of") } else { (&union.one_of, "exactly one of") };
        if variants.iter().all(|variant| self.contract.schema(*variant).pointer == union.pointer) {
            return self.instances(union, structure);
        }
        let tag = union.tag.as_ref();
        let distinguished = tag.map(|tag| format!(", distinguished by {}", code(&tag.member))).unwrap_or_default();
        let all_linked = variants.iter().all(|variant| self.name(*variant).is_some()) && named == NamedVariants::Linked;
        if all_linked || level >= HEADING_LEVEL_MAX || variants.iter().all(|variant| self.members(*variant).is_empty()) {
            structure.choice = format!("It is {quantity} these{distinguished}:");
            structure.has_tags = tag.is_some();
            let tags =
                |index: usize| tag.map(|tag| tag.values[index].iter().map(value_code).collect::<Vec<_>>().join(", ")).unwrap_or_default();
            structure.linked = variants.iter().enumerate().map(|(index, variant)| self.linked_variant(*variant, tags(index))).collect();
            return;
        }
        structure.choice = format!("It is {quantity} the kinds below{distinguished}.");
        structure.variants = variants.iter().enumerate().map(|(index, variant)| self.variant(*variant, index, level + 1)).collect();
        share_rows(structure);
    }

    /// A union over all collections. Its variants differ only in the bound schema, so that one table describes all of them.
    fn instances(&self, union: &Schema, structure: &mut Structure) {
        let Some(first) = union.one_of.first() else { return };
        let tag = union.tag.as_ref();
        for member in self.members(*first) {
            let mut row = self.row(&member.name, member.schema, member.required, None);
            if let Some(name) = self.name(member.schema).filter(|name| name.bound.is_some()) {
                row.kind = cell(&name_link(Name { bound: None, ..name }));
            }
            if let Some(tag) = tag.filter(|tag| row.name == code(&tag.member)) {
                let values: Vec<String> = tag.values.iter().flatten().map(value_code).collect();
                row.rules = format!("one of {}", values.join(", "));
                row.description = "The collection of the record.".to_owned();
            }
            structure.rows.push(row);
        }
        if self.is_closed(*first) {
            structure.facts.push("No other members.".to_owned());
        }
    }

    fn linked_variant(&self, id: SchemaId, tags: String) -> LinkedVariant {
        let description = self.description(id).map(first_paragraph).unwrap_or_default();
        let rules = if self.name(id).is_none() { self.rules(id, Detail::Brief) } else { Vec::new() };
        let kind = std::iter::once(self.kind(id)).chain(rules).collect::<Vec<_>>().join(", ");
        LinkedVariant { link: cell(&kind), tags, description: cell(&description) }
    }

    fn variant(&self, id: SchemaId, index: usize, level: usize) -> Variant {
        let name = self.name(id).filter(|name| name.bound.is_none());
        let schema = self.contract.schema(self.contract.resolved(id));
        let title = name.map(|name| name.section.to_owned()).or_else(|| schema.annotations.title.clone());
        let title = title.unwrap_or_else(|| format!("Kind {}", index + 1));
        let anchor = name.map(|name| key(&schema_key(name.section))).unwrap_or_default();
        let description = schema.annotations.description.as_deref().map(|text| embed(text, level + 1)).unwrap_or_default();
        let structure = self.structure(id, NamedVariants::Linked, level);
        Variant { heading: format!("{} {}{anchor}", "#".repeat(level.min(HEADING_LEVEL_MAX)), plain(&title)), description, structure }
    }

    /// The names of the variants that are described in the section of the union.
    pub fn variant_names(&self, id: SchemaId) -> Vec<&'c str> {
        let variants = self.parts(id).into_iter().flat_map(|part| part.one_of.iter().chain(&part.any_of));
        variants.filter_map(|variant| self.name(*variant)).filter(|name| name.bound.is_none()).map(|name| name.section).collect()
    }

    /// The kind of a schema, ignoring its name.
    fn unnamed_kind(&self, id: SchemaId) -> String {
        let schema = self.contract.schema(id);
        match schema.reference.or(schema.all_of.first().copied().filter(|_| schema.all_of.len() == 1)) {
            Some(target) => format!("the same as {}", self.kind(target)),
            None => self.inline_kind(id, 0),
        }
    }
}

/// Whether a parameter or header is required, as a word.
pub fn yes_or_no(required: bool) -> &'static str {
    if required { "yes" } else { "no" }
}

/// Whether a value is a scalar, whose example fits in a sentence.
pub fn is_plain(value: &JsonValue) -> bool {
    !value.is_array() && !value.is_object()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// Moves the rows that all variants share to the table above them.
fn share_rows(structure: &mut Structure) {
    let [first, others @ ..] = structure.variants.as_mut_slice() else { return };
    let in_all = |row: &Row| others.iter().all(|variant| variant.structure.rows.contains(row));
    let shared: Vec<Row> = first.structure.rows.iter().filter(|row| in_all(row)).cloned().collect();
    if others.is_empty() || shared.is_empty() {
        return;
    }
    let in_all_notes = |note: &Note| others.iter().all(|variant| variant.structure.notes.contains(note));
    structure.notes.extend(first.structure.notes.iter().filter(|note| in_all_notes(note)).cloned().collect::<Vec<_>>());
    let in_all_facts = |fact: &String| others.iter().all(|variant| variant.structure.facts.contains(fact));
    structure.facts.extend(first.structure.facts.iter().filter(|fact| in_all_facts(fact)).cloned().collect::<Vec<_>>());
    for variant in &mut structure.variants {
        variant.structure.rows.retain(|row| !shared.contains(row));
        variant.structure.notes.retain(|note| !structure.notes.contains(note));
        variant.structure.facts.retain(|fact| !structure.facts.contains(fact));
    }
    structure.rows.extend(shared);
}

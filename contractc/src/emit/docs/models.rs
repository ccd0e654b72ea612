//! The view for `data-models.md`: one section per collection, followed by one per other schema.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::api::tag_key;
use super::fields::{NamedVariants, Structure, is_plain};
use super::markdown::{cell, code, embed, first_paragraph, key, link, plain};
use super::samples;
use super::words::{Words, is_view, schema_key};
use crate::emit::Plan;
use crate::model::{Collection, SchemaId};

#[derive(Serialize)]
pub struct ModelsView {
    origin: String,
    heading: String,
    version: String,
    api_link: String,
    namespace: String,
    collections: Vec<CollectionView>,
    /// The heading above the other schemas.
    others_heading: String,
    others_link: String,
    schemas: Vec<SchemaView>,
    /// Links to the other schemas, one line per initial letter.
    index: Vec<String>,
    instances: Vec<Instances>,
    instances_heading: String,
    instances_link: String,
}

#[derive(Serialize)]
struct CollectionView {
    link: String,
    path: String,
    summary: String,
    facts: Vec<String>,
    schema: SchemaView,
}

#[derive(Serialize)]
struct SchemaView {
    heading: String,
    description: String,
    structure: Structure,
    example: String,
}

/// The names of a schema's instances, one for each schema bound in it.
#[derive(Serialize)]
struct Instances {
    section: String,
    names: String,
}

pub fn view(plan: &Plan<'_>, words: &Words<'_>) -> ModelsView {
    let contract = plan.contract;
    let collections: Vec<CollectionView> = contract.collections.iter().map(|collection| collection_view(words, collection)).collect();
    let described: BTreeSet<&str> = contract.collections.iter().flat_map(|collection| described_within(words, collection)).collect();
    let own = contract.names.iter().filter(|(_, id)| !is_view(contract, *id));
    let named = own.filter(|(_, id)| words.own_name(*id).is_some_and(|name| name.bound.is_none()));
    let others: Vec<(&str, SchemaId)> =
        named.map(|(name, id)| (name.as_str(), *id)).filter(|(name, _)| !described.contains(name)).collect();
    let (others_title, instances_title) = (if collections.is_empty() { "Schemas" } else { "Other schemas" }, "Instances");
    ModelsView {
        origin: plan.origin(),
        heading: format!("{}: data models{}", plain(&contract.title), key("models")),
        api_link: link("the API reference", "api"),
        version: plain(&contract.version),
        namespace: contract.namespace.as_deref().map(code).unwrap_or_default(),
        collections,
        others_heading: format!("{others_title}{}", key("models:others")),
        others_link: link(others_title, "models:others"),
        schemas: others.iter().map(|(name, id)| schema_view(words, name, *id, NamedVariants::Linked)).collect(),
        index: index(&others),
        instances: instances(words),
        instances_heading: format!("{instances_title}{}", key("models:instances")),
        instances_link: link(instances_title, "models:instances"),
    }
}

/// The names of the schemas that the section of a collection describes.
fn described_within<'c>(words: &Words<'c>, collection: &'c Collection) -> Vec<&'c str> {
    let mut names = words.variant_names(collection.schema);
    names.push(&collection.schema_name);
    names
}

fn collection_view(words: &Words<'_>, collection: &Collection) -> CollectionView {
    let schema = schema_view(words, &collection.schema_name, collection.schema, NamedVariants::Here);
    CollectionView {
        link: link(&plain(&collection.schema_name), &schema_key(&collection.schema_name)),
        path: code(&collection.path),
        summary: words.description(collection.schema).map(|text| cell(&first_paragraph(text))).unwrap_or_default(),
        facts: collection_facts(words, collection),
        schema,
    }
}

fn collection_facts(words: &Words<'_>, collection: &Collection) -> Vec<String> {
    let mut facts = vec![format!("Collection: {}.", code(&collection.path))];
    if let Some(tag) = tag_of(words, collection) {
        facts.push(format!("Requests: {}.", link(&plain(tag), &tag_key(tag))));
    }
    if let Some(singleton) = &collection.singleton {
        let fixed = code(&format!("{}/{singleton}", collection.path));
        facts.push(format!("One record only, whose id is made from {fixed}."));
    }
    if let Some(member) = &collection.natural_key {
        let fixed = code(&format!("{}/<{member}>", collection.path));
        facts.push(format!("The ids of records that ship with the app are made from {fixed}."));
    }
    let path_link = |path: &String| {
        let parent = words.contract.collections.iter().find(|parent| parent.path == *path);
        parent.map_or_else(|| code(path), |parent| link(&code(path), &schema_key(&parent.schema_name)))
    };
    if !collection.parents.is_empty() {
        let parents: Vec<String> = collection.parents.iter().map(path_link).collect();
        facts.push(format!("Pushed after {}.", parents.join(", ")));
    }
    if !collection.indexes.is_empty() {
        let indexes = collection.indexes.iter().map(|index| {
            let text = code(&index.members.join(" + "));
            if index.multi { format!("{text} (an entry for each item)") } else { text }
        });
        facts.push(format!("Looked up by {}.", indexes.collect::<Vec<_>>().join(", ")));
    }
    facts.push(format!("In the device's database since version {}.", collection.since));
    facts
}

/// The tag of the operations on the path of the collection.
fn tag_of<'c>(words: &Words<'c>, collection: &Collection) -> Option<&'c str> {
    let operation =
        words.contract.operations.iter().find(|operation| operation.path.split('/').any(|segment| segment == collection.path))?;
    operation.tag.as_deref()
}

fn schema_view(words: &Words<'_>, name: &str, id: SchemaId, named: NamedVariants) -> SchemaView {
    let notes = &words.contract.schema(id).annotations;
    SchemaView {
        heading: format!("{}{}", plain(name), key(&schema_key(name))),
        description: notes.description.as_deref().or(notes.title.as_deref()).map(|text| embed(text, 4)).unwrap_or_default(),
        structure: words.structure(id, named, 3),
        example: notes
            .examples
            .first()
            .filter(|value| !is_plain(value))
            .map(|value| samples::json(words.contract, Some(id), value))
            .unwrap_or_default(),
    }
}

fn index(schemas: &[(&str, SchemaId)]) -> Vec<String> {
    let mut lines: BTreeMap<char, Vec<String>> = BTreeMap::new();
    for (name, _) in schemas {
        let initial = name.chars().next().map_or('#', |first| first.to_ascii_uppercase());
        lines.entry(initial).or_default().push(link(&plain(name), &schema_key(name)));
    }
    lines.into_values().map(|links| links.join(", ")).collect()
}

fn instances(words: &Words<'_>) -> Vec<Instances> {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, id) in words.contract.names.iter().filter(|(_, id)| !is_view(words.contract, *id)) {
        if let Some(own) = words.own_name(*id).filter(|own| own.bound.is_some()) {
            names.entry(own.section).or_default().push(code(name));
        }
    }
    let rows = names
        .into_iter()
        .map(|(section, names)| Instances { section: link(&plain(section), &schema_key(section)), names: names.join(", ") });
    rows.collect()
}

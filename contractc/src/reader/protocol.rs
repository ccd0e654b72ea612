//! Completes a contract that has only schemas. A document with `x-sync` at its top gets the paths, messages and accounts of sync from
//! `protocol/sync.yaml`, and the paths and tag of each collection from the templates in it.

use std::path::Path;

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::diagnostic::Diagnostics;
use crate::model::version;
use crate::source::{Entry, Map, Node, Sources, Span, Value};

/// The protocol. Its positions appear in diagnostics under this name.
const NAME: &str = "sync.yaml";
const TEXT: &str = include_str!("../../protocol/sync.yaml");
/// The version of the protocol, as documents name it.
const VERSION: &str = "1.1";

/// Completes the document, and returns whether the document uses `x-sync: { protocol }`.
pub fn complete(root: usize, sources: &mut Sources, diagnostics: &mut Diagnostics) -> bool {
    let Some(document) = sources.root(root) else { return false };
    let Some(asked) = document.get("x-sync") else { return false };
    let since = check(asked, diagnostics);
    let document = document.clone();
    let id = sources.add(Path::new(NAME), TEXT.as_bytes(), diagnostics);
    let Some(protocol) = sources.root(id) else { return false };
    let completed = completed(&document, &dated(protocol, since.as_ref()), diagnostics);
    sources.replace_root(root, completed);
    true
}

/// Reports mistakes in `x-sync`, and returns the version of the contract that adopted this version of the protocol. `None` if the contract
/// began with it.
fn check(asked: &Node, diagnostics: &mut Diagnostics) -> Option<Node> {
    let unknown = asked.as_map().into_iter().flat_map(Map::iter).find(|entry| !["protocol", "since"].contains(&entry.key.as_str()));
    if let Some(entry) = unknown {
        diagnostics.error(entry.key_span, format!("unknown member `{}` of `x-sync`", entry.key)).hint("available: protocol, since");
    }
    if asked.get("protocol").and_then(Node::as_str) != Some(VERSION) {
        let message = "`x-sync` at the top of a document needs `protocol`, the version of the protocol";
        diagnostics.error(asked.span, message).hint(format!("write `x-sync: {{ protocol: '{VERSION}' }}`"));
    }
    let since = asked.get("since")?;
    let is_known = since.as_map().is_some_and(|map| map.iter().all(|entry| entry.key == VERSION));
    let brought = since.get(VERSION).filter(|node| is_known && node.as_str().and_then(version).is_some());
    if brought.is_none() {
        let message = "invalid `since` of `x-sync`: expected the version of the contract that adopted this version of the protocol";
        diagnostics.error(since.span, message).hint(format!("write it as in `info.version`: `since: {{ '{VERSION}': '1.1.0' }}`"));
    }
    brought.cloned()
}

/// The protocol with `x-since` in versions of the contract. Members that the contract had from the start have none.
fn dated(node: &Node, since: Option<&Node>) -> Node {
    let value = match &node.value {
        Value::List(items) => Value::List(items.iter().map(|item| dated(item, since)).collect()),
        Value::Map(map) => {
            let entries = map.iter().filter_map(|entry| {
                let node = if entry.key == "x-since" { since?.clone() } else { dated(&entry.node, since) };
                Some(Entry { node, ..entry.clone() })
            });
            Value::Map(Map::sorted(entries.collect()))
        }
        other => other.clone(),
    };
    Node { span: node.span, value }
}

fn completed(document: &Node, protocol: &Node, diagnostics: &mut Diagnostics) -> Node {
    let own = document.as_map().into_iter().flat_map(Map::iter).filter(|entry| entry.key != "x-sync");
    let mut entries: Vec<Entry> = own.cloned().collect();
    let collections = collections(document);
    for part in protocol.as_map().into_iter().flat_map(Map::iter) {
        let own = entries.iter().position(|entry| entry.key == part.key);
        match (part.key.as_str(), own) {
            ("x-each-collection" | "openapi" | "info", _) => {}
            ("components", Some(own)) => add_components(&mut entries[own].node, &part.node, diagnostics),
            ("paths", Some(own)) => add_all(&mut entries[own].node, &part.node, diagnostics),
            ("tags", Some(own)) => entries[own].node = tags(Some(&entries[own].node), &part.node, &collections),
            ("tags", None) => entries.push(Entry { node: tags(None, &part.node, &collections), ..part.clone() }),
            (_, Some(_)) => {}
            (_, None) => entries.push(part.clone()),
        }
    }
    let template = protocol.get("x-each-collection").and_then(Node::as_map);
    // The paths are there: the protocol has some.
    if let Some(paths) = entries.iter_mut().find(|entry| entry.key == "paths") {
        for (collection, item) in
            collections.iter().flat_map(|known| template.into_iter().flat_map(Map::iter).map(move |item| (known, item)))
        {
            insert(&mut paths.node, collection.fill_entry(item), Some(collection.path_span), diagnostics);
        }
    }
    Node { span: document.span, value: Value::Map(Map::sorted(entries)) }
}

/// The tags of the protocol. Its tag for a collection is replaced by the tags of the document, followed by those of collections for which
/// the document has no tag.
fn tags(own: Option<&Node>, protocol: &Node, collections: &[Collection]) -> Node {
    let own = own.and_then(Node::as_list).unwrap_or_default();
    let name = |tag: &Node| tag.get("name").and_then(Node::as_str).map(str::to_owned);
    let is_new = |tag: &Node| !own.iter().any(|known| name(known) == name(tag));
    let mut all = Vec::new();
    for tag in protocol.as_list().unwrap_or_default() {
        if name(tag).as_deref() == Some("${tag}") {
            all.extend(own.iter().cloned());
            all.extend(collections.iter().map(|collection| collection.fill_node(tag)).filter(is_new));
        } else if is_new(tag) {
            all.push(tag.clone());
        }
    }
    Node { span: protocol.span, value: Value::List(all) }
}

/// The values of a collection that the template needs.
struct Collection {
    path: String,
    schema: String,
    description: Option<String>,
    is_singleton: bool,
    path_span: Span,
}

/// The schemas with `x-sync`. Those whose `x-sync` has mistakes are reported later.
fn collections(document: &Node) -> Vec<Collection> {
    let schemas = document.get("components").and_then(|components| components.get("schemas")).and_then(Node::as_map);
    let found = schemas.into_iter().flat_map(Map::iter).filter_map(|entry| {
        let sync = entry.node.get("x-sync")?;
        let path = sync.get("path")?;
        Some(Collection {
            path: path.as_str()?.to_owned(),
            schema: entry.key.clone(),
            description: entry.node.get("description").and_then(Node::as_str).map(str::to_owned),
            is_singleton: sync.get("singleton").is_some(),
            path_span: path.span,
        })
    });
    found.collect()
}

impl Collection {
    fn fill(&self, text: &str) -> String {
        let records = self.path.replace('-', " ");
        let mut letters = records.chars();
        let tag: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        let record = self.schema.to_snake_case().replace('_', " ");
        let record = if self.is_singleton { [record.as_str(), "record"].join(" ") } else { record };
        let description = self.description.as_deref().unwrap_or(&tag);
        let replaced = text.replace("${path}", &self.path).replace("${Path}", &self.path.to_upper_camel_case());
        let replaced = replaced.replace("${tag}", &tag).replace("${records}", &records).replace("${record}", &record);
        replaced.replace("${Schema}", &self.schema).replace("${description}", description)
    }

    fn fill_entry(&self, entry: &Entry) -> Entry {
        Entry { key: self.fill(&entry.key), key_span: entry.key_span, node: self.fill_node(&entry.node) }
    }

    fn fill_node(&self, node: &Node) -> Node {
        let value = match &node.value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::List(items) => Value::List(items.iter().map(|item| self.fill_node(item)).collect()),
            Value::Map(map) => Value::Map(Map::sorted(map.iter().map(|entry| self.fill_entry(entry)).collect())),
            other => other.clone(),
        };
        Node { span: node.span, value }
    }
}

/// Adds the definitions of the protocol to those of the document.
fn add_components(own: &mut Node, theirs: &Node, diagnostics: &mut Diagnostics) {
    for section in theirs.as_map().into_iter().flat_map(Map::iter) {
        let Value::Map(sections) = &mut own.value else { return };
        match sections.get_mut(&section.key) {
            Some(mine) => add_all(mine, &section.node, diagnostics),
            None => insert(own, section.clone(), None, diagnostics),
        }
    }
}

/// Adds the members of the protocol to those of the document.
fn add_all(own: &mut Node, theirs: &Node, diagnostics: &mut Diagnostics) {
    for entry in theirs.as_map().into_iter().flat_map(Map::iter) {
        let mine = match &mut own.value {
            Value::Map(map) => map.get_mut(&entry.key),
            _ => None,
        };
        match mine.and_then(|mine| Some((with_examples(&entry.node, mine, false)?, mine))) {
            Some((completed, mine)) => *mine = completed,
            None => insert(own, entry.clone(), None, diagnostics),
        }
    }
}

/// A definition of the protocol, with the examples that the document adds. `None` if the document changes anything else in it. With
/// `names`, the keys are names, not keywords.
fn with_examples(theirs: &Node, own: &Node, names: bool) -> Option<Node> {
    let (their_map, own_map) = (theirs.as_map()?, own.as_map()?);
    let mut entries: Vec<Entry> = their_map.iter().filter(|entry| own_map.get(&entry.key).is_none()).cloned().collect();
    for entry in own_map.iter() {
        let is_examples = entry.key == "examples" && !names;
        let node = match their_map.get(&entry.key) {
            None => is_examples.then(|| entry.node.clone())?,
            Some(known) if is_examples => both(known, &entry.node)?,
            Some(known) => with_examples(known, &entry.node, entry.key == "properties")?,
        };
        entries.push(Entry { node, ..entry.clone() });
    }
    Some(Node { span: theirs.span, value: Value::Map(Map::sorted(entries)) })
}

/// The named examples of both. `None` if they share a name.
fn both(theirs: &Node, own: &Node) -> Option<Node> {
    let (their_map, own_map) = (theirs.as_map()?, own.as_map()?);
    let is_shared = their_map.iter().any(|entry| own_map.get(&entry.key).is_some());
    let entries = their_map.iter().chain(own_map.iter()).cloned().collect();
    (!is_shared).then(|| Node { span: own.span, value: Value::Map(Map::sorted(entries)) })
}

/// Adds a member that the document must not have. `cause` is the document's text about the member, if the document does not name it.
fn insert(own: &mut Node, entry: Entry, cause: Option<Span>, diagnostics: &mut Diagnostics) {
    let Value::Map(map) = &mut own.value else { return };
    if let Some(known) = map.iter().find(|known| known.key == entry.key) {
        let message = format!("duplicate name `{}`: the protocol of `x-sync` defines it", entry.key);
        let is_own = known.key_span.file != entry.key_span.file;
        diagnostics
            .error(cause.filter(|_| !is_own).unwrap_or(known.key_span), message)
            .hint("choose another name, or refer to the definition of the protocol; only `examples` may be added to it");
        return;
    }
    *map = Map::sorted(map.iter().cloned().chain([entry]).collect());
}

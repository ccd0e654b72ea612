//! Completes a contract that has only schemas: a document with `x-sync` at its top gets the paths, messages and accounts of sync from one
//! document, `protocol/sync.yaml`, and the paths of each collection from a template in it.

use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::source::{Entry, Map, Node, Sources, Span, Value};

/// The protocol. Its positions appear in findings under this name.
const NAME: &str = "sync.yaml";
const TEXT: &str = include_str!("../../protocol/sync.yaml");
/// The version of the protocol, as documents name it.
const VERSION: &str = "1.1";

/// Completes the document, and returns whether the document uses `x-sync: { protocol }`.
pub fn complete(root: usize, sources: &mut Sources, diagnostics: &mut Diagnostics) -> bool {
    let Some(document) = sources.root(root) else { return false };
    let Some(asked) = document.get("x-sync") else { return false };
    check(asked, diagnostics);
    let document = document.clone();
    let id = sources.add(Path::new(NAME), TEXT.as_bytes(), diagnostics);
    let Some(protocol) = sources.root(id) else { return false };
    let completed = completed(&document, protocol, diagnostics);
    sources.replace_root(root, completed);
    true
}

fn check(asked: &Node, diagnostics: &mut Diagnostics) {
    let unknown = asked.as_map().into_iter().flat_map(Map::iter).find(|entry| entry.key != "protocol");
    if let Some(entry) = unknown {
        diagnostics.error(entry.key_span, format!("unknown member `{}` of `x-sync`", entry.key)).hint("available: protocol");
    }
    if asked.get("protocol").and_then(Node::as_str) != Some(VERSION) {
        let message = "`x-sync` at the top of a document needs `protocol`, the version of the protocol";
        diagnostics.error(asked.span, message).hint(format!("write `x-sync: {{ protocol: '{VERSION}' }}`"));
    }
}

fn completed(document: &Node, protocol: &Node, diagnostics: &mut Diagnostics) -> Node {
    let mut entries: Vec<Entry> =
        document.as_map().into_iter().flat_map(Map::iter).filter(|entry| entry.key != "x-sync").cloned().collect();
    let collections = collections(document);
    for part in protocol.as_map().into_iter().flat_map(Map::iter) {
        let own = entries.iter().position(|entry| entry.key == part.key);
        match (part.key.as_str(), own) {
            ("x-each-collection" | "openapi" | "info", _) => {}
            ("paths" | "components", Some(own)) => merge(&mut entries[own].node, &part.node, part.key == "components", diagnostics),
            ("tags", Some(own)) => extend(&mut entries[own].node, &part.node),
            (_, Some(_)) => {}
            (_, None) => entries.push(part.clone()),
        }
    }
    let template = protocol.get("x-each-collection").and_then(Node::as_map);
    for collection in &collections {
        for item in template.into_iter().flat_map(Map::iter) {
            add(&mut entries, "paths", |paths| insert(paths, collection.fill_entry(item), Some(collection.path_span), diagnostics));
        }
        add(&mut entries, "tags", |tags| extend(tags, &collection.tag_node()));
    }
    Node { span: document.span, value: Value::Map(Map::sorted(entries)) }
}

/// The values of a collection that the template needs.
struct Collection {
    path: String,
    schema: String,
    description: Option<String>,
    span: Span,
    path_span: Span,
}

/// The schemas with `x-sync`. Those whose `x-sync` has mistakes are reported later.
fn collections(document: &Node) -> Vec<Collection> {
    let schemas = document.get("components").and_then(|components| components.get("schemas")).and_then(Node::as_map);
    let found = schemas.into_iter().flat_map(Map::iter).filter_map(|entry| {
        let path_node = entry.node.get("x-sync")?.get("path")?;
        let (path, path_span) = (path_node.as_str()?.to_owned(), path_node.span);
        let description = entry.node.get("description").and_then(Node::as_str).map(str::to_owned);
        Some(Collection { path, schema: entry.key.clone(), description, span: entry.node.span, path_span })
    });
    found.collect()
}

impl Collection {
    /// The name of its group of operations: the path in words.
    fn tag(&self) -> String {
        let words = self.path.replace('-', " ");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    /// The list with its tag.
    fn tag_node(&self) -> Node {
        let node = |value| Node { span: self.span, value };
        let text = |key: &str, text: String| Entry { key: key.to_owned(), key_span: self.span, node: node(Value::String(text)) };
        let mut members = vec![text("name", self.tag())];
        members.extend(self.description.clone().map(|about| text("description", about)));
        node(Value::List(vec![node(Value::Map(Map::sorted(members)))]))
    }

    fn fill(&self, text: &str) -> String {
        text.replace("${path}", &self.path).replace("${Schema}", &self.schema).replace("${tag}", &self.tag())
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

/// Changes the value of a key, which is there: the protocol has it.
fn add(entries: &mut [Entry], key: &str, change: impl FnOnce(&mut Node)) {
    if let Some(entry) = entries.iter_mut().find(|entry| entry.key == key) {
        change(&mut entry.node);
    }
}

/// Adds the members of the protocol to those of the document; `deep` also to those of its members.
fn merge(own: &mut Node, theirs: &Node, deep: bool, diagnostics: &mut Diagnostics) {
    for entry in theirs.as_map().into_iter().flat_map(Map::iter) {
        let mine = match &mut own.value {
            Value::Map(map) if deep => map.get_mut(&entry.key),
            _ => None,
        };
        match mine {
            Some(mine) => merge(mine, &entry.node, false, diagnostics),
            None => insert(own, entry.clone(), None, diagnostics),
        }
    }
}

/// Adds a member that the document must not have. `cause` is what the document says of the member, if it does not name it.
fn insert(own: &mut Node, entry: Entry, cause: Option<Span>, diagnostics: &mut Diagnostics) {
    let Value::Map(map) = &mut own.value else { return };
    if let Some(known) = map.iter().find(|known| known.key == entry.key) {
        let message = format!("duplicate name `{}`: the protocol of `x-sync` defines it", entry.key);
        let is_own = known.key_span.file != entry.key_span.file;
        diagnostics
            .error(cause.filter(|_| !is_own).unwrap_or(known.key_span), message)
            .hint("choose another name, or refer to the definition of the protocol");
        return;
    }
    *map = Map::sorted(map.iter().cloned().chain([entry]).collect());
}

fn extend(own: &mut Node, theirs: &Node) {
    if let Value::List(items) = &mut own.value {
        items.extend(theirs.as_list().unwrap_or_default().iter().cloned());
    }
}

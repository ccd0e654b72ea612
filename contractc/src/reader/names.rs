//! Names the schemas that the document does not name: the instances that `x-bind` and `x-any-collection` create.

use std::collections::{BTreeSet, VecDeque};

use super::{Bindings, Key, Located, Reader};
use crate::source::{Node, Value};

impl<'a> Reader<'a> {
    /// The subset of `bindings` that applies at a place: the bound schemas that it reaches, directly or through references.
    pub(super) fn reached(&mut self, at: &Located<'a>, bindings: &Bindings) -> Bindings {
        if bindings.is_empty() || at.file != self.root {
            return Vec::new();
        }
        bindings.iter().filter(|(name, _)| self.reaches(at, name)).cloned().collect()
    }

    fn reaches(&mut self, at: &Located<'a>, name: &str) -> bool {
        let question = (at.pointer.clone(), name.to_owned());
        if let Some(answer) = self.reach.get(&question) {
            return *answer;
        }
        let wanted = format!("#/components/schemas/{name}");
        let mut seen = BTreeSet::new();
        let mut open = VecDeque::from([at.node]);
        let mut found = false;
        while let Some(node) = open.pop_front() {
            let mut references = Vec::new();
            local_references(node, &mut references);
            for reference in references {
                found = found || reference == wanted;
                if seen.insert(reference.to_owned()) {
                    let root = self.sources.root(self.root);
                    open.extend(root.and_then(|root| root.at_pointer(&reference[1..])));
                }
            }
        }
        self.reach.insert(question, found);
        found
    }

    /// A schema of the root document, by JSON pointer.
    pub(super) fn root_schema(&self, pointer: &str) -> Option<Located<'a>> {
        let node = self.sources.root(self.root)?.at_pointer(pointer)?;
        Some(Located { file: self.root, pointer: pointer.to_owned(), node })
    }

    /// Names the instances of named schemas: the names of the bound schemas, followed by the schema's own name.
    pub(super) fn instance_names(&mut self) {
        for (key, id) in &self.ids {
            if let Some(name) = self.instance_name(key) {
                self.contract.names.push((name, *id));
            }
        }
        self.contract.names.sort();
        self.contract.names.dedup();
    }

    fn instance_name(&self, key: &Key) -> Option<String> {
        let name = key.pointer.strip_prefix("/components/schemas/").filter(|name| !name.contains('/'))?;
        if key.file != self.root || key.bindings.is_empty() {
            return None;
        }
        let bound: String = key.bindings.iter().map(|(_, to)| to.as_str()).collect();
        Some(format!("{bound}{name}"))
    }
}

fn local_references<'n>(node: &'n Node, found: &mut Vec<&'n str>) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|item| local_references(item, found)),
        Value::Map(map) => {
            for entry in map.iter() {
                match entry.node.as_str() {
                    Some(text) if entry.key == "$ref" && text.starts_with('#') => found.push(text),
                    _ => local_references(&entry.node, found),
                }
            }
        }
        _ => {}
    }
}

//! Reports conflicts between operations, and features that clients do not support.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::model::{Method, placeholders};
use crate::source::Node;

impl Reader<'_> {
    /// Warns of the servers of a path item or an operation.
    pub(super) fn servers(&mut self, node: &Node) {
        if let Some(servers) = node.get("servers") {
            let hint = "give the client of these operations another base URL";
            self.diagnostics.warning(servers.span, "ignored `servers`: a client sends all operations to its base URL").hint(hint);
        }
    }

    /// Rejects operations that share an `operationId`.
    pub(super) fn unique_ids(&mut self) {
        let mut seen = BTreeSet::new();
        for operation in &mut self.contract.operations {
            if !seen.insert(operation.id.clone()) {
                let message = format!("duplicate operation id `{}`: the operation is named by its method and path", operation.id);
                self.diagnostics.warning(operation.span, message);
                operation.id = format!("{} {}", operation.method.name(), operation.path);
            }
        }
    }

    /// Warns of operations that a server cannot distinguish, because their paths differ only in the names of parameters.
    pub(super) fn equal_paths(&mut self) {
        let mut first: BTreeMap<(Method, String), &str> = BTreeMap::new();
        for operation in &self.contract.operations {
            match first.entry((operation.method, shape(&operation.path))) {
                Entry::Vacant(entry) => _ = entry.insert(&operation.path),
                Entry::Occupied(entry) => {
                    let message =
                        format!("the path `{}` differs from `{}` only in the names of its parameters", operation.path, entry.get());
                    let hint = "a server cannot tell them apart: use one path";
                    self.diagnostics.warning(operation.span, message).hint(hint);
                }
            }
        }
    }
}

/// A path template without the names of its parameters.
fn shape(path: &str) -> String {
    placeholders(path).fold(path.to_owned(), |shape, name| shape.replace(&format!("{{{name}}}"), "{}"))
}

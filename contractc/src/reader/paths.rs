//! Reports conflicts between operations, and features that clients do not support.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::model::{Method, Operation, placeholders};
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

    /// Rejects paths that no request has, and operations that no server can distinguish.
    pub(super) fn check_paths(&mut self) {
        let mut first: BTreeMap<(Method, String), &str> = BTreeMap::new();
        let operations = &self.contract.operations;
        for operation in operations {
            let path = &operation.path;
            if let Some(problem) = impossible_path(operation) {
                self.diagnostics.error(operation.span, format!("invalid path `{path}`: {problem}"));
                continue;
            }
            if operation.template() != path {
                let message = format!("the path `{path}` is sent as `{}`: a URL is sent without its fragment", operation.template());
                let warning = self.diagnostics.warning(operation.span, message);
                if operations.iter().filter(|other| other.route() == operation.route()).nth(1).is_some() {
                    warning.hint("of several operations with one method and path, a server has only the first");
                }
                continue;
            }
            match first.entry(operation.route()) {
                Entry::Vacant(entry) => _ = entry.insert(path),
                Entry::Occupied(entry) => {
                    let message = match *entry.get() {
                        // Dot segments have been removed from both.
                        first if first == path => format!("another path is also `{path}` for a server"),
                        first => format!("the path `{path}` is the same as `{first}` for a server"),
                    };
                    let hint = "use one path: names of parameters, the order of a query, dot segments and needless percent-encoding make no difference";
                    self.diagnostics.error(operation.span, message).hint(hint);
                }
            }
        }
    }
}

/// The reason why no request can have the path of an operation.
fn impossible_path(operation: &Operation) -> Option<&'static str> {
    let template = operation.template();
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    let names: Vec<&str> = placeholders(path).collect();
    if path.matches('{').count() != names.len() || path.matches('}').count() != names.len() {
        let is_cut = path.rfind('{') > path.rfind('}') && path.len() < operation.path.len();
        return Some(if is_cut { "a parameter's name has `?` or `#`, which ends a path" } else { "unbalanced brace" });
    }
    if names.iter().any(|name| name.contains('/')) {
        return Some("a parameter's name has `/`, which ends a segment");
    }
    if query.contains(['{', '}']) {
        return Some("a parameter in the query, which `in: query` declares");
    }
    let distinct: BTreeSet<&&str> = names.iter().collect();
    (distinct.len() != names.len()).then_some("a parameter appears twice")
}

//! Reads the vendor extensions that turn a contract into a sync contract.

use super::{Bindings, Located, Reader};
use crate::model::{Collection, Comparison, Index, Method, Operation, Route, Rule, Schema, SchemaId, Sign, UnionTag};
use crate::runtime::check::Types;
use crate::runtime::format::Format;
use crate::source::{Node, Span, Value, unescaped};

const SYNC_MEMBERS: [&str; 6] = ["indexes", "naturalKey", "parents", "path", "since", "singleton"];

impl<'a> Reader<'a> {
    /// Reads every `x-sync`. This runs before any schema is read, so that the collections are known.
    pub(super) fn collections(&mut self, root: &Located<'a>) {
        if let Some(namespace) = root.node.get("x-namespace") {
            self.contract.namespace = namespace.as_str().filter(|text| Format::Uuid.matches(text)).map(str::to_owned);
            if self.contract.namespace.is_none() {
                self.diagnostics.error(namespace.span, "invalid `x-namespace`: expected a UUID");
            }
        }
        let schemas = root.get("components").and_then(|components| components.get("schemas"));
        for (name, schema) in schemas.iter().flat_map(Located::entries) {
            if let Some(sync) = schema.get("x-sync") {
                self.collection(name, sync.node);
            }
        }
        self.contract.collections.sort_by(|left, right| left.path.cmp(&right.path));
    }

    fn collection(&mut self, schema_name: &str, node: &Node) {
        let Some(map) = node.as_map() else {
            self.diagnostics.error(node.span, format!("invalid `x-sync`: expected a mapping, found {}", node.kind()));
            return;
        };
        for entry in map.iter().filter(|entry| !SYNC_MEMBERS.contains(&entry.key.as_str())) {
            let message = format!("unknown member `{}` of `x-sync`", entry.key);
            self.diagnostics.error(entry.key_span, message).hint(format!("available: {}", SYNC_MEMBERS.join(", ")));
        }
        let path = self.text(node, "path").unwrap_or_default();
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !path.split('-').all(is_word) {
            self.diagnostics
                .error(node.span, "`x-sync` needs a `path` of lower-case letters and digits, with single hyphens between words");
        }
        self.check_table(&path, node.span);
        if let Some(other) = self.contract.collections.iter().find(|collection| collection.path == path) {
            let message = format!("duplicate collection path `{path}`: the schema `{}` has it", other.schema_name);
            self.diagnostics.error(node.span, message);
        }
        let collection = Collection {
            span: node.span,
            path,
            schema_name: schema_name.to_owned(),
            schema: SchemaId(usize::MAX),
            singleton: self.text(node, "singleton"),
            natural_key: self.text(node, "naturalKey"),
            parents: self.strings(node.get("parents")),
            indexes: self.indexes(node.get("indexes")),
            since: node.get("since").map_or(1, |since| self.version(since)),
            feed: None,
            batch: None,
            record: None,
        };
        self.contract.collections.push(collection);
    }

    /// Rejects a path whose table name in the browser's database collides with another path or with a member of Dexie.
    fn check_table(&mut self, path: &str, span: Span) {
        let table = table_name(path);
        if let Some(other) = self.contract.collections.iter().find(|other| other.path != path && table_name(&other.path) == table) {
            let message = format!("the paths `{path}` and `{}` have the same table in a browser, `{table}`", other.path);
            self.diagnostics.error(span, message);
        } else if DEXIE_MEMBERS.contains(&table.as_str()) {
            let message = format!("`{path}` cannot be a collection: a browser's database already has a member `{table}`");
            self.diagnostics.error(span, message).hint("use another path, such as the plural");
        }
    }

    fn indexes(&mut self, node: Option<&Node>) -> Vec<Index> {
        let Some(node) = node else { return Vec::new() };
        let Some(list) = node.as_list() else {
            self.diagnostics.error(node.span, format!("invalid `indexes`: expected a list, found {}", node.kind()));
            return Vec::new();
        };
        let mut indexes: Vec<Index> = Vec::new();
        for item in list {
            let index = self.index(item);
            // Dexie writes indexes as one text, in which these characters have a meaning.
            let is_name = |name: &String| !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "&*+[],.".contains(c));
            if index.members.is_empty() || !index.members.iter().all(is_name) {
                let message = format!("invalid index {}: IndexedDB cannot index such a member", item.to_json());
                self.diagnostics.error(item.span, message);
            } else if indexes.contains(&index) {
                self.diagnostics.error(item.span, format!("the index {} is listed twice", item.to_json()));
            } else {
                indexes.push(index);
            }
        }
        indexes
    }

    fn version(&mut self, node: &Node) -> u64 {
        let version = match node.value {
            Value::Number(number) => number.to_u64().filter(|version| *version > 0),
            _ => None,
        };
        version.unwrap_or_else(|| {
            self.diagnostics.error(node.span, format!("invalid `since`: expected a version of at least 1, found {}", node.to_json()));
            1
        })
    }

    /// Reads an index: `name`, `'*name'` for one entry per array item, or a list of names.
    fn index(&mut self, node: &Node) -> Index {
        match node.as_str() {
            Some(text) => {
                let multi = text.starts_with('*');
                Index { members: vec![text.trim_start_matches('*').to_owned()], multi }
            }
            None => Index { members: self.strings(Some(node)), multi: false },
        }
    }

    fn strings(&mut self, node: Option<&Node>) -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        let Some(list) = node.as_list() else {
            self.diagnostics.error(node.span, format!("expected a list of names, found {}", node.kind()));
            return Vec::new();
        };
        list.iter().filter_map(Node::as_str).map(str::to_owned).collect()
    }

    /// Links collections to their schemas, checks the members that they name, and orders parents before children.
    pub(super) fn finish_collections(&mut self) {
        let mut collections = std::mem::take(&mut self.contract.collections);
        for collection in &mut collections {
            if let Some(id) = self.contract.named(&collection.schema_name) {
                collection.schema = id;
            }
            let operations = &self.contract.operations;
            collection.feed = route(operations, collection, &[Method::Get], |rest| rest.is_empty());
            collection.batch = route(operations, collection, &[Method::Post], |rest| !rest.is_empty() && !rest.contains('{'));
            let record = [Method::Get, Method::Put, Method::Delete];
            collection.record = route(operations, collection, &record, |rest| rest.starts_with('{') && rest.ends_with('}'));
        }
        for collection in &collections {
            let span = collection.span;
            for parent in collection.parents.iter().filter(|parent| !collections.iter().any(|other| other.path == **parent)) {
                self.diagnostics.error(span, format!("`{}` has the parent `{parent}`, which is not a collection", collection.path));
            }
            self.check_indexes(collection);
            if let Some(key) = collection.natural_key.as_ref().filter(|key| self.contract.member_schemas(collection.schema, key).is_empty())
            {
                self.diagnostics.error(span, format!("`{}` has the natural key `{key}`, which is not a member", collection.path));
            }
        }
        while !collections.is_empty() {
            let ready = |candidate: &Collection| !collections.iter().any(|other| candidate.parents.contains(&other.path));
            let Some(index) = collections.iter().position(ready) else {
                let names: Vec<_> = collections.iter().map(|collection| collection.path.as_str()).collect();
                self.diagnostics.error(collections[0].span, format!("the parents of {} form a cycle", names.join(", ")));
                break;
            };
            self.contract.collections.push(collections.remove(index));
        }
    }

    /// Checks that each indexed member exists in at least one variant of the records and is not a boolean, because a local database cannot
    /// index booleans.
    fn check_indexes(&mut self, collection: &Collection) {
        let span = collection.span;
        for member in collection.indexes.iter().flat_map(|index| &index.members) {
            let found = self.contract.member_schemas(collection.schema, member);
            if found.is_empty() {
                self.diagnostics.error(span, format!("`{}` has an index over `{member}`, which is not a member", collection.path));
            }
            for (types, name) in [(Types::BOOLEAN, "boolean"), (Types::OBJECT, "object")] {
                let is_such = |id: &SchemaId| self.contract.schema(self.contract.resolved(*id)).types == Some(types);
                if found.iter().any(is_such) {
                    let message = format!("`{}` has an index over the {name} `{member}`", collection.path);
                    self.diagnostics.error(span, message).hint(format!("IndexedDB cannot index {name}s: use a string or an integer"));
                }
            }
        }
    }

    /// Reads `x-ref`.
    pub(super) fn collection_name(&mut self, node: &Node) -> Option<String> {
        let listed: Vec<_> = self.contract.collections.iter().map(|collection| collection.path.as_str()).collect();
        let message = match node.as_str() {
            Some(name) if listed.contains(&name) => return Some(name.to_owned()),
            Some(name) => format!("`x-ref` names `{name}`, which is not a collection"),
            None => format!("invalid `x-ref`: expected the name of a collection, found {}", node.kind()),
        };
        self.diagnostics.error(node.span, message).hint(format!("available: {}", listed.join(", ")));
        None
    }

    /// Reads `x-rules`.
    pub(super) fn rules(&mut self, value: &Located<'a>, schema: &mut Schema) {
        for item in value.items() {
            let rule = item.node.as_str().and_then(|text| parse_rule(text, item.node.span));
            match rule {
                Some(rule) => schema.rules.push(rule),
                None => {
                    let message = "invalid rule; expected `field op field`, optionally followed by `+ field` or `- field`";
                    self.diagnostics
                        .error(item.node.span, message)
                        .hint("for example `endTime >= startTime`; op is one of == != < <= > >=");
                }
            }
        }
        if value.node.as_list().is_none() {
            self.diagnostics.error(value.node.span, format!("invalid `x-rules`: expected a list, found {}", value.node.kind()));
        }
    }

    /// Rejects a rule over a member that is undeclared or not a number: such a rule would never apply.
    pub(super) fn check_rules(&mut self) {
        for index in 0..self.contract.schemas.len() {
            for rule in self.contract.schemas[index].rules.clone() {
                let offset = rule.offset.as_ref().map(|(_, field)| field);
                for field in [&rule.left, &rule.right].into_iter().chain(offset) {
                    self.check_rule_field(SchemaId(index), field, rule.span);
                }
            }
        }
    }

    fn check_rule_field(&mut self, schema: SchemaId, field: &str, span: Span) {
        let found = self.contract.member_schemas(schema, field);
        if found.is_empty() {
            self.diagnostics.error(span, format!("the rule uses `{field}`, which is not a member of this schema"));
            return;
        }
        let numeric = |types: Types| types.contains(Types::NUMBER) || types.contains(Types::INTEGER);
        let is_other = |id: &SchemaId| {
            self.contract.all_of_closure(*id).iter().any(|part| self.contract.schema(*part).types.is_some_and(|types| !numeric(types)))
        };
        if found.iter().any(is_other) {
            self.diagnostics.error(span, format!("the rule compares `{field}`, which is not a number"));
        }
    }

    /// Turns a schema with `x-any-collection: { member, bind }` into a union over all collections, discriminated by `member`.
    pub(super) fn any_collection(&mut self, here: &Located<'a>, bindings: &Bindings, schema: &mut Schema) -> bool {
        let Some(extension) = here.node.get("x-any-collection") else { return false };
        let (Some(member), Some(bind)) = (self.text(extension, "member"), self.text(extension, "bind")) else {
            let message =
                "`x-any-collection` needs `member`, which names the collection, and `bind`, the schema that represents its records";
            self.diagnostics.error(extension.span, message);
            return true;
        };
        self.count("x-any-collection", crate::model::KeywordRole::Enforced);
        schema.annotations.description = self.text(here.node, "description");
        schema.any_collection = here.pointer.rsplit('/').next().map(unescaped);
        let collections: Vec<_> =
            self.contract.collections.iter().map(|collection| (collection.path.clone(), collection.schema_name.clone())).collect();
        let mut values = Vec::with_capacity(collections.len());
        for (path, name) in collections {
            let mut bindings = bindings.clone();
            bindings.push((bind.clone(), name));
            let instance = self.keyed(here, bindings, Some((member.clone(), path.clone())));
            schema.one_of.push(instance);
            values.push(vec![path.into()]);
        }
        schema.tag = Some(UnionTag { member, values, by_discriminator: false });
        true
    }
}

/// The table of a collection in a browser's database: `workout-logs` is `workoutLogs`.
fn table_name(path: &str) -> String {
    let mut words = path.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |table, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        table + &initial.to_ascii_uppercase() + rest
    })
}

/// The members of Dexie's databases that a table would hide, or that would hide a table.
const DEXIE_MEMBERS: [&str; 20] = [
    "close",
    "constructor",
    "core",
    "delete",
    "dynamicallyOpened",
    "hasBeenClosed",
    "hasFailed",
    "isOpen",
    "name",
    "on",
    "once",
    "open",
    "table",
    "tables",
    "transaction",
    "unuse",
    "use",
    "verno",
    "version",
    "vip",
];

/// The path below the collection's own path whose last segment satisfies `fits`, with its operations that use one of `methods`. The
/// first method is mandatory. Only path items that bind the collection's schema are considered.
fn route(operations: &[Operation], collection: &Collection, methods: &[Method], fits: impl Fn(&str) -> bool) -> Option<Route> {
    let own = format!("/{}/", collection.path);
    let is_route = |operation: &&Operation| {
        let path = format!("{}/", operation.path);
        let last = path.find(&own).map(|at| path[at + own.len()..].trim_end_matches('/').to_owned());
        operation.bound.contains(&collection.schema_name) && last.is_some_and(|last| !last.contains('/') && fits(&last))
    };
    let path = &operations.iter().filter(is_route).find(|operation| methods.first() == Some(&operation.method))?.path;
    let here = operations.iter().filter(|operation| operation.path == *path && methods.contains(&operation.method));
    Some(Route { path: path.clone(), operations: here.map(|operation| (operation.method, operation.id.clone())).collect() })
}

fn parse_rule(text: &str, span: Span) -> Option<Rule> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (left, symbol, right, rest) = match words.as_slice() {
        [left, symbol, right, rest @ ..] => (left, symbol, right, rest),
        _ => return None,
    };
    let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.symbol() == *symbol)?;
    let offset = match rest {
        [] => None,
        ["+", field] => Some((Sign::Plus, (*field).to_owned())),
        ["-", field] => Some((Sign::Minus, (*field).to_owned())),
        _ => return None,
    };
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let names_fine = is_name(left) && is_name(right) && offset.as_ref().is_none_or(|(_, field)| is_name(field));
    names_fine.then(|| Rule { span, text: words.join(" "), left: (*left).to_owned(), comparison, right: (*right).to_owned(), offset })
}

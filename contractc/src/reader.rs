//! Reads documents into the model: loads every file, follows every reference, normalizes dialects, and reports what it does not enforce.

mod bases;
mod complete;
mod conjunctions;
mod cycles;
mod files;
mod identifiers;
mod info;
mod keys;
mod loose_keywords;
mod names;
mod objects;
mod operations;
mod parameters;
mod paths;
mod protocol;
mod schemas;
mod security;
mod self_references;
mod several_types;
mod stated;
mod sync;
mod unions;
mod unsatisfiable;
mod views;
mod wire;

pub use schemas::{KeywordHandling, keyword_handling};

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::model::{Contract, KeywordRole, KeywordUse, Schema, SchemaId};
use crate::runtime::check::Types;
use crate::runtime::report::escaped;
use crate::source::{Map, Node, Sources, Value, index_of, unescaped};
use files::load_references;
use identifiers::percent_decoded;
use objects::Object;

/// Reads a document and all files that it refers to.
///
/// # Errors
/// Returns the error of reading the first file. Every other problem becomes a diagnostic.
pub fn read(path: &Path, sources: &mut Sources, diagnostics: &mut Diagnostics) -> std::io::Result<Option<Contract>> {
    let root = sources.load(path, diagnostics)?;
    Ok(read_loaded(root, sources, diagnostics))
}

/// Reads a document that is already loaded, and all files that it refers to. Returns `None` if there were errors.
pub fn read_loaded(root: usize, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Contract> {
    let is_completed = protocol::complete(root, sources, diagnostics);
    let dialect = dialect(sources.root(root)?, diagnostics)?;
    load_references(root, dialect == Dialect::V31, sources, diagnostics);
    let node = sources.root(root)?;
    let mut reader = Reader {
        sources,
        diagnostics,
        dialect,
        root,
        contract: Contract::default(),
        ids: BTreeMap::new(),
        queue: VecDeque::new(),
        reach: BTreeMap::new(),
        stated: Vec::new(),
    };
    reader.document(node);
    let Reader { mut contract, .. } = reader;
    contract.completed = is_completed.then(|| node.to_json());
    (!diagnostics.has_errors()).then_some(contract)
}

/// The keys whose texts are only for people, or have a default.
const FOR_PEOPLE: [&str; 4] = ["description", "summary", "title", "version"];

/// The maximum number of references followed in a chain.
const HOPS_MAX: usize = 32;

/// The dialect, which determines the meaning of keywords.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    V30,
    /// The dialect of OpenAPI 3.1 and 3.2.
    V31,
}

fn dialect(root: &Node, diagnostics: &mut Diagnostics) -> Option<Dialect> {
    if let Some(swagger) = root.get("swagger") {
        let message = "unsupported version: Swagger 2.0; OpenAPI 3.0, 3.1 and 3.2 are supported";
        diagnostics.error(swagger.span, message).hint("convert it first, for example with swagger2openapi");
        return None;
    }
    let Some(version) = root.get("openapi") else {
        diagnostics.error(root.span, "this is not an OpenAPI document: it has no `openapi` member").hint("add `openapi: 3.1.0`");
        return None;
    };
    let text = version.as_str().map(str::to_owned).unwrap_or_else(|| version.to_json().to_string());
    match text.get(..3) {
        Some("3.0") => Some(Dialect::V30),
        // Additions of OpenAPI 3.2 are reported where they are used.
        Some("3.1" | "3.2") => Some(Dialect::V31),
        _ => {
            diagnostics.error(version.span, format!("unsupported version: OpenAPI {text}; 3.0, 3.1 and 3.2 are supported"));
            None
        }
    }
}

/// A node and its location.
#[derive(Clone)]
struct Located<'a> {
    file: usize,
    pointer: String,
    node: &'a Node,
}

impl<'a> Located<'a> {
    fn child(&self, key: &str, node: &'a Node) -> Located<'a> {
        let pointer = format!("{}/{}", self.pointer, escaped(key));
        Located { file: self.file, pointer, node }
    }

    fn get(&self, key: &str) -> Option<Located<'a>> {
        self.node.get(key).map(|node| self.child(key, node))
    }

    fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    fn items(&self) -> Vec<Located<'a>> {
        let list = self.node.as_list().unwrap_or_default();
        list.iter().enumerate().map(|(index, node)| self.child(&index.to_string(), node)).collect()
    }

    fn entries(&self) -> Vec<(&'a str, Located<'a>)> {
        let map = self.node.as_map();
        map.into_iter().flat_map(Map::iter).map(|entry| (entry.key.as_str(), self.child(&entry.key, &entry.node))).collect()
    }
}

/// The schema names that `x-bind` replaces within a path item, with their replacements, as sorted pairs.
type Bindings = Vec<(String, String)>;

/// Identifies a schema of the model: its location, the bindings that apply to it, and the collection that it is narrowed to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    file: usize,
    pointer: String,
    bindings: Bindings,
    collection: Option<(String, String)>,
}

struct Job<'a> {
    id: SchemaId,
    key: Key,
    node: &'a Node,
}

struct Reader<'a> {
    sources: &'a Sources,
    diagnostics: &'a mut Diagnostics,
    dialect: Dialect,
    root: usize,
    contract: Contract,
    ids: BTreeMap<Key, SchemaId>,
    queue: VecDeque<Job<'a>>,
    /// Whether a schema of the root document, given by its pointer, reaches a name.
    reach: BTreeMap<(String, String), bool>,
    /// The values that schemas state in `default`, `const` and `enum`.
    stated: Vec<stated::Stated<'a>>,
}

impl<'a> Reader<'a> {
    fn document(&mut self, node: &'a Node) {
        let root = Located { file: self.root, pointer: String::new(), node };
        self.unknown_keys(node, &objects::DOCUMENT);
        if let Some(info) = node.get("info") {
            self.unknown_keys(info, &objects::INFO);
        }
        if let Some(components) = node.get("components") {
            self.kinds_of_sections(components);
        }
        self.collections(&root);
        self.info(&root);
        for (name, schema) in self.section(&root, "schemas").iter().flat_map(Located::entries) {
            let id = self.schema(&schema, &Vec::new());
            self.contract.names.push((name.to_owned(), id));
        }
        self.drain();
        self.operations(&root);
        self.drain();
        self.drop_self_references();
        self.bases_of_variants();
        if !self.reject_cycles() {
            // The later steps follow the references, and must not follow a cycle.
            return;
        }
        self.bases_without_variants();
        self.instance_names();
        self.finish_collections();
        self.check_rules();
        self.check_operations();
        self.views();
        self.union_tags();
        self.check_stated();
        self.check_rust_types();
        let count = self.contract.schemas.len();
        let mut budget = self.complete_unions();
        self.conjunctions(&mut budget);
        self.unsatisfiable(count);
    }

    /// A section of `components`. Documents of several files often have a reference in place of the section or of `components`.
    fn section(&mut self, root: &Located<'a>, name: &str) -> Option<Located<'a>> {
        let components = self.followed(root.get("components")?)?;
        self.followed(components.get(name)?)
    }

    /// The string value of a member. Any other type is reported, as an error unless the text is only for people.
    fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let member = node.get(key)?;
        match &member.value {
            Value::String(text) => Some(text.trim_end().to_owned()),
            Value::Null => None,
            // YAML parses unquoted titles such as 2024 as numbers.
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _ if FOR_PEOPLE.contains(&key) => {
                self.diagnostics.warning(member.span, format!("ignored `{key}`: expected a string, found {}", member.kind()));
                None
            }
            _ => {
                self.diagnostics.error(member.span, format!("invalid `{key}`: expected a string, found {}", member.kind()));
                None
            }
        }
    }

    fn flag(&mut self, node: &Node, key: &str) -> bool {
        let Some(member) = node.get(key) else { return false };
        member.as_bool().unwrap_or_else(|| {
            self.diagnostics.error(member.span, format!("invalid `{key}`: expected true or false, found {}", member.kind()));
            false
        })
    }

    /// Counts a use of the keyword for `COVERAGE.md`.
    fn count(&mut self, keyword: &str, role: KeywordRole) {
        let entry = self.contract.keywords.entry(keyword.to_owned());
        entry.or_insert(KeywordUse { count: 0, role }).count += 1;
    }

    /// Resolves a reference to its target.
    fn resolve(&mut self, from: usize, reference: &Node) -> Option<Located<'a>> {
        self.resolve_after(from, reference, 0)
    }

    /// Like `resolve`, after `hops` references have been followed already.
    fn resolve_after(&mut self, from: usize, reference: &Node, hops: usize) -> Option<Located<'a>> {
        let Some(text) = reference.as_str() else {
            self.diagnostics.error(reference.span, format!("invalid reference: expected a string, found {}", reference.kind()));
            return None;
        };
        // A file that could not be read or parsed has been reported already.
        let (_, root, fragment) = self.file_of(from, text)?;
        let pointer = percent_decoded(fragment);
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let message = format!("`{text}` does not exist: no schema has `$anchor: {pointer}`");
            let hint = match self.dialect {
                Dialect::V30 => "refer by JSON pointer: `#/components/schemas/Name`; OpenAPI 3.0 has no anchors",
                Dialect::V31 => "an anchor has its name within its file and its `$id`; `#/components/schemas/Name` works everywhere",
            };
            self.diagnostics.error(reference.span, message).hint(hint);
            return None;
        }
        let target = self.target(from, text, hops);
        if target.is_none() {
            let message = format!("`{text}` does not exist");
            let hint = self.similar_target(root, &pointer);
            let diagnostic = self.diagnostics.error(reference.span, message);
            if let Some(hint) = hint {
                diagnostic.hint(hint);
            }
        }
        target
    }

    /// The file that a reference names, with its root, and the fragment of the reference.
    fn file_of<'t>(&self, from: usize, text: &'t str) -> Option<(usize, &'a Node, &'t str)> {
        let (name, fragment) = text.split_once('#').unwrap_or((text, ""));
        let file = if name.is_empty() { from } else { self.sources.find(&self.sources.resolve(from, &percent_decoded(name)))? };
        Some((file, self.sources.root(file)?, fragment))
    }

    /// The target of a reference by JSON pointer, if it exists.
    fn target(&mut self, from: usize, text: &str, hops: usize) -> Option<Located<'a>> {
        let (file, node, fragment) = self.file_of(from, text)?;
        let start = || Located { file, pointer: String::new(), node };
        let pointer = percent_decoded(fragment);
        let target = self.walk(start(), &pointer, hops);
        // Some generators, such as tsoa, encode the names themselves, and refer to them as they are.
        if target.is_none() && pointer != fragment { self.walk(start(), fragment, hops) } else { target }
    }

    /// Follows a JSON pointer, including references on the way.
    fn walk(&mut self, from: Located<'a>, pointer: &str, hops: usize) -> Option<Located<'a>> {
        let mut at = from;
        for token in pointer.split('/').skip(1) {
            let token = unescaped(token);
            let next = match &at.node.value {
                Value::List(list) => index_of(&token).and_then(|index| list.get(index)),
                _ => at.node.get(&token),
            };
            at = match (next, at.node.get("$ref")) {
                (Some(next), _) => at.child(&token, next),
                (None, Some(reference)) if hops < HOPS_MAX && reference.as_str().is_some() => {
                    let target = self.resolve_after(at.file, reference, hops + 1)?;
                    self.walk(target, &format!("/{}", escaped(&token)), hops + 1)?
                }
                _ => return None,
            };
        }
        Some(at)
    }

    fn similar_target(&self, root: &Node, pointer: &str) -> Option<String> {
        let (parent, wanted) = pointer.rsplit_once('/')?;
        let siblings = root.at_pointer(parent)?.as_map()?;
        let close = siblings.iter().min_by_key(|entry| strsim::damerau_levenshtein(&entry.key, wanted))?;
        (strsim::damerau_levenshtein(&close.key, wanted) <= 3).then(|| format!("did you mean `#{parent}/{}`?", close.key))
    }

    /// Follows `$ref`s that replace the object itself, as in parameters and responses. A written `null` means that there is none.
    fn dereference(&mut self, at: Located<'a>, object: &Object) -> Option<Located<'a>> {
        if matches!(at.node.value, Value::Null) && !self.is_left_out(at.node) {
            self.diagnostics.warning(at.node.span, format!("ignored: {} is null", object.name())).hint("leave it out");
            return None;
        }
        self.unknown_keys(at.node, object);
        let is_reference = at.node.get("$ref").is_some();
        let found = self.followed(at)?;
        if is_reference {
            self.unknown_keys(found.node, object);
        }
        Some(found)
    }

    /// Follows `$ref`s that replace a mapping of any names.
    fn followed(&mut self, at: Located<'a>) -> Option<Located<'a>> {
        let mut at = at;
        for _ in 0..HOPS_MAX {
            match at.node.get("$ref") {
                Some(reference) if reference.as_str().is_some() => at = self.resolve(at.file, reference)?,
                _ => return Some(at),
            }
        }
        self.diagnostics.error(at.node.span, "these references form a cycle");
        None
    }

    /// The members of a mapping by name, in whose place a reference may stand.
    fn members(&mut self, at: &Located<'a>, key: &str) -> Vec<(&'a str, Located<'a>)> {
        at.get(key).and_then(|map| self.followed(map)).map(|map| map.entries()).unwrap_or_default()
    }

    /// The id of the schema at a location. Its content is read later, from the queue.
    fn schema(&mut self, at: &Located<'a>, bindings: &Bindings) -> SchemaId {
        self.keyed(at, bindings.clone(), None)
    }

    fn keyed(&mut self, at: &Located<'a>, bindings: Bindings, collection: Option<(String, String)>) -> SchemaId {
        let key = Key { file: at.file, pointer: at.pointer.clone(), bindings, collection };
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = SchemaId(self.contract.schemas.len());
        let pointer = self.full_pointer(at.file, &at.pointer);
        self.contract.schemas.push(Schema { span: at.node.span, pointer, ..Schema::default() });
        self.ids.insert(key.clone(), id);
        self.queue.push_back(Job { id, key, node: at.node });
        id
    }

    /// A schema that the document leaves out, for any value or for those of some types.
    fn assumed(&mut self, at: &Located<'a>, types: Option<Types>) -> SchemaId {
        let pointer = self.full_pointer(at.file, &at.pointer);
        self.contract.schemas.push(Schema { span: at.node.span, pointer, types, ..Schema::default() });
        SchemaId(self.contract.schemas.len() - 1)
    }

    /// The pointer as a URI fragment, preceded by the file name for any file other than the root document.
    fn full_pointer(&self, file: usize, pointer: &str) -> String {
        let name = self.sources.file(file).filter(|_| file != self.root).and_then(|file| file.name.rsplit('/').next());
        format!("{}#{pointer}", name.unwrap_or_default())
    }

    fn drain(&mut self) {
        while let Some(job) = self.queue.pop_front() {
            let schema = self.read_schema(&job);
            self.contract.schemas[job.id.0] = schema;
        }
    }
}

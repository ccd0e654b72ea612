//! Finds what `$id`, `$anchor`, `$dynamicAnchor` and `$self` name, and rewrites references by these names to files and JSON pointers, the only form that
//! later steps know.

use std::collections::BTreeMap;

use super::keys::Keys;
use crate::diagnostic::Diagnostics;
use crate::runtime::report::escaped;
use crate::source::{Map, Node, Sources, Span, Value};

/// A reference as written.
pub(super) struct Reference {
    pub(super) text: String,
    pub(super) span: Span,
    file: usize,
    pointer: String,
    /// The URI that the reference is relative to.
    base: String,
    /// Whether it is a `$dynamicRef`.
    is_dynamic: bool,
}

/// A place: a file and a JSON pointer.
type Place = (usize, String);

/// The references of all files, and the schemas that `$id` and `$anchor` name.
#[derive(Default)]
pub(super) struct Identifiers {
    pub(super) references: Vec<Reference>,
    /// Documents and schemas by their URI.
    resources: BTreeMap<String, Place>,
    /// Schemas with `$anchor`, by the URI of the resource and their name.
    anchors: BTreeMap<(String, String), Place>,
    /// The places of a name that several schemas have, by the URI of the resource and the name of the anchor, which is empty for the resource.
    shared: BTreeMap<(String, String), Vec<Place>>,
    /// Schemas with `$dynamicAnchor`, by their name.
    dynamic_anchors: BTreeMap<String, Vec<Place>>,
    /// The URI of each file's root.
    roots: BTreeMap<usize, String>,
}

impl Identifiers {
    /// Adds the references and names of a file.
    pub(super) fn survey(&mut self, file: usize, node: &Node, sources: &Sources) {
        let place = sources.location(file);
        let own = node.get("$self").or_else(|| node.get("$id")).and_then(Node::as_str);
        let root = own.map_or(place.clone(), |own| joined(&place, without_fragment(own)));
        self.resources.insert(place, (file, String::new()));
        self.resources.insert(root.clone(), (file, String::new()));
        self.roots.insert(file, root.clone());
        self.node(file, node, Keys::Words, String::new(), &root);
    }

    fn node(&mut self, file: usize, node: &Node, keys: Keys, pointer: String, base: &str) {
        match &node.value {
            Value::List(list) => {
                list.iter().enumerate().for_each(|(index, item)| self.node(file, item, Keys::Words, format!("{pointer}/{index}"), base));
            }
            Value::Map(map) => self.map(file, map, keys, &pointer, base),
            _ => {}
        }
    }

    fn map(&mut self, file: usize, map: &Map, keys: Keys, pointer: &str, base: &str) {
        let word = |name: &str| map.get(name).filter(|_| keys == Keys::Words).and_then(Node::as_str);
        let own = word("$id").filter(|_| !pointer.is_empty()).map(|id| joined(base, without_fragment(id)));
        if let Some(own) = &own {
            let other = self.resources.insert(own.clone(), (file, pointer.to_owned()));
            self.note_shared((own.clone(), String::new()), other, (file, pointer.to_owned()));
        }
        let base = own.as_deref().unwrap_or(base);
        if let Some(name) = word("$dynamicAnchor") {
            self.dynamic_anchors.entry(name.to_owned()).or_default().push((file, pointer.to_owned()));
        }
        for name in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(word) {
            let key = (base.to_owned(), name.to_owned());
            let other = self.anchors.insert(key.clone(), (file, pointer.to_owned()));
            self.note_shared(key, other, (file, pointer.to_owned()));
        }
        for entry in map.iter() {
            let inner = format!("{pointer}/{}", escaped(&entry.key));
            // A key such as `$ref` is an ordinary member name unless its value is a string.
            match entry.node.as_str() {
                Some(text) if entry.key == "$ref" || (entry.key == "$dynamicRef" && keys == Keys::Words) => {
                    let (text, base, is_dynamic) = (text.to_owned(), base.to_owned(), entry.key == "$dynamicRef");
                    self.references.push(Reference { text, span: entry.node.span, file, pointer: inner, base, is_dynamic });
                }
                _ => {
                    if let Some(keys) = keys.within(&entry.key, &entry.node) {
                        self.node(file, &entry.node, keys, inner, base);
                    }
                }
            }
        }
    }

    /// Keeps both places of a name, if it is already that of another place of the file. Several files may be versions of one document.
    fn note_shared(&mut self, key: (String, String), other: Option<Place>, place: Place) {
        if let Some(other) = other.filter(|other| other.0 == place.0 && *other != place) {
            let places = self.shared.entry(key).or_insert_with(|| vec![other]);
            places.push(place);
        }
    }

    /// Rejects a reference by a name that several schemas have.
    fn check_shared(&self, reference: &Reference, sources: &Sources, diagnostics: &mut Diagnostics) {
        let (name, fragment) = reference.text.split_once('#').unwrap_or((&reference.text, ""));
        let Some(uri) = self.uri(reference, &percent_decoded(name), sources) else { return };
        let fragment = percent_decoded(fragment);
        let by_id = self.shared.get(&(uri.clone(), String::new())).filter(|_| !name.is_empty()).map(|places| ("$id", places));
        let by_anchor = || self.shared.get(&(uri, fragment)).filter(|_| !reference.is_dynamic).map(|places| ("$anchor", places));
        let Some((keyword, places)) = by_id.or_else(by_anchor) else { return };
        let listed: Vec<String> = places
            .iter()
            .map(|(file, pointer)| match sources.file(*file).filter(|_| *file != reference.file) {
                Some(other) => format!("`{}#{pointer}`", other.name),
                None => format!("`#{pointer}`"),
            })
            .collect();
        let message = format!("`{}` can mean several schemas with the same `{keyword}`: {}", reference.text, listed.join(", "));
        diagnostics.error(reference.span, message).hint("give each of them its own name, or refer to one by its JSON pointer");
    }

    /// Replaces the references that use `$id` and `$anchor`, and returns their locations.
    pub(super) fn resolve(&self, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Vec<Span> {
        let mut replaced = Vec::new();
        for reference in &self.references {
            let Some((file, pointer)) = self.target(reference, sources) else { continue };
            self.check_shared(reference, sources, diagnostics);
            if reference.is_dynamic {
                self.check_dynamic(reference, &(file, pointer.clone()), diagnostics);
            }
            let name = if file == reference.file { String::new() } else { sources.location(file) };
            let text = format!("{}#{}", encoded(name.trim_start_matches("file:")), encoded(&pointer));
            sources.replace_text(reference.file, &reference.pointer, text);
            replaced.push(reference.span);
        }
        replaced
    }

    /// Rejects a `$dynamicRef` to one of several schemas with the same `$dynamicAnchor`: which one it means depends on the references that lead
    /// to it. If there is only one, or it refers to another schema, it is like `$ref`.
    fn check_dynamic(&self, reference: &Reference, target: &Place, diagnostics: &mut Diagnostics) {
        let same = self.dynamic_anchors.iter().find(|(_, places)| places.len() > 1 && places.contains(target));
        let Some((name, _)) = same.filter(|(name, _)| reference.text.split_once('#').is_some_and(|(_, fragment)| fragment == *name)) else {
            return;
        };
        let message = format!("`$dynamicRef` can mean any of the schemas with `$dynamicAnchor: {name}`, depending on how it is reached");
        let hint = "refer to one of them with `$ref`; a schema that differs in one member is another schema";
        diagnostics.error(reference.span, message).hint(hint);
    }

    /// The URI of the document or schema that a reference names: relative to its base, otherwise to its file.
    fn uri(&self, reference: &Reference, name: &str, sources: &Sources) -> Option<String> {
        let named = joined(&reference.base, name);
        if self.resources.contains_key(&named) { Some(named) } else { self.by_file(reference, name, sources) }
    }

    fn by_file(&self, reference: &Reference, name: &str, sources: &Sources) -> Option<String> {
        sources.find(&sources.resolve(reference.file, name)).and_then(|file| self.roots.get(&file)).cloned()
    }

    /// The target of a reference that does not already name a file and a pointer.
    fn target(&self, reference: &Reference, sources: &Sources) -> Option<Place> {
        let (name, fragment) = reference.text.split_once('#').unwrap_or((&reference.text, ""));
        let (name, fragment) = (percent_decoded(name), percent_decoded(fragment));
        let uri = self.uri(reference, &name, sources)?;
        let (file, pointer) = self.resources.get(&uri)?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.anchors.get(&(uri, fragment)).cloned();
        }
        let is_plain = pointer.is_empty()
            && (*file == reference.file && name.is_empty() || self.by_file(reference, &name, sources) == Some(uri.clone()));
        let target = format!("{pointer}{fragment}");
        // Many documents with `$id` nevertheless write references relative to the root of the document.
        let exists = sources.root(*file).is_some_and(|root| root.at_pointer(&target).is_some());
        (!is_plain && exists).then_some((*file, target))
    }
}

fn without_fragment(uri: &str) -> &str {
    uri.split('#').next().unwrap_or_default()
}

/// Resolves a reference relative to a URI (RFC 3986, section 5.2), without its fragment.
fn joined(base: &str, reference: &str) -> String {
    let reference = percent_decoded(reference);
    let scheme = |uri: &str| uri.find([':', '/']).filter(|end| uri[*end..].starts_with(':')).map_or(0, |end| end + 1);
    if reference.is_empty() || scheme(&reference) > 1 {
        return if reference.is_empty() { base.to_owned() } else { reference };
    }
    let scheme = scheme(base);
    if reference.starts_with("//") {
        return format!("{}{reference}", &base[..scheme]);
    }
    let path = match base[scheme..].strip_prefix("//") {
        Some(rest) => rest.find('/').map_or(base.len(), |slash| scheme + 2 + slash),
        None => scheme,
    };
    let folder = base[path..].rfind('/').map_or("/", |slash| &base[path..path + slash + 1]);
    let whole = if reference.starts_with('/') { reference } else { format!("{folder}{reference}") };
    let mut segments: Vec<&str> = Vec::new();
    for segment in whole.split('/') {
        match segment {
            "." => {}
            // The first segment is the empty one before the slash; nothing is above it.
            ".." if segments.len() > 1 => _ = segments.pop(),
            ".." if segments == [""] => {}
            _ => segments.push(segment),
        }
    }
    format!("{}{}", &base[..path], segments.join("/"))
}

/// The text of a URI without its escapes.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match code {
            Some(code) if first == b'%' => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Encodes the characters that `percent_decoded` would change, and `#`.
fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn references_are_relative_to_their_base() {
        let base = "https://example.com/schemas/pets/base.json";
        for (reference, meant) in [
            ("", base),
            ("cat.json", "https://example.com/schemas/pets/cat.json"),
            ("./cat.json", "https://example.com/schemas/pets/cat.json"),
            ("../owner.json", "https://example.com/schemas/owner.json"),
            ("../../../owner.json", "https://example.com/owner.json"),
            ("/root.json", "https://example.com/root.json"),
            ("//other.example/x", "https://other.example/x"),
            ("urn:example:x", "urn:example:x"),
            ("a%20b", "https://example.com/schemas/pets/a b"),
        ] {
            assert_eq!(joined(base, reference), meant, "{reference}");
        }
        assert_eq!(joined("file:/contract/api.yaml", "Pet"), "file:/contract/Pet");
        assert_eq!(joined("https://example.com", "Pet"), "https://example.com/Pet");
    }
}

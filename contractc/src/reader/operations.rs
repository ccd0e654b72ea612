//! Reads paths, bodies and responses.

use serde_json::Value as JsonValue;

use super::{Bindings, Located, Reader, loose_keywords, objects};
use crate::model::{Body, EVENTS, Encoding, Header, Media, Method, Operation, Place, Response, Status, Tag, as_sent};
use crate::runtime::check::Types;
use crate::runtime::http::{StatusCode, has_body};
use crate::runtime::report::escaped;
use crate::source::{Map, Node, Span, Value};

impl<'a> Reader<'a> {
    pub(super) fn operations(&mut self, root: &Located<'a>) {
        self.security_schemes(root);
        root.get("security").inspect(|security| _ = self.is_without_sets(security));
        if let Some(webhooks) = root.get("webhooks") {
            self.not_generated("webhooks", webhooks.node);
        }
        self.keep_texts(root.node, "#", &["servers", "webhooks"]);
        for (path, item) in self.members(root, "paths") {
            if path.starts_with('/') {
                self.path_item(root, path, item);
            } else if !path.starts_with("x-") {
                let message = format!("ignored `{path}`: a path starts with `/`");
                self.diagnostics.warning(item.node.span, message).hint(format!("write `/{path}`, or `x-{path}` if it is not a path"));
            }
        }
        self.unique_ids();
        for operation in &self.contract.operations {
            let known = |name: &String| self.contract.tags.iter().any(|tag| tag.name == *name);
            if let Some(name) = operation.tag.as_ref().filter(|name| !known(name)) {
                self.contract.tags.push(Tag { name: name.clone(), description: None });
            }
        }
        let tags: Vec<String> = self.contract.tags.iter().map(|tag| tag.name.clone()).collect();
        let rank = |operation: &Operation| tags.iter().position(|tag| Some(tag) == operation.tag.as_ref()).unwrap_or(tags.len());
        self.contract.operations.sort_by(|left, right| {
            let order = |operation: &Operation| (rank(operation), operation.path.clone(), operation.method);
            order(left).cmp(&order(right))
        });
        self.check_paths();
    }

    fn path_item(&mut self, root: &Located<'a>, path: &str, item: Located<'a>) {
        let items = self.path_items(item);
        for item in items.iter().rev() {
            self.unknown_keys(item.node, &objects::PATH_ITEM);
            self.servers(item.node);
            self.keep_texts(item.node, &format!("#/paths/{}", escaped(path)), &["servers"]);
        }
        // A null beside a `$ref` is ignored: what the reference leads to stays.
        let first = |key: &str| {
            let mut found = items.iter().filter_map(|item| item.get(key));
            let null = found.clone().next();
            found.find(|found| !found.is_null()).or(null)
        };
        let bindings = first("x-bind").map(|bind| self.bindings(&bind)).unwrap_or_default();
        let shared = first("parameters");
        for method in Method::ALL {
            if let Some(at) = first(method.name()).and_then(|at| self.dereference(at, &objects::OPERATION)) {
                self.operation(root, path, method, &at, shared.as_ref(), &bindings);
            }
        }
    }

    /// A path item and those that its `$ref` leads to. They are read as one: `$ref` is a field of a path item, next to its other fields.
    fn path_items(&mut self, item: Located<'a>) -> Vec<Located<'a>> {
        let mut items = vec![item];
        while let Some(last) = items.last()
            && let Some(reference) = last.node.get("$ref")
        {
            let Some(target) = self.resolve(last.file, reference) else { break };
            if items.iter().any(|item| std::ptr::eq(item.node, target.node)) {
                self.diagnostics.error(reference.span, "these references form a cycle");
                break;
            }
            for entry in target.node.as_map().into_iter().flat_map(Map::iter).filter(|entry| entry.key != "$ref") {
                let own = items.iter().find_map(|item| item.node.get(&entry.key));
                if let Some(null) = own.filter(|own| matches!(own.value, Value::Null)) {
                    self.diagnostics.warning(null.span, format!("ignored `{}`: it is null", entry.key)).hint("leave it out");
                } else if let Some(own) = own {
                    let message = format!("`{}` is also in the path item that `$ref` refers to: that one is ignored", entry.key);
                    self.diagnostics.warning(own.span, message).hint("OpenAPI does not define which of them applies; remove one");
                }
            }
            items.push(target);
        }
        items
    }

    /// Keeps the parts that are only compared as text.
    fn keep_texts(&mut self, node: &Node, pointer: &str, keys: &[&str]) {
        for (key, found) in keys.iter().filter_map(|key| Some((key, node.get(key)?))) {
            self.contract.texts.insert(format!("{pointer}/{key}"), (found.span, found.to_json().to_string()));
        }
    }

    /// Reads `x-bind`: which schema replaces which within a path item.
    fn bindings(&mut self, bind: &Located<'a>) -> Bindings {
        let mut bindings = Bindings::new();
        for (from, to) in bind.entries() {
            let name = to.node.as_str().unwrap_or_default();
            let known = |name: &str| self.root_schema(&format!("/components/schemas/{name}")).is_some();
            if known(from) && known(name) {
                bindings.push((from.to_owned(), name.to_owned()));
            } else {
                self.diagnostics
                    .error(to.node.span, format!("`x-bind` names `{from}` and `{name}`; both must be schemas of this document"));
            }
        }
        bindings
    }

    fn operation(
        &mut self,
        root: &Located<'a>,
        path: &str,
        method: Method,
        at: &Located<'a>,
        shared: Option<&Located<'a>>,
        bindings: &Bindings,
    ) {
        self.servers(at.node);
        if let Some(callbacks) = at.node.get("callbacks") {
            self.not_generated("callbacks", callbacks);
        }
        self.keep_texts(at.node, &format!("#/paths/{}/{}", escaped(path), method.name()), &["callbacks", "servers"]);
        let id = self.text(at.node, "operationId").unwrap_or_else(|| format!("{} {path}", method.name()));
        self.check_method(method, at.node.span);
        let body = at.get("requestBody").and_then(|body| self.body(method, body, bindings));
        let mut sent = as_sent(path);
        let operation = Operation {
            span: at.node.span,
            id,
            method,
            parameters: self.parameters(&mut sent, at, shared, bindings),
            path: sent,
            tag: at.get("tags").and_then(|tags| tags.items().first().and_then(|tag| tag.node.as_str().map(str::to_owned))),
            summary: self.text(at.node, "summary"),
            description: self.text(at.node, "description"),
            deprecated: self.flag(at.node, "deprecated"),
            body,
            responses: self.responses(method, at, bindings),
            security: self.required_security(at, root),
            bound: bindings.iter().map(|(_, to)| to.clone()).collect(),
        };
        self.contract.operations.push(operation);
    }

    /// Warns of a method that browsers and Node do not send.
    fn check_method(&mut self, method: Method, span: Span) {
        if method == Method::Trace {
            let hint = "only the Rust client can call the operation";
            self.diagnostics.warning(span, "`fetch` does not send TRACE requests").hint(hint);
        }
    }

    fn body(&mut self, method: Method, at: Located<'a>, bindings: &Bindings) -> Option<Body> {
        let span = at.node.span;
        let at = self.dereference(at, &objects::REQUEST_BODY)?;
        if matches!(method, Method::Get | Method::Head | Method::Trace) {
            let message = format!("a {} request has a body, which `fetch` does not send", method.name().to_ascii_uppercase());
            let hint = "the TypeScript client can call the operation only without a body; declare the operation with POST, or its values as parameters";
            self.diagnostics.warning(span, message).hint(hint);
        }
        let required = self.flag(at.node, "required");
        let description = self.text(at.node, "description");
        Some(Body { required, description, media: self.media(&at, bindings, false) })
    }

    /// The representations of a body. `has_streams` says whether events are read next to JSON.
    fn media(&mut self, at: &Located<'a>, bindings: &Bindings, has_streams: bool) -> Vec<Media> {
        let mut media = Vec::new();
        let Some(contents) = at.get("content").and_then(|content| self.followed(content)) else { return media };
        for (media_type, content) in contents.entries() {
            if !media_type.contains('/') {
                let message = format!("`{media_type}` is not a media type");
                self.diagnostics
                    .warning(content.node.span, message)
                    .hint("expected one such as `application/json`, with the schema below it");
            }
            let Some(content) = self.dereference(content, &objects::MEDIA_TYPE) else { continue };
            let schema = content.get("schema").map(|schema| {
                let bindings = self.reached(&schema, bindings);
                self.schema(&schema, &bindings)
            });
            let examples = self.examples(&content);
            let members = self.members(&content, "encoding");
            let members =
                members.into_iter().filter_map(|(name, at)| Some((name, self.dereference(at, &objects::ENCODING)?))).collect::<Vec<_>>();
            let encodings = self.encodings(&members, media_type);
            let part_types = self.part_types(&members, media_type);
            media.push(Media { span: content.node.span, media_type: media_type.to_owned(), schema, encodings, part_types, examples });
        }
        // JSON comes first, and of its kinds the plain one: the generated code prefers it.
        media.sort_by_key(|media| (!media.is_json(), !media.is_plain_json()));
        self.unused_media(&media, contents.node, has_streams);
        media
    }

    /// Warns of media types other than the first, which the generated code does not use.
    fn unused_media(&mut self, media: &[Media], content: &Node, has_streams: bool) {
        let [first, others @ ..] = media else { return };
        let others = others.iter().filter(|media| !(has_streams && first.is_json() && media.essence() == EVENTS));
        let (same, others): (Vec<_>, Vec<_>) = others.partition(|media| media.is_same_type(first));
        let listed = |media: &[&Media]| media.iter().map(|media| format!("`{}`", media.media_type)).collect::<Vec<_>>().join(", ");
        let schema = |media: &Media| content.get(&media.media_type)?.get("schema").map(Node::to_json);
        let span = content.span;
        if same.iter().any(|media| schema(media) != schema(first)) {
            let message = format!("ignored the schema of {}: it is the media type `{}`", listed(&same), first.media_type);
            self.diagnostics.warning(span, message).hint("give the media type one schema; `charset` makes no difference");
        }
        if !others.is_empty() {
            let message = format!("the generated code uses `{}`; left to the caller: {}", first.media_type, listed(&others));
            self.diagnostics
                .warning(span, message)
                .hint("generated code uses `application/json`, otherwise another JSON media type, otherwise the first by name");
        }
    }

    /// The values of `example` and `examples`.
    pub(super) fn examples(&mut self, at: &Located<'a>) -> Vec<JsonValue> {
        let mut examples: Vec<_> = at.node.get("example").map(Node::to_json).into_iter().collect();
        for (_, example) in self.members(at, "examples") {
            let example = self.dereference(example, &objects::EXAMPLE);
            examples.extend(example.and_then(|example| example.node.get("value").map(Node::to_json)));
        }
        examples
    }

    /// The members of a form whose encoding the contract sets.
    fn encodings(&mut self, members: &[(&str, Located<'a>)], media_type: &str) -> Vec<(String, Encoding)> {
        if !media_type.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
            return Vec::new();
        }
        let mut encodings = Vec::new();
        for (name, at) in members {
            if ["style", "explode", "allowReserved"].iter().any(|key| at.node.get(key).is_some()) {
                encodings.push(((*name).to_owned(), self.encoding(at, Place::Query)));
            }
        }
        encodings
    }

    /// The media types of the members of a form or a multipart body.
    fn part_types(&mut self, members: &[(&str, Located<'a>)], media_type: &str) -> Vec<(String, Vec<String>)> {
        let media_type = media_type.to_ascii_lowercase();
        let is_multipart = media_type.starts_with("multipart/");
        if !is_multipart && !media_type.starts_with("application/x-www-form-urlencoded") {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (name, at) in members {
            for keyword in ["headers", "style", "explode", "allowReserved"].into_iter().filter(|_| is_multipart) {
                if let Some(ignored) = at.node.get(keyword) {
                    let message = format!("ignored `{keyword}` of the part `{name}`: parts are written by their `contentType` alone");
                    self.diagnostics.warning(ignored.span, message);
                }
            }
            if let Some(types) = self.text(at.node, "contentType") {
                let types = types.split(',').map(|media_type| media_type.trim().to_owned()).filter(|media_type| !media_type.is_empty());
                found.push(((*name).to_owned(), types.collect()));
            }
        }
        found
    }

    fn responses(&mut self, method: Method, at: &Located<'a>, bindings: &Bindings) -> Vec<Response> {
        let mut responses = Vec::new();
        for (status_text, response) in self.members(at, "responses") {
            if status_text.starts_with("x-") {
                continue;
            }
            let Some(status) = status(status_text) else {
                let message = format!("invalid status `{status_text}`; expected a code such as 200, a range such as 4XX, or default");
                self.diagnostics.error(response.node.span, message);
                continue;
            };
            let Some(response) = self.dereference(response, &objects::RESPONSE) else { continue };
            if responses.iter().any(|known: &Response| known.status == status) {
                let message = format!("the status `{}` is declared twice", status.text());
                self.diagnostics.error(response.node.span, message).hint("remove one of the responses");
                continue;
            }
            let description = self.text(response.node, "description").unwrap_or_default();
            let headers = self.headers(&response);
            let media =
                if self.has_body(method, status, &response) { self.media(&response, bindings, status.is_success()) } else { Vec::new() };
            responses.push(Response { status, description, headers, media });
        }
        responses.sort_by_key(|response| response.status);
        responses
    }

    /// Whether a response can have a body. A response to HEAD describes the response to GET.
    fn has_body(&mut self, method: Method, status: Status, response: &Located<'a>) -> bool {
        let is_empty = match status {
            Status::Code(code) => StatusCode::from_u16(code).is_ok_and(|status| !has_body(status)),
            Status::Range(hundreds) => hundreds == 1,
            Status::Default => false,
        };
        if let Some(content) =
            response.node.get("content").filter(|content| is_empty && content.as_map().is_some_and(|map| !map.is_empty()))
        {
            self.diagnostics.warning(content.span, format!("ignored `content`: a response with the status {} has no body", status.text()));
        }
        !is_empty && method != Method::Head
    }

    fn headers(&mut self, response: &Located<'a>) -> Vec<Header> {
        let mut headers = Vec::new();
        for (name, header) in self.members(response, "headers") {
            let Some(header) = self.dereference(header, &objects::HEADER) else { continue };
            let mut schema = header.get("schema").map(|schema| self.schema(&schema, &Vec::new()));
            let (description, required) = (self.text(header.node, "description"), self.flag(header.node, "required"));
            let explode = self.flag(header.node, "explode");
            let content = header.node.get("content").filter(|_| schema.is_none());
            if let Some(content) = content {
                let message = format!("the header `{name}` is left to the caller: it has a `content` instead of a `schema`");
                self.diagnostics.warning(content.span, message).hint("give it a `schema` for a typed header");
            } else if schema.is_none() {
                let loose = objects::HEADER.loose_keywords(header.node);
                let message = loose_keywords::without_schema(&format!("the header `{name}`"), &loose);
                self.diagnostics.warning(header.node.span, message).hint(loose_keywords::hint(&loose));
                schema = Some(self.assumed(&header, Some(Types::STRING)));
            }
            let content = content.map(|content| content.to_json().to_string());
            headers.push(Header { name: name.to_owned(), description, required, explode, schema, content });
        }
        headers
    }
}

fn status(text: &str) -> Option<Status> {
    match text.as_bytes() {
        b"default" => Some(Status::Default),
        [hundreds @ b'1'..=b'5', b'X' | b'x', b'X' | b'x'] => Some(Status::Range(u16::from(hundreds - b'0'))),
        _ => text.parse().ok().filter(|code| (100..600).contains(code) && text.len() == 3).map(Status::Code),
    }
}

//! Warns of parts of requests and responses that cannot be sent as the document describes, or that are sent in a way that it may not
//! intend.

use std::collections::BTreeSet;

use super::Reader;
use crate::model::{Content, Encoding, Parameter, Place, SecurityKind, Style, is_json};
use crate::runtime::check::Types;
use crate::source::Node;

impl Reader<'_> {
    /// Warns of parts that the generated code sends in a form that OpenAPI does not define, or leaves to the caller.
    pub(super) fn check_operations(&mut self) {
        self.nested_parameters();
        self.ambiguous_parameters();
        self.overlapping_parameters();
        self.impossible_names();
        self.form_types();
        self.raw_bodies();
    }

    /// Warns of operations that the server calls on the client.
    pub(super) fn not_generated(&mut self, keyword: &str, node: &Node) {
        if node.as_map().is_some_and(|map| map.iter().next().is_none()) {
            return;
        }
        let message = format!("ignored `{keyword}`: no code is generated for requests that the server sends");
        self.diagnostics.warning(node.span, message).hint("the schemas of `components` that they use still get types and validators");
    }

    /// Applies `contentType` to the members of forms. The `style` of a member takes precedence.
    fn form_types(&mut self) {
        let mut operations = std::mem::take(&mut self.contract.operations);
        for operation in &mut operations {
            for media in operation.body.iter_mut().flat_map(|body| &mut body.media) {
                let Some(schema) = media.schema.filter(|_| media.content(&self.contract) == Content::Form) else { continue };
                let shape = self.contract.text_shape(schema);
                for (name, types) in std::mem::take(&mut media.part_types) {
                    let member = shape.members.iter().find(|(known, _)| *known == name).map_or(Types::STRING, |(_, member)| member.types);
                    let is_json_text = !types.is_empty() && types.iter().all(|media_type| is_json(media_type));
                    let is_plain = types.iter().all(|media_type| media_type.to_ascii_lowercase().starts_with("text/plain"));
                    if media.encodings.iter().any(|(known, _)| *known == name) || (is_plain && !member.intersects(Types::OBJECT)) {
                        continue;
                    }
                    if is_json_text && !member.intersects(Types::ARRAY) {
                        media.encodings.push((name, Encoding { style: Style::Json, ..Encoding::of(Place::Query) }));
                    } else {
                        let message = format!("ignored `contentType` of the member `{name}` of a form: `{}`", types.join(", "));
                        let hint = "members of a form are text, or JSON text if they are objects or their `contentType` is JSON; lists are repeated members";
                        self.diagnostics.warning(media.span, message).hint(hint);
                    }
                }
            }
        }
        self.contract.operations = operations;
    }

    /// Warns of parameters with nested lists and objects, whose text OpenAPI does not define.
    fn nested_parameters(&mut self) {
        for parameter in self.contract.operations.iter().flat_map(|operation| &operation.parameters) {
            let shape = self.contract.text_shape(parameter.schema);
            let parts = shape.items.iter().map(AsRef::as_ref).chain(shape.members.iter().map(|(_, member)| member));
            let is_nested = parts.into_iter().any(|part| part.types == Types::ARRAY || part.types == Types::OBJECT);
            let hint = match parameter.encoding.style {
                Style::Json => continue,
                Style::DeepObject => "it is sent as name[key][key]=value, and the items of a list as name[key]=item",
                _ => "it is sent as JSON text",
            };
            if is_nested {
                let message = format!("the parameter `{}` has nested values, which OpenAPI does not define as text", parameter.name);
                self.diagnostics.warning(parameter.span, message).hint(hint);
            }
        }
    }

    /// Warns of parameters whose text may be both a number and a string.
    fn ambiguous_parameters(&mut self) {
        for parameter in self.contract.operations.iter().flat_map(|operation| &operation.parameters) {
            if parameter.encoding.style != Style::Json && self.contract.is_ambiguous_text(parameter.schema) {
                let message =
                    format!("the text of the parameter `{}` may be a number or a string: `5` is read as a number", parameter.name);
                let hint = "give the string a `pattern`, a `format` or an `enum` that no number matches, or accept strings only";
                self.diagnostics.warning(parameter.span, message).hint(hint);
            }
        }
    }

    /// Warns of query parameters whose parts have the same names.
    fn overlapping_parameters(&mut self) {
        for operation in &self.contract.operations {
            let mut seen: Vec<(&str, BTreeSet<String>)> = Vec::new();
            for parameter in operation.parameters.iter().filter(|parameter| parameter.place() == Place::Query) {
                let names = self.query_names(parameter);
                let shared = seen.iter().find_map(|(other, known)| Some((*other, known.intersection(&names).next()?.clone())));
                if let Some((other, name)) = shared {
                    let what = if name == ANY_NAME { "members of any name".to_owned() } else { format!("`{name}`") };
                    let message = format!("the query parameters `{other}` and `{}` both send {what}", parameter.name);
                    let hint = "the members of an exploded object are separate parameters; `style: deepObject` keeps them under one name";
                    self.diagnostics.warning(parameter.span, message).hint(hint);
                }
                seen.push((&parameter.name, names));
            }
        }
    }

    /// The names that a parameter has in a query: those of its members, if it is an exploded object.
    fn query_names(&self, parameter: &Parameter) -> BTreeSet<String> {
        let shape = self.contract.text_shape(parameter.schema);
        if parameter.encoding.style == Style::Form && parameter.encoding.explode && shape.types == Types::OBJECT {
            let members = shape.members.iter().map(|(name, _)| name.clone());
            return members.chain(shape.others.is_some().then(|| ANY_NAME.to_owned())).collect();
        }
        BTreeSet::from([parameter.name.clone()])
    }

    /// Warns of names that no header or cookie can have.
    fn impossible_names(&mut self) {
        let mut found = Vec::new();
        for operation in &self.contract.operations {
            let is_placed = |parameter: &&Parameter| matches!(parameter.place(), Place::Header | Place::Cookie);
            let parameters = operation.parameters.iter().filter(is_placed);
            found.extend(parameters.map(|parameter| (parameter.span, parameter.place().name(), &parameter.name)));
            let headers = operation.responses.iter().flat_map(|response| &response.headers);
            found.extend(headers.map(|header| (operation.span, Place::Header.name(), &header.name)));
        }
        for scheme in &self.contract.security_schemes {
            if let SecurityKind::ApiKey { place: place @ (Place::Header | Place::Cookie), name } = &scheme.kind {
                found.push((scheme.span, place.name(), name));
            }
        }
        for (span, place, name) in found.into_iter().filter(|(.., name)| !is_token(name)) {
            let hint = "such a name consists of letters, digits and the characters !#$%&'*+-.^_`|~";
            self.diagnostics.warning(span, format!("invalid {place} name `{}`", name.escape_debug())).hint(hint);
        }
    }

    /// Warns of bodies and responses whose content the generated code leaves to the caller.
    fn raw_bodies(&mut self) {
        for operation in &self.contract.operations {
            for response in &operation.responses {
                let Some((media, schema)) = response.media.first().and_then(|media| Some((media, media.schema?))) else { continue };
                let is_bytes = matches!(media.content(&self.contract), Content::Bytes | Content::Form | Content::Multipart);
                if is_bytes && !self.contract.types_as_text(schema).contains(Types::STRING) {
                    let status = response.status.text();
                    let message =
                        format!("the response {status} of type `{}` is received as bytes, and is not validated", media.media_type);
                    self.diagnostics.warning(media.span, message).hint("typed responses: JSON, and text/* with a string");
                }
            }
            let media = operation.body.as_ref().and_then(|body| body.media.first());
            let Some((media, schema)) = media.and_then(|media| Some((media, media.schema?))) else { continue };
            let is_bytes = media.content(&self.contract) == Content::Bytes;
            if is_bytes && !self.contract.types_as_text(schema).contains(Types::STRING) {
                let message = format!("the body of type `{}` is sent and received as bytes, and is not validated", media.media_type);
                let hint = "typed bodies: JSON, text/* with a string, and forms with an object: application/x-www-form-urlencoded, multipart/form-data";
                self.diagnostics.warning(media.span, message).hint(hint);
            }
        }
    }
}

/// Represents members of any name.
const ANY_NAME: &str = "*";

/// Whether a text is a token (RFC 9110, section 5.6.2), as names of headers and cookies are.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

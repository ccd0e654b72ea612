//! Reads the parameters of operations, including those that a path has and no operation declares.

use super::{Bindings, Located, Reader, loose_keywords, objects};
use crate::model::{Encoding, Parameter, Place, SchemaId, Style, is_json, placeholders};
use crate::runtime::check::Types;
use crate::source::Node;

impl<'a> Reader<'a> {
    /// The parameters of the operation and of its path item. The operation's own parameters override those of the path item.
    pub(super) fn parameters(
        &mut self,
        path: &mut String,
        at: &Located<'a>,
        shared: Option<&Located<'a>>,
        bindings: &Bindings,
    ) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let own = at.get("parameters").iter().flat_map(Located::items).map(|item| (item, true)).collect::<Vec<_>>();
        for (item, is_own) in own.into_iter().chain(shared.into_iter().flat_map(Located::items).map(|item| (item, false))) {
            let Some(parameter) = self.parameter(item, bindings) else { continue };
            if !parameters.iter().any(|known| known.is_same(&parameter)) {
                parameters.push(parameter);
            } else if is_own {
                let message = format!("ignored parameter `{}`: the operation already has one with this name and location", parameter.name);
                self.diagnostics.warning(parameter.span, message);
            }
        }
        *path = self.with_declared_names(path, at, &parameters);
        self.undeclared(path, at, &mut parameters);
        for parameter in parameters.iter().filter(|parameter| parameter.place() == Place::Path) {
            if !placeholders(path).any(|name| name == parameter.name) {
                let message = format!("ignored path parameter `{}`: the path does not contain it", parameter.name);
                self.diagnostics.warning(at.node.span, message);
            }
        }
        // A path parameter that the path template does not contain cannot receive a value.
        parameters.retain(|parameter| parameter.place() != Place::Path || placeholders(path).any(|name| name == parameter.name));
        parameters.sort_by_key(|parameter| (parameter.place(), !parameter.required));
        parameters
    }

    /// The path with names of declared parameters in place of expressions of RFC 6570, such as `{.name*}`. They repeat the parameters' styles.
    fn with_declared_names(&mut self, path: &str, at: &Located<'a>, parameters: &[Parameter]) -> String {
        let is_declared = |name: &str| parameters.iter().any(|known| known.place() == Place::Path && known.name == name);
        let mut named = path.to_owned();
        for expression in placeholders(path) {
            let name = expression.trim_start_matches(['.', ';']).trim_end_matches('*');
            if is_declared(name) && !is_declared(expression) {
                let message = format!("`{{{expression}}}` in the path is read as `{{{name}}}`");
                let hint = "the parameter's `style` and `explode` say how its value is written";
                self.diagnostics.warning(at.node.span, message).hint(hint);
                named = named.replace(&format!("{{{expression}}}"), &format!("{{{name}}}"));
            }
        }
        named
    }

    /// Adds a required string for each parameter of the path that is not declared.
    fn undeclared(&mut self, path: &str, at: &Located<'a>, parameters: &mut Vec<Parameter>) {
        for name in placeholders(path) {
            if parameters.iter().any(|known| known.place() == Place::Path && known.name == name) {
                continue;
            }
            let message = format!("the path parameter `{name}` is not declared: it is a string");
            self.diagnostics.warning(at.node.span, message).hint("declare it with `in: path` and `required: true`");
            let schema = self.assumed(&at.child("parameters", at.node).child(name, at.node), Some(Types::STRING));
            parameters.push(Parameter {
                span: at.node.span,
                name: name.to_owned(),
                required: true,
                deprecated: false,
                description: None,
                schema,
                encoding: Encoding::of(Place::Path),
                examples: Vec::new(),
            });
        }
    }

    fn parameter(&mut self, at: Located<'a>, bindings: &Bindings) -> Option<Parameter> {
        let at = self.dereference(at, &objects::PARAMETER)?;
        let name = self.name(at.node)?;
        let place = match at.node.get("in").and_then(Node::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            // The members of the object are the whole query, as those of an exploded object are.
            Some(QUERYSTRING) if has_form(at.node) => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            other => {
                let message = format!("the parameter `{name}` has an invalid `in`; available: path, query, header, cookie");
                let hint = match other {
                    Some("body" | "formData") => "OpenAPI 3 describes bodies by `requestBody`",
                    Some(QUERYSTRING) => "a parameter with `in: querystring` has `content` of the type `application/x-www-form-urlencoded`",
                    _ => "a parameter says where the request carries it",
                };
                self.diagnostics.error(at.node.get("in").unwrap_or(at.node).span, message).hint(hint);
                return None;
            }
        };
        if place == Place::Header && ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!("ignored the header parameter `{name}`, as OpenAPI requires");
            let hint = "media types determine `Accept` and `Content-Type`, and security schemes `Authorization`: declare them";
            self.diagnostics.warning(at.node.span, message).hint(hint);
            return None;
        }
        if place == Place::Query && self.flag(at.node, "allowEmptyValue") {
            let message = format!("ignored `allowEmptyValue` of the parameter `{name}`");
            let hint = "a value must fit its schema; a string that may be empty is sent as `name=`, and read from `name` too";
            self.diagnostics.warning(at.node.span, message).hint(hint);
        }
        if let Some(content) = at.node.get("content").filter(|_| at.node.get("schema").is_some()) {
            let message = format!("ignored `content`: the parameter `{name}` has a `schema`");
            self.diagnostics.warning(content.span, message).hint("use `schema` or `content`, not both");
        }
        let content = at.get("content").filter(|_| at.node.get("schema").is_none());
        let content = content.and_then(|content| self.followed(content)).and_then(|content| content.entries().into_iter().next());
        let is_json_text = content.as_ref().is_some_and(|(media_type, _)| is_json(media_type));
        let content = content.and_then(|(_, media)| self.followed(media)?.get("schema"));
        let schema = match at.get("schema").or(content) {
            Some(stated) => {
                let bindings = self.reached(&stated, bindings);
                self.schema(&stated, &bindings)
            }
            // JSON text without a schema is any value.
            None if is_json_text => self.assumed(&at.child("content", at.node), None),
            None => self.without_schema(&at, &name)?,
        };
        let encoding = if is_json_text { Encoding { style: Style::Json, ..Encoding::of(place) } } else { self.encoding(&at, place) };
        let required = self.flag(at.node, "required");
        if place == Place::Path && !required {
            let message = format!("the path parameter `{name}` is required");
            self.diagnostics.warning(at.node.span, message).hint("write `required: true`");
        }
        let required = required || place == Place::Path;
        let (deprecated, description) = (self.flag(at.node, "deprecated"), self.text(at.node, "description"));
        let examples = self.examples(&at);
        Some(Parameter { span: at.node.span, name, required, deprecated, description, schema, encoding, examples })
    }

    /// The name of a parameter. A parameter that is the whole query needs none in a request.
    fn name(&mut self, node: &Node) -> Option<String> {
        let name = self.text(node, "name");
        if name.is_some() {
            return name;
        }
        if !is_querystring(node) {
            self.diagnostics.error(node.span, "the parameter has no `name`");
            return None;
        }
        let message = format!("the parameter has no `name`: it is named `{QUERYSTRING}`");
        self.diagnostics.warning(node.span, message).hint("a client's argument has this name");
        Some(QUERYSTRING.to_owned())
    }

    /// The schema of a parameter that states none: a string, as long as it is not the whole query.
    fn without_schema(&mut self, at: &Located<'a>, name: &str) -> Option<SchemaId> {
        if is_querystring(at.node) {
            let message = format!("the parameter `{name}` has no `schema`");
            self.diagnostics.error(at.node.span, message).hint("a schema names the members of the query");
            return None;
        }
        let loose = objects::PARAMETER.loose_keywords(at.node);
        let message = loose_keywords::without_schema(&format!("the parameter `{name}`"), &loose);
        self.diagnostics.warning(at.node.span, message).hint(loose_keywords::hint(&loose));
        Some(self.assumed(at, Some(Types::STRING)))
    }

    /// How the value of a parameter is written: its `style`, `explode` and `allowReserved`.
    pub(super) fn encoding(&mut self, at: &Located<'a>, place: Place) -> Encoding {
        let default = Encoding::of(place);
        let written = at.node.get("style").and_then(Node::as_str);
        let span = at.node.get("style").unwrap_or(at.node).span;
        let style = match written {
            None => default.style,
            Some("form") => Style::Form,
            Some("spaceDelimited") => Style::SpaceDelimited,
            Some("pipeDelimited") => Style::PipeDelimited,
            Some("deepObject") => Style::DeepObject,
            Some("simple") => Style::Simple,
            Some("label") => Style::Label,
            Some("matrix") => Style::Matrix,
            Some("cookie") if place == Place::Cookie => {
                let message = "ignored `style: cookie`: OpenAPI 3.2 adds it, and documents are read as OpenAPI 3.1";
                self.diagnostics.warning(span, message).hint("the cookie is written in the style `form`: percent-encoded");
                default.style
            }
            Some(style) => {
                let hint = "available: form, spaceDelimited, pipeDelimited, deepObject, simple, label, matrix";
                self.diagnostics.error(span, format!("unknown parameter style `{style}`")).hint(hint);
                default.style
            }
        };
        let is_defined = match place {
            Place::Path => matches!(style, Style::Simple | Style::Label | Style::Matrix),
            Place::Query => matches!(style, Style::Form | Style::SpaceDelimited | Style::PipeDelimited | Style::DeepObject),
            Place::Header | Place::Cookie => style == default.style,
        };
        let style = if is_defined {
            style
        } else {
            let (style, place) = (written.unwrap_or_default(), place.name());
            self.diagnostics.warning(span, format!("ignored `style: {style}`: OpenAPI does not define it for a {place} parameter"));
            default.style
        };
        let explode = at.node.get("explode").and_then(Node::as_bool).unwrap_or(style == Style::Form);
        let reserved = place == Place::Query && self.flag(at.node, "allowReserved");
        Encoding { place, style, explode: explode || style == Style::DeepObject, reserved }
    }
}

/// The place of a parameter that is the whole query, and its name if it has none.
const QUERYSTRING: &str = "querystring";

fn is_querystring(parameter: &Node) -> bool {
    parameter.get("in").and_then(Node::as_str) == Some(QUERYSTRING)
}

/// Whether the content of a parameter is a form.
fn has_form(parameter: &Node) -> bool {
    let is_form = |media_type: &str| media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM));
    parameter.get("content").and_then(Node::as_map).is_some_and(|content| content.iter().all(|entry| is_form(&entry.key)))
}

const FORM: &str = "application/x-www-form-urlencoded";

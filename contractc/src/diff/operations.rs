//! Compares operations: their paths and methods, requests and responses.

use std::collections::BTreeSet;

use super::Change;
use super::forms::Side;
use super::schemas::{Comparison, Direction, Effect, Place};
use crate::model::{Encoding, Header, Operation, Parameter, Place as ParameterPlace, Response, SchemaId, Status, Style, placeholders};
use crate::runtime::check::Types;
use crate::runtime::report::escaped;

impl<'c> Comparison<'c> {
    pub(super) fn operations(&mut self) {
        let (old, new) = (self.old, self.new);
        for operation in &old.operations {
            match find(&new.operations, operation) {
                Some(other) => self.operation(operation, other),
                None => self.changes.push(Change {
                    breaks_requests: true,
                    breaks_responses: false,
                    pointer: pointer(operation),
                    span: operation.span,
                    is_gone: true,
                    message: "the operation is gone".to_owned(),
                }),
            }
        }
        for operation in new.operations.iter().filter(|operation| find(&old.operations, operation).is_none()) {
            self.note(at(operation, &pointer(operation), Direction::BOTH), Effect::Nothing, "the operation is new");
        }
    }

    fn operation(&mut self, old: &'c Operation, new: &'c Operation) {
        let place = pointer(new);
        let request = at(new, &place, Direction::REQUEST);
        if old.id != new.id {
            self.note(request, Effect::Nothing, format!("the operation's name changed from `{}` to `{}`", old.id, new.id));
        }
        self.credentials(old, new, request);
        self.parameters(old, new, request);
        self.body(old, new, request);
        self.responses(old, new, at(new, &place, Direction::RESPONSE));
    }

    /// Compares the responses for each status that either version names: the response for the status, for its range, or the default.
    fn responses(&mut self, old: &'c Operation, new: &'c Operation, at: Place<'_>) {
        let statuses: BTreeSet<Status> = old.responses.iter().chain(&new.responses).map(|response| response.status).collect();
        for status in statuses {
            match (resolved(&old.responses, status), resolved(&new.responses, status)) {
                (Some(before), Some(after)) => {
                    if before.status == status && after.status != status {
                        let message = format!("the response {} is now covered by the response {}", status.text(), after.status.text());
                        self.note(at, Effect::Nothing, message);
                    }
                    self.response(before, after, at);
                }
                (Some(_), None) => self.note(at, Effect::Nothing, format!("the response {} is gone", status.text())),
                (None, _) => {
                    // An old client cannot handle a new success status. It treats an unknown error status as an error.
                    let effect = if status.is_success() { Effect::Widens } else { Effect::Nothing };
                    self.note(at, effect, format!("the response {} is new", status.text()));
                }
            }
        }
    }

    /// Compares the parts that the model keeps only as text.
    pub(super) fn texts(&mut self) {
        let pointers: BTreeSet<&String> = self.old.texts.keys().chain(self.new.texts.keys()).collect();
        for pointer in pointers {
            let (before, after) = (self.old.texts.get(pointer), self.new.texts.get(pointer));
            let Some((span, _)) = after.or(before).filter(|_| before.map(|(_, text)| text) != after.map(|(_, text)| text)) else {
                continue;
            };
            let keyword = pointer.rsplit('/').next().unwrap_or_default();
            self.changes.push(Change {
                breaks_requests: false,
                breaks_responses: false,
                pointer: pointer.clone(),
                span: *span,
                is_gone: after.is_none(),
                message: format!("`{keyword}` changed; contractc does not classify this, so check what the other side expects"),
            });
        }
    }

    fn parameters(&mut self, old: &'c Operation, new: &'c Operation, at: Place<'_>) {
        let find = |list: &'c [Parameter], wanted: &str, place| {
            // Header names are case-insensitive; all other names are case-sensitive.
            let is_same = |name: &str| name == wanted || (place == ParameterPlace::Header && name.eq_ignore_ascii_case(wanted));
            list.iter().find(|other| other.place() == place && is_same(&other.name))
        };
        // Only the position of a path parameter is sent, not its name.
        let positions: Vec<(&str, &str)> = placeholders(&old.path).zip(placeholders(&new.path)).collect();
        let renamed = |parameter: &'c Parameter| match positions.iter().find(|(before, _)| *before == parameter.name) {
            Some((_, after)) if parameter.place() == ParameterPlace::Path => after,
            _ => parameter.name.as_str(),
        };
        for parameter in &old.parameters {
            let name = &parameter.name;
            let Some(other) = find(&new.parameters, renamed(parameter), parameter.place()) else {
                self.note(at, Effect::Narrows, format!("the parameter `{name}` is gone"));
                continue;
            };
            match (parameter.required, other.required) {
                (false, true) => self.note(at, Effect::Narrows, format!("the parameter `{name}` is now required")),
                (true, false) => self.note(at, Effect::Widens, format!("the parameter `{name}` is no longer required")),
                _ => {}
            }
            if self.is_written_differently(parameter, other) {
                self.note(at, Effect::Changes, format!("the parameter `{name}` is now serialized differently"));
            }
            self.schemas(parameter.schema, other.schema, Direction::REQUEST);
        }
        let is_new = |parameter: &&Parameter| {
            parameter.place() != ParameterPlace::Path && find(&old.parameters, &parameter.name, parameter.place()).is_none()
        };
        for parameter in new.parameters.iter().filter(is_new) {
            let (effect, kind) = if parameter.required { (Effect::Narrows, "required") } else { (Effect::Widens, "optional") };
            self.note(at, effect, format!("the {kind} parameter `{}` is new", parameter.name));
        }
    }

    /// Whether the values of two parameters are serialized differently. Two styles may agree on values that are neither lists nor objects.
    fn is_written_differently(&self, old: &Parameter, new: &Parameter) -> bool {
        let types = |side: Side, schema| self.prover.model(side).alone(schema).types();
        let types = types(Side::Old, old.schema).or(types(Side::New, new.schema));
        let form = |encoding: Encoding| {
            let is_named = [Style::Form, Style::SpaceDelimited, Style::PipeDelimited, Style::DeepObject].contains(&encoding.style);
            let style = if is_named { Style::Form } else { encoding.style };
            let list = (encoding.style, encoding.explode && encoding.style != Style::Simple);
            (
                (style, encoding.reserved && types.intersects(Types::STRING.or(Types::ARRAY).or(Types::OBJECT))),
                types.intersects(Types::ARRAY).then_some(list),
                types.intersects(Types::OBJECT).then_some((encoding.style, encoding.explode)),
            )
        };
        form(old.encoding) != form(new.encoding)
    }

    fn body(&mut self, old: &'c Operation, new: &'c Operation, at: Place<'_>) {
        match (&old.body, &new.body) {
            (Some(before), Some(after)) => {
                match (before.required, after.required) {
                    (false, true) => self.note(at, Effect::Narrows, "the body is now required"),
                    (true, false) => self.note(at, Effect::Widens, "the body is no longer required"),
                    _ => {}
                }
                self.media(&before.media, &after.media, at);
            }
            (Some(_), None) => self.note(at, Effect::Narrows, "the body is gone"),
            (None, Some(body)) if body.required => self.note(at, Effect::Narrows, "a required body is new"),
            (None, Some(_)) => self.note(at, Effect::Widens, "an optional body is new"),
            (None, None) => {}
        }
    }

    fn response(&mut self, old: &'c Response, new: &'c Response, at: Place<'_>) {
        if old.media.is_empty() && !new.media.is_empty() {
            self.note(at, Effect::Nothing, format!("the response {} now has a body", new.status.text()));
        }
        self.media(&old.media, &new.media, at);
        for header in old.headers.iter().filter(|header| header.required) {
            let kept = new.headers.iter().find(|other| other.name.eq_ignore_ascii_case(&header.name));
            if !kept.is_some_and(|kept| kept.required) {
                self.note(
                    at,
                    Effect::Widens,
                    format!("the header `{}` of the response {} may now be absent", header.name, new.status.text()),
                );
            }
        }
        for header in &old.headers {
            let kept = new.headers.iter().find(|other| other.name.eq_ignore_ascii_case(&header.name));
            match kept {
                None if !header.required => {
                    self.note(at, Effect::Nothing, format!("the header `{}` of the response {} is gone", header.name, new.status.text()));
                }
                Some(kept) if self.is_header_written_differently(header, kept) => {
                    let message =
                        format!("the header `{}` of the response {} is now serialized differently", header.name, new.status.text());
                    self.note(at, Effect::Changes, message);
                }
                _ => {}
            }
            if let (Some(before), Some(after)) = (header.schema, kept.and_then(|kept| kept.schema)) {
                self.schemas(before, after, Direction::RESPONSE);
            }
        }
        for header in &new.headers {
            if !old.headers.iter().any(|other| other.name.eq_ignore_ascii_case(&header.name)) {
                self.note(at, Effect::Nothing, format!("the header `{}` of the response {} is new", header.name, new.status.text()));
            }
        }
    }

    /// Whether `explode` matters, which is only the case for objects, or one of the headers has `content`.
    fn is_header_written_differently(&self, old: &Header, new: &Header) -> bool {
        let is_object = |side: Side, schema: Option<SchemaId>| {
            schema.is_none_or(|schema| self.prover.model(side).alone(schema).types().intersects(Types::OBJECT))
        };
        let may_be_object = is_object(Side::Old, old.schema) || is_object(Side::New, new.schema);
        old.content != new.content || old.schema.is_some() != new.schema.is_some() || (old.explode != new.explode && may_be_object)
    }
}

fn at<'c>(operation: &Operation, pointer: &'c str, direction: Direction) -> Place<'c> {
    Place { pointer, span: operation.span, direction }
}

fn pointer(operation: &Operation) -> String {
    format!("#/paths/{}/{}", escaped(&operation.path), operation.method.name())
}

/// The operation with the same method and path. The names of path parameters are ignored.
fn find<'c>(operations: &'c [Operation], wanted: &Operation) -> Option<&'c Operation> {
    operations.iter().find(|other| other.method == wanted.method && template(&other.path) == template(&wanted.path))
}

fn template(path: &str) -> String {
    let mut inside = false;
    let keep = |character: &char| {
        let kept = !inside || *character == '}';
        inside = (inside || *character == '{') && *character != '}';
        kept
    };
    path.chars().filter(keep).collect()
}

/// The response for a status: the response for this status, for its range, or the default.
fn resolved(responses: &[Response], status: Status) -> Option<&Response> {
    let of = |wanted: Status| responses.iter().find(|response| response.status == wanted);
    let range = match status {
        Status::Code(code) => Status::Range(code / 100),
        other => other,
    };
    of(status).or_else(|| of(range)).or_else(|| of(Status::Default))
}

//! Compares operations: their paths and methods, requests and responses.

use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use super::schemas::{Comparison, Direction, Effect, Place};
use crate::model::{Contract, Media, Operation, Parameter, Place as ParameterPlace, Response, Status, placeholders};
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
            self.note(at(operation, &pointer(operation), Direction::Both), Effect::Nothing, "the operation is new");
        }
    }

    fn operation(&mut self, old: &'c Operation, new: &'c Operation) {
        let place = pointer(new);
        let request = at(new, &place, Direction::Request);
        if old.id != new.id {
            self.note(request, Effect::Nothing, format!("the operation's name changed from `{}` to `{}`", old.id, new.id));
        }
        self.credentials(old, new, request);
        self.parameters(old, new, request);
        self.body(old, new, request);
        self.responses(old, new, at(new, &place, Direction::Response));
    }

    /// Compares the responses for each status that either version names. This may be a response for the status, for its range, or the
    /// default.
    fn responses(&mut self, old: &'c Operation, new: &'c Operation, at: Place<'_>) {
        let statuses: BTreeSet<Status> = old.responses.iter().chain(&new.responses).map(|response| response.status).collect();
        for status in statuses {
            match (resolved(&old.responses, status), resolved(&new.responses, status)) {
                (Some(before), Some(after)) => {
                    if before.status == status && after.status != status {
                        let message = format!("the response {} is now that of {}", status.text(), after.status.text());
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
                message: format!("`{keyword}` changed, which is not judged: look at what the other side expects"),
            });
        }
    }

    fn parameters(&mut self, old: &'c Operation, new: &'c Operation, at: Place<'_>) {
        let find = |list: &'c [Parameter], wanted: &str, place| {
            list.iter().find(|other| other.place() == place && other.name.eq_ignore_ascii_case(wanted))
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
            if parameter.encoding != other.encoding {
                self.note(at, Effect::Changes, format!("the parameter `{name}` is written in another style"));
            }
            self.schemas(parameter.schema, other.schema, Direction::Request);
        }
        let is_new = |parameter: &&Parameter| {
            parameter.place() != ParameterPlace::Path && find(&old.parameters, &parameter.name, parameter.place()).is_none()
        };
        for parameter in new.parameters.iter().filter(is_new) {
            let (effect, kind) = if parameter.required { (Effect::Narrows, "required") } else { (Effect::Widens, "optional") };
            self.note(at, effect, format!("the {kind} parameter `{}` is new", parameter.name));
        }
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

    fn media(&mut self, old: &'c [Media], new: &'c [Media], at: Place<'_>) {
        for media in old {
            match same_media(new, media) {
                Some(other) => {
                    if let (Some(before), Some(after)) = (media.schema, other.schema) {
                        self.schemas(before, after, at.direction);
                    }
                    self.members_as_text(media, other, at);
                }
                // No longer accepting a request's media type breaks clients as much as no longer sending a response's.
                None => self.note(at, Effect::Changes, format!("`{}` is gone", media.media_type)),
            }
        }
        for media in new.iter().filter(|media| same_media(old, media).is_none()) {
            self.note(at, Effect::Nothing, format!("`{}` is new", media.media_type));
        }
    }

    /// Compares how the members of a form or of a multipart body are written.
    fn members_as_text(&mut self, old: &Media, new: &Media, at: Place<'_>) {
        let written = |contract: &Contract, media: &Media| -> BTreeMap<String, String> {
            let parts = contract.body_parts(media).map(|body| body.parts).unwrap_or_default();
            let kinds = parts.into_iter().map(|part| (part.name, format!("{:?}", part.kind)));
            let encodings = media.encodings.iter().map(|(name, encoding)| (name.clone(), format!("{encoding:?}")));
            let types = media.part_types.iter().map(|(name, types)| (name.clone(), types.join(", ")));
            let mut all: BTreeMap<String, String> = BTreeMap::new();
            kinds.chain(encodings).chain(types).for_each(|(name, text)| all.entry(name).or_default().push_str(&text));
            all
        };
        let (before, after) = (written(self.old, old), written(self.new, new));
        // The parts of a multipart body are all listed, and the schemas tell which are new or gone.
        let lists_all = self.old.body_parts(old).is_some() || self.new.body_parts(new).is_some();
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (old, new_text) = (before.get(name), after.get(name));
            if old != new_text && !(lists_all && (old.is_none() || new_text.is_none())) {
                self.note(at, Effect::Changes, format!("the member `{name}` of `{}` is written in another way", new.media_type));
            }
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
                Some(kept) if kept.explode != header.explode => {
                    let message = format!("the header `{}` of the response {} is written in another way", header.name, new.status.text());
                    self.note(at, Effect::Changes, message);
                }
                _ => {}
            }
            if let (Some(before), Some(after)) = (header.schema, kept.and_then(|kept| kept.schema)) {
                self.schemas(before, after, Direction::Response);
            }
        }
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

/// The representation of the same media type. Parameters such as `charset` count only if they distinguish two representations.
fn same_media<'c>(list: &'c [Media], wanted: &Media) -> Option<&'c Media> {
    let essence = |media: &Media| media.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let exact = list.iter().find(|other| other.media_type.eq_ignore_ascii_case(&wanted.media_type));
    exact.or_else(|| list.iter().find(|other| essence(other) == essence(wanted)))
}

//! The sections after the operations: error responses that several operations share, the codes in their bodies, and all headers.

use std::collections::{BTreeMap, BTreeSet};

use super::status::{error_key, is_failure, status_words};
use super::{CodesView, ErrorView, HeaderView, ResponseKey, Writer, example_text, joined, operation_key, operations, share, title_of};
use crate::emit::docs::fields::{Row, yes_or_no};
use crate::emit::docs::markdown::{cell, code, embed, key, link};
use crate::model::{Header, Operation, Parameter, Place, Response, SchemaId, Status};

/// The maximum number of operations that are listed for a shared response.
const LISTED_OPERATIONS_MAX: usize = 5;

impl Writer<'_, '_> {
    pub(super) fn errors(&self) -> Vec<ErrorView> {
        self.shared.iter().map(|(status, (key, _))| self.error(*status, key)).collect()
    }

    fn error(&self, status: Status, shared: &ResponseKey) -> ErrorView {
        let has = |operation: &&Operation| {
            operation.responses.iter().any(|response| response.status == status && self.response_key(response) == *shared)
        };
        let users: Vec<&Operation> = operations(self.words).filter(has).collect();
        let response = users.iter().flat_map(|operation| &operation.responses).find(|response| self.response_key(response) == *shared);
        let media = response.map(|response| response.media.as_slice()).unwrap_or_default();
        let example = media.iter().find_map(|media| Some(example_text(self.words, media, media.examples.first()?).1));
        let all = operations(self.words).count();
        let listed = || users.iter().map(|operation| link(&title_of(operation), &operation_key(operation))).collect::<Vec<_>>().join(", ");
        ErrorView {
            heading: format!("{}{}", status_words(status), key(&error_key(status))),
            description: embed(&shared.1, 4),
            body: if media.is_empty() { String::new() } else { self.media_text(media, true) },
            headers: response.map(|response| self.headers(response)).unwrap_or_default(),
            operations: match users.len() {
                count if count == all => "every operation".to_owned(),
                count if count <= LISTED_OPERATIONS_MAX => listed(),
                count => format!("{count} of {all} operations"),
            },
            example: example.unwrap_or_default(),
        }
    }

    /// The enums of error codes: the member `code` in the bodies of error responses.
    pub(super) fn codes(&self) -> Vec<CodesView> {
        let failed = operations(self.words)
            .flat_map(|operation| operation.responses.iter().filter(|response| is_failure(operation, response.status)));
        let bodies: BTreeSet<SchemaId> = failed.flat_map(|response| &response.media).filter_map(|media| media.schema).collect();
        let contract = self.words.contract;
        let members: BTreeSet<SchemaId> =
            bodies.iter().flat_map(|body| contract.member_schemas(*body, "code")).map(|id| contract.resolved(id)).collect();
        members.into_iter().filter_map(|id| self.codes_of(id)).collect()
    }

    fn codes_of(&self, id: SchemaId) -> Option<CodesView> {
        let values = self.words.parts(id).iter().find_map(|part| part.enumeration.as_ref())?;
        let codes: Vec<String> = values.iter().filter_map(|value| value.as_str()).map(code).collect();
        let description = self.words.description(id).unwrap_or_default();
        let others: Vec<String> = codes.into_iter().filter(|code| !description.contains(code.as_str())).collect();
        let name = self.words.name(id).map(|_| self.words.kind(id));
        let heading = format!("Error codes{}", key("codes"));
        Some(CodesView { heading, link: name.unwrap_or_default(), description: embed(description, 4), others: others.join(", ") })
    }

    pub(super) fn request_headers(&self) -> Vec<HeaderView> {
        let mut users: BTreeMap<&str, (&Parameter, usize)> = BTreeMap::new();
        for parameter in
            operations(self.words).flat_map(|operation| &operation.parameters).filter(|parameter| parameter.place() == Place::Header)
        {
            users.entry(&parameter.name).or_insert((parameter, 0)).1 += 1;
        }
        let all = operations(self.words).count();
        let views = users
            .into_values()
            .map(|(parameter, count)| HeaderView { row: self.parameter(parameter).row, used: share(count, all, "request") });
        views.collect()
    }

    pub(super) fn response_headers(&self) -> Vec<HeaderView> {
        let responses: Vec<&Response> = operations(self.words).flat_map(|operation| &operation.responses).collect();
        let mut users: BTreeMap<&str, (&Header, BTreeSet<Status>, usize)> = BTreeMap::new();
        for response in &responses {
            for header in &response.headers {
                let entry = users.entry(&header.name).or_insert((header, BTreeSet::new(), 0));
                entry.1.insert(response.status);
                entry.2 += 1;
            }
        }
        let views = users.into_values().map(|(header, statuses, count)| HeaderView {
            row: self.header(header),
            used: if count == responses.len() {
                "every response".to_owned()
            } else {
                statuses.into_iter().map(Status::text).collect::<Vec<_>>().join(", ")
            },
        });
        views.collect()
    }

    fn header(&self, header: &Header) -> Row {
        let description = header.description.as_deref();
        match header.schema {
            Some(schema) => self.words.row(&header.name, schema, yes_or_no(header.required), description),
            None => Row {
                name: cell(&code(&header.name)),
                kind: "string".to_owned(),
                required: yes_or_no(header.required),
                rules: String::new(),
                description: cell(&joined(description)),
            },
        }
    }
}

//! HTTP statuses: which ones are errors, and their names.

use crate::model::{Operation, Status};

/// Whether a status means that the request failed. The default response does if other responses cover success.
pub fn is_failure(operation: &Operation, status: Status) -> bool {
    match status {
        Status::Code(code) => code >= 400,
        Status::Range(hundreds) => hundreds >= 4,
        Status::Default => operation.responses.iter().any(|response| response.status.is_success()),
    }
}

pub fn error_key(status: Status) -> String {
    format!("error:{}", status.text())
}

pub fn status_words(status: Status) -> String {
    let phrase = match status {
        Status::Code(code) => PHRASES.iter().find(|(known, _)| *known == code).map(|(_, phrase)| *phrase),
        Status::Range(4) => Some("any other client error"),
        Status::Range(_) => Some("any other server error"),
        Status::Default => return "Any other status".to_owned(),
    };
    phrase.map_or_else(|| status.text(), |phrase| format!("{} {phrase}", status.text()))
}

/// The names of error statuses, from RFC 9110 and the IANA registry.
const PHRASES: &[(u16, &str)] = &[
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Content Too Large"),
    (414, "URI Too Long"),
    (415, "Unsupported Media Type"),
    (416, "Range Not Satisfiable"),
    (417, "Expectation Failed"),
    (422, "Unprocessable Content"),
    (423, "Locked"),
    (424, "Failed Dependency"),
    (426, "Upgrade Required"),
    (428, "Precondition Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (451, "Unavailable For Legal Reasons"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
    (507, "Insufficient Storage"),
];

//! Which of the declared responses a response is: the most exact status decides, and of its media types the most exact one.

#[path = "../runtime/rust/calls.rs"]
mod calls;

use contractc::runtime as rt;
use rt::http::{HeaderMap, Outcome, StatusCode, bytes, json, json_or_text, text};
use rt::rule::Rule;
use serde_json::Value;

use calls::outcome;

static ANYTHING: Rule = Rule::Any;

outcome! {
    /// Responses that less exact statuses follow.
    pub enum Several {
        /// One of several.
        200 if has_json["application/json", "application/problem+json", "text/csv"] => Ok(body: Value) = json("application/json", &ANYTHING),
        /// A text of several.
        201 if has_text["text/csv", "text/plain"] => Created(body: String) = text("text/csv", &ANYTHING),
        /// A text of a range.
        202 if has_json_or_text["text/*"] => Accepted(body: String) = json_or_text("text/*", &ANYTHING),
        /// A kind of JSON.
        203 if has_json["application/*+json", "application/problem+json",] => Other(body: Value) = json("application/json", &ANYTHING),
    }
    others {
        /// A range.
        200..=299 if has_json_body["application/json", "text/csv",] => Range(body: Value) = json("application/json", &ANYTHING),
        /// The default.
        _ if has_body => Default(body: Vec<u8>) = bytes("text/plain"),
    }
}

/// The name of the response that this is.
fn which(status: u16, media_type: &'static str) -> &'static str {
    let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type))]);
    let status = StatusCode::from_u16(status).expect("a status");
    match Several::read(status, &headers, b"\"a\"").expect("any JSON") {
        Several::Ok(_) => "200",
        Several::Created(_) => "201",
        Several::Accepted(_) => "202",
        Several::Other(_) => "203",
        Several::Range { .. } => "2XX",
        Several::Default { .. } => "default",
        Several::Undeclared { body, .. } => {
            if body == b"\"a\"" {
                "undeclared"
            } else {
                "undeclared, without its bytes"
            }
        }
    }
}

#[test]
fn a_left_out_media_type_is_undeclared_whatever_less_exact_statuses_declare() {
    assert_eq!(which(200, "application/json; charset=utf-8"), "200");
    for media_type in ["text/csv", "text/event-stream", "image/png", ""] {
        assert_eq!(which(200, media_type), "undeclared", "{media_type}");
        assert_eq!(which(250, media_type), "undeclared", "{media_type}");
    }
    assert_eq!((which(250, "application/json"), which(300, "text/csv")), ("2XX", "default"));
    assert_eq!((which(204, "application/json"), which(304, "text/plain")), ("undeclared", "undeclared"));
}

#[test]
fn a_second_media_type_is_not_read_as_the_first() {
    assert_eq!(which(200, "application/problem+json"), "undeclared");
    assert_eq!((which(201, "TEXT/CSV"), which(201, "text/plain")), ("201", "undeclared"));
    assert_eq!((which(202, "text/html"), which(202, "application/json")), ("202", "undeclared"));
    let kinds = ["application/vnd.a+json", "application/json", "application/problem+json"];
    assert_eq!(kinds.map(|media_type| which(203, media_type)), ["203", "203", "undeclared"]);
}

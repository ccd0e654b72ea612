//! Bodies, parameters and headers over hand-written operations: what a client sends, and how a server reads it.
#![cfg(feature = "axum")]

use serde_json::{Value, json};
use stronglog_sync::api::runtime::check::Types;
use stronglog_sync::api::runtime::http::{
    ANYTHING, Credential, Encoding, Form, HeaderMap, Incoming, JsonOrTextBody, Method, Operation, Outcome, Parameter, Place, Rejection,
    Reply, Request, Scheme, SchemeKind, Security, Shape, StatusCode, Style, TextBody, Writer, Written, guard, has_body, json_or_text,
    read_json, receive_credentials, respond, text,
};
use stronglog_sync::api::runtime::json::Json;
use stronglog_sync::api::runtime::report::{At, Checker, Report};
use stronglog_sync::api::runtime::rule::{LoadedRule, Record, Rule};

/// A response that is text.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    Ok(String),
    Other(StatusCode),
}

impl Outcome for Said {
    fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Self, Report> {
        Ok(if status == StatusCode::OK { Said::Ok(TEXT.parse(headers, body)?) } else { Said::Other(status) })
    }

    fn write(&self) -> Written {
        match self {
            Said::Ok(body) => respond(StatusCode::OK, [TEXT.content(body)]),
            Said::Other(status) => (*status, Some("text/plain"), b"other".to_vec()),
        }
    }

    fn undeclared(status: StatusCode, _: Vec<u8>) -> Self {
        Said::Other(status)
    }
}

const TEXT: TextBody = text("text/plain", &ANYTHING);

const LIST: Shape = Shape::of(Types::ARRAY).items(&Shape::TEXT);
const OBJECT: Shape = Shape::of(Types::OBJECT);
const FORM: Form = Form::new(
    "application/x-www-form-urlencoded",
    OBJECT.members(&[
        ("csv", LIST),
        ("grant", Shape::TEXT),
        ("limit", Shape::of(Types::INTEGER.or(Types::STRING))),
        ("metadata", OBJECT.others(&Shape::TEXT)),
        ("nested", OBJECT.members(&[("a", Shape::INTEGER)])),
        ("ok", Shape::of(Types::BOOLEAN)),
        ("scope", LIST),
    ]),
    &[("csv", Encoding::of(Place::Query).style(Style::Form)), ("metadata", Encoding::of(Place::Query).style(Style::DeepObject).exploded())],
    &LIMITED,
);

static LIMITED: Rule = Rule::Loaded(&NumberOrAll);

/// Accepts a number or the word `all` for `limit`.
struct NumberOrAll;

impl LoadedRule for NumberOrAll {
    fn check(&self, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        if !matches!(value.get("limit"), None | Some(Json::Number(_) | Json::String("all"))) {
            out.violation(at.member("limit"), "oneOf", || "matches none of the variants".to_owned());
        }
    }
}

/// An operation with a form as its body.
#[derive(Debug, PartialEq)]
struct SendForm(Value);

impl Operation for SendForm {
    const ID: &'static str = "sendForm";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/form";
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "text/plain";
    type Response = Said;

    fn write(&self, to: &mut Writer) {
        to.body(&self.0, FORM);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.body(FORM).map(SendForm)
    }
}

/// An operation with text as its body.
#[derive(Debug, PartialEq)]
struct SendText(String);

impl Operation for SendText {
    const ID: &'static str = "sendText";
    const METHOD: Method = Method::PUT;
    const PATH: &'static str = "/text";
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "text/plain";
    type Response = Said;

    fn write(&self, to: &mut Writer) {
        to.body(&self.0, TEXT);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.body(TEXT).map(SendText)
    }
}

fn received<O: Operation>(request: &Request) -> Result<O, Rejection> {
    O::receive(&Incoming::new(O::PATH, request.uri(), request.headers(), request.body()).expect("the path matches"))
}

#[test]
fn a_form_has_each_member_as_its_encoding_says() {
    let value =
        json!({ "csv": ["a,b", "c"], "grant": "a b&c", "metadata": { "k": "v=1" }, "nested": { "a": 1 }, "ok": true, "scope": ["x", "1"] });
    let request = SendForm(value.clone()).request("https://example.com").expect("a valid request");
    let expected = "csv=a%2Cb,c&grant=a%20b%26c&metadata[k]=v%3D1&nested=%7B%22a%22%3A1%7D&ok=true&scope=x&scope=1";
    assert_eq!(std::str::from_utf8(request.body()), Ok(expected));
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(request.headers()["accept"], "text/plain");
    assert_eq!(received::<SendForm>(&request), Ok(SendForm(value)));
    for limit in [json!(5), json!("all")] {
        let request = SendForm(json!({ "limit": limit })).request("https://example.com").expect("a number or a word");
        assert_eq!(received::<SendForm>(&request), Ok(SendForm(json!({ "limit": limit }))));
    }
    let browsers = http::Request::post("/form").header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    let request = browsers.body(b"grant=a+b&other=1".to_vec()).expect("a request");
    assert_eq!(received::<SendForm>(&request), Ok(SendForm(json!({ "grant": "a b", "other": "1" }))));
    let json = http::Request::post("/form").header("content-type", "application/json").body(b"{}".to_vec()).expect("a request");
    assert_eq!(received::<SendForm>(&json).expect_err("JSON is no form").status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

/// An operation with a form in which one member is required.
#[derive(Debug, PartialEq)]
struct SendScopes(Value);

const SCOPES: Form = Form::new("application/x-www-form-urlencoded", OBJECT.members(&[("other", LIST), ("scope", LIST)]), &[], &NEEDED);
static NEEDED: Rule =
    Rule::Record(&Record { members: &[("scope", &ANYTHING), ("other", &ANYTHING)], required: 1, others: Some(&Rule::Any), more: None });

impl Operation for SendScopes {
    const ID: &'static str = "sendScopes";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/scopes";
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "text/plain";
    type Response = Said;

    fn write(&self, to: &mut Writer) {
        to.body(&self.0, SCOPES);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.body(SCOPES).map(SendScopes)
    }
}

#[test]
fn a_member_that_a_form_needs_has_a_text() {
    for scope in [json!([]), json!(null)] {
        let report = SendScopes(json!({ "scope": scope, "other": [] })).request("https://example.com").expect_err("nothing would be sent");
        let found: Vec<_> = report.violations.iter().map(|found| (found.pointer.as_str(), found.keyword)).collect();
        assert_eq!(found, [("/scope", "required")], "{report}");
    }
    let call = SendScopes(json!({ "scope": ["x"] }));
    assert_eq!(received::<SendScopes>(&call.request("https://example.com").expect("a valid request")), Ok(call));
}

#[test]
fn a_form_of_very_many_members_is_read_as_fast_as_it_is_long() {
    let body = |count: usize| (0..count).map(|index| format!("k{index}=1&")).collect::<String>() + "scope=x";
    let time = |count: usize| {
        let form = http::Request::post("/scopes").header("content-type", "application/x-www-form-urlencoded");
        let request = form.body(body(count).into_bytes()).expect("a request");
        let began = std::time::Instant::now();
        let SendScopes(value) = received::<SendScopes>(&request).expect("a form");
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(count + 1));
        began.elapsed()
    };
    let (few, many) = (time(2_000), time(40_000));
    assert!(many < few * 200, "20 times the members took {many:?} instead of {few:?}");
}

#[test]
fn names_with_very_many_brackets_are_read_as_fast_as_they_are_long() {
    let read = |body: String| {
        let form = http::Request::post("/form").header("content-type", "application/x-www-form-urlencoded");
        let SendForm(value) = received::<SendForm>(&form.body(body.into_bytes()).expect("a request")).expect("a form");
        value
    };
    assert_eq!(read(format!("metadata{}=1&ok=true", "[k]".repeat(300_000)))["ok"], true);
    let many = read((0..40_000).map(|index| format!("metadata[k{index}]={index}&")).collect());
    assert_eq!((many["metadata"]["k7"].as_str(), many["metadata"].as_object().map(serde_json::Map::len)), (Some("7"), Some(40_000)));
}

#[test]
fn cookies_of_other_programs_do_no_harm() {
    const SID: Parameter = Parameter::new(Place::Cookie, "sid", Shape::TEXT, &ANYTHING);
    const KEY: Scheme = Scheme::new("key", SchemeKind::ApiKey(Place::Cookie, "sid"));
    let header = |bytes: &[u8]| http::HeaderValue::from_bytes(bytes).expect("a header");
    let request = http::Request::get("/")
        .header("cookie", header(b"bad=\xff; name=\xc3\xa9"))
        .header("cookie", header(b"a=1; sid=first; sid=second"));
    let request = request.body(Vec::new()).expect("a request");
    let incoming = Incoming::new("/", request.uri(), request.headers(), request.body()).expect("the path");
    assert_eq!(incoming.optional::<Value>(&SID), Ok(Some(json!("first"))));
    let found = receive_credentials(&[&[KEY]], request.uri(), request.headers()).expect("the key");
    assert!(matches!(&found[0].1, Credential::Secret(key) if key == "first"));
}

#[test]
fn a_base_url_that_ends_a_path_is_rejected() {
    for base in ["https://example.com/api?key=1", "https://example.com/api#part", "https://example.com?"] {
        let report = SendText("a".to_owned()).request(base).expect_err(base);
        let message = format!("has a base URL with `?` or `#`, which must not be in it: {base}");
        assert_eq!((report.violations[0].keyword, report.violations[0].message.as_str()), ("syntax", message.as_str()));
    }
    let request = SendText("a".to_owned()).request("https://example.com/api/").expect("a path");
    assert_eq!(request.uri(), "https://example.com/api/text");
}

#[test]
fn text_is_sent_and_read_as_it_is() {
    let request = SendText("\"é\"\n1".to_owned()).request("https://example.com").expect("a valid request");
    assert_eq!(request.body(), "\"é\"\n1".as_bytes());
    assert_eq!(received::<SendText>(&request), Ok(SendText("\"é\"\n1".to_owned())));
    assert_eq!(TEXT.parse::<String>(&HeaderMap::new(), b"\xEF\xBB\xBFa"), Ok("a".to_owned()));
    assert_eq!(TEXT.parse::<String>(&HeaderMap::new(), b"\xFF").expect_err("not UTF-8").violations[0].keyword, "syntax");
    assert_eq!(read_json::<Value>(b"\xEF\xBB\xBF{}", &ANYTHING), Ok(json!({})));
    let reply = Reply::from(Said::Ok("hello".to_owned())).write();
    assert_eq!(Reply::<Said>::read(reply).map(|reply| reply.body).ok(), Some(Said::Ok("hello".to_owned())));
}

/// An operation whose body is a string or another value, of any media type.
#[derive(Debug, PartialEq)]
struct SendAny(Value);

const ANY: JsonOrTextBody = json_or_text("*/*", &ANYTHING);

impl Operation for SendAny {
    const ID: &'static str = "sendAny";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/any";
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "*/*";
    type Response = Said;

    fn write(&self, to: &mut Writer) {
        to.body(&self.0, ANY);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.body(ANY).map(SendAny)
    }
}

#[test]
fn a_body_of_any_media_type_is_read_as_its_media_type_says() {
    let sent = |value: Value| SendAny(value).request("https://example.com").expect("a valid request");
    for (value, media_type, body) in [(json!("5"), "text/plain; charset=utf-8", "5"), (json!({ "a": 1 }), "application/json", r#"{"a":1}"#)]
    {
        let request = sent(value.clone());
        assert_eq!((request.headers()["content-type"].to_str().ok(), request.body().as_slice()), (Some(media_type), body.as_bytes()));
        assert_eq!(received::<SendAny>(&request), Ok(SendAny(value.clone())));
        let (written_type, written) = ANY.content(&value);
        assert_eq!((written_type, written.as_slice()), (media_type, body.as_bytes()));
    }
    let typed = |media_type: &str, body: &[u8]| {
        let request = http::Request::post("/any").header("content-type", media_type).body(body.to_vec()).expect("a request");
        (received::<SendAny>(&request), ANY.parse::<Value>(request.headers(), body))
    };
    for (media_type, value) in [("application/problem+json", json!("a")), ("text/csv", json!("\"a\""))] {
        assert_eq!(typed(media_type, b"\"a\""), (Ok(SendAny(value.clone())), Ok(value)), "{media_type}");
    }
    let refused = typed("image/png", b"a").0.expect_err("neither JSON nor text");
    assert_eq!((refused.status, refused.report.violations[0].keyword), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "contentType"));
    let text_only = json_or_text("text/*", &ANYTHING);
    assert_eq!(text_only.content(&json!(5)), ("text/plain; charset=utf-8", b"5".to_vec()));
    for (media_type, is_read) in [("application/json", true), ("text/html", true), ("application/xml", false), ("", false)] {
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type))]);
        assert_eq!(guard::has_json_or_text(StatusCode::OK, &headers, &["*/*"]), is_read, "{media_type}");
        assert!(!guard::has_json_or_text_body(StatusCode::NO_CONTENT, &headers, &["*/*"]));
    }
}

#[test]
fn a_response_that_cannot_be_read_is_kept_whole() {
    let mut response = http::Response::new(b"\xFFgateway".to_vec());
    response.headers_mut().insert("x-gateway", http::HeaderValue::from_static("7"));
    let invalid = Reply::<Said>::read(response).expect_err("no text");
    assert_eq!((invalid.status, invalid.body.as_slice()), (StatusCode::OK, b"\xFFgateway".as_slice()));
    assert_eq!(invalid.headers["x-gateway"], "7");
}

/// Declares operations whose path has two parameters in one segment.
macro_rules! pairs {
    ($($name:ident $path:literal $shape:ident;)*) => { $(
        #[derive(Debug, PartialEq)]
        struct $name(Value, Value);

        impl $name {
            const FIRST: Parameter = Parameter::new(Place::Path, "a", Shape::$shape, &ANYTHING);
            const SECOND: Parameter = Parameter::new(Place::Path, "b", Shape::TEXT, &ANYTHING);
        }

        impl Operation for $name {
            const ID: &'static str = stringify!($name);
            const METHOD: Method = Method::GET;
            const PATH: &'static str = $path;
            const SECURITY: Security = &[];
            const ACCEPT: &'static str = "";
            type Response = Said;

            fn write(&self, to: &mut Writer) {
                to.required(&self.0, &Self::FIRST);
                to.required(&self.1, &Self::SECOND);
            }

            fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
                Ok($name(incoming.required(&Self::FIRST)?, incoming.required(&Self::SECOND)?))
            }
        }
    )* };
}

pairs! {
    Dotted "/files/{a}.{b}" TEXT;
    Hyphenated "/{a}-{b}/c" TEXT;
    Colon "/{a}:{b}" TEXT;
    Apart "/{a}/{b}" TEXT;
    Listed "/{a},{b}" TEXT;
}

/// Sends a call, and reads it as the server does.
fn through<O: Operation + PartialEq + std::fmt::Debug>(call: &O, path: &str) {
    let request = call.request("https://example.com").expect("a valid request");
    assert_eq!((request.uri().path(), received::<O>(&request).as_ref()), (path, Ok(call)));
}

#[test]
fn a_value_does_not_end_where_the_text_between_two_parameters_ends_it() {
    through(&Dotted(json!("a.b"), json!("tar.gz")), "/files/a%2Eb.tar.gz");
    through(&Hyphenated(json!("1-2"), json!("3-4")), "/1%2D2-3-4/c");
    through(&Colon(json!("1:2"), json!("3:4")), "/1%3A2:3%3A4");
    through(&Apart(json!("1.2"), json!("3.4")), "/1.2/3.4");
    let refused = Listed(json!(["1", "2"]), json!("3")).request("https://example.com").expect_err("the list has a comma");
    assert_eq!((refused.violations[0].pointer.as_str(), refused.violations[0].keyword), ("/path/a", "syntax"), "{refused}");
}

/// An operation with a single parameter in the query, and one with an exploded object.
#[derive(Debug, PartialEq)]
struct Filtered(Option<Value>, Option<Value>);

impl Filtered {
    const NUMBER: Parameter = Parameter::new(Place::Query, "n", Shape::INTEGER, &INTEGER);
    const MEMBERS: Parameter = Parameter::new(Place::Query, "all", OBJECT.members(&[("a", Shape::TEXT)]), &MEMBERS);
}

static INTEGER: Rule = Rule::Types(Types::INTEGER);
static STRING: Rule = Rule::Types(Types::STRING);
static MEMBERS: Rule = Rule::Record(&Record { members: &[("a", &STRING)], required: 0, others: None, more: None });

impl Operation for Filtered {
    const ID: &'static str = "filtered";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/filtered";
    const SECURITY: Security = &[];
    const ACCEPT: &'static str = "";
    type Response = Said;

    fn write(&self, _: &mut Writer) {}

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        Ok(Filtered(incoming.optional(&Self::NUMBER)?, incoming.optional(&Self::MEMBERS)?))
    }
}

#[test]
fn a_server_takes_no_value_that_a_request_has_twice_and_no_text_that_is_not_utf8() {
    let read = |query: &str| {
        let request = http::Request::get(format!("/filtered?{query}")).body(Vec::new()).expect("a request");
        received::<Filtered>(&request).map_err(|rejection| {
            let first = &rejection.report.violations[0];
            (rejection.status.as_u16(), first.pointer.clone(), first.keyword)
        })
    };
    let refused = |pointer: &str, keyword| Err((400, pointer.to_owned(), keyword));
    assert_eq!(read("n=1&a=x&other=%ff&other=1"), Ok(Filtered(Some(json!(1)), Some(json!({ "a": "x" })))));
    assert_eq!(read("n=1&n=2"), refused("/query/n", "type"));
    assert_eq!(read("a=1&a=2"), refused("/query/all/a", "type"));
    assert_eq!(read("a=%ff"), refused("/query/all", "syntax"));
    assert_eq!(read("n=%ff"), refused("/query/n", "syntax"));
    let path = http::Request::get("/%ff/x").body(Vec::new()).expect("a request");
    assert_eq!(received::<Apart>(&path).expect_err("no text").report.violations[0].pointer, "/path/a");
    let form = http::Request::post("/form").header("content-type", "application/x-www-form-urlencoded");
    let rejected = received::<SendForm>(&form.body(b"grant=%ff".to_vec()).expect("a request")).expect_err("no text");
    assert_eq!((rejected.report.violations[0].pointer.as_str(), rejected.report.violations[0].keyword), ("/grant", "syntax"));
}

#[test]
fn a_response_without_a_body_is_sent_and_read_without_one() {
    let has_none = |status: &u16| !has_body(StatusCode::from_u16(*status).expect("a status"));
    assert_eq!((100..=599).filter(has_none).filter(|status| *status >= 200).collect::<Vec<_>>(), [204, 205, 304]);
    let response = Reply::from(Said::Other(StatusCode::NO_CONTENT)).write();
    assert!(response.body().is_empty() && response.headers().is_empty(), "{response:?}");
}

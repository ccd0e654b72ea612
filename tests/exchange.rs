//! Credentials, bodies and routes over hand-written operations: what a client sends, and what a server makes of it.
#![cfg(feature = "axum")]

use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use serde_json::{Value, json};
use stronglog_sync::api::runtime::axum::Route;
use stronglog_sync::api::runtime::check::Types;
use stronglog_sync::api::runtime::http::{
    ANYTHING, Bearer, Credential, Credentials, Encoding, Form, HeaderMap, Hooks, Incoming, Method, Operation, Outcome, Parameter, Place,
    Rejection, Reply, Request, Scheme, SchemeKind, Security, Shape, StatusCode, Style, Writer, Written, read_json, read_text,
    receive_credentials, text,
};
use stronglog_sync::api::runtime::report::Report;
use tower::ServiceExt;

const HEADER: Scheme = Scheme::new("header", SchemeKind::ApiKey(Place::Header, "X-Api-Key"));
const QUERY: Scheme = Scheme::new("query", SchemeKind::ApiKey(Place::Query, "key"));
const COOKIE: Scheme = Scheme::new("cookie", SchemeKind::ApiKey(Place::Cookie, "sid"));
const BASIC: Scheme = Scheme::new("basic", SchemeKind::Basic);
const TOKEN: Scheme = Scheme::new("token", SchemeKind::Bearer);
const UNKNOWN: Scheme = Scheme::new("unknown", SchemeKind::ApiKey(Place::Header, "X-Unknown"));

/// A request with the credentials that the hooks add, as text: the URI, then the headers.
fn sent(hooks: &impl Hooks, security: Security) -> (String, Vec<String>) {
    let request = authorized(hooks, security);
    let headers = request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("ASCII")));
    (request.uri().to_string(), headers.collect())
}

fn authorized(hooks: &impl Hooks, security: Security) -> Request {
    let mut request = http::Request::get("https://example.com/a?x=1").body(Vec::new()).expect("a request");
    hooks.before("operation", security, &mut request);
    request
}

fn credentials() -> Credentials {
    Credentials::new().secret(HEADER, "h/1").secret(QUERY, "q&1").secret(COOKIE, "c;1").secret(TOKEN, "t1").basic(
        BASIC,
        "Ana",
        "pass:word é",
    )
}

#[test]
fn credentials_are_sent_where_their_schemes_are_declared_and_nowhere_else() {
    let plain = "https://example.com/a?x=1".to_owned();
    let cases: [(Security, String, Vec<&str>); 8] = [
        (&[&[HEADER]], plain.clone(), vec!["x-api-key: h/1"]),
        (&[&[QUERY]], format!("{plain}&key=q%261"), vec![]),
        (&[&[COOKIE]], plain.clone(), vec!["cookie: sid=c%3B1"]),
        (&[&[BASIC]], plain.clone(), vec!["authorization: Basic QW5hOnBhc3M6d29yZCDDqQ=="]),
        (&[&[TOKEN]], plain.clone(), vec!["authorization: Bearer t1"]),
        (&[&[HEADER, QUERY]], format!("{plain}&key=q%261"), vec!["x-api-key: h/1"]),
        (&[&[HEADER, UNKNOWN], &[TOKEN], &[]], plain.clone(), vec!["authorization: Bearer t1"]),
        (&[], plain, vec![]),
    ];
    for (security, uri, headers) in cases {
        let headers: Vec<String> = headers.into_iter().map(str::to_owned).collect();
        assert_eq!(sent(&credentials(), security), (uri, headers), "{security:?}");
    }
}

#[test]
fn a_set_of_schemes_is_sent_as_a_whole_or_not_at_all() {
    let plain = ("https://example.com/a?x=1".to_owned(), Vec::new());
    assert_eq!(sent(&Credentials::new().secret(HEADER, "h"), &[&[HEADER, QUERY]]), plain);
    assert_eq!(sent(&Credentials::new().source(TOKEN, || None), &[&[TOKEN]]), plain);
    assert_eq!(sent(&Bearer("t".to_owned()), &[&[HEADER], &[BASIC]]), plain);
    assert_eq!(sent(&Bearer("t".to_owned()), &[&[HEADER], &[TOKEN]]).1, ["authorization: Bearer t"]);
    assert_eq!(format!("{:?}", credentials()), r#"["header", "query", "cookie", "token", "basic"]"#);
}

#[test]
fn a_server_reads_the_credentials_that_a_client_sends() {
    let sets: [Security; 5] = [&[&[HEADER]], &[&[QUERY]], &[&[COOKIE, TOKEN]], &[&[BASIC]], &[&[TOKEN], &[]]];
    for security in sets {
        let request = authorized(&credentials(), security);
        let found = receive_credentials(security, request.uri(), request.headers()).expect("all credentials of the set");
        assert_eq!(found.iter().map(|(scheme, _)| *scheme).collect::<Vec<_>>(), security[0]);
        let bare = authorized(&Credentials::new(), security);
        let optional = security.contains(&[].as_slice());
        assert_eq!(receive_credentials(security, bare.uri(), bare.headers()), optional.then(Vec::new));
    }
    let request = authorized(&credentials(), &[&[BASIC]]);
    let found = BASIC.receive(request.uri(), request.headers());
    assert_eq!(found, Some(Credential::Basic { user: "Ana".to_owned(), password: "pass:word é".to_owned() }));
    let request = authorized(&credentials(), &[&[QUERY]]);
    assert_eq!(QUERY.receive(request.uri(), request.headers()), Some(Credential::Secret("q&1".to_owned())));
}

/// A response that is text.
#[derive(Debug, PartialEq)]
enum Said {
    Ok(String),
    Other(StatusCode),
}

impl Outcome for Said {
    fn read(status: StatusCode, _: &HeaderMap, body: &[u8]) -> Result<Self, Report> {
        Ok(if status == StatusCode::OK { Said::Ok(read_text(body, &ANYTHING)?) } else { Said::Other(status) })
    }

    fn write(&self) -> Written {
        match self {
            Said::Ok(body) => text(200, "text/plain", body),
            Said::Other(status) => (*status, None, Vec::new()),
        }
    }

    fn undeclared(status: StatusCode, _: Vec<u8>) -> Self {
        Said::Other(status)
    }
}

const LIST: Shape = Shape::of(Types::ARRAY).items(&Shape::TEXT);
const OBJECT: Shape = Shape::of(Types::OBJECT);
const FORM: Form = Form::new(
    OBJECT.members(&[
        ("csv", LIST),
        ("grant", Shape::TEXT),
        ("metadata", OBJECT.others(&Shape::TEXT)),
        ("nested", OBJECT.members(&[("a", Shape::INTEGER)])),
        ("ok", Shape::of(Types::BOOLEAN)),
        ("scope", LIST),
    ]),
    &[
        ("csv", Encoding::of(Place::Query).style(Style::Form, false)),
        ("metadata", Encoding::of(Place::Query).style(Style::DeepObject, true)),
    ],
    &ANYTHING,
);

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
        to.form("application/x-www-form-urlencoded", &self.0, &FORM);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.form("application/x-www-form-urlencoded", &FORM).map(SendForm)
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
        to.text("text/plain", &self.0, &ANYTHING);
    }

    fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
        incoming.text("text/plain", &ANYTHING).map(SendText)
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
    let browsers = http::Request::post("/form").header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    let request = browsers.body(b"grant=a+b&other=1".to_vec()).expect("a request");
    assert_eq!(received::<SendForm>(&request), Ok(SendForm(json!({ "grant": "a b", "other": "1" }))));
    let json = http::Request::post("/form").header("content-type", "application/json").body(b"{}".to_vec()).expect("a request");
    assert_eq!(received::<SendForm>(&json).expect_err("JSON is no form").status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[test]
fn text_is_sent_and_read_as_it_is() {
    let request = SendText("\"é\"\n1".to_owned()).request("https://example.com").expect("a valid request");
    assert_eq!(request.body(), "\"é\"\n1".as_bytes());
    assert_eq!(received::<SendText>(&request), Ok(SendText("\"é\"\n1".to_owned())));
    assert_eq!(read_text::<String>(b"\xEF\xBB\xBFa", &ANYTHING), Ok("a".to_owned()));
    assert_eq!(read_text::<String>(b"\xFF", &ANYTHING).expect_err("not UTF-8").violations[0].keyword, "syntax");
    assert_eq!(read_json::<Value>(b"\xEF\xBB\xBF{}", &ANYTHING), Ok(json!({})));
    let reply = Reply::from(Said::Ok("hello".to_owned())).write();
    assert_eq!(Reply::<Said>::read(reply).map(|reply| reply.body).ok(), Some(Said::Ok("hello".to_owned())));
}

#[test]
fn a_response_that_cannot_be_read_is_kept_whole() {
    let mut response = http::Response::new(b"\xFFgateway".to_vec());
    response.headers_mut().insert("x-gateway", http::HeaderValue::from_static("7"));
    let invalid = Reply::<Said>::read(response).expect_err("no text");
    assert_eq!((invalid.status, invalid.body.as_slice()), (StatusCode::OK, b"\xFFgateway".as_slice()));
    assert_eq!(invalid.headers["x-gateway"], "7");
}

const NAMES: [Parameter; 4] = [
    Parameter::new(Place::Path, "id", Shape::TEXT, &ANYTHING),
    Parameter::new(Place::Path, "base", Shape::TEXT, &ANYTHING),
    Parameter::new(Place::Path, "head", Shape::TEXT, &ANYTHING),
    Parameter::new(Place::Path, "path", Shape::TEXT, &ANYTHING),
];

/// Declares operations that answer with their name and the values of their path parameters.
macro_rules! routes {
    ($($name:ident $method:ident $path:literal;)*) => {
        $(struct $name(Vec<String>);

        impl Operation for $name {
            const ID: &'static str = stringify!($name);
            const METHOD: Method = Method::$method;
            const PATH: &'static str = $path;
            const SECURITY: Security = &[];
            const ACCEPT: &'static str = "";
            type Response = Said;

            fn write(&self, _: &mut Writer) {}

            fn receive(incoming: &Incoming<'_>) -> Result<Self, Rejection> {
                let found: Result<Vec<Option<String>>, Rejection> = NAMES.iter().map(|parameter| incoming.optional(parameter)).collect();
                Ok($name(found?.into_iter().flatten().collect()))
            }
        })*

        fn routes() -> Vec<Route<()>> {
            vec![$(Route::new(|_: Arc<()>, _: Parts, call: $name| async move {
                Reply::from(Said::Ok(format!("{} {}", <$name as Operation>::ID, call.0.join("|"))))
            }),)*]
        }
    };
}

routes! {
    Cancel POST "/jobs/{id}:cancel";
    Run POST "/jobs/{id}:run";
    Job GET "/jobs/{id}";
    JobJson GET "/jobs/{id}.json";
    Latest GET "/jobs/latest";
    Compare GET "/compare/{base}...{head}";
    Item GET "/a/{id}";
    Fixed GET "/a/b";
    Nested GET "/a/{id}/b";
    Probe HEAD "/probe/{id}";
    Ask OPTIONS "/probe/{id}";
    Echo TRACE "/probe/{id}";
    Patch PATCH "/probe/{id}";
}

#[tokio::test]
async fn the_most_specific_template_gets_a_path_and_values_are_decoded_once() {
    let router = Route::router(Arc::new(()), routes());
    let cases = [
        ("POST", "/jobs/1:run", "Run 1"),
        ("POST", "/jobs/1:cancel", "Cancel 1"),
        ("POST", "/jobs/a%3Arun:run", "Run a:run"),
        ("GET", "/jobs/1", "Job 1"),
        ("GET", "/jobs/1.json", "JobJson 1"),
        ("GET", "/jobs/latest", "Latest "),
        ("GET", "/jobs/a.b.json", "JobJson a.b"),
        ("GET", "/jobs/a%2Fb", "Job a/b"),
        ("GET", "/jobs/%2525", "Job %25"),
        ("GET", "/compare/v1.0...v1.1", "Compare v1.0|v1.1"),
        ("GET", "/a/b", "Fixed "),
        ("GET", "/a/c", "Item c"),
        ("GET", "/a/b/b", "Nested b"),
        ("OPTIONS", "/probe/1", "Ask 1"),
        ("TRACE", "/probe/1", "Echo 1"),
        ("PATCH", "/probe/1", "Patch 1"),
    ];
    for (method, path, expected) in cases {
        let request = http::Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.expect("a body");
        assert_eq!((status, String::from_utf8_lossy(&body).as_ref()), (StatusCode::OK, expected), "{method} {path}");
    }
    for (method, path, expected) in
        [("HEAD", "/probe/1", 200), ("POST", "/jobs/1:stop", 404), ("PUT", "/jobs/1", 405), ("GET", "/jobs/", 404)]
    {
        let request = http::Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status().as_u16(), expected, "{method} {path}");
    }
}

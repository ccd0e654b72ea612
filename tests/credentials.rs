//! Credentials over hand-written operations: what a client sends, and how a server reads it.
#![cfg(feature = "axum")]

use stronglog_sync::api::runtime::http::{
    Bearer, CallError, Credential, Credentials, Hooks, Incoming, Method, Operation, Place, Rejection, Request, Response, Scheme,
    SchemeKind, Security, Transport, Writer, call, receive_credentials,
};

use crate::exchange::Said;

const HEADER: Scheme = Scheme::new("header", SchemeKind::ApiKey(Place::Header, "X-Api-Key"));
const QUERY: Scheme = Scheme::new("query", SchemeKind::ApiKey(Place::Query, "key"));
/// The key is also a parameter, which the request has.
const ARGUMENT: Scheme = Scheme::new("argument", SchemeKind::ApiKey(Place::Query, "x"));
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
    Credentials::new().secret(HEADER, "h/1").secret(QUERY, "q&1").secret(COOKIE, "c;1").secret(TOKEN, "t1").secret(ARGUMENT, "k").basic(
        BASIC,
        "Ana",
        "pass:word é",
    )
}

#[test]
fn credentials_are_sent_where_their_schemes_are_declared_and_nowhere_else() {
    let plain = "https://example.com/a?x=1".to_owned();
    let cases: [(Security, String, Vec<&str>); 9] = [
        (&[&[HEADER]], plain.clone(), vec!["x-api-key: h/1"]),
        (&[&[QUERY]], format!("{plain}&key=q%261"), vec![]),
        (&[&[COOKIE]], plain.clone(), vec!["cookie: sid=c%3B1"]),
        (&[&[BASIC]], plain.clone(), vec!["authorization: Basic QW5hOnBhc3M6d29yZCDDqQ=="]),
        (&[&[TOKEN]], plain.clone(), vec!["authorization: Bearer t1"]),
        (&[&[HEADER, QUERY]], format!("{plain}&key=q%261"), vec!["x-api-key: h/1"]),
        (&[&[HEADER, UNKNOWN], &[TOKEN], &[]], plain.clone(), vec!["authorization: Bearer t1"]),
        (&[&[ARGUMENT]], plain.clone(), vec![]),
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
    assert_eq!(format!("{:?}", credentials()), r#"["header", "query", "cookie", "token", "argument", "basic"]"#);
}

#[test]
fn a_set_that_a_request_cannot_carry_or_that_only_the_application_knows_leaves_the_others() {
    const COOKIES: Scheme = Scheme::new("cookies", SchemeKind::ApiKey(Place::Header, "Cookie"));
    let plain = "https://example.com/a?x=1".to_owned();
    let faulty = Credentials::new().secret(QUERY, "q").secret(BASIC, "p").secret(TOKEN, "t");
    let cases: [(Credentials, Security, &[&str]); 6] = [
        (credentials(), &[&[TOKEN, BASIC], &[HEADER]], &["x-api-key: h/1"]),
        (faulty, &[&[QUERY, BASIC], &[BASIC], &[TOKEN], &[]], &["authorization: Bearer t"]),
        (credentials(), &[&[DIGEST], &[HEADER]], &["x-api-key: h/1"]),
        (credentials(), &[&[DIGEST, TOKEN]], &["authorization: Bearer t1"]),
        (credentials(), &[&[DIGEST]], &[]),
        (credentials().secret(COOKIES, "a=1; b=2"), &[&[COOKIE, COOKIES]], &["cookie: sid=c%3B1; a=1; b=2"]),
    ];
    for (credentials, security, headers) in cases {
        let request = authorized(&credentials, security);
        assert!(request.extensions().is_empty(), "{security:?} is sent");
        assert_eq!(
            sent(&credentials, security),
            (plain.clone(), headers.iter().map(|&header| header.to_owned()).collect()),
            "{security:?}"
        );
    }
}

#[tokio::test]
async fn a_credential_does_not_replace_another_one() {
    const SAME: Scheme = Scheme::new("same", SchemeKind::ApiKey(Place::Header, "AUTHORIZATION"));
    let refused = |hooks: &Credentials, security| authorized(hooks, security).extensions().len();
    assert_eq!(refused(&credentials(), &[&[TOKEN, BASIC]]), 1);
    assert_eq!(refused(&credentials().secret(SAME, "key"), &[&[TOKEN, SAME]]), 1);
    let equal = Credentials::new().secret(TOKEN, "t1").secret(SAME, "Bearer t1");
    assert_eq!(refused(&equal, &[&[TOKEN, SAME]]), 0);
    assert_eq!(sent(&equal, &[&[TOKEN, SAME]]).1, ["authorization: Bearer t1"]);
}

/// An operation to which a server responds with any status.
struct Guarded;

impl Operation for Guarded {
    const ID: &'static str = "guarded";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/guarded";
    const SECURITY: Security = &[&[HEADER, BASIC], &[TOKEN], &[DIGEST]];
    const ACCEPT: &'static str = "";
    type Response = Said;

    fn write(&self, _: &mut Writer) {}

    fn receive(_: &Incoming<'_>) -> Result<Self, Rejection> {
        Ok(Guarded)
    }
}

const DIGEST: Scheme = Scheme::new("digest", SchemeKind::Other);

/// A transport that counts the requests, and responds with text.
#[derive(Default)]
struct Counted(std::sync::atomic::AtomicUsize);

impl Transport for Counted {
    type Error = std::convert::Infallible;

    async fn send(&self, _: Request) -> Result<Response, Self::Error> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(http::Response::new(b"hello".to_vec()))
    }
}

#[tokio::test]
async fn a_credential_that_does_not_fit_its_scheme_is_rejected_and_nothing_is_sent() {
    let pair = Credential::Basic { user: "Ana".to_owned(), password: "p".to_owned() };
    let cases = [
        (Credentials::new().secret(HEADER, "k").secret(BASIC, "p"), "the credential of \"basic\" is not a user and a password"),
        (Credentials::new().source(TOKEN, move || Some(pair.clone())), "the credential of \"token\" is not a token"),
        (Credentials::new().secret(TOKEN, "t\n"), "the credential of \"token\" contains characters that a header cannot carry"),
        (Credentials::new().secret(HEADER, "ключ").secret(BASIC, "a:b"), "the credential of \"header\" contains characters that a header"),
        (Credentials::new().secret(DIGEST, "x"), "the credential of \"digest\" cannot be sent"),
    ];
    let transport = Counted::default();
    for (credentials, expected) in cases {
        let error = call(&Guarded, "https://example.com", &transport, &credentials).await.expect_err("it does not fit");
        assert!(matches!(error, CallError::Request(_)) && error.to_string().contains(expected), "{error}");
    }
    let fitting = Credentials::new().secret(HEADER, "k").secret(BASIC, "Ana:p");
    let reply = call(&Guarded, "https://example.com", &transport, &fitting).await.expect("an answer");
    assert_eq!((reply.body, reply.raw.as_slice(), transport.0.into_inner()), (Said::Ok("hello".to_owned()), b"hello".as_slice(), 1));
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

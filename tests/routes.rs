//! Routing over hand-written operations: which operation a path gets, and the values of its parameters.
#![cfg(feature = "axum")]

use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use stronglog_sync::api::runtime::axum::Route;
use stronglog_sync::api::runtime::http::{
    ANYTHING, Incoming, Method, Operation, Parameter, Place, Rejection, Reply, Security, Shape, StatusCode, Writer,
};
use tower::ServiceExt;

use crate::exchange::Said;

const NAMES: [Parameter; 4] = [
    Parameter::new(Place::Path, "id", Shape::TEXT, &ANYTHING),
    Parameter::new(Place::Path, "base", Shape::TEXT, &ANYTHING),
    Parameter::new(Place::Path, "head", Shape::TEXT, &ANYTHING),
    Parameter::new(Place::Path, "path", Shape::TEXT, &ANYTHING),
];

/// Declares operations that respond with their name and the values of their path parameters.
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
    Accented GET "/a/caf%C3%A9";
    Colon GET "/a/%3Ab";
    Probe HEAD "/probe/{id}";
    Ask OPTIONS "/probe/{id}";
    Echo TRACE "/probe/{id}";
    Patch PATCH "/probe/{id}";
    Beta GET "/a/{id}?beta=true";
    Wide GET "/wide?beta=true&of=all";
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
        ("GET", "/jobs/1%2ejson", "JobJson 1"),
        ("GET", "/jobs/latest", "Latest "),
        ("GET", "/jobs/a.b.json", "JobJson a.b"),
        ("GET", "/jobs/a%2Fb", "Job a/b"),
        ("GET", "/jobs/%2525", "Job %25"),
        ("GET", "/compare/v1.0...v1.1", "Compare v1.0|v1.1"),
        ("GET", "/a/b", "Fixed "),
        ("GET", "/a/c", "Item c"),
        ("GET", "/a/caf%C3%A9", "Accented "),
        ("GET", "/a/caf%c3%a9", "Accented "),
        ("GET", "/a/%63af%C3%A9", "Accented "),
        ("GET", "/a/caf%C3%A8", "Item cafè"),
        ("GET", "/a/%3ab", "Colon "),
        ("GET", "/a/:b", "Item :b"),
        ("GET", "/a/b/b", "Nested b"),
        ("OPTIONS", "/probe/1", "Ask 1"),
        ("TRACE", "/probe/1", "Echo 1"),
        ("PATCH", "/probe/1", "Patch 1"),
        ("GET", "/a/c?beta=true", "Beta c"),
        ("GET", "/a/c?x=1&beta=true", "Beta c"),
        ("GET", "/a/c?beta=false", "Item c"),
        ("GET", "/wide?of=all&beta=true", "Wide "),
    ];
    for (method, path, expected) in cases {
        let request = http::Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.expect("a body");
        assert_eq!((status, String::from_utf8_lossy(&body).as_ref()), (StatusCode::OK, expected), "{method} {path}");
    }
    for (method, path, expected) in [
        ("HEAD", "/probe/1", 200),
        ("POST", "/jobs/1:stop", 404),
        ("PUT", "/jobs/1", 405),
        ("GET", "/jobs/", 404),
        ("GET", "/wide?of=all", 404),
    ] {
        let request = http::Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status().as_u16(), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_answered_with_a_problem() {
    let router = Route::router(Arc::new(()), routes());
    let request = http::Request::builder().method("POST").uri("/jobs/1:run").body(Body::from(vec![b' '; 3 << 20])).expect("a request");
    let response = router.oneshot(request).await.expect("an answer");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (413, &http::HeaderValue::from_static("application/problem+json"))
    );
}

#[tokio::test]
async fn a_body_that_no_layer_has_decoded_is_rejected() {
    for (encoding, expected) in [("gzip", 415), ("identity", 200)] {
        let request = http::Request::builder().method("POST").uri("/jobs/1:run").header("content-encoding", encoding);
        let response = Route::router(Arc::new(()), routes()).oneshot(request.body(Body::from("x")).expect("a request")).await;
        assert_eq!(response.expect("an answer").status().as_u16(), expected, "{encoding}");
    }
}

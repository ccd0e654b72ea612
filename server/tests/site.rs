//! A web app next to the API: its files, its page at each of its own addresses, and an API that stays unchanged.

mod support;

use reqwest::Response;
use stronglog_server::site::{File, Site};
use support::Server;

const SCRIPT: &str = "/assets/index-1f2e.js";
const SITE: Site = &[
    File { path: "/index.html", bytes: b"<!doctype html><script type=module src=/assets/index-1f2e.js></script>", tag: "page" },
    File { path: SCRIPT, bytes: b"console.log('here')", tag: "script" },
    File { path: "/assets/engine.wasm", bytes: b"\0asm", tag: "engine" },
];

async fn server() -> Server {
    Server::start_with(|config| config.site = Some(SITE)).await
}

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = headers.iter().fold(server.http.get(server.url(path)), |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("an answer")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_their_type_and_stay_in_caches_only_where_their_names_change() {
    let server = server().await;
    for (path, media_type, caching) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        (SCRIPT, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/engine.wasm", "application/wasm", "public, max-age=31536000, immutable"),
    ] {
        let response = get(&server, path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!((header(&response, "content-type"), header(&response, "cache-control")), (media_type, caching), "{path}");
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("'wasm-unsafe-eval'") && !policy.contains("'unsafe-"), "{policy}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let server = server().await;
    let tag = header(&get(&server, "/", &[]).await, "etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let response = get(&server, "/", &[("if-none-match", &known)]).await;
        assert_eq!(response.status(), 304, "{known}");
        assert_eq!(response.text().await.expect("a whole answer"), "");
    }
    assert_eq!(get(&server, "/", &[("if-none-match", "\"other\"")]).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_the_page_at_every_address_of_the_app_and_a_program_hears_what_is_wrong() {
    let server = server().await;
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = get(&server, "/history", &browser).await;
    assert_eq!((page.status().as_u16(), header(&page, "content-type")), (200, "text/html; charset=utf-8"));
    for (path, headers) in [("/history", &[][..]), ("/assets/gone.js", &[("accept", "*/*")]), ("/api/v1/nothing", &browser)] {
        let response = get(&server, path, headers).await;
        assert_eq!((response.status().as_u16(), header(&response, "content-type")), (404, "application/problem+json"), "{path}");
    }
    let posted = server.http.post(server.url("/")).send().await.expect("an answer");
    assert_eq!(posted.status(), 405);
    let head = server.http.head(server.url(SCRIPT)).send().await.expect("an answer");
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, "19"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_paths_of_the_server_are_not_served_by_the_site() {
    let server = server().await;
    let browser = [("accept", "text/html")];
    assert_eq!(get(&server, "/healthz", &browser).await.text().await.expect("text"), "ok\n");
    assert!(get(&server, "/docs", &browser).await.text().await.expect("text").contains("<title>StrongLog Sync"));
    assert_eq!(get(&server, "/api/v1/changes", &browser).await.status(), 401);
    let without = Server::start().await;
    assert_eq!(get(&without, "/", &browser).await.status(), 404, "no app, no page");
}

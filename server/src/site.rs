//! A web app that the server may serve next to its API: the files of a single-page app, embedded in the program that runs the server.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};

use crate::problem::Failure;

/// A file of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// The path under which the file is served, such as `/assets/index-1f2e3d4c.js`.
    pub path: &'static str,
    /// The content of the file.
    pub bytes: &'static [u8],
    /// The ETag: it differs for every content ever served at this path.
    pub tag: &'static str,
}

/// The files of an app. Without `/index.html`, no page is served.
pub type Site = &'static [File];

/// The page that is served for every path that is not a file, because the app does its own routing.
const PAGE: &str = "/index.html";

/// The folder of the files whose names contain a hash of their content.
const HASHED: &str = "/assets/";

/// The app may load its own files, compile WebAssembly and connect to this server. It may not be framed.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// Handles a request that matches no API route.
pub fn respond(site: Site, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let asked = if uri.path() == "/" { PAGE } else { uri.path() };
    let find = |path: &str| site.iter().find(|file| file.path == path);
    match find(asked).or_else(|| wants_page(asked, headers).then(|| find(PAGE)).flatten()) {
        Some(_) if *method != Method::GET && *method != Method::HEAD => Failure::no_method().into_response(),
        Some(file) => serve(file, headers),
        None => Failure::no_path().into_response(),
    }
}

/// Returns whether a browser asks for a page. A client that requests an API path that does not exist gets a 404.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html") && !path.starts_with("/api/")
}

fn serve(file: &File, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.tag);
    let caching = if file.path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, caching),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A proxy that compresses responses marks their ETags as weak.
    if known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, media_type(file.path))], file.bytes).into_response()
}

/// The media type of a file, for the file types that web bundlers write.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

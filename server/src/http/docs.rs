//! The API reference and the data models as self-contained pages: the generated Markdown, rendered once.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use http::header;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The pages may use inline styles only, and may not be framed.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes() -> Router {
    let page = |html: fn() -> &'static str| get(move || async move { ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html())) });
    Router::new().route("/docs", page(reference)).route("/docs/data-models", page(models))
}

/// Returns the API reference, served at `/docs`.
fn reference() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| page(stronglog_sync::docs::API_REFERENCE));
    &PAGE
}

/// Returns the data models, served at `/docs/data-models`.
fn models() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| page(stronglog_sync::docs::DATA_MODELS));
    &PAGE
}

fn page(markdown: &str) -> String {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).collect();
    let mut title = String::new();
    let mut anchors = Anchors::default();
    for index in 0..events.len() {
        if let Event::Start(Tag::Heading { level, .. }) = &events[index] {
            let level = *level;
            let text = heading(&events[index + 1..]);
            if level == HeadingLevel::H1 {
                title.clone_from(&text);
            }
            let anchor = anchors.of(&text);
            if let Event::Start(Tag::Heading { id, .. }) = &mut events[index] {
                *id = Some(anchor.into());
            }
        } else if let Event::Start(Tag::Link { dest_url, .. }) = &mut events[index] {
            *dest_url = served(dest_url);
        }
    }
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    include_str!("docs.html").replace("<!-- title -->", &title).replace("<!-- body -->", &body)
}

/// Returns the text of a heading that starts at these events.
fn heading(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let texts = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    texts.collect()
}

/// Generates heading anchors the way code hosts do, because links in the files rely on them.
#[derive(Default)]
struct Anchors(HashMap<String, usize>);

impl Anchors {
    fn of(&mut self, heading: &str) -> String {
        let kept = heading.chars().filter(|character| character.is_alphanumeric() || "-_ ".contains(*character));
        let slug: String = kept.flat_map(char::to_lowercase).map(|character| if character == ' ' { '-' } else { character }).collect();
        let seen = self.0.entry(slug.clone()).or_default();
        *seen += 1;
        if *seen == 1 { slug } else { format!("{slug}-{}", *seen - 1) }
    }
}

/// Maps a link between the files to its address on this server.
fn served<'a>(link: &CowStr<'a>) -> CowStr<'a> {
    for (file, path) in [("data-models.md", "/docs/data-models"), ("api-reference.md", "/docs")] {
        if let Some(anchor) = link.strip_prefix(file) {
            return format!("{path}{anchor}").into();
        }
    }
    link.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_leads_somewhere_on_this_server() {
        for (path, page) in [("/docs", reference()), ("/docs/data-models", models())] {
            let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert!(links.len() > 20, "{path} has links");
            for link in links {
                let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = match target {
                    "" => page,
                    "/docs" => reference(),
                    "/docs/data-models" => models(),
                    other => panic!("{path} links to {other}"),
                };
                assert!(anchor.is_empty() || target.contains(&format!("id=\"{anchor}\"")), "{path} links to {link}");
            }
        }
    }

    #[test]
    fn the_pages_need_no_network() {
        for page in [reference(), models()] {
            assert!(page.contains("<h1") && page.contains("<title>StrongLog Sync"));
            for outside in ["src=", "<link", "@import", "url("] {
                assert!(!page.contains(outside), "{outside}");
            }
        }
    }
}

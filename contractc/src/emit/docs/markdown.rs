//! Markdown text: escaping, embedding the prose of a contract, and links to headings by the anchors that GitHub generates.

use std::collections::{BTreeMap, HashMap};

use crate::emit::readable;

/// These enclose the key of a heading or the target of a link, until [`resolve`] knows all anchors. They are private-use characters, so
/// that no prose contains them.
const KEY_OPEN: char = '\u{E000}';
const KEY_CLOSE: char = '\u{E001}';

/// The marker after a heading that makes it a target for [`link`].
pub fn key(key: &str) -> String {
    format!("{KEY_OPEN}{key}{KEY_CLOSE}")
}

/// A link to the heading with the key `target`.
pub fn link(text: &str, target: &str) -> String {
    format!("[{text}]({})", key(target))
}

/// The text as a code span.
pub fn code(text: &str) -> String {
    let text = readable(text).replace(['\n', '\r'], " ");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Escapes the text of a heading or link.
pub fn plain(text: &str) -> String {
    let joined = readable(text).split_whitespace().collect::<Vec<_>>().join(" ");
    joined.replace('<', "\\<").replace('[', "\\[").replace(']', "\\]")
}

/// A table cell. An unescaped `|` would end it.
pub fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        if character == '|' && before != '\\' {
            escaped.push('\\');
        }
        escaped.push(if character == '\n' { ' ' } else { character });
        before = character;
    }
    escaped
}

/// The first paragraph, on one line.
pub fn first_paragraph(text: &str) -> String {
    let text = without_html_paragraphs(text);
    let lines = text.trim().lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ").replace("```", "`")
}

/// Whether there is more than one paragraph.
pub fn has_more_paragraphs(text: &str) -> bool {
    without_html_paragraphs(text).trim().lines().any(|line| line.trim().is_empty())
}

/// Removes HTML paragraphs. Many contracts write prose in HTML, whose tags would show in table cells.
fn without_html_paragraphs(text: &str) -> String {
    readable(text)
        .replace("\r\n", "\n")
        .replace("</p>", "\n\n")
        .replace("<p>", "")
        .replace("<br>", " ")
        .replace("<br/>", " ")
        .replace("<br />", " ")
}

/// Embeds prose of the contract below a heading: its headings start at `level`, and an unclosed code block is closed.
pub fn embed(text: &str, level: usize) -> String {
    let text = without_html_paragraphs(text);
    let mut blocks = CodeBlocks::default();
    let highest = text.trim().lines().filter(|line| !blocks.holds(line)).filter_map(heading).map(|(level, _)| level).min().unwrap_or(level);
    let (mut blocks, mut embedded) = (CodeBlocks::default(), String::with_capacity(text.len()));
    for line in text.trim().lines() {
        // Every line must pass through the tracker.
        let in_code = blocks.holds(line);
        match heading(line).filter(|_| !in_code) {
            Some((own, words)) => {
                let shifted = (own + level).saturating_sub(highest).clamp(1, 6);
                embedded.push_str(&format!("{} {words}\n", "#".repeat(shifted)));
            }
            None => embedded.push_str(&format!("{}\n", line.trim_end())),
        }
    }
    embedded.push_str(&blocks.closing());
    embedded.trim_end().to_owned()
}

/// The level and text of a heading line.
pub fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let text = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, text.trim().trim_end_matches('#').trim_end()))
}

/// Tracks code blocks while walking through the lines of a text.
#[derive(Default)]
pub struct CodeBlocks(Option<String>);

impl CodeBlocks {
    /// Whether the line belongs to a code block, including its delimiters. Must be called for each line in order.
    pub fn holds(&mut self, line: &str) -> bool {
        let trimmed = line.trim_start();
        match &self.0 {
            Some(opening) => {
                if trimmed.starts_with(opening.as_str()) {
                    self.0 = None;
                }
                true
            }
            None => {
                let mark = trimmed.chars().next().filter(|mark| ['`', '~'].contains(mark));
                let opening: String = mark.map(|mark| trimmed.chars().take_while(|next| *next == mark).collect()).unwrap_or_default();
                // An opening delimiter has at least three marks and no further ones in the line. Otherwise it is a code span.
                if opening.len() >= 3 && !trimmed[opening.len()..].contains('`') {
                    self.0 = Some(opening);
                }
                self.0.is_some()
            }
        }
    }

    fn closing(self) -> String {
        self.0.unwrap_or_default()
    }
}

/// Replaces keys by anchors and links in all pages, given by file name and text. Reduces consecutive blank lines to one.
pub fn resolve(pages: &[(&str, String)]) -> Vec<String> {
    let mut targets: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (page, (_, text)) in pages.iter().enumerate() {
        let (mut anchors, mut blocks) = (Anchors::default(), CodeBlocks::default());
        for (_, words) in text.lines().filter(|line| !blocks.holds(line)).filter_map(heading) {
            let (words, key) = words.split_once(KEY_OPEN).unwrap_or((words, ""));
            let anchor = anchors.take(words);
            targets.entry(key.trim_end_matches(KEY_CLOSE).to_owned()).or_insert((page, anchor));
        }
    }
    let resolved = |page: usize, key: &str| match targets.get(key) {
        Some((target, anchor)) if *target == page => format!("#{anchor}"),
        Some((target, anchor)) => format!("{}#{anchor}", pages[*target].0),
        None => String::new(),
    };
    pages.iter().enumerate().map(|(page, (_, text))| finish(text, &|key| resolved(page, key))).collect()
}

fn finish(text: &str, resolved: &impl Fn(&str) -> String) -> String {
    let (mut finished, mut blocks) = (String::with_capacity(text.len()), CodeBlocks::default());
    for line in text.lines() {
        let in_code = blocks.holds(line);
        if in_code {
            finished.push_str(line);
        } else if line.trim().is_empty() {
            if finished.ends_with("\n\n") {
                continue;
            }
        } else if heading(line).is_some() {
            finished.push_str(line.split(KEY_OPEN).next().unwrap_or_default());
        } else {
            replace_keys(line, resolved, &mut finished);
        }
        finished.push('\n');
    }
    finished.truncate(finished.trim_end().len());
    finished.push('\n');
    finished
}

fn replace_keys(line: &str, resolved: &impl Fn(&str) -> String, finished: &mut String) {
    let mut rest = line.trim_end();
    while let Some((before, behind)) = rest.split_once(KEY_OPEN) {
        let (key, behind) = behind.split_once(KEY_CLOSE).unwrap_or((behind, ""));
        finished.push_str(before);
        finished.push_str(&resolved(key));
        rest = behind;
    }
    finished.push_str(rest);
}

/// The anchors of one page, as GitHub generates them: the second heading with the same text gets `-1`, the third `-2`.
#[derive(Default)]
struct Anchors {
    taken: HashMap<String, usize>,
}

impl Anchors {
    fn take(&mut self, words: &str) -> String {
        let slug = slug(words);
        let mut anchor = slug.clone();
        while self.taken.contains_key(&anchor) {
            let count = self.taken.entry(slug.clone()).or_default();
            *count += 1;
            anchor = format!("{slug}-{count}");
        }
        self.taken.insert(anchor.clone(), 0);
        anchor
    }
}

fn slug(words: &str) -> String {
    let kept = words.trim().chars().filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character));
    kept.map(|character| if character == ' ' { '-' } else { character }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_github() {
        assert_eq!(slug("Pull changes of all collections"), "pull-changes-of-all-collections");
        assert_eq!(slug("400 Bad Request: `x_y` (v1.0)"), "400-bad-request-x_y-v10");
        assert_eq!(slug("Größe & Maß"), "größe--maß");
        let mut anchors = Anchors::default();
        let taken = ["Errors", "Errors 1", "errors", "Errors"].map(|words| anchors.take(words));
        assert_eq!(taken, ["errors", "errors-1", "errors-2", "errors-3"]);
    }

    #[test]
    fn cells_hold_bars_and_no_lines() {
        assert_eq!(cell("a|b\nc\\|d"), "a\\|b c\\|d");
        assert_eq!(first_paragraph("One\ntwo.\n\n- three"), "One two.");
        assert_eq!(first_paragraph("<p>One</p><p>two</p>"), "One");
        assert!(has_more_paragraphs("One\n \ntwo"));
        assert!(!has_more_paragraphs("<p>One</p>\n"));
    }

    #[test]
    fn embedded_prose_keeps_its_place() {
        assert_eq!(embed("# A\ntext\n### B\n```\n# no heading", 3), "### A\ntext\n##### B\n```\n# no heading\n```");
    }

    #[test]
    fn links_lead_to_other_pages_and_to_repeated_headings() {
        let first = format!("# T\n\n\n\n## Errors\n## Errors{}\n{}\n", key("e"), link("there", "m"));
        let second = format!("# M{}\n{} {}\n```\n\n\n# x\n```", key("m"), link("here", "m"), link("errors", "e"));
        let pages = resolve(&[("a.md", first), ("b.md", second)]);
        assert_eq!(pages[0], "# T\n\n## Errors\n## Errors\n[there](b.md#m)\n");
        assert_eq!(pages[1], "# M\n[here](#m) [errors](a.md#errors-1)\n```\n\n\n# x\n```\n");
    }
}

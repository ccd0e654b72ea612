//! Reads what a document says about itself: its title and version, servers and tags.

use super::{Located, Reader};
use crate::model::{Server, Tag};
use crate::source::Span;

/// The version of a document that states none.
const VERSION: &str = "0.0.0";

const HINT: &str = "write `info: { title: …, version: 1.0.0 }`";

impl<'a> Reader<'a> {
    /// Reads `info`, `servers` and `tags`. The collections are known.
    pub(super) fn info(&mut self, root: &Located<'a>) {
        let info = root.node.get("info").filter(|info| info.as_map().is_some());
        let span = info.unwrap_or(root.node).span;
        let mut text = |key: &str| info.and_then(|info| self.text(info, key));
        let (title, version, summary, description) = (text("title"), text("version"), text("summary"), text("description"));
        // Generated code contains them in single-line comments.
        let stated = |text: Option<String>| text.map(|text| in_one_line(&text)).filter(|text| !text.is_empty());
        self.contract.title = stated(title).unwrap_or_else(|| self.untitled(span));
        self.contract.version = stated(version).unwrap_or_else(|| self.unversioned(span));
        (self.contract.summary, self.contract.description) = (summary, description);
        for server in root.get("servers").iter().flat_map(Located::items).filter(|server| server.node.as_map().is_some()) {
            let url = self.text(server.node, "url").unwrap_or_default();
            let description = self.text(server.node, "description");
            self.contract.servers.push(Server { url, description });
        }
        for tag in root.get("tags").iter().flat_map(Located::items) {
            if let Some(name) = self.text(tag.node, "name") {
                let description = self.text(tag.node, "description");
                self.contract.tags.push(Tag { name, description });
            }
        }
    }

    /// The title of a document without one: the name of its file.
    fn untitled(&mut self, span: Span) -> String {
        let name = self.sources.file(self.root).and_then(|file| file.name.rsplit('/').next()).unwrap_or_default();
        let title = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let message = format!("the document has no `info.title`: it is named `{title}`, like its file");
        self.diagnostics.warning(span, message).hint(HINT);
        title
    }

    /// The version of a document without one. The contracts of collections need one.
    fn unversioned(&mut self, span: Span) -> String {
        if self.contract.collections.is_empty() {
            let message = format!("the document has no `info.version`: its version is `{VERSION}`");
            self.diagnostics.warning(span, message).hint(HINT);
        } else {
            let message = "the document has no `info.version`, by which devices and servers compare their contracts";
            self.diagnostics.error(span, message).hint(HINT);
        }
        VERSION.to_owned()
    }
}

/// The text without the characters that end a line in any language.
fn in_one_line(text: &str) -> String {
    let ends_line = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
    text.split(|character: char| ends_line(character)).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

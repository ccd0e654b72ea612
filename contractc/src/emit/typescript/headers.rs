//! `headers.ts`: the response headers, as typed constants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::code::{Code, docs, quoted};
use super::names::{Names, by_name, camel, imports, root_type, schema};
use crate::emit::Plan;
use crate::emit::rust::names::Unique;
use crate::model::{Response, SchemaId, Status, TextShape};

/// All response headers, with the names of their constants.
pub struct Headers<'p> {
    plan: &'p Plan<'p>,
    constants: BTreeMap<(String, SchemaId), String>,
    /// The headers that every response carries.
    of_all: BTreeSet<(String, SchemaId)>,
    /// The statuses for which every response carries them.
    statuses: BTreeMap<(String, SchemaId), BTreeSet<Status>>,
}

impl<'p> Headers<'p> {
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let mut unique = Unique::default();
        let headers = plan.response_headers();
        let named = headers.into_iter().map(|(header, id)| ((header.name.to_ascii_lowercase(), id), unique.take(camel(&header.name), "_")));
        Headers { plan, constants: named.collect(), of_all: plan.headers_of_all(), statuses: plan.header_statuses() }
    }

    /// The constants for the headers of a response, without the headers that every response with its status carries.
    pub fn own(&self, response: &Response) -> Vec<&str> {
        let key = |name: &str, id: SchemaId| (name.to_ascii_lowercase(), self.plan.contract.resolved(id));
        let keys = response.headers.iter().filter_map(|header| Some(key(&header.name, header.schema?)));
        let is_own = |key: &(String, SchemaId)| !self.of_all.contains(key) && !self.statuses[key].contains(&response.status);
        keys.filter(is_own).filter_map(|key| self.constants.get(&key).map(String::as_str)).collect()
    }

    /// Which responses carry a header.
    fn carriers(&self, header: &(String, SchemaId)) -> String {
        let statuses: Vec<String> = self.statuses[header].iter().map(|status| status.text()).collect();
        match statuses.as_slice() {
            _ if self.of_all.contains(header) => "\n\nEvery response carries it.".to_owned(),
            [] => String::new(),
            statuses => format!("\n\nEvery response with the status {} carries it.", statuses.join(" or ")),
        }
    }

    /// The file; `None` if no response has headers.
    pub fn emit(&self, names: &Names) -> Option<String> {
        let mut body = String::new();
        for (header, id) in self.plan.response_headers() {
            let key = (header.name.to_ascii_lowercase(), id);
            let constant = &self.constants[&key];
            let text = header.description.clone().unwrap_or_else(|| format!("`{}`", header.name)) + &self.carriers(&key);
            let head = format!("export const {constant}: Header<{}> = ", root_type(self.plan, names, id));
            let shape = self.plan.contract.text_shape(id);
            let mut members = vec![("name".to_owned(), Code::Text(quoted(&header.name)))];
            members.extend(shape_members(&shape));
            if header.explode {
                members.push(("explode".to_owned(), Code::text("true")));
            }
            members.extend(schema(self.plan, names, id));
            let value = Code::Object(members).laid_out(0, head.chars().count(), 1);
            let _ = write!(body, "\n{}{head}{value};\n", docs(&text, 0));
        }
        if body.is_empty() {
            return None;
        }
        let schemas: Vec<SchemaId> = self.plan.response_headers().into_iter().map(|(_, id)| id).collect();
        let head = String::from(
            "// The headers that responses carry, to be read by `readHeader`.\n\nimport type { Header } from \"./runtime/index.js\";\n",
        );
        Some(head + &imports(self.plan, names, &schemas) + &body)
    }
}

/// How the text of a value is read.
fn shape(shape: &TextShape) -> Code {
    Code::Object(shape_members(shape))
}

fn shape_members(text: &TextShape) -> Vec<(String, Code)> {
    let types = text.types.names().map(|name| Code::Text(quoted(name))).collect();
    let mut members = vec![("types".to_owned(), Code::List(types))];
    if !text.places.is_empty() {
        members.push(("places".to_owned(), Code::List(text.places.iter().map(shape).collect())));
    }
    members.extend(text.items.as_deref().map(|items| ("items".to_owned(), shape(items))));
    if !text.members.is_empty() {
        let listed = text.members.iter().map(|(name, member)| (name.as_str(), shape(member)));
        members.push(("members".to_owned(), by_name(listed.collect())));
    }
    members.extend(text.others.as_deref().map(|others| ("others".to_owned(), shape(others))));
    members
}

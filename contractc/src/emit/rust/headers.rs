//! `headers.rs`: the response headers, as typed constants.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::names::{Names, Unique, constant_name};
use super::parameters::shape;
use super::uses::{check_path, rust_type};
use super::{docs, scope};
use crate::emit::Plan;
use crate::model::{Header, Response, SchemaId};

const DOCS: &str = "The headers that responses carry, to be read by [`Reply::header`](super::runtime::http::Reply::header) and set by\n\
    [`Reply::with_header`](super::runtime::http::Reply::with_header).";

/// All response headers without duplicates, with the names of their constants.
pub struct Headers<'p> {
    plan: &'p Plan<'p>,
    constants: Vec<(String, &'p Header, SchemaId)>,
    /// The headers that every response carries.
    of_all: BTreeSet<(String, SchemaId)>,
}

impl<'p> Headers<'p> {
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let mut unique = Unique::reserving(scope::names(scope::HEADERS));
        let named = plan.response_headers().into_iter();
        let constants = named.map(|(header, id)| (unique.take(constant_name(&header.name), "_"), header, id)).collect();
        Headers { plan, constants, of_all: plan.headers_of_all() }
    }

    fn constant(&self, header: &Header) -> Option<&str> {
        let schema = self.plan.contract.resolved(header.schema?);
        let same = |known: &&(String, &Header, SchemaId)| known.1.name.eq_ignore_ascii_case(&header.name) && known.2 == schema;
        self.constants.iter().find(same).map(|(constant, ..)| constant.as_str())
    }

    /// The headers of a response and their constants, without the headers of all responses.
    pub fn own(&self, response: &Response) -> Vec<(String, String)> {
        let is_own = |header: &&Header| !header.schema.is_some_and(|schema| self.is_of_all(header, self.plan.contract.resolved(schema)));
        let own = response.headers.iter().filter(is_own);
        own.filter_map(|header| Some((header.name.clone(), self.constant(header)?.to_owned()))).collect()
    }

    fn is_of_all(&self, header: &Header, schema: SchemaId) -> bool {
        self.of_all.contains(&(header.name.to_ascii_lowercase(), schema))
    }

    /// The sentence that documents the headers of all responses.
    pub fn of_all(&self) -> String {
        let those = self.constants.iter().filter(|(_, header, schema)| self.is_of_all(header, *schema));
        let those: Vec<_> = those.map(|(constant, header, _)| (header.name.clone(), constant.clone())).collect();
        if those.is_empty() { String::new() } else { format!("\n\nEvery response carries {}.", links(&those, "super")) }
    }

    /// The file; `None` if no response has headers.
    pub fn emit(&self, names: &Names) -> Option<String> {
        if self.constants.is_empty() {
            return None;
        }
        let mut body = String::new();
        for (constant, header, schema) in &self.constants {
            let text = header.description.clone().unwrap_or_else(|| format!("`{}`", header.name));
            let ty = rust_type(self.plan, names, *schema);
            let (shape, check) = (shape(&self.plan.contract.text_shape(*schema)), check_path(self.plan, names, *schema));
            let explode = if header.explode { ".exploded()" } else { "" };
            let _ = writeln!(
                body,
                "{}pub const {constant}: Header<{ty}> = Header::new({:?}, {shape}, {check}){explode};\n",
                docs(&text),
                header.name
            );
        }
        Some(scope::head(DOCS, scope::HEADERS) + &body)
    }
}

/// The sentence that documents headers, in a module from which `path` leads to their file.
pub fn docs_of(headers: &[(String, String)], path: &str) -> String {
    if headers.is_empty() { String::new() } else { format!("\n\nHeaders: {}.", links(headers, path)) }
}

fn links(headers: &[(String, String)], path: &str) -> String {
    headers.iter().map(|(name, constant)| format!("[`{name}`]({path}::headers::{constant})")).collect::<Vec<_>>().join(", ")
}

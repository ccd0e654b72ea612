//! `headers.rs`: the response headers, as typed constants.

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
}

impl<'p> Headers<'p> {
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let mut unique = Unique::default();
        let named = plan.response_headers().into_iter();
        Headers { plan, constants: named.map(|(header, id)| (unique.take(constant_name(&header.name), "_"), header, id)).collect() }
    }

    fn constant(&self, header: &Header) -> Option<&str> {
        let schema = self.plan.contract.resolved(header.schema?);
        let same = |known: &&(String, &Header, SchemaId)| known.1.name.eq_ignore_ascii_case(&header.name) && known.2 == schema;
        self.constants.iter().find(same).map(|(constant, ..)| constant.as_str())
    }

    /// The sentence that documents the headers of a response.
    pub fn docs(&self, response: &Response) -> String {
        let named = |header: &Header| Some(format!("[`{}`](super::headers::{})", header.name, self.constant(header)?));
        let names: Vec<String> = response.headers.iter().filter_map(named).collect();
        if names.is_empty() { String::new() } else { format!("\n\nHeaders: {}.", names.join(", ")) }
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

//! The parameters in `operations.ts`: each once, however many operations have it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::code::{Code, key, quoted};
use super::names::{Names, camel, schema};
use crate::emit::Plan;
use crate::emit::rust::names::Unique;
use crate::model::{Encoding, Parameter, Style};

/// All parameters.
pub struct Parameters {
    /// The names of the parameters, by their code.
    known: BTreeMap<String, String>,
    code: String,
}

impl Parameters {
    /// Collects the parameters, each with its field in the call.
    pub fn new<'p>(plan: &Plan<'_>, names: &Names, listed: impl Iterator<Item = &'p (&'p Parameter, String)>) -> Self {
        let mut parameters = Parameters { known: BTreeMap::new(), code: String::new() };
        let mut unique = Unique::default();
        for (parameter, field) in listed {
            let value = value(plan, names, parameter, field);
            let flat = value.flat();
            if !parameters.known.contains_key(&flat) {
                let name = key(&unique.take(camel(&parameter.name), "_"));
                let line = format!("  {name}: {flat},");
                let line = if line.chars().count() <= 120 { line } else { format!("  {name}: {},", value.laid_out(2, 4 + name.len(), 1)) };
                let _ = writeln!(parameters.code, "{line}");
                parameters.known.insert(flat, name);
            }
        }
        parameters
    }

    /// The path of a parameter.
    pub fn path(&self, plan: &Plan<'_>, names: &Names, parameter: &Parameter, field: &str) -> String {
        let name = &self.known[&value(plan, names, parameter, field).flat()];
        if name.starts_with('"') { format!("parameters[{name}]") } else { format!("parameters.{name}") }
    }

    /// The object of all parameters; empty if there are none.
    pub fn emit(&self) -> String {
        if self.code.is_empty() {
            return String::new();
        }
        format!("\nconst parameters = {{\n{}}} satisfies Record<string, Parameter>;\n", self.code)
    }
}

fn value(plan: &Plan<'_>, names: &Names, parameter: &Parameter, field: &str) -> Code {
    let text = |text: &str| Code::Text(quoted(text));
    let mut members = vec![("field".to_owned(), text(field)), ("name".to_owned(), text(&parameter.name))];
    members.extend(encoding_members(&parameter.encoding));
    if parameter.required {
        members.push(("required".to_owned(), Code::text("true")));
    }
    members.extend(schema(plan, names, parameter.schema));
    Code::Object(members)
}

/// The members of an encoding, without those that have their default.
pub fn encoding_members(encoding: &Encoding) -> Vec<(String, Code)> {
    let Encoding { place, style, explode, reserved } = *encoding;
    let name = match style {
        Style::Simple => "simple",
        Style::Label => "label",
        Style::Matrix => "matrix",
        Style::Form => "form",
        Style::SpaceDelimited => "spaceDelimited",
        Style::PipeDelimited => "pipeDelimited",
        Style::DeepObject => "deepObject",
        Style::Json => "json",
    };
    let mut members = vec![("place".to_owned(), Code::Text(quoted(place.name())))];
    let mut extra = |is_needed: bool, member: &str, code: Code| {
        if is_needed {
            members.push((member.to_owned(), code));
        }
    };
    extra(style != Encoding::of(place).style, "style", Code::Text(quoted(name)));
    extra(explode != (style == Style::Form), "explode", Code::text(explode.to_string()));
    extra(reserved, "reserved", Code::text("true"));
    members
}

//! The parameters in `operations.ts`: each once, even if several operations share it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::code::{Code, WIDTH, docs, quoted};
use super::names::{Names, camel, schema};
use crate::emit::rust::names::Unique;
use crate::emit::{Plan, brief};
use crate::model::{Encoding, Parameter, Style};

/// All parameters.
pub struct Parameters<'p> {
    /// In the order in which operations have them.
    known: Vec<Known<'p>>,
    /// The index of each parameter in that list, by its code.
    places: BTreeMap<String, usize>,
}

struct Known<'p> {
    name: String,
    value: Code,
    /// The descriptions that operations give it.
    described: BTreeSet<&'p str>,
    uses: usize,
}

impl Known<'_> {
    /// The description, if several operations have the same.
    fn shared(&self) -> Option<&str> {
        self.described.first().copied().filter(|text| self.described.len() == 1 && self.uses > 1 && brief(text) != text.trim())
    }
}

impl<'p> Parameters<'p> {
    /// Collects the parameters, each with its field in the call. Their variables take names that are free.
    pub fn new(plan: &Plan<'_>, names: &Names, free: &mut Unique, listed: impl Iterator<Item = &'p (&'p Parameter, String)>) -> Self {
        let mut parameters = Parameters { known: Vec::new(), places: BTreeMap::new() };
        for (parameter, field) in listed {
            let value = value(plan, names, parameter, field);
            let place = *parameters.places.entry(value.flat()).or_insert(parameters.known.len());
            if place == parameters.known.len() {
                let name = variable(free, &parameter.name, "Parameter");
                parameters.known.push(Known { name, value, described: BTreeSet::new(), uses: 0 });
            }
            let known = &mut parameters.known[place];
            known.described.insert(parameter.description.as_deref().unwrap_or_default());
            known.uses += 1;
        }
        parameters
    }

    fn known(&self, plan: &Plan<'_>, names: &Names, parameter: &Parameter, field: &str) -> &Known<'p> {
        &self.known[self.places[&value(plan, names, parameter, field).flat()]]
    }

    /// The variable of a parameter.
    pub fn code(&self, plan: &Plan<'_>, names: &Names, parameter: &Parameter, field: &str) -> Code {
        Code::Text(self.known(plan, names, parameter, field).name.clone())
    }

    /// The documentation of a parameter's field, shortened if the parameter has the full text.
    pub fn about<'t>(&self, plan: &Plan<'_>, names: &Names, parameter: &'t Parameter, field: &str) -> Cow<'t, str> {
        match &parameter.description {
            None => format!("`{}`", parameter.name).into(),
            Some(text) if self.known(plan, names, parameter, field).shared().is_some() => brief(text).into(),
            Some(text) => text.into(),
        }
    }

    /// The variables of all parameters.
    pub fn emit(&self) -> String {
        let variable = |known: &Known<'_>| {
            let head = format!("const {}: Parameter = ", known.name);
            let flat = known.value.flat();
            let fits = head.chars().count() + flat.chars().count() < WIDTH;
            let value = if fits { flat } else { known.value.laid_out(0, head.chars().count(), 1) };
            format!("\n{}{head}{value};\n", known.shared().map(|text| docs(text, 0)).unwrap_or_default())
        };
        self.known.iter().map(variable).collect()
    }
}

/// A variable for something that the contract names. Bundlers drop an unused variable, but keep an object whose members are read.
pub fn variable(free: &mut Unique, name: &str, kind: &str) -> String {
    free.take(format!("{}{kind}", camel(name).trim_end_matches('_')), "_")
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

/// The members of an encoding that differ from their default.
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

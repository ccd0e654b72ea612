//! The module `parameters` of `operations.rs`: each parameter once, even if several operations share it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::names::{Names, Unique, constant_name};
use super::scope;
use super::uses::check_path;
use crate::emit::{Plan, brief};
use crate::model::{Content, Encoding, Media, Operation, Parameter, PartKind, Style, TextShape};
use crate::runtime::check::Types;

/// The constants of all parameters.
pub struct Parameters<'p> {
    plan: &'p Plan<'p>,
    names: &'p Names,
    /// The constants, by their code.
    constants: BTreeMap<String, Constant<'p>>,
    bodies: BTreeMap<&'p str, String>,
    code: String,
}

/// The constant of a parameter.
struct Constant<'p> {
    /// Its position among all parameters.
    index: usize,
    name: String,
    place: &'static str,
    parameter: &'p str,
    /// The descriptions that operations give it.
    described: BTreeSet<&'p str>,
    uses: usize,
}

impl Constant<'_> {
    /// The description, if several operations have the same.
    fn shared(&self) -> Option<&str> {
        self.described.first().copied().filter(|_| self.described.len() == 1 && self.uses > 1)
    }
}

impl<'p> Parameters<'p> {
    pub fn new(plan: &'p Plan<'p>, names: &'p Names) -> Self {
        let mut parameters = Parameters { plan, names, constants: BTreeMap::new(), bodies: body_names(plan), code: String::new() };
        let mut unique = Unique::reserving(scope::names(scope::PARAMETERS));
        for operation in plan.operations() {
            for parameter in &operation.parameters {
                let (code, index) = (parameters.constant(operation, parameter), parameters.constants.len());
                let constant = parameters.constants.entry(code).or_insert_with(|| Constant {
                    index,
                    name: unique.take(constant_name(&parameter.name), "_"),
                    place: parameter.place().name(),
                    parameter: &parameter.name,
                    described: BTreeSet::new(),
                    uses: 0,
                });
                constant.described.insert(parameter.description.as_deref().unwrap_or_default());
                constant.uses += 1;
            }
            if let Some(media) = operation.body.as_ref().and_then(|body| body.media.first()) {
                parameters.form(operation, media);
                parameters.parts(operation, media);
            }
        }
        parameters
    }

    /// The path of a parameter's constant.
    pub fn path(&self, operation: &Operation, parameter: &Parameter) -> String {
        format!("parameters::{}", self.constants[&self.constant(operation, parameter)].name)
    }

    /// The documentation of a parameter's field, shortened if its constant has the full text.
    pub fn about(&self, operation: &Operation, parameter: &'p Parameter) -> Cow<'p, str> {
        match &parameter.description {
            None => format!("`{}`", parameter.name).into(),
            Some(text) if self.constants[&self.constant(operation, parameter)].shared().is_some() => brief(text).into(),
            Some(text) => text.into(),
        }
    }

    /// Adds the constant of a body that is a form.
    fn form(&mut self, operation: &Operation, media: &Media) {
        let (Some(schema), Content::Form) = (media.schema, media.content(self.plan.contract)) else { return };
        let encodings = media.encodings.iter().map(|(name, encoding)| {
            let reserved = if encoding.reserved { ".reserved()" } else { "" };
            let exploded = if encoding.explode { ".exploded()" } else { "" };
            format!("({name:?}, Encoding::of(Place::Query).style(Style::{:?}){exploded}{reserved})", encoding.style)
        });
        let encodings: Vec<String> = encodings.collect();
        let (shape, check) = (shape(&self.plan.contract.text_shape(schema)), check_path(self.plan, self.names, schema));
        let _ = writeln!(
            self.code,
            "{}pub const {}: Form = Form::new({:?}, {shape}, &[{}], {check});",
            super::docs(&format!("The body of `{}`.", operation.id)),
            form_name(&self.bodies[operation.id.as_str()]),
            media.media_type,
            encodings.join(", ")
        );
    }

    /// Adds the constants of a multipart body.
    fn parts(&mut self, operation: &Operation, media: &Media) {
        let Some(body) = self.plan.contract.body_parts(media).filter(|_| media.content(self.plan.contract) == Content::Multipart) else {
            return;
        };
        let parts = body.parts.iter().map(|part| {
            let mut code = match part.kind {
                PartKind::Value => {
                    let check = check_path(self.plan, self.names, part.schema);
                    format!("Part::value({:?}, {}, {check})", part.name, shape(&self.plan.contract.text_shape(part.schema)))
                }
                PartKind::File | PartKind::Files => format!("Part::file({:?})", part.name),
            };
            if let Some((min, max)) = part.counts {
                let max = max.map_or("usize::MAX".to_owned(), |max| max.to_string());
                let _ = write!(code, ".of_counts({min}, {max})");
            }
            if !part.media_types.is_empty() {
                let _ = write!(code, ".of_types(&{:?})", part.media_types);
            }
            code
        });
        let parts: Vec<String> = parts.collect();
        let _ = writeln!(
            self.code,
            "{}pub static {}: [Part; {}] = [{}];",
            super::docs(&format!("The parts of the body of `{}`.", operation.id)),
            parts_name(&self.bodies[operation.id.as_str()]),
            parts.len(),
            parts.join(", ")
        );
    }

    /// The module; empty if there are no parameters.
    pub fn emit(&self) -> String {
        if self.constants.is_empty() && self.code.is_empty() {
            return String::new();
        }
        let mut constants: Vec<_> = self.constants.iter().collect();
        constants.sort_by_key(|(_, constant)| constant.index);
        let constant = |(code, constant): (&String, &Constant<'_>)| {
            let Constant { name, place, parameter, .. } = constant;
            let described = constant.shared().map(|text| format!("\n\n{text}")).unwrap_or_default();
            format!("{}pub const {name}: Parameter = {code};\n", super::docs(&format!("The {place} parameter `{parameter}`.{described}")))
        };
        let body = constants.into_iter().map(constant).collect::<String>() + &self.code;
        scope::module("The parameters of the operations.", "parameters", scope::PARAMETERS, &body)
    }

    fn constant(&self, operation: &Operation, parameter: &Parameter) -> String {
        let Encoding { place, style, explode, reserved } = parameter.encoding;
        let text = self.plan.contract.text_shape(parameter.schema);
        // An exploded object may use every name that no other parameter has.
        let is_open = is_exploded(parameter.encoding) && text.others.is_some();
        let others = operation.parameters.iter().filter(|other| is_open && other.place() == place && other.name != parameter.name);
        let besides: Vec<String> = others.flat_map(|other| self.names_on_the_wire(other)).collect();
        let mut shape = shape(&text);
        if !besides.is_empty() {
            let _ = write!(shape, ".besides(&{besides:?})");
        }
        let check = check_path(self.plan, self.names, parameter.schema);
        let mut code = format!("Parameter::new(Place::{place:?}, {:?}, {shape}, {check})", parameter.name);
        if (style, explode) != (Encoding::of(place).style, Encoding::of(place).explode) {
            let _ = write!(code, ".style(Style::{style:?})");
            if explode {
                code.push_str(".exploded()");
            }
        }
        if reserved {
            code.push_str(".reserved()");
        }
        code
    }

    /// The names of a parameter in a query: its own name, or those of its members if it is exploded.
    fn names_on_the_wire(&self, parameter: &Parameter) -> Vec<String> {
        let members = self.plan.contract.text_shape(parameter.schema).members;
        if is_exploded(parameter.encoding) && !members.is_empty() {
            return members.into_iter().map(|(name, _)| name).collect();
        }
        vec![parameter.name.clone()]
    }
}

/// Whether an object is exploded into separate parameters.
fn is_exploded(encoding: Encoding) -> bool {
    encoding.style == Style::Form && encoding.explode
}

/// The names of the bodies of operations, by operation id. Different ids may have the same spelling as constants.
pub fn body_names<'p>(plan: &'p Plan<'p>) -> BTreeMap<&'p str, String> {
    let mut unique = Unique::default();
    plan.operations().map(|operation| (operation.id.as_str(), unique.take(constant_name(&operation.id), "_"))).collect()
}

/// The path of the constant of a form.
pub fn form_path(body: &str) -> String {
    format!("parameters::{}", form_name(body))
}

/// Constants of parameters never have two underscores in a row, so no parameter has this name.
fn form_name(body: &str) -> String {
    format!("{body}__BODY")
}

/// The name of the constant with the parts of a body.
pub fn parts_name(body: &str) -> String {
    format!("{body}__PARTS")
}

/// The code of a shape.
pub fn shape(text: &TextShape) -> String {
    let mut code = match text.types {
        Types::STRING => "Shape::TEXT".to_owned(),
        Types::INTEGER => "Shape::INTEGER".to_owned(),
        Types(0) => "Shape::ANY".to_owned(),
        types => format!("Shape::of({})", super::checks::types(types)),
    };
    if !text.places.is_empty() {
        let places: Vec<String> = text.places.iter().map(shape).collect();
        let _ = write!(code, ".places(&[{}])", places.join(", "));
    }
    if let Some(items) = &text.items {
        let _ = write!(code, ".items(&{})", shape(items));
    }
    if !text.members.is_empty() {
        let members: Vec<String> = text.members.iter().map(|(name, member)| format!("({name:?}, {})", shape(member))).collect();
        let _ = write!(code, ".members(&[{}])", members.join(", "));
    }
    if let Some(others) = &text.others {
        let _ = write!(code, ".others(&{})", shape(others));
    }
    code
}

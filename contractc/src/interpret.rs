//! Validates values by walking the model. `contractc validate` uses it, and tests compare the generated validators with it.

use crate::model::{ArrayRules, Contract, Kind, ObjectRules, Schema, SchemaId, Sign};
use crate::regex;
use crate::runtime::check::number_member;
use crate::runtime::json::{Array, Json, Object};
use crate::runtime::report::{At, Checker, Report, Violation};

/// Validates a JSON text against a schema.
///
/// # Errors
/// Returns all violations; `syntax` if the text is not JSON.
pub fn validate(contract: &Contract, schema: SchemaId, json: &[u8]) -> Result<(), Report> {
    let tape = crate::runtime::schema::parse(json)?;
    let mut out = Checker::new();
    Interpreter { contract }.check(schema, tape.root(), At::ROOT, &mut out);
    out.finish()
}

struct Interpreter<'c> {
    contract: &'c Contract,
}

impl Interpreter<'_> {
    fn check(&self, id: SchemaId, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        let schema = self.contract.schema(id);
        if schema.accepts_null && matches!(value, Json::Null) {
            return;
        }
        let check_all = |value: Json<'_>, out: &mut Checker| match schema.max_depth {
            Some(max) => out.nested(self.contract.recursion_number(id), max as usize, at, |out| self.check_all(schema, value, at, out)),
            None => self.check_all(schema, value, at, out),
        };
        if schema.is_secret() {
            out.secretly(|out| out.once(id.0, value, check_all));
        } else {
            out.once(id.0, value, check_all);
        }
    }

    fn accepts(&self, id: SchemaId, value: Json<'_>, out: &Checker) -> bool {
        out.accepts(|probe| self.check(id, value, At::ROOT, probe))
    }

    fn check_all(&self, schema: &Schema, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        // Every field is named, so that a new keyword cannot be forgotten.
        let Schema {
            span: _,
            pointer: _,
            annotations: _,
            never,
            // `check` handles it, and `max_depth`.
            accepts_null: _,
            types,
            constant,
            enumeration,
            // `assertions` checks them, and the limits of arrays and objects.
            number: _,
            text: _,
            array: array_rules,
            // `check_object` checks it, and `rules`.
            object: _,
            reference,
            all_of,
            // `check_applicators` checks these.
            any_of: _,
            one_of: _,
            not: _,
            condition: _,
            tag: _,
            // The effect of a discriminator is in `tag`.
            discriminator: _,
            rules: _,
            max_depth: _,
            refers_to: _,
            any_collection: _,
            rust_type: _,
            view: _,
            complete: _,
        } = schema;
        if *never {
            out.never("false", at);
        }
        for part in reference.iter().chain(all_of) {
            self.check(*part, value, at, out);
        }
        if let Some(types) = types {
            out.types(value, *types, at);
        }
        if let Some(constant) = constant {
            out.constant(value, &constant.to_string(), at);
        }
        if let Some(values) = enumeration {
            let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            out.enumeration(value, &texts, at);
        }
        match value {
            Json::Number(_) => assertions(schema, Kind::Number, value, at, out),
            Json::String(_) => assertions(schema, Kind::Text, value, at, out),
            Json::Array(array) => {
                assertions(schema, Kind::Array, value, at, out);
                self.check_array(array_rules, array, at, out);
            }
            Json::Object(object) => self.check_object(schema, object, at, out),
            Json::Null | Json::Bool(_) => {}
        }
        self.check_applicators(schema, value, at, out);
        self.check_unevaluated(schema, value, at, out);
    }

    fn check_array(&self, rules: &ArrayRules, array: Array<'_>, at: At<'_>, out: &mut Checker) {
        // Array assertions check `limits`, and `check_unevaluated` checks `unevaluated_items`. `each` makes no difference to a whole value.
        let ArrayRules { prefix_items, items, limits: _, contains, unevaluated_items: _, each: _ } = rules;
        let mut matching = 0;
        for (index, item) in array {
            if let Some(schema) = prefix_items.get(index).or(items.as_ref()) {
                self.check(*schema, item, at.item(index), out);
            }
            if contains.is_some_and(|contains| self.accepts(contains.schema, item, out)) {
                matching += 1;
            }
        }
        if let Some(contains) = contains {
            out.contains(matching, contains.min, contains.max.unwrap_or(u64::MAX), at);
        }
    }

    fn check_object(&self, schema: &Schema, object: Object<'_>, at: At<'_>, out: &mut Checker) {
        let ObjectRules {
            // `check_member` checks the members.
            properties: _,
            pattern_properties: _,
            additional_properties: _,
            property_names,
            required,
            limits: _,
            dependent_required,
            dependent_schemas,
            // `check_unevaluated` checks these.
            unevaluated_properties: _,
        } = &schema.object;
        let required: Vec<&str> = required.iter().map(String::as_str).collect();
        out.required(object, &required, at);
        assertions(schema, Kind::Object, Json::Object(object), at, out);
        if let Some(names) = property_names {
            out.property_names(object, at, |name, at, out| self.check(*names, name, at, out));
        }
        for (name, value) in object {
            self.check_member(&schema.object, name, value, at.member(name), out);
        }
        for (name, needs) in dependent_required {
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            out.dependent_required(object, name, &needs, at);
        }
        for (_, dependent) in dependent_schemas.iter().filter(|(name, _)| object.get(name).is_some()) {
            self.check(*dependent, Json::Object(object), at, out);
        }
        for rule in &schema.rules {
            let right = number_member(object, &rule.right);
            let right = match &rule.offset {
                None => right,
                Some((sign, field)) => right.zip(number_member(object, field)).map(|(right, offset)| match sign {
                    Sign::Plus => right.plus(offset),
                    Sign::Minus => right.minus(offset),
                }),
            };
            out.rule(number_member(object, &rule.left), rule.comparison.accepted(), right, &rule.text, at);
        }
    }

    fn check_member(&self, rules: &ObjectRules, name: &str, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        let mut known = false;
        for (_, schema) in rules.properties.iter().filter(|(known, _)| known == name) {
            known = true;
            self.check(*schema, value, at, out);
        }
        for (_, schema) in rules.pattern_properties.iter().filter(|(source, _)| regex::matches(source, name)) {
            known = true;
            self.check(*schema, value, at, out);
        }
        if let Some(additional) = rules.additional_properties.filter(|_| !known) {
            if self.contract.schema(additional).never {
                out.unknown_member(at);
            } else {
                self.check(additional, value, at, out);
            }
        }
    }

    fn check_applicators(&self, schema: &Schema, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        if let Some(not) = schema.not {
            out.not(self.accepts(not, value, out), at);
        }
        if !schema.any_of.is_empty() {
            out.any_of(schema.any_of.iter().any(|variant| self.accepts(*variant, value, out)), at);
        }
        if let Some(tag) = &schema.tag {
            let seen = value.get(&tag.member).map(Json::to_value);
            let index = seen.and_then(|seen| tag.values.iter().position(|values| values.contains(&seen)));
            match index.and_then(|index| schema.one_of.get(index)) {
                Some(variant) => self.check(*variant, value, at, out),
                None => out.no_variant(value, &tag.member, at),
            }
        } else if !schema.one_of.is_empty() {
            out.one_of(schema.one_of.iter().filter(|variant| self.accepts(**variant, value, out)).count(), at);
        }
        if let Some(condition) = schema.condition {
            let branch = if self.accepts(condition.condition, value, out) { condition.then } else { condition.otherwise };
            if let Some(branch) = branch {
                self.check(branch, value, at, out);
            }
        }
    }

    fn check_unevaluated(&self, schema: &Schema, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        if let (Some(rest), Json::Object(object)) = (schema.object.unevaluated_properties, value) {
            for (name, member) in object {
                if !self.evaluates_member(schema, name, value, out, 0) {
                    self.check_rest(rest, "unevaluatedProperties", member, at.member(name), out);
                }
            }
        }
        if let (Some(rest), Json::Array(array)) = (schema.array.unevaluated_items, value) {
            for (index, item) in array {
                if !self.evaluates_item(schema, index, item, value, out, 0) {
                    self.check_rest(rest, "unevaluatedItems", item, at.item(index), out);
                }
            }
        }
    }

    fn check_rest(&self, rest: SchemaId, keyword: &'static str, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        if self.contract.schema(rest).never {
            out.never(keyword, at);
        } else {
            self.check(rest, value, at, out);
        }
    }

    /// The other schemas that apply to the same value, given that the value is valid.
    fn in_place(&self, schema: &Schema, value: Json<'_>, out: &Checker) -> Vec<SchemaId> {
        let mut applied: Vec<SchemaId> = schema.reference.iter().chain(&schema.all_of).copied().collect();
        let variants = schema.any_of.iter().chain(&schema.one_of);
        applied.extend(variants.filter(|variant| self.accepts(**variant, value, out)));
        if let Some(condition) = schema.condition {
            if self.accepts(condition.condition, value, out) {
                applied.push(condition.condition);
                applied.extend(condition.then);
            } else {
                applied.extend(condition.otherwise);
            }
        }
        if let Json::Object(object) = value {
            let present = |(name, _): &&(String, SchemaId)| object.get(name).is_some();
            applied.extend(schema.object.dependent_schemas.iter().filter(present).map(|(_, id)| *id));
        }
        applied
    }

    fn evaluates_member(&self, schema: &Schema, name: &str, value: Json<'_>, out: &Checker, depth: usize) -> bool {
        let rules = &schema.object;
        let own = rules.additional_properties.is_some()
            || (depth > 0 && rules.unevaluated_properties.is_some())
            || rules.properties.iter().any(|(known, _)| known == name)
            || rules.pattern_properties.iter().any(|(source, _)| regex::matches(source, name));
        let deeper = |id: &SchemaId| self.evaluates_member(self.contract.schema(*id), name, value, out, depth + 1);
        own || (depth < EVALUATION_DEPTH_MAX && self.in_place(schema, value, out).iter().any(deeper))
    }

    fn evaluates_item(&self, schema: &Schema, index: usize, item: Json<'_>, value: Json<'_>, out: &Checker, depth: usize) -> bool {
        let rules = &schema.array;
        let own = rules.items.is_some()
            || (depth > 0 && rules.unevaluated_items.is_some())
            || index < rules.prefix_items.len()
            || rules.contains.is_some_and(|contains| self.accepts(contains.schema, item, out));
        let deeper = |id: &SchemaId| self.evaluates_item(self.contract.schema(*id), index, item, value, out, depth + 1);
        own || (depth < EVALUATION_DEPTH_MAX && self.in_place(schema, value, out).iter().any(deeper))
    }
}

/// The keywords that check a value against one argument.
fn assertions(schema: &Schema, kind: Kind, value: Json<'_>, at: At<'_>, out: &mut Checker) {
    schema.assertions(kind).for_each(|assertion| assertion.check(value, at, out));
}

/// Schemas that apply in place can form cycles. Schemas written by hand do not go this deep.
const EVALUATION_DEPTH_MAX: usize = 32;

/// The result of `contractc validate` for one value, as a line of JSON.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "command", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ValidationResult {
    /// Whether the schema accepts the value.
    pub valid: bool,
    /// The violations; absent if the value is valid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ValidationError>,
}

/// One violated keyword.
#[derive(Debug, serde::Serialize)]
#[cfg_attr(feature = "command", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ValidationError {
    /// The JSON pointer to the invalid value.
    pub pointer: String,
    /// The violated keyword.
    pub keyword: String,
    /// What was found and what was expected.
    pub message: String,
}

impl From<Result<(), Report>> for ValidationResult {
    fn from(result: Result<(), Report>) -> Self {
        let violations = result.err().map(|report| report.violations).unwrap_or_default();
        let error = |Violation { pointer, keyword, message }| ValidationError { pointer, keyword: keyword.to_owned(), message };
        ValidationResult { valid: violations.is_empty(), errors: violations.into_iter().map(error).collect() }
    }
}

//! The `jsonschema` crate as a validator of the contract, built from the document itself and not from our model of it.
//!
//! Plain JSON Schema does not know our extensions. They are implemented here a second time, on purpose: `x-bind` and `x-any-collection` as
//! copies of schemas, `x-rules` and `x-max-depth` as custom keywords.

use std::collections::BTreeSet;

use contractc::model::Contract;
use jsonschema::{Keyword, ValidationError, Validator};
use serde_json::{Map, Value, json};

pub struct Oracle {
    schemas: Map<String, Value>,
}

impl Oracle {
    pub fn new(contract: &Contract) -> Self {
        let document = read_document();
        let mut schemas = document["components"]["schemas"].as_object().expect("schemas").clone();
        let names: BTreeSet<&str> = contract.names.iter().map(|(name, _)| name.as_str()).collect();
        let collections: Vec<(String, String)> =
            schemas.iter().filter_map(|(name, schema)| Some((name.clone(), schema.get("x-sync")?["path"].as_str()?.to_owned()))).collect();
        let written: Vec<String> = schemas.keys().cloned().collect();
        for (bound, path) in &collections {
            for base in &written {
                let instance = format!("{bound}{base}");
                if names.contains(instance.as_str()) && !written.contains(&instance) {
                    let mut schema = schemas[base].clone();
                    bind(&mut schema, bound, &names);
                    if let Some(extension) = schema.as_object_mut().and_then(|members| members.remove("x-any-collection")) {
                        let member = extension["member"].as_str().expect("a member");
                        schema["properties"][member] = json!({ "type": "string", "const": path });
                    }
                    schemas.insert(instance, schema);
                }
            }
        }
        for base in &written {
            if schemas[base].get("x-any-collection").is_some() {
                let variants: Vec<Value> =
                    collections.iter().map(|(bound, _)| json!({ "$ref": format!("#/components/schemas/{bound}{base}") })).collect();
                schemas.insert(base.clone(), json!({ "description": schemas[base]["description"], "oneOf": variants }));
            }
        }
        Oracle { schemas }
    }

    /// The schemas by name, in plain JSON Schema except for `x-rules` and `x-max-depth`.
    pub fn schemas(&self) -> &Map<String, Value> {
        &self.schemas
    }

    pub fn validator(&self, name: &str) -> Validator {
        compile(&json!({ "$ref": format!("#/components/schemas/{name}"), "components": { "schemas": self.schemas } }))
    }
}

/// A validator for a JSON Schema with our extensions.
pub fn compile(schema: &Value) -> Validator {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .with_keyword("x-rules", |_, rules, _| {
            let rules = rules.as_array().expect("rules").iter().map(|rule| rule.as_str().expect("a rule").to_owned());
            Ok(Box::new(Rules(rules.collect())))
        })
        .with_keyword("x-max-depth", |_, max, _| Ok(Box::new(MaxDepth(max.as_u64().expect("a depth")))))
        .build(schema)
        .unwrap_or_else(|error| panic!("the oracle cannot compile a schema: {error}: {schema}"))
}

/// The whole contract, as tools of others read it.
pub fn read_document() -> Value {
    serde_json::from_str(include_str!("../../generated/openapi.json")).expect("the whole contract is JSON")
}

/// Redirects references to the bound schema, and to the instances of schemas that lead to it.
fn bind(schema: &mut Value, bound: &str, names: &BTreeSet<&str>) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| bind(item, bound, names)),
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                let target =
                    value.as_str().filter(|_| key == "$ref").and_then(|text| text.strip_prefix("#/components/schemas/")).map(str::to_owned);
                match target {
                    Some(target) if target == "Live" => *value = format!("#/components/schemas/{bound}").into(),
                    Some(target) if names.contains(format!("{bound}{target}").as_str()) => {
                        *value = format!("#/components/schemas/{bound}{target}").into()
                    }
                    Some(_) => {}
                    None => bind(value, bound, names),
                }
            }
        }
        _ => {}
    }
}

struct Rules(Vec<String>);

impl Rules {
    /// Evaluates `a op b` or `a op b ± c`. A rule applies only if all members that it names are present.
    fn holds(rule: &str, value: &Value) -> bool {
        let words: Vec<&str> = rule.split(' ').collect();
        let number = |name: &str| value.get(name).and_then(Value::as_f64);
        let right = match words.get(3..) {
            Some([sign, name]) => {
                number(words[2]).zip(number(name)).map(|(right, offset)| if *sign == "+" { right + offset } else { right - offset })
            }
            _ => number(words[2]),
        };
        let (Some(left), Some(right)) = (number(words[0]), right) else { return true };
        match words[1] {
            "==" => left == right,
            "!=" => left != right,
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            _ => left >= right,
        }
    }
}

impl<'i> Keyword<'i> for Rules {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("breaks a rule")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.0.iter().all(|rule| Rules::holds(rule, instance))
    }
}

/// The depth of a tree of conditions: the only recursive schema of the contract.
struct MaxDepth(u64);

fn depth(condition: &Value) -> u64 {
    let nested = ["all", "any"].iter().filter_map(|key| condition.get(key)?.as_array()).flatten().chain(condition.get("not"));
    1 + nested.map(depth).max().unwrap_or(0)
}

impl<'i> Keyword<'i> for MaxDepth {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("nests too deep")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        depth(instance) <= self.0
    }
}

//! The types that the benchmarks compare with: the contract's shapes, all constraints left out, as typify makes them for serde.

use std::collections::BTreeSet;
use std::path::Path;

use contractc::Compilation;
use contractc::emit::Plan;
use contractc::shapes::{DeclarationId, FieldKind, Shape, Shapes, Type};
use serde_json::{Map, Value, json};

use crate::Result;

/// Writes `benches/plain/mod.rs`.
pub fn write(root: &Path) -> Result {
    let compilation = Compilation::from_file(&root.join("spec/openapi.yaml"))?;
    let contract = compilation.contract.as_ref().ok_or_else(|| compilation.findings())?;
    let shapes = Plan::new(contract, "openapi.yaml", false).shapes;
    let page = contract.named("FeedPage").and_then(|id| shapes.of(contract, id)).ok_or("the contract has no FeedPage")?;
    let mut definitions = Map::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![page];
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            let projection = Projection { shapes: &shapes };
            definitions.insert(name(&shapes, id), projection.declaration(id, &mut open));
        }
    }
    let schema: schemars::schema::RootSchema = serde_json::from_value(json!({ "definitions": definitions }))?;
    let mut types = typify::TypeSpace::new(&typify::TypeSpaceSettings::default());
    types.add_root_schema(schema)?;
    let code = format!(
        "// Made by `cargo xtask bench`, with typify, from the shapes of the contract without its constraints.\n{}\n",
        types.to_stream()
    );
    let path = root.join("benches/plain/mod.rs");
    std::fs::create_dir_all(root.join("benches/plain"))?;
    std::fs::write(&path, code)?;
    crate::run(std::process::Command::new("rustfmt").args(["--edition", "2024"]).arg(path))
}

fn name(shapes: &Shapes, id: DeclarationId) -> String {
    shapes.get(id).words.iter().map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

struct Projection<'s> {
    shapes: &'s Shapes,
}

impl Projection<'_> {
    fn declaration(&self, id: DeclarationId, open: &mut Vec<DeclarationId>) -> Value {
        match &self.shapes.get(id).shape {
            Shape::Texts(texts) => json!({ "type": "string", "enum": texts }),
            Shape::Wrapper(ty) => self.ty(ty, open),
            Shape::Tagged { variants, .. } | Shape::ByType(variants) | Shape::Untagged(variants) => {
                let variants: Vec<Value> = variants.iter().map(|variant| self.ty(&variant.ty, open)).collect();
                json!({ "oneOf": variants })
            }
            Shape::Record { fields, .. } => {
                let properties: Map<String, Value> = fields
                    .iter()
                    .map(|field| match &field.kind {
                        FieldKind::Constant(Value::String(text)) => (field.name.clone(), json!({ "type": "string", "enum": [text] })),
                        FieldKind::Constant(_) => (field.name.clone(), json!({ "type": "boolean" })),
                        FieldKind::Value(ty) => (field.name.clone(), self.ty(ty, open)),
                    })
                    .collect();
                let required: Vec<&String> = fields.iter().filter(|field| field.required).map(|field| &field.name).collect();
                json!({ "type": "object", "properties": properties, "required": required })
            }
        }
    }

    fn ty(&self, ty: &Type, open: &mut Vec<DeclarationId>) -> Value {
        match ty {
            Type::Any => json!(true),
            Type::Null => json!({ "type": "null" }),
            Type::Bool => json!({ "type": "boolean" }),
            Type::Signed => json!({ "type": "integer", "format": "int64" }),
            Type::Unsigned => json!({ "type": "integer", "format": "uint64" }),
            Type::Float => json!({ "type": "number" }),
            Type::Text => json!({ "type": "string" }),
            Type::List(inner) | Type::Each(inner) => json!({ "type": "array", "items": self.ty(inner, open) }),
            Type::Map(inner) => json!({ "type": "object", "additionalProperties": self.ty(inner, open) }),
            Type::Optional(inner) => json!({ "oneOf": [self.ty(inner, open), { "type": "null" }] }),
            Type::Declared(id) | Type::Recursive(id) => {
                open.push(*id);
                json!({ "$ref": format!("#/definitions/{}", name(self.shapes, *id)) })
            }
        }
    }
}

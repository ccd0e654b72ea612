//! `types.ts`: an interface or type for each declared shape, with the descriptions of the contract.

use std::fmt::Write;

use super::code::{docs, quoted};
use super::names::{Names, literal_type, member};
use crate::emit::Plan;
use crate::model::SchemaId;
use crate::shapes::{Declaration, DeclarationId, Field, FieldKind, Shape, Type, Variant};

pub fn emit(plan: &Plan<'_>, names: &Names) -> String {
    let mut code = String::from("// The types of the contract.\n");
    for (name, id) in names.sorted() {
        let declaration = plan.shapes.get(id);
        let _ = write!(code, "\n{}{}", docs(&type_docs(plan, declaration), 0), declared(plan, names, name, id));
    }
    for (alias, _) in names.aliases() {
        let about = docs(&plan.alias_about(alias.schema, &alias.name), 0);
        let _ = write!(code, "\n{about}export type {} = {};\n", alias.name, names.type_name(alias.target));
    }
    code
}

fn declared(plan: &Plan<'_>, names: &Names, name: &str, id: DeclarationId) -> String {
    let union = |parts: Vec<String>| {
        let flat = format!("export type {name} = {};\n", parts.join(" | "));
        if flat.len() <= 120 { flat } else { format!("export type {name} =\n  | {};\n", parts.join("\n  | ")) }
    };
    match &plan.shapes.get(id).shape {
        Shape::Record { fields, rest, states_others } => {
            // Members of newer contracts are preserved as they are, which needs no declaration.
            let rest = rest.as_ref().filter(|rest| **rest != Type::Any || *states_others);
            interface(plan, names, name, fields, rest)
        }
        Shape::Texts(texts) => union(texts.iter().map(|text| quoted(text)).collect()),
        Shape::Tagged { variants, .. } | Shape::ByType(variants) | Shape::Untagged { variants, .. } => {
            let mut parts: Vec<String> = Vec::new();
            for variant in variants {
                let part = narrowed(plan, names, &plan.shapes.get(id).shape, variant);
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
            union(parts)
        }
        Shape::Wrapper(ty) => format!("export type {name} = {};\n", names.ty(ty, "")),
    }
}

/// The type of a variant. If only the `discriminator` says which values select it, so does the type of the union.
fn narrowed(plan: &Plan<'_>, names: &Names, union: &Shape, variant: &Variant) -> String {
    let ty = names.ty(&variant.ty, "");
    let (Shape::Tagged { member: tag, .. }, Type::Declared(id) | Type::Recursive(id)) = (union, &variant.ty) else { return ty };
    let Shape::Record { fields, .. } = &plan.shapes.get(*id).shape else { return ty };
    // Whether the member has other values, too.
    let is_wide = |kind: &FieldKind| match kind {
        FieldKind::Value(Type::Text) => true,
        FieldKind::Value(Type::Declared(id)) => {
            matches!(&plan.shapes.get(*id).shape, Shape::Texts(texts) if texts.len() > variant.tags.len())
        }
        _ => false,
    };
    if !fields.iter().any(|field| field.name == *tag && is_wide(&field.kind)) {
        return ty;
    }
    let values: Vec<String> = variant.tags.iter().map(literal_type).collect();
    format!("({ty} & {{ {} }})", member(tag, true, &values.join(" | ")).trim_end_matches(';'))
}

fn interface(plan: &Plan<'_>, names: &Names, name: &str, fields: &[Field], rest: Option<&Type>) -> String {
    let mut body = String::new();
    for field in fields {
        let ty = match &field.kind {
            FieldKind::Constant(value) => literal_type(value),
            FieldKind::Value(ty) => names.ty(ty, ""),
        };
        let _ = writeln!(body, "{}  {}", docs(&field_docs(plan, field.schema), 2), member(&field.name, field.required, &ty));
    }
    match rest {
        None => {}
        Some(ty) if fields.is_empty() => _ = writeln!(body, "  [name: string]: {};", names.ty(ty, "")),
        // An index signature applies to the declared members as well, which may have other types.
        Some(_) => body.push_str("  [name: string]: unknown;\n"),
    }
    if body.is_empty() { format!("export interface {name} {{}}\n") } else { format!("export interface {name} {{\n{body}}}\n") }
}

fn type_docs(plan: &Plan<'_>, declaration: &Declaration) -> String {
    let mut text = plan.about(declaration);
    if plan.contract.schema(declaration.schema).annotations.deprecated {
        text.push_str("\n\n@deprecated");
    }
    text
}

fn field_docs(plan: &Plan<'_>, schema: SchemaId) -> String {
    let mut text = plan.member_about(schema).unwrap_or_default().to_owned();
    if plan.contract.schema(schema).annotations.deprecated {
        text.push_str("\n\n@deprecated");
    }
    text
}

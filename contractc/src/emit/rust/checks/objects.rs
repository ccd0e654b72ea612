//! The keywords of objects: members in one pass, by name and by pattern, and constraints between members.

use std::fmt::Write;

use super::{Emitter, arm, walk_members};
use crate::model::{Schema, SchemaId, Sign};

impl Emitter<'_> {
    pub(super) fn object_rules(&self, schema: &Schema, merged: &[SchemaId]) -> String {
        let rules = &schema.object;
        let parts: Vec<&Schema> = merged.iter().map(|part| self.schema(*part)).collect();
        let mut required: Vec<&str> = Vec::new();
        // Referenced schemas come first, in the order in which records are written, so that one pass finds all members.
        for name in parts.iter().rev().flat_map(|part| &part.object.required) {
            if !required.contains(&name.as_str()) {
                required.push(name);
            }
        }
        let mut code = self.members(schema, &parts);
        if !required.is_empty() {
            let _ = writeln!(code, "out.required(object, &{required:?}, at);");
        }
        if let Some(min) = rules.min_properties.filter(|min| *min > 0) {
            let _ = writeln!(code, "out.min_properties(object, {min}, at);");
        }
        if let Some(max) = rules.max_properties {
            let _ = writeln!(code, "out.max_properties(object, {max}, at);");
        }
        for (name, needs) in &rules.dependent_required {
            let _ = writeln!(code, "out.dependent_required(object, {name:?}, &{needs:?}, at);");
        }
        for (name, dependent) in &rules.dependent_schemas {
            let _ = writeln!(code, "if object.get({name:?}).is_some() {{\n{}}}", self.check(*dependent));
        }
        schema.rules.iter().for_each(|rule| {
            let member = |name: &str| format!("number_member(object, {name:?})");
            let right = match &rule.offset {
                None => member(&rule.right),
                Some((sign, field)) => {
                    let method = if *sign == Sign::Plus { "plus" } else { "minus" };
                    format!("{}.zip({}).map(|(right, offset)| right.{method}(offset))", member(&rule.right), member(field))
                }
            };
            let accepted: Vec<String> = rule.comparison.accepted().iter().map(|ordering| format!("Ordering::{ordering:?}")).collect();
            let _ = writeln!(code, "out.rule({}, &[{}], {right}, {:?}, at);", member(&rule.left), accepted.join(", "), rule.text);
        });
        code
    }

    /// The loop over the members of an object.
    fn members(&self, schema: &Schema, parts: &[&Schema]) -> String {
        let mut arms: Vec<(&str, String)> = Vec::new();
        for part in parts {
            for (name, id) in &part.object.properties {
                let check = self.check(*id);
                let is_own = std::ptr::eq(*part, schema);
                match arms.iter_mut().find(|(known, _)| known == name) {
                    Some((_, code)) => code.push_str(&check),
                    // A declared member without checks still needs an arm if undeclared members are constrained.
                    None if !check.is_empty() || (is_own && schema.object.additional_properties.is_some()) => arms.push((name, check)),
                    None => {}
                }
            }
        }
        let names = schema.object.property_names.map(|names| self.check(names)).filter(|check| !check.is_empty());
        let others = self.other_members(schema);
        if arms.is_empty() && names.is_none() && others.is_empty() && schema.object.pattern_properties.is_empty() {
            return String::new();
        }
        let own: Vec<&str> = schema.object.properties.iter().map(|(name, _)| name.as_str()).collect();
        let mut code = String::new();
        // Patterns apply to every member, and a member that only another part declares is still additional to this schema.
        let foreign = arms.iter().any(|(name, _)| !own.contains(name));
        if !schema.object.pattern_properties.is_empty() || (foreign && !others.is_empty()) {
            code.push_str(&match_members(&arms, ""));
            code.push_str(&self.members_by_pattern(schema, &own, &others));
        } else {
            code.push_str(&match_members(&arms, &others));
        }
        let mut walks = walk_members("value", &code);
        if code.is_empty() {
            walks.clear();
        }
        if let Some(check) = names {
            let _ = writeln!(walks, "out.property_names(object, at, |value, at, out| {{\n{check}}});");
        }
        walks
    }

    /// Code for a member that `properties` does not declare.
    fn other_members(&self, schema: &Schema) -> String {
        match schema.object.additional_properties {
            Some(id) if self.schema(self.plan.contract.resolved(id)).never => "out.unknown_member(at);\n".to_owned(),
            Some(id) => self.check(id),
            None => String::new(),
        }
    }

    fn members_by_pattern(&self, schema: &Schema, own: &[&str], others: &str) -> String {
        let listed: Vec<String> = own.iter().map(|name| format!("{name:?}")).collect();
        let known = if own.is_empty() { "false".to_owned() } else { format!("matches!(name, {})", listed.join(" | ")) };
        let needs_known = !others.is_empty();
        let has_patterns = !schema.object.pattern_properties.is_empty();
        let mut code = match (needs_known, has_patterns) {
            (true, true) => format!("let mut known = {known};\n"),
            (true, false) => format!("let known = {known};\n"),
            _ => String::new(),
        };
        for (source, id) in &schema.object.pattern_properties {
            let set = if needs_known { "known = true;\n" } else { "" };
            let _ = writeln!(code, "if {}.matches(name) {{\n{set}{}}}", self.pattern(source), self.check(*id));
        }
        if needs_known {
            let _ = writeln!(code, "if !known {{\n{others}}}");
        }
        code
    }
}

/// A `match` over member names; only the code for other members if there are no names.
fn match_members(arms: &[(&str, String)], others: &str) -> String {
    if arms.is_empty() {
        return others.to_owned();
    }
    let mut code = String::from("match name {\n");
    for (name, check) in arms {
        let _ = writeln!(code, "{name:?} => {}", arm(check));
    }
    let _ = writeln!(code, "_ => {}\n}}", arm(others));
    code
}

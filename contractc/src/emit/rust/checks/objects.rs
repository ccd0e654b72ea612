//! The keywords of objects: members in one pass, by name and by pattern, and constraints between members.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::steps::{Steps, walk_members};
use super::{Emitter, ident, text, texts};
use crate::model::{Kind, Rule, Schema, SchemaId, Sign};

impl Emitter<'_> {
    pub(super) fn object_rules(&self, schema: &Schema, merged: &[SchemaId]) -> Steps {
        let parts: Vec<&Schema> = merged.iter().map(|part| self.schema(*part)).collect();
        let mut code = self.members(schema, &parts);
        code.append(self.relations(schema, &self.required(&parts)));
        code
    }

    /// The names of the required members.
    pub(super) fn required<'s>(&self, parts: &[&'s Schema]) -> Vec<&'s str> {
        let mut seen = BTreeSet::new();
        // Referenced schemas come first, in the order in which records are written.
        let required = parts.iter().rev().flat_map(|part| &part.object.required).map(String::as_str);
        required.filter(|name| seen.insert(*name)).collect()
    }

    /// The keywords that depend on several members. The code uses `object`, `at` and `out`.
    pub(super) fn relations(&self, schema: &Schema, required: &[&str]) -> Steps {
        let rules = &schema.object;
        let mut code = Steps::default();
        let names = rules.property_names.map(|names| self.check(names)).filter(|check| !check.is_empty());
        if let Some(check) = names {
            code.push_call(quote!(out.property_names(object, at, |value, at, out| { #check })));
        }
        if !required.is_empty() {
            let names = texts(required);
            code.push_call(quote!(out.required(object, &#names, at)));
        }
        code.append(self.assertions(schema, Kind::Object));
        for (name, needs) in &rules.dependent_required {
            let (name, needs) = (text(name), texts(needs));
            code.push_call(quote!(out.dependent_required(object, #name, &#needs, at)));
        }
        for (name, dependent) in &rules.dependent_schemas {
            let (name, check) = (text(name), self.check(*dependent));
            code.push_block(quote!(if object.get(#name).is_some() { let value = Json::Object(object); #check }));
        }
        schema.rules.iter().for_each(|rule| code.push_call(comparison(rule)));
        code
    }

    /// The loop over the members of an object.
    fn members(&self, schema: &Schema, parts: &[&Schema]) -> Steps {
        let (mut arms, mut places): (Vec<(&str, Steps)>, BTreeMap<&str, usize>) = Default::default();
        for part in parts {
            for (name, id) in &part.object.properties {
                let check = self.check(*id);
                let is_own = std::ptr::eq(*part, schema);
                match places.get(name.as_str()) {
                    Some(place) => arms[*place].1.append_others(check),
                    // A declared member without checks still needs an arm if undeclared members are constrained.
                    None if !check.is_empty() || (is_own && schema.object.additional_properties.is_some()) => {
                        places.insert(name, arms.len());
                        arms.push((name, check));
                    }
                    None => {}
                }
            }
        }
        let others = self.other_members(schema);
        let own: BTreeSet<&str> = schema.object.properties.iter().map(|(name, _)| name.as_str()).collect();
        let mut body = Steps::default();
        // Patterns apply to every member, and a member that only another part declares is still additional to this schema.
        let foreign = arms.iter().any(|(name, _)| !own.contains(name));
        if !schema.object.pattern_properties.is_empty() || (foreign && !others.is_empty()) {
            body.append(match_members(&arms, &Steps::default()));
            body.append(self.members_by_pattern(schema, &own, &others));
        } else {
            body.append(match_members(&arms, &others));
        }
        if body.is_empty() { body } else { Steps::block(walk_members(&quote!(value), &quote!(#body))) }
    }

    /// Code for a member that `properties` does not declare.
    fn other_members(&self, schema: &Schema) -> Steps {
        match schema.object.additional_properties {
            Some(id) if self.schema(self.plan.contract.resolved(id)).never => Steps::call(quote!(out.unknown_member(at))),
            Some(id) => self.check(id),
            None => Steps::default(),
        }
    }

    fn members_by_pattern(&self, schema: &Schema, own: &BTreeSet<&str>, others: &Steps) -> Steps {
        let listed = own.iter().map(|name| text(name));
        let known = if own.is_empty() { quote!(false) } else { quote!(matches!(name, #(#listed)|*)) };
        let mut code = Steps::default();
        match (others.is_empty(), schema.object.pattern_properties.is_empty()) {
            (false, false) => code.push_block(quote!(let mut known = #known;)),
            (false, true) => code.push_block(quote!(let known = #known;)),
            _ => {}
        }
        let set = (!others.is_empty()).then(|| quote!(known = true;));
        for (source, id) in &schema.object.pattern_properties {
            let (pattern, check) = (self.pattern(source), self.check(*id));
            code.push_block(quote!(if #pattern.matches(name) { #set #check }));
        }
        if !others.is_empty() {
            code.push_block(quote!(if !known { #others }));
        }
        code
    }
}

/// A `match` over member names; only the code for other members if there are no names.
fn match_members(arms: &[(&str, Steps)], others: &Steps) -> Steps {
    if arms.is_empty() {
        return others.clone();
    }
    let names = arms.iter().map(|(name, _)| text(name));
    let checks = arms.iter().map(|(_, check)| check.arm());
    let others = others.arm();
    Steps::block(quote!(match name { #(#names => #checks)* _ => #others }))
}

/// One comparison of `x-rules`.
fn comparison(rule: &Rule) -> TokenStream {
    let member = |name: &str| {
        let name = text(name);
        quote!(number_member(object, #name))
    };
    let (left, right) = (member(&rule.left), member(&rule.right));
    let right = match &rule.offset {
        None => right,
        Some((sign, field)) => {
            let (method, field) = (ident(if *sign == Sign::Plus { "plus" } else { "minus" }), member(field));
            quote!(#right.zip(#field).map(|(right, offset)| right.#method(offset)))
        }
    };
    let accepted = rule.comparison.accepted().iter().map(|ordering| {
        let ordering = ident(&format!("{ordering:?}"));
        quote!(Ordering::#ordering)
    });
    let text = text(&rule.text);
    quote!(out.rule(#left, &[#(#accepted),*], #right, #text, at))
}

//! The schemas of objects: members, maps, and constraints between members.

use std::collections::{BTreeMap, BTreeSet};

use super::{Emitter, Expected, pattern, plain, texts};
use crate::emit::typescript::code::{Code, key, quoted};
use crate::emit::typescript::names::literal_type;
use crate::model::{Kind, Schema, SchemaId, Sign};
use crate::shapes::{Field, FieldKind, Shape, Type};

impl<'p> Emitter<'p> {
    pub(super) fn has_object_rules(&self, schema: &Schema, merged: &[SchemaId]) -> bool {
        let parts = merged.iter().map(|part| self.schema(*part));
        schema.object.any() && schema.object.unevaluated_properties.is_none()
            || schema.object.unevaluated_properties.is_some() && self.has_other_members(schema)
            || !schema.rules.is_empty()
            || parts.skip(1).any(|part| part.object.any())
    }

    /// Whether keywords other than `unevaluatedProperties` constrain the members.
    fn has_other_members(&self, schema: &Schema) -> bool {
        let mut object = schema.object.clone();
        object.unevaluated_properties = None;
        object.any()
    }

    pub(super) fn object(&self, schema: &Schema, merged: &[SchemaId], expected: &Expected) -> Code {
        let rules = &schema.object;
        let rest = rules.additional_properties.filter(|rest| !self.is_anything(*rest));
        let members = self.members(merged);
        let checks = self.object_checks(schema, merged);
        if members.is_empty() && rules.pattern_properties.is_empty() && !rest.is_some_and(|rest| self.is_never(rest)) {
            let inner = match &expected.ty {
                Type::Map(inner) => expected.part(self.names, inner),
                _ => Expected::anything(),
            };
            let value = rest.map_or_else(|| self.any_json(&inner), |rest| self.check(rest, &inner));
            let code = Code::call("rt.record", vec![value]).checked(checks);
            return expected.from(code, if matches!(expected.ty, Type::Map(_)) { &expected.text } else { "" });
        }
        let fields = self.fields_of(&expected.ty, &members);
        let kinds: BTreeMap<&str, &FieldKind> =
            fields.iter().flat_map(|fields| fields.iter()).map(|field| (field.name.as_str(), &field.kind)).collect();
        let required = self.required(merged);
        let expected_of = |name: &str| match kinds.get(name) {
            Some(FieldKind::Constant(value)) if !expected.is_anything() => Expected::literal(literal_type(value)),
            Some(FieldKind::Value(ty)) => expected.part(self.names, ty),
            Some(FieldKind::Constant(_)) | None => Expected::anything(),
        };
        let wholes: BTreeMap<&str, SchemaId> =
            fields.iter().flat_map(|fields| fields.iter()).filter_map(|field| Some((field.name.as_str(), field.whole?))).collect();
        let shape = members.iter().map(|(name, ids)| {
            let member = self.member(ids, wholes.get(name).copied(), &expected_of(name));
            (key(name), if required.contains(name) { member } else { member.then("exactOptional", vec![]) })
        });
        let mut arguments = vec![Code::Object(shape.collect())];
        if !rules.pattern_properties.is_empty() || rest.is_some() {
            arguments.push(match rest {
                None => Code::text("undefined"),
                Some(rest) if self.is_never(rest) => Code::text("rt.closed"),
                Some(rest) => self.validator(rest),
            });
        }
        if !rules.pattern_properties.is_empty() {
            let listed = rules.pattern_properties.iter().map(|(source, id)| Code::List(vec![pattern(source), self.validator(*id)]));
            arguments.push(Code::List(listed.collect()));
        }
        if fields.is_some() && !expected.is_anything() {
            return Code::call(expected.generic("object"), arguments).checked(checks);
        }
        let code = Code::call("rt.members", arguments).checked(checks);
        if fields.is_some() { code } else { expected.from(code, "") }
    }

    /// Whether the schema of an object has the structure of its type, so that it reads the members.
    pub(super) fn reads_members(&self, ty: &Type, merged: &[SchemaId]) -> bool {
        // Parts that are validated separately may say more about the members of a map.
        let is_map = matches!(ty, Type::Map(_)) && self.schema(merged[0]).reference.is_none() && self.schema(merged[0]).all_of.is_empty();
        is_map || self.fields_of(ty, &self.members(merged)).is_some()
    }

    /// The fields of a declared record, if they match the given members exactly.
    fn fields_of(&self, ty: &Type, members: &[(&'p str, Vec<SchemaId>)]) -> Option<&'p [Field]> {
        let (Type::Declared(id) | Type::Recursive(id)) = ty else { return None };
        let Shape::Record { fields, .. } = &self.plan.shapes.get(*id).shape else { return None };
        let names: BTreeSet<&str> = members.iter().map(|(name, _)| *name).collect();
        let all_named = fields.iter().all(|field| names.contains(field.name.as_str()));
        (all_named && fields.len() == members.len()).then_some(fields.as_slice())
    }

    /// All members with their schemas, in the order of the fields of the type.
    fn members(&self, merged: &[SchemaId]) -> Vec<(&'p str, Vec<SchemaId>)> {
        let mut members: Vec<(&'p str, Vec<SchemaId>)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for part in merged.iter().skip(1).chain(merged.first()) {
            for (name, id) in &self.schema(*part).object.properties {
                let place = *places.entry(name).or_insert(members.len());
                if place == members.len() {
                    members.push((name, Vec::new()));
                }
                members[place].1.push(*id);
            }
        }
        let required = self.required(merged);
        members.sort_by_key(|(name, _)| !required.contains(name));
        members
    }

    fn required(&self, merged: &[SchemaId]) -> BTreeSet<&'p str> {
        merged.iter().flat_map(|part| &self.schema(*part).object.required).map(String::as_str).collect()
    }

    /// The schema of a member with all of these schemas. `whole` is the one that determines its type.
    fn member(&self, ids: &[SchemaId], whole: Option<SchemaId>, expected: &Expected) -> Code {
        // A schema that several parts of an object refer to becomes one check.
        let distinct = self.plan.contract.distinct(ids);
        match distinct.as_slice() {
            [only] if whole.is_none_or(|whole| self.plan.contract.resolved(whole) == *only) => self.check(*only, expected),
            several => {
                let parts: Vec<Code> = several.iter().filter(|id| !self.is_anything(**id)).map(|id| self.validator(*id)).collect();
                let checks = if parts.is_empty() { Vec::new() } else { vec![Code::call("rt.allOf", parts)] };
                self.read(Code::call(expected.generic("json"), vec![]).checked(checks), &expected.ty)
            }
        }
    }

    fn object_checks(&self, schema: &Schema, merged: &[SchemaId]) -> Vec<Code> {
        let rules = &schema.object;
        let mut checks = Vec::new();
        let members = self.members(merged);
        let listed: BTreeSet<&str> = members.iter().map(|(name, _)| *name).collect();
        let unlisted: Vec<&str> = self.required(merged).difference(&listed).copied().collect();
        if !unlisted.is_empty() {
            checks.push(Code::call("rt.required", vec![texts(&unlisted)]));
        }
        checks.extend(schema.assertions(Kind::Object).filter(|assertion| !assertion.is_trivial()).map(plain::check));
        if let Some(names) = rules.property_names.filter(|names| !self.is_anything(*names)) {
            checks.push(Code::call("rt.propertyNames", vec![self.validator(names)]));
        }
        for (name, needs) in &rules.dependent_required {
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            checks.push(Code::call("rt.dependentRequired", vec![Code::Text(quoted(name)), texts(&needs)]));
        }
        for (name, dependent) in rules.dependent_schemas.iter().filter(|(_, id)| !self.is_anything(*id)) {
            checks.push(Code::call("rt.dependentSchema", vec![Code::Text(quoted(name)), self.validator(*dependent)]));
        }
        for rule in &schema.rules {
            let mut words = vec![rule.left.as_str(), rule.comparison.symbol(), rule.right.as_str()];
            if let Some((sign, offset)) = &rule.offset {
                words.extend([if *sign == Sign::Plus { "+" } else { "-" }, offset.as_str()]);
            }
            checks.push(Code::call("rt.rule", words.into_iter().map(|word| Code::Text(quoted(word))).collect()));
        }
        checks
    }
}

//! Finds how the variants of a union are discriminated: by a member that is constant in each variant, or by the `discriminator` otherwise.

use std::collections::BTreeSet;

use serde_json::Value as JsonValue;

use super::{Located, Reader, objects};
use crate::model::{Discriminator, Schema, SchemaId, UnionTag};
use crate::runtime::check::Types;
use crate::source::{Node, Value};

impl<'a> Reader<'a> {
    /// Reads the `discriminator` of a union, with the values that select each variant. The variants that it decides between are references; if
    /// there are others, such as null, the references become a nested union.
    pub(super) fn discriminator(&mut self, here: &Located<'a>, schema: &mut Schema) {
        let Some(at) = here.get("discriminator") else { return };
        self.unknown_keys(at.node, &objects::DISCRIMINATOR);
        if at.node.get("propertyName").is_none() {
            let message = "ignored `discriminator`: it has no `propertyName`";
            let hint = "write `discriminator: { propertyName: kind }`, with the member that selects the variant";
            self.diagnostics.warning(at.node.span, message).hint(hint);
            return;
        }
        let (keyword, ids) = match (schema.one_of.is_empty(), schema.any_of.is_empty()) {
            (false, true) => ("oneOf", &mut schema.one_of),
            (true, false) => ("anyOf", &mut schema.any_of),
            (true, true) => {
                let member = self.text(at.node, "propertyName").unwrap_or_default();
                schema.discriminator = Some(Discriminator { span: at.node.span, member, values: Vec::new() });
                return;
            }
            (false, false) => return,
        };
        let Some(listed) = here.get(keyword) else { return };
        let variants = listed.items();
        let objects: Vec<_> = variants.iter().filter(|variant| !excludes_objects(variant.node)).cloned().collect();
        let Some(discriminator) = self.decided(here, &at, &objects) else { return };
        if objects.len() == variants.len() {
            schema.discriminator = Some(discriminator);
        } else if objects.len() > 1 {
            let others =
                variants.iter().zip(&*ids).filter(|(variant, _)| excludes_objects(variant.node)).map(|(_, id)| *id).collect::<Vec<_>>();
            let decided = ids.iter().copied().filter(|id| !others.contains(id)).collect();
            let (one_of, any_of) = if keyword == "oneOf" { (decided, Vec::new()) } else { (Vec::new(), decided) };
            *ids = std::iter::once(SchemaId(self.contract.schemas.len())).chain(others).collect();
            let pointer = self.full_pointer(listed.file, &listed.pointer);
            let discriminator = Some(discriminator);
            self.contract.schemas.push(Schema { span: listed.node.span, pointer, one_of, any_of, discriminator, ..Schema::default() });
        }
    }

    /// The discriminator of variants that are all references.
    fn decided(&mut self, here: &Located<'a>, at: &Located<'a>, variants: &[Located<'a>]) -> Option<Discriminator> {
        let span = at.node.span;
        let member = self.text(at.node, "propertyName")?;
        let references: Option<Vec<&Node>> = variants.iter().map(|variant| variant.node.get("$ref")).collect();
        let targets = references?.into_iter().map(|reference| self.resolve(here.file, reference)).collect::<Option<Vec<_>>>()?;
        let mut values: Vec<Vec<String>> = vec![Vec::new(); targets.len()];
        let mut mapped = Vec::new();
        let mut lost = false;
        for (value, target) in at.get("mapping").iter().flat_map(Located::entries) {
            let place = target.node;
            let found = self.mapped(&target);
            mapped.extend(found.is_some().then_some(value));
            let is_name = |known: &Located<'_>| known.pointer.strip_prefix("/components/schemas/") == Some(value);
            lost |= found.is_none() && !targets.iter().any(is_name);
            let is_meant =
                |known: &Located<'_>| found.as_ref().is_some_and(|found| (found.file, &found.pointer) == (known.file, &known.pointer));
            match targets.iter().zip(&mut values).find(|(known, _)| is_meant(known)) {
                Some((_, values)) => values.push(value.to_owned()),
                None => {
                    let named = place.as_str().unwrap_or(place.kind());
                    let message = format!("the mapping of `{value}` is ignored: `{named}` is not a variant of this union");
                    self.diagnostics.warning(place.span, message).hint("name a schema that `oneOf` or `anyOf` lists, or refer to it");
                }
            }
        }
        if lost && values.iter().any(Vec::is_empty) {
            let message = "ignored `discriminator`: a value of its `mapping` may be meant for a variant that no other value selects";
            self.diagnostics.warning(span, message).hint("the variants are tried one by one");
            return None;
        }
        for (target, values) in targets.iter().zip(&mut values) {
            // A schema's own name selects it, unless the mapping overrides that.
            let name = target.pointer.strip_prefix("/components/schemas/").filter(|name| !mapped.contains(name));
            values.extend(name.map(str::to_owned));
        }
        Some(Discriminator { span, member, values })
    }

    /// The schema that a value of `mapping` points to, by name or by reference, if it exists.
    fn mapped(&mut self, target: &Located<'a>) -> Option<Located<'a>> {
        let by_name = target.node.as_str().and_then(|name| self.root_schema(&format!("/components/schemas/{name}")));
        by_name.or_else(|| self.target(target.file, target.node.as_str()?, 0))
    }

    /// Finds the discriminating member of every union that has one.
    pub(super) fn union_tags(&mut self) {
        for index in 0..self.contract.schemas.len() {
            let schema = &self.contract.schemas[index];
            let is_discriminated = schema.discriminator.is_some() && schema.one_of.is_empty();
            let variants = if is_discriminated { &schema.any_of } else { &schema.one_of };
            if variants.len() < 2 {
                continue;
            }
            let tag = self.constant_tag(variants).or_else(|| self.discriminated(schema, variants));
            if let (None, Some(discriminator)) = (&tag, &schema.discriminator) {
                let message =
                    format!("the discriminator `{}` has no effect: not every variant is an object that requires it", discriminator.member);
                self.diagnostics
                    .warning(discriminator.span, message)
                    .hint("list it in `required` of each variant, and give each variant `type: object`");
            }
            let schema = &mut self.contract.schemas[index];
            if is_discriminated && tag.is_some() {
                // A value matches exactly one of several discriminated variants.
                schema.one_of = std::mem::take(&mut schema.any_of);
            }
            schema.tag = tag;
        }
    }

    /// The member that has a different constant in each variant.
    pub(super) fn constant_tag(&self, variants: &[SchemaId]) -> Option<UnionTag> {
        let candidates = self.constants(variants[0]);
        candidates.iter().find_map(|(member, _)| {
            let mut values: Vec<Vec<JsonValue>> = Vec::with_capacity(variants.len());
            for variant in variants {
                let (_, own) = self.constants(*variant).into_iter().find(|(name, _)| name == member)?;
                if own.iter().any(|value| values.iter().flatten().any(|seen| seen == value)) {
                    return None;
                }
                values.push(own);
            }
            Some(UnionTag { member: member.clone(), values, by_discriminator: false })
        })
    }

    /// The tag that the discriminator defines, if every variant is an object that requires its member.
    fn discriminated(&self, schema: &Schema, variants: &[SchemaId]) -> Option<UnionTag> {
        let Discriminator { member, values, .. } = schema.discriminator.as_ref()?;
        let requires = |variant: &SchemaId| self.object_parts(*variant).iter().any(|part| part.object.required.contains(member));
        // A schema that is listed twice has the same values twice: they do not decide.
        let (mut seen, mut distinct) = (BTreeSet::new(), values.iter().flatten());
        let is_decided = variants.len() == values.len()
            && values.iter().all(|values| !values.is_empty())
            && distinct.all(|value| seen.insert(value))
            && variants.iter().all(requires);
        let values = || values.iter().map(|values| values.iter().map(|value| value.as_str().into()).collect()).collect();
        is_decided.then(|| UnionTag { member: member.clone(), values: values(), by_discriminator: true })
    }

    /// The allOf closure of a schema that accepts only objects; empty for any other schema.
    fn object_parts(&self, id: SchemaId) -> Vec<&Schema> {
        let parts = self.contract.all_of_closure(self.contract.resolved(id));
        let parts: Vec<_> = parts.iter().map(|part| self.contract.schema(*part)).collect();
        let is_object = parts.iter().any(|part| part.types == Some(Types::OBJECT)) && !parts.iter().any(|part| part.accepts_null);
        if is_object { parts } else { Vec::new() }
    }

    /// The required members that accept only a few strings or booleans.
    fn constants(&self, id: SchemaId) -> Vec<(String, Vec<JsonValue>)> {
        let parts = self.object_parts(id);
        let required: Vec<_> = parts.iter().flat_map(|part| &part.object.required).collect();
        let properties = parts.iter().flat_map(|part| &part.object.properties);
        let required_properties = properties.filter(|(name, _)| required.contains(&name));
        required_properties.filter_map(|(name, id)| Some((name.clone(), self.few_values(*id)?))).collect()
    }

    fn few_values(&self, id: SchemaId) -> Option<Vec<JsonValue>> {
        let schema = self.contract.schema(self.contract.resolved(id));
        let values = match (&schema.constant, &schema.enumeration) {
            _ if schema.accepts_null => return None,
            (Some(constant), _) => vec![constant.clone()],
            (None, Some(values)) => {
                let distinct = values.iter().enumerate().filter(|(index, value)| !values[..*index].contains(value));
                distinct.map(|(_, value)| value.clone()).collect()
            }
            (None, None) => return None,
        };
        values.iter().all(|value| value.is_string() || value.is_boolean()).then_some(values)
    }
}

/// Whether a schema accepts no object, by its `type` alone.
fn excludes_objects(node: &Node) -> bool {
    match node.get("type").map(|types| &types.value) {
        Some(Value::String(name)) => name != "object",
        Some(Value::List(names)) => !names.iter().any(|name| name.as_str() == Some("object")),
        Some(Value::Null) => true,
        _ => false,
    }
}

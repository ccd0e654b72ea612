//! Schemas as tables: the rules that the runtime's `Checker::check` and `Reader` follow. If a table cannot hold a schema's keywords, its
//! rule contains a function.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::steps::Steps;
use super::{Emitter, ident, text, texts, types};
use crate::model::{Argument, ArrayLimits, ArrayRules, Assertion, Kind, Meaning, Schema, SchemaId, UnionTag};
use crate::runtime::check::Types;
use crate::runtime::number::Number;
use crate::shapes::{MergedParts, Shape};

/// How the generated code checks a schema.
pub(super) enum Definition {
    /// Accepts every value.
    Anything,
    /// A table, as a rule. A short table is repeated wherever it is used.
    Table { rule: TokenStream, is_short: bool },
    /// Statements, for checks that no table expresses.
    Code(Steps),
}

impl Definition {
    /// The rule as an expression.
    pub(super) fn rule(&self) -> TokenStream {
        match self {
            Definition::Anything => quote!(Rule::Any),
            Definition::Table { rule, .. } => rule.clone(),
            Definition::Code(steps) => quote!(Rule::Code(|value, at, out| { #steps })),
        }
    }

    /// Whether the rule is no longer than a name would be.
    pub(super) fn is_short(&self) -> bool {
        match self {
            Definition::Anything => true,
            Definition::Table { is_short, .. } => *is_short,
            Definition::Code(steps) => steps.only_call().is_some(),
        }
    }

    fn short(rule: TokenStream) -> Self {
        Definition::Table { rule, is_short: true }
    }

    fn long(rule: TokenStream) -> Self {
        Definition::Table { rule, is_short: false }
    }

    /// The rule wrapped in one that accepts null.
    fn inside(self, around: &TokenStream) -> Self {
        match self {
            Definition::Table { rule, is_short } => Definition::Table { rule: quote!(#around(&#rule)), is_short },
            other => other,
        }
    }
}

impl Emitter<'_> {
    /// The definition of a schema: a table if its keywords allow one, and otherwise code.
    pub(super) fn definition(&self, id: SchemaId) -> Definition {
        match self.table(id) {
            Some(table) if self.schema(id).accepts_null => table.inside(&quote!(Rule::Nullable)),
            Some(table) => table,
            None => self.code(id),
        }
    }

    /// The definition of a schema as code. Within code a table would not be shorter, and could not refer to patterns.
    pub(super) fn code(&self, id: SchemaId) -> Definition {
        match self.body(id) {
            body if body.is_empty() => Definition::Anything,
            body => Definition::Code(body),
        }
    }

    /// The table of a schema. This decides everything before it creates a rule, because creating a rule counts its use.
    fn table(&self, id: SchemaId) -> Option<Definition> {
        let schema = self.schema(id);
        let MergedParts { merged, separate } = self.plan.shapes.merged_parts(self.plan.contract, id);
        // All fields are named, so that a new keyword is either in a table or keeps its schema out of tables. References and `allOf` are
        // the merged and the separate parts. The rules for values of one type follow below.
        #[rustfmt::skip]
        let Schema {
            never, types: _, constant, enumeration, number: _, text: _, array: _, object: _, any_of, one_of, not, condition, tag, rules: _,
            max_depth, accepts_null: _, reference: _, all_of: _,
            span: _, pointer: _, annotations: _, discriminator: _, refers_to: _, rust_type: _, view: _, any_collection: _,
            complete: _,
        } = schema;
        let is_unevaluated = schema.object.unevaluated_properties.is_some() || schema.array.unevaluated_items.is_some();
        let applies = not.is_some() || !any_of.is_empty() || condition.is_some() || is_unevaluated;
        if schema.is_secret() || *never || max_depth.is_some() || !separate.is_empty() || applies {
            return None;
        }
        let types = merged.iter().find_map(|part| self.schema(*part).types);
        match (tag, constant, enumeration) {
            (Some(tag), None, None) if types.is_none() && only_for(schema, &merged, Types(0)) => self.tagged(schema, tag),
            (None, Some(constant), None) if one_of.is_empty() && only_for(schema, &merged, Types(0)) => {
                Some(self.constant(types, constant))
            }
            (None, None, Some(values)) if one_of.is_empty() && only_for(schema, &merged, Types(0)) => self.enumeration(types, values),
            (None, None, None) if one_of.is_empty() => self.typed_table(id, schema, types, &merged),
            _ => None,
        }
    }

    fn tagged(&self, schema: &Schema, tag: &UnionTag) -> Option<Definition> {
        let tags: Option<Vec<Vec<TokenStream>>> = tag.values.iter().map(|values| values.iter().map(self::tag).collect()).collect();
        let variants = tags?.into_iter().zip(&schema.one_of).map(|(tags, variant)| {
            let rule = self.rule(*variant);
            quote!((&[#(#tags),*], #rule))
        });
        let member = text(&tag.member);
        Some(Definition::long(quote!(Rule::Tagged(&Tagged { member: #member, variants: &[#(#variants),*] }))))
    }

    fn constant(&self, types: Option<Types>, constant: &Value) -> Definition {
        let types = listed_types(types);
        Definition::short(match constant {
            Value::String(value) => {
                let value = text(value);
                quote!(Rule::ConstantText(#types, #value))
            }
            value => {
                let value = text(&value.to_string());
                quote!(Rule::Constant(#types, #value))
            }
        })
    }

    fn enumeration(&self, types: Option<Types>, values: &[Value]) -> Option<Definition> {
        let values: Vec<&str> = values.iter().map(Value::as_str).collect::<Option<_>>()?;
        let (types, values) = (listed_types(types), texts(values));
        Some(Definition::long(quote!(Rule::Texts(#types, &#values))))
    }

    /// A rule for the values of one type, or null.
    fn typed_table(&self, id: SchemaId, schema: &Schema, types: Option<Types>, merged: &[SchemaId]) -> Option<Definition> {
        let Some(types) = types else { return only_for(schema, merged, Types(0)).then_some(Definition::Anything) };
        let single = Types(types.0 & !Types::NULL.0);
        if !only_for(schema, merged, single) {
            return None;
        }
        let has_facets = schema.has_facets() || merged.len() > 1;
        let table = match single {
            Types::STRING if has_facets => {
                let rules = self.text_table(schema)?;
                let is_short = rules.len() <= 1;
                Definition::Table { rule: quote!(Rule::Text(&[#(#rules),*])), is_short }
            }
            Types::INTEGER if has_facets => bounds(schema, &quote!(Rule::Integer))?,
            Types::NUMBER if has_facets => bounds(schema, &quote!(Rule::Number))?,
            Types::ARRAY if has_facets => self.list(schema)?,
            Types::OBJECT if has_facets => self.record(id, schema, merged)?,
            _ => {
                let types = self::types(types);
                return Some(Definition::short(quote!(Rule::Types(#types))));
            }
        };
        Some(if single == types { table } else { table.inside(&quote!(Rule::OrNull)) })
    }

    /// The keywords of a string; `None` if a table does not hold one of them.
    fn text_table(&self, schema: &Schema) -> Option<Vec<TokenStream>> {
        let rule = |Assertion { keyword, argument }: Assertion<'_>| match (keyword.meaning, argument) {
            (Meaning::Least { is_excluded: false }, Argument::Count(min)) => {
                let min = Literal::u64_unsuffixed(min);
                Some(quote!(TextRule::Min(#min)))
            }
            (Meaning::Most { is_excluded: false }, Argument::Count(max)) => {
                let max = Literal::u64_unsuffixed(max);
                Some(quote!(TextRule::Max(#max)))
            }
            (_, Argument::Format(format)) => {
                let format = ident(&format!("{format:?}"));
                Some(quote!(TextRule::Format(Format::#format)))
            }
            (_, Argument::Pattern(source)) => {
                let pattern = self.pattern(source);
                Some(quote!(TextRule::Pattern(&#pattern)))
            }
            _ => None,
        };
        schema.assertions(Kind::Text).filter(|assertion| !assertion.is_trivial()).map(rule).collect()
    }

    fn list(&self, schema: &Schema) -> Option<Definition> {
        let rules = &schema.array;
        // All fields are named here too, for the same reason.
        let ArrayRules { prefix_items, items: _, limits, contains, unevaluated_items: _, each } = rules;
        let ArrayLimits { min_items, max_items, unique_items } = limits;
        if contains.is_some() || !prefix_items.is_empty() {
            return None;
        }
        let items = rules.items.map_or_else(|| quote!(&Rule::Any), |items| self.rule(items));
        let max = max_items.map(Literal::u64_unsuffixed).map_or_else(|| quote!(u64::MAX), |max| quote!(#max));
        let min = Literal::u64_unsuffixed(min_items.unwrap_or_default());
        Some(Definition::long(quote!(Rule::List(&List { items: #items, min: #min, max: #max, unique: #unique_items, each: #each }))))
    }

    fn record(&self, id: SchemaId, schema: &Schema, merged: &[SchemaId]) -> Option<Definition> {
        let rules = &schema.object;
        let parts: Vec<&Schema> = merged.iter().map(|part| self.schema(*part)).collect();
        // A member that only another part declares is additional to a schema that constrains additional members.
        let mixes = rules.additional_properties.is_some() && parts.len() > 1;
        if mixes || !rules.pattern_properties.is_empty() {
            return None;
        }
        let members = self.members_in_order(id, &parts)?;
        let required = self.required(&parts);
        // In a table, the required members come first, in this order. Otherwise code finds the missing ones.
        let counts = required.iter().eq(members.iter().take(required.len()).map(|(name, _)| name)) && rules.property_names.is_none();
        let count = Literal::usize_unsuffixed(if counts { required.len() } else { 0 });
        let members: Vec<TokenStream> = members
            .into_iter()
            .map(|(name, member)| {
                let (name, rule) = (text(name), self.rule(member));
                quote!((#name, #rule))
            })
            .collect();
        let others = match rules.additional_properties {
            None => quote!(Some(&Rule::Any)),
            Some(id) if self.schema(self.plan.contract.resolved(id)).never => quote!(None),
            Some(id) => {
                let rule = self.rule(id);
                quote!(Some(#rule))
            }
        };
        let relations = self.relations(schema, if counts { &[] } else { &required });
        let more = if relations.is_empty() { quote!(None) } else { quote!(Some(|object, at, out| { #relations })) };
        Some(Definition::long(quote!(Rule::Record(&Record { members: &[#(#members),*], required: #count, others: #others, more: #more }))))
    }

    /// The declared members. The fields of the structure come first, in its order, so that a member has the same index in both. `None` if
    /// several parts declare a member, if a field is not a member, or if a name has to be escaped in JSON.
    fn members_in_order<'s>(&self, id: SchemaId, parts: &[&'s Schema]) -> Option<Vec<(&'s str, SchemaId)>> {
        let (mut members, mut schemas): (Vec<(&str, SchemaId)>, BTreeMap<&str, SchemaId>) = Default::default();
        for (name, member) in parts.iter().flat_map(|part| &part.object.properties) {
            let is_escaped = name.contains(|character: char| character.is_control() || matches!(character, '"' | '\\'));
            if is_escaped || schemas.insert(name, *member).is_some() {
                return None;
            }
            members.push((name, *member));
        }
        let declaration = self.plan.shapes.of(self.plan.contract, id).map(|declaration| self.plan.shapes.get(declaration));
        let Some(Shape::Record { fields, .. }) = declaration.map(|declaration| &declaration.shape) else {
            let ranks: BTreeMap<&str, usize> = self.required(parts).into_iter().enumerate().map(|(rank, name)| (name, rank)).collect();
            members.sort_by_key(|(name, _)| ranks.get(name).copied().unwrap_or(usize::MAX));
            return Some(members);
        };
        let mut ordered: Vec<(&str, SchemaId)> =
            fields.iter().map(|field| schemas.remove_entry(field.name.as_str())).collect::<Option<_>>()?;
        ordered.extend(members.into_iter().filter(|(name, _)| schemas.contains_key(name)));
        Some(ordered)
    }
}

/// Whether the schema has no keyword for values of other types.
fn only_for(schema: &Schema, merged: &[SchemaId], types: Types) -> bool {
    let is_object = types == Types::OBJECT;
    (types == Types::INTEGER || types == Types::NUMBER || !schema.number.any())
        && (types == Types::STRING || !schema.text.any())
        && (types == Types::ARRAY || !schema.array.any())
        && (is_object || (!schema.object.any() && schema.rules.is_empty() && merged.len() == 1))
}

fn listed_types(listed: Option<Types>) -> TokenStream {
    listed.map_or_else(|| quote!(Types::ALL), types)
}

/// The keywords of a number; `None` if a table does not hold one of them.
fn bounds(schema: &Schema, kind: &TokenStream) -> Option<Definition> {
    let listed = schema.assertions(Kind::Number).map(|assertion| {
        let name = match assertion.keyword.meaning {
            Meaning::Least { is_excluded: false } => quote!(Min),
            Meaning::Most { is_excluded: false } => quote!(Max),
            Meaning::Least { is_excluded: true } => quote!(Above),
            Meaning::Most { is_excluded: true } => quote!(Below),
            Meaning::Multiple => quote!(Multiple),
            Meaning::Other(_) => return None,
        };
        let bound = number(assertion.argument.number()?);
        Some(quote!(Bound::#name(#bound)))
    });
    let listed: Vec<TokenStream> = listed.collect::<Option<_>>()?;
    let is_short = listed.len() <= 1;
    Some(Definition::Table { rule: quote!(#kind(&[#(#listed),*])), is_short })
}

/// A number as an expression of the runtime's type.
fn number(number: Number) -> TokenStream {
    match number {
        Number::Signed(value) => {
            let value = Literal::i64_unsuffixed(value);
            quote!(Number::Signed(#value))
        }
        Number::Unsigned(value) => {
            let value = Literal::u64_unsuffixed(value);
            quote!(Number::Unsigned(#value))
        }
        Number::Float(value) => {
            let value = Literal::f64_unsuffixed(value);
            quote!(Number::Float(#value))
        }
    }
}

fn tag(value: &Value) -> Option<TokenStream> {
    match value {
        Value::Bool(value) => Some(quote!(Tag::Bool(#value))),
        Value::String(value) => {
            let value = text(value);
            Some(quote!(Tag::Text(#value)))
        }
        _ => None,
    }
}

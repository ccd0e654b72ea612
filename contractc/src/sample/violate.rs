//! Breaks each keyword in one or more ways.

use serde_json::{Map, Value, json};

use super::Sampler;
use super::mutate::{Place, RuleViolation};
use super::object::{number_of, rule_bound};
use crate::model::{ArrayLimits, ArrayRules, NumberRules, ObjectLimits, Rule, Schema, SchemaId, TextRules};
use crate::runtime::check::Types;
use crate::runtime::format::Format;
use crate::runtime::number::Number;
use crate::runtime::report::escaped;

/// Larger bounds are not exceeded: the values would be too large for a test.
const LENGTH_MAX: u64 = 20_000;
/// Arrays and objects are not made larger than this, in bytes of JSON.
const SIZE_MAX: usize = 1 << 20;

impl Sampler<'_> {
    /// Replacement values for a place, each of which breaks one rule of one schema.
    pub(super) fn rule_violations(&mut self, place: &Place, id: SchemaId) -> Vec<RuleViolation> {
        let schema = self.contract.schema(id);
        let value = &place.value;
        if schema.accepts_null && value.is_null() {
            return Vec::new();
        }
        let mut violations = self.type_violations(schema, value);
        violations.extend(listed_violations(schema, value));
        match value {
            Value::Number(number) => violations.extend(number_violations(&schema.number, Number::from(number))),
            Value::String(text) => violations.extend(text_violations(&schema.text, text)),
            Value::Array(items) => violations.extend(self.array_violations(&schema.array, items)),
            Value::Object(members) => {
                violations.extend(self.member_violations(schema, members));
                violations.extend(self.count_violations(schema, members));
                violations.extend(comparison_violations(&schema.rules, members));
            }
            Value::Null | Value::Bool(_) => {}
        }
        violations.extend(self.union_violations(schema, value));
        violations.extend(self.depth_violations(id, schema, value));
        violations
    }

    fn type_violations(&mut self, schema: &Schema, value: &Value) -> Vec<RuleViolation> {
        let Some(types) = schema.types else { return Vec::new() };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let others = [
            (Types::NULL, json!(null)),
            (Types::BOOLEAN, json!(true)),
            (Types::NUMBER.or(Types::INTEGER), json!(1)),
            (Types::NUMBER, json!(value.as_f64().map_or(0.5, |number| number.trunc() + 0.5))),
            (Types::STRING, json!(text)),
            (Types::ARRAY, json!([value])),
            (Types::OBJECT, json!({})),
        ];
        let rejected = others.into_iter().filter(|(kind, _)| !types.intersects(*kind));
        rejected.map(|(kind, other)| RuleViolation { label: kind.to_string(), ..RuleViolation::new("type", vec![other]) }).collect()
    }

    /// Breaks `oneOf`, `anyOf` and `not`, and members with the schema `false`.
    fn union_violations(&mut self, schema: &Schema, value: &Value) -> Vec<RuleViolation> {
        let mut violations = Vec::new();
        if let (Some(tag), Value::Object(members)) = (&schema.tag, value) {
            violations.push(RuleViolation::new("oneOf", vec![without(members, &tag.member)]).labelled("no tag"));
            let unknown = [json!("no such kind"), json!(""), json!(null), json!(-1)];
            let values = unknown.map(|unknown| with(members, &tag.member, unknown)).to_vec();
            violations.push(RuleViolation::new("oneOf", values).labelled("unknown tag"));
        }
        let others =
            || vec![json!({}), json!([]), json!(null), json!(""), json!(true), json!(-0.5), json!("\u{0}"), json!({ "\u{1f47d}": [] })];
        if !schema.one_of.is_empty() && schema.tag.is_none() {
            violations.push(RuleViolation::new("oneOf", others()));
        }
        if !schema.any_of.is_empty() {
            violations.push(RuleViolation::new("anyOf", others()));
        }
        if let Some(not) = schema.not {
            violations.push(RuleViolation::new("not", (0..4).filter_map(|_| self.sample(&[not])).collect()));
        }
        violations
    }

    fn array_violations(&mut self, rules: &ArrayRules, items: &[Value]) -> Vec<RuleViolation> {
        let ArrayLimits { min_items, max_items, unique_items } = rules.limits;
        let mut violations = Vec::new();
        if let Some(least) = min_items.and_then(|least| usize::try_from(least).ok()).filter(|least| *least > 0) {
            violations.push(RuleViolation::new("minItems", vec![json!(items[..items.len().min(least - 1)])]));
        }
        if let Some(most) = max_items {
            violations.extend(self.lengthened(rules, items, most).map(|longer| RuleViolation::new("maxItems", vec![longer])));
        }
        if unique_items {
            let doubled = |item: &Value| [items, std::slice::from_ref(item)].concat();
            let over: Vec<Value> = items.iter().take(2).map(|item| json!(doubled(item))).collect();
            let repeated = (items.len() > 1).then(|| json!([&items[..items.len() - 1], &items[..1]].concat()));
            violations.push(RuleViolation::new("uniqueItems", over.into_iter().chain(repeated).collect()));
        }
        if let Some(contains) = rules.contains {
            let other = |item: &&Value| !self.accepts(contains.schema, item);
            let others: Vec<&Value> = items.iter().filter(other).collect();
            let keyword = if contains.min == 1 { "contains" } else { "minContains" };
            violations.push(RuleViolation::new(keyword, vec![json!(others), json!([])]));
            let matching: Vec<Value> = (0..=contains.max.unwrap_or(0).min(100)).filter_map(|_| self.sample(&[contains.schema])).collect();
            violations.push(RuleViolation::new("maxContains", vec![json!([items, &matching].concat())]));
        }
        if rules.unevaluated_items.is_some() {
            let violation = RuleViolation::new("unevaluatedItems", vec![json!([items, &[json!("unexpected")]].concat())]);
            violations.push(RuleViolation { suffix: format!("/{}", items.len()), ..violation });
        }
        violations
    }

    /// The array with one item more than accepted. Adds new items while they are cheap to generate, then copies.
    fn lengthened(&mut self, rules: &ArrayRules, items: &[Value], most: u64) -> Option<Value> {
        let most = usize::try_from(most).ok().filter(|most| *most < SIZE_MAX)?;
        let ids: Vec<SchemaId> = rules.items.into_iter().collect();
        let mut longer = items.to_vec();
        let drawn = if rules.limits.unique_items { 10 * most } else { 4 };
        for _ in 0..drawn {
            if longer.len() > most {
                break;
            }
            let known = |item: &Value| rules.limits.unique_items && longer.contains(item);
            self.mood = super::Mood { level_soft: 0, size_soft: 0, deep: false };
            longer.extend(self.sample(&ids).filter(|item| !known(item)));
        }
        let smallest = longer.iter().min_by_key(|item| item.to_string().len())?.clone();
        let missing = (most + 1).saturating_sub(longer.len());
        let small = missing.saturating_mul(smallest.to_string().len()) <= SIZE_MAX;
        longer.extend(std::iter::repeat_n(smallest, if small { missing } else { 0 }));
        Some(Value::Array(longer))
    }

    /// Removes members that must be present, and adds members that must not be.
    fn member_violations(&mut self, schema: &Schema, members: &Map<String, Value>) -> Vec<RuleViolation> {
        let rules = &schema.object;
        let mut violations: Vec<RuleViolation> =
            rules.required.iter().map(|name| RuleViolation::new("required", vec![without(members, name)]).labelled(name)).collect();
        for (name, needs) in rules.dependent_required.iter().filter(|(name, _)| members.contains_key(name)) {
            violations.extend(
                needs
                    .iter()
                    .map(|need| RuleViolation::new("dependentRequired", vec![without(members, need)]).labelled(&format!("{name} {need}"))),
            );
        }
        let never = |id: SchemaId| self.contract.schema(self.contract.resolved(id)).never;
        for (name, _) in rules.properties.iter().filter(|(_, id)| never(*id)) {
            violations.push(RuleViolation::at_member("false", name, members, vec![json!(1)]));
        }
        let others = ["unexpected", "__proto__", ""];
        for other in others.into_iter().filter(|name| !members.contains_key(*name)) {
            if rules.additional_properties.is_some_and(never) {
                violations.push(RuleViolation::at_member("additionalProperties", other, members, vec![json!(1)]));
            }
            if rules.unevaluated_properties.is_some_and(never) {
                violations.push(RuleViolation::at_member("unevaluatedProperties", other, members, vec![json!(1)]));
            }
        }
        if rules.property_names.is_some() {
            let some =
                members.values().next().cloned().or_else(|| self.sample(&rules.additional_properties.into_iter().collect::<Vec<_>>()));
            for name in ["", "not a name!", "\u{1f3cb}", "UPPER", &"long".repeat(100)] {
                violations.extend(some.clone().map(|value| RuleViolation::at_member("propertyNames", name, members, vec![value])));
            }
        }
        violations
    }

    fn count_violations(&mut self, schema: &Schema, members: &Map<String, Value>) -> Vec<RuleViolation> {
        let rules = &schema.object;
        let ObjectLimits { min_properties, max_properties } = rules.limits;
        let mut violations = Vec::new();
        if let Some(least) = min_properties.and_then(|least| usize::try_from(least).ok()).filter(|least| *least > 0) {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by_key(|name| !rules.required.contains(name));
            let fewer: Map<_, _> =
                names.into_iter().take(least - 1).filter_map(|name| Some((name.clone(), members.get(name)?.clone()))).collect();
            violations.push(RuleViolation::new("minProperties", vec![Value::Object(fewer)]));
        }
        if let Some(most) = max_properties.and_then(|most| usize::try_from(most).ok()).filter(|most| *most <= 5_000) {
            let mut more = members.clone();
            let entry: Vec<SchemaId> = rules.additional_properties.into_iter().collect();
            for index in 0..2 * most + 10 {
                if more.len() > most {
                    break;
                }
                self.effort = super::EFFORT_MAX;
                let names: Vec<SchemaId> = rules.property_names.into_iter().collect();
                let name = if names.is_empty() {
                    Some(format!("m{index}"))
                } else {
                    self.sample(&names).and_then(|name| name.as_str().map(str::to_owned))
                };
                self.mood = super::Mood { level_soft: 0, size_soft: 0, deep: false };
                more.extend(name.and_then(|name| Some((name, self.sample(&entry)?))));
            }
            violations.push(RuleViolation::new("maxProperties", vec![Value::Object(more)]));
        }
        violations
    }

    /// The value, nested inside itself until it exceeds the allowed depth.
    fn depth_violations(&mut self, id: SchemaId, schema: &Schema, value: &Value) -> Vec<RuleViolation> {
        let max = schema.max_depth.and_then(|max| usize::try_from(max).ok()).filter(|max| *max <= 100);
        let Some((max, (wrapper, hole))) = max.and_then(|max| Some((max, self.wrapper(id)?))) else { return Vec::new() };
        let mut nested = value.clone();
        for _ in 0..max {
            let mut outer = wrapper.clone();
            if let Some(place) = outer.pointer_mut(&hole) {
                *place = nested;
            }
            nested = outer;
        }
        let too_deep = |keyword| RuleViolation::new(keyword, vec![nested.clone()]).labelled("too deep");
        let mut violations = vec![RuleViolation { suffix: hole.repeat(max), ..too_deep("x-max-depth") }];
        // For a schema that recurses through its own union, the report only says that no variant matches.
        if !schema.one_of.is_empty() {
            violations.push(too_deep("oneOf"));
        }
        if !schema.any_of.is_empty() {
            violations.push(too_deep("anyOf"));
        }
        violations
    }

    /// An instance of a recursive schema, with the pointer to another instance directly inside it.
    fn wrapper(&mut self, id: SchemaId) -> Option<(Value, String)> {
        for _ in 0..20 {
            self.effort = super::EFFORT_MAX;
            self.mood = super::Mood { level_soft: 3, size_soft: 20, deep: false };
            let Some(outer) = self.sample(&[id]).filter(|outer| self.accepts(id, outer)) else { continue };
            if let Some(hole) = self.inner_place(id, &outer) {
                return Some((outer, hole));
            }
        }
        None
    }
}

impl RuleViolation {
    pub(super) fn new(keyword: &'static str, values: Vec<Value>) -> Self {
        RuleViolation { keyword, suffix: String::new(), label: String::new(), values }
    }

    fn labelled(self, label: &str) -> Self {
        RuleViolation { label: label.to_owned(), ..self }
    }

    /// Objects with one additional member, where the violation is reported.
    fn at_member(keyword: &'static str, name: &str, members: &Map<String, Value>, values: Vec<Value>) -> Self {
        let values = values.into_iter().map(|value| with(members, name, value)).collect();
        let suffix = format!("/{}", escaped(name));
        RuleViolation { keyword, suffix, label: name.to_owned(), values }
    }
}

fn with(members: &Map<String, Value>, name: &str, value: Value) -> Value {
    let mut members = members.clone();
    members.insert(name.to_owned(), value);
    Value::Object(members)
}

fn without(members: &Map<String, Value>, name: &str) -> Value {
    let mut members = members.clone();
    members.remove(name);
    Value::Object(members)
}

/// Breaks `enum` and `const` with values of the same type that are not listed.
fn listed_violations(schema: &Schema, value: &Value) -> Vec<RuleViolation> {
    let others = match value {
        Value::String(text) => vec![json!(format!("{text}x")), json!(format!(" {text}")), json!(text.to_uppercase()), json!("")],
        Value::Number(_) => {
            [-1.0, 0.5, 1.0, 1e9].iter().filter_map(|step| Some(Number::Float(value.as_f64()? + step).to_value())).collect()
        }
        Value::Bool(flag) => vec![json!(!flag)],
        _ => vec![json!({}), json!([]), json!("other"), json!(0)],
    };
    let keyword = |used: bool, keyword: &'static str| used.then(|| RuleViolation::new(keyword, others.clone()));
    keyword(schema.constant.is_some(), "const").into_iter().chain(keyword(schema.enumeration.is_some(), "enum")).collect()
}

fn number_violations(rules: &NumberRules, number: Number) -> Vec<RuleViolation> {
    let one = Number::Signed(1);
    let values = |numbers: &[Number]| numbers.iter().map(|number| number.to_value()).collect();
    let below = |bound: Number| values(&[bound.minus(one), Number::Float(bound.to_f64().next_down())]);
    let above = |bound: Number| values(&[bound.plus(one), Number::Float(bound.to_f64().next_up())]);
    let NumberRules { minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of, width: _ } = rules;
    let off_step = |step: Number| {
        values(&[
            number.plus(one),
            Number::Float(number.to_f64() + step.to_f64() / 2.0),
            Number::Float(number.to_f64() + step.to_f64() / 3.0),
        ])
    };
    let found = [
        minimum.map(|bound| RuleViolation::new("minimum", below(bound))),
        maximum.map(|bound| RuleViolation::new("maximum", above(bound))),
        exclusive_minimum.map(|bound| RuleViolation::new("exclusiveMinimum", values(&[bound]))),
        exclusive_maximum.map(|bound| RuleViolation::new("exclusiveMaximum", values(&[bound]))),
        multiple_of.map(|step| RuleViolation::new("multipleOf", off_step(step))),
    ];
    found.into_iter().flatten().collect()
}

fn text_violations(rules: &TextRules, text: &str) -> Vec<RuleViolation> {
    let TextRules { min_length, max_length, pattern, format } = rules;
    let mut violations = Vec::new();
    if let Some(least) = min_length.and_then(|least| usize::try_from(least).ok()).filter(|least| *least > 0) {
        let short: String = text.chars().take(least - 1).collect();
        // An astral character is one code point, but two UTF-16 code units in JavaScript.
        let astral = "\u{1f3cb}".repeat((least - 1).min(200));
        violations.push(RuleViolation::new("minLength", vec![json!(short), json!(astral)]));
    }
    if let Some(most) = max_length.filter(|most| *most <= LENGTH_MAX).and_then(|most| usize::try_from(most).ok()) {
        let last = text.chars().next_back().unwrap_or('a');
        let longer: String = text.chars().chain(std::iter::repeat(last)).take(most + 1).collect();
        violations.push(RuleViolation::new("maxLength", vec![json!(longer), json!("a".repeat(most + 1))]));
    }
    if pattern.is_some() {
        let broken =
            [format!("{text}!"), format!("!{text}"), text.to_uppercase(), format!("{text}\n"), "\u{1f3cb}".to_owned(), String::new()];
        violations.push(RuleViolation::new("pattern", broken.iter().map(|text| json!(text)).collect()));
    }
    if let Some(format) = format {
        violations.push(RuleViolation::new("format", format_misses(*format, text).iter().map(|text| json!(text)).collect()));
    }
    violations
}

/// Near misses of a format.
fn format_misses(format: Format, text: &str) -> Vec<String> {
    let own: &[&str] = match format {
        Format::Date => &["2023-02-29", "2024-13-01", "2024-1-01"],
        Format::DateTime => &["2024-01-01T24:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00"],
        Format::Time => &["24:00:00Z", "12:00:00", "12:60:00Z"],
        Format::Email => &["a@b@c", "a..b@example.com", "example.com"],
        Format::Hostname => &["-a.example", "a..b", "a_b"],
        Format::Ipv4 => &["256.0.0.1", "1.2.3", "01.2.3.4"],
        Format::Ipv6 => &["1:2", "12345::", "::1%eth0"],
        Format::Uri => &["//example.com", "http://a b", "x:%zz"],
        Format::Uuid => &["{2eb8aa08-aa98-11ea-b4aa-73b441d16380}", "2eb8aa08aa9811eab4aa73b441d16380"],
    };
    own.iter().map(|miss| (*miss).to_owned()).chain([format!("{text} "), String::new()]).collect()
}

/// Changes one member so that the rule fails by the smallest step.
fn comparison_violations(rules: &[Rule], members: &Map<String, Value>) -> Vec<RuleViolation> {
    let mut violations = Vec::new();
    for rule in rules {
        let (Some(left), Some(bound), Some(right)) =
            (number_of(members, &rule.left), rule_bound(rule, members), number_of(members, &rule.right))
        else {
            continue;
        };
        let steps = [1, -1].map(Number::Signed);
        let lefts = [bound, left].into_iter().flat_map(|base| steps.map(|step| base.plus(step)));
        let lefts = lefts.chain([bound]).map(|number| with(members, &rule.left, number.to_value()));
        let rights = [left, right]
            .into_iter()
            .flat_map(|base| steps.map(|step| base.plus(step)))
            .map(|number| with(members, &rule.right, number.to_value()));
        violations.push(RuleViolation::new("x-rules", lefts.chain(rights).collect()).labelled(&rule.text));
    }
    violations
}

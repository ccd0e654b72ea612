//! Numbers the schemas of two contracts by what they accept: two schemas with one number accept the same values.
//!
//! The form of a schema is everything that constrains values, without annotations, names and locations, in a canonical spelling: a
//! reference is its target, `const` is an `enum` of one value, and lists whose order has no meaning are sorted. Recursive schemas are
//! distinguished step by step, until another step distinguishes no more of them. Every field is named here, so that a new keyword cannot be
//! forgotten.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::model::{Annotations, ArrayRules, Condition, Contains, Contract, Kind, ObjectRules, Rule, Schema, SchemaId, UnionTag};
use crate::runtime::check::Types;
use crate::runtime::number::Number;

/// The maximum number of steps that distinguish recursive schemas. Schemas that need more count as different from all others.
const STEPS_MAX: usize = 300;

/// The number of each schema's form, in both contracts.
pub struct Forms {
    old: Vec<u32>,
    new: Vec<u32>,
}

/// Which of the two contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Old,
    New,
}

/// The form of one schema: its own keywords, and its subschemas in groups. In some groups the order has no meaning.
#[derive(Default)]
struct Form {
    own: String,
    groups: Vec<(Order, Vec<usize>)>,
}

/// Whether the order of subschemas in a group has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Fixed,
    Any,
}

/// Whether two schemas are also compared by the annotations that a diff should report: `default`, `x-ref` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnotationMode {
    Compared,
    Ignored,
}

impl Forms {
    /// Compares all schemas.
    pub fn new(old: &Contract, new: &Contract, annotations: AnnotationMode) -> Forms {
        let forms_of = |contract: &Contract, from: usize| -> Vec<Form> {
            contract.schemas.iter().map(|schema| Form::new(contract, schema, from, annotations)).collect()
        };
        let mut forms = forms_of(old, 0);
        forms.extend(forms_of(new, old.schemas.len()));
        let mut numbers = Numbering::default();
        let mut classes: Vec<Option<u32>> = vec![None; forms.len()];
        numbers.number_acyclic(&forms, &mut classes);
        numbers.number_cyclic(&forms, &mut classes);
        let mut classes: Vec<u32> = classes.into_iter().map(Option::unwrap_or_default).collect();
        let new_classes = classes.split_off(old.schemas.len());
        Forms { old: classes, new: new_classes }
    }

    /// The number of a schema's form.
    pub fn of(&self, contract: &Contract, side: Side, id: SchemaId) -> u32 {
        let classes = if side == Side::Old { &self.old } else { &self.new };
        classes[contract.resolved(id).0]
    }
}

#[derive(Default)]
struct Numbering {
    known: HashMap<(String, Vec<u32>), u32>,
}

impl Numbering {
    fn number(&mut self, own: &str, inner: Vec<u32>) -> u32 {
        let next = self.known.len() as u32 + 1;
        *self.known.entry((own.to_owned(), inner)).or_insert(next)
    }

    /// Numbers the schemas that are in no cycle and lead to none, each after its subschemas.
    fn number_acyclic(&mut self, forms: &[Form], classes: &mut [Option<u32>]) {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); forms.len()];
        let mut missing: Vec<usize> = vec![0; forms.len()];
        for (index, form) in forms.iter().enumerate() {
            for inner in form.groups.iter().flat_map(|(_, group)| group) {
                users[*inner].push(index);
                missing[index] += 1;
            }
        }
        let mut ready: Vec<usize> = (0..forms.len()).filter(|index| missing[*index] == 0).collect();
        while let Some(index) = ready.pop() {
            let inner = forms[index].inner(|inner| classes[inner].unwrap_or_default());
            classes[index] = Some(self.number(&forms[index].own, inner));
            for user in &users[index] {
                missing[*user] -= 1;
                if missing[*user] == 0 {
                    ready.push(*user);
                }
            }
        }
    }

    /// Numbers the other schemas: at first all with the same number, then by their own keywords and the numbers of their subschemas, until
    /// nothing changes.
    fn number_cyclic(&mut self, forms: &[Form], classes: &mut [Option<u32>]) {
        let open: Vec<usize> = (0..forms.len()).filter(|index| classes[*index].is_none()).collect();
        let mut count = 0;
        for _ in 0..STEPS_MAX {
            let next: Vec<u32> = open
                .iter()
                .map(|index| {
                    let mut inner = forms[*index].inner(|inner| classes[inner].unwrap_or_default());
                    inner.push(classes[*index].unwrap_or_default());
                    self.number(&forms[*index].own, inner)
                })
                .collect();
            let distinct = next.iter().collect::<BTreeSet<_>>().len();
            open.iter().zip(&next).for_each(|(index, class)| classes[*index] = Some(*class));
            if distinct == count {
                return;
            }
            count = distinct;
        }
        for index in open {
            classes[index] = Some(self.number(&format!("unlike all others: {index}"), Vec::new()));
        }
    }
}

impl Form {
    fn inner(&self, class: impl Fn(usize) -> u32) -> Vec<u32> {
        let mut all = Vec::new();
        for (order, group) in &self.groups {
            let mut classes: Vec<u32> = group.iter().map(|inner| class(*inner)).collect();
            if *order == Order::Any {
                classes.sort_unstable();
            }
            all.push(u32::MAX - classes.len() as u32);
            all.extend(classes);
        }
        all
    }

    /// The form of a schema. The numbers of its contract's schemas start at `from`.
    fn new(contract: &Contract, schema: &Schema, from: usize, mode: AnnotationMode) -> Form {
        let Schema {
            span: _,
            pointer: _,
            annotations,
            never,
            accepts_null,
            types,
            constant,
            enumeration,
            // The table of keywords has them, and the limits of arrays and objects.
            number: _,
            text: _,
            array,
            object,
            reference,
            all_of,
            any_of,
            one_of,
            not,
            condition,
            tag,
            // The effect of a discriminator is in `tag`.
            discriminator: _,
            rules,
            max_depth,
            refers_to,
            any_collection: _,
            rust_type: _,
            view: _,
            complete: _,
        } = schema;
        let mut form = Form::default();
        let at = |id: &SchemaId| contract.resolved(*id).0 + from;
        if *never {
            form.say("never", "");
        }
        if *accepts_null {
            form.say("null", "");
        }
        if let Some(types) = types {
            form.say("type", normal_types(*types).0);
        }
        if let Some(values) = listed_values(constant.as_ref(), enumeration.as_deref()) {
            let texts: BTreeSet<String> = values.iter().map(|value| plain_text(value)).collect();
            form.say("enum", texts.into_iter().collect::<Vec<_>>().join(","));
        }
        form.assertions(schema);
        form.array(array, at, mode);
        form.object(object, at);
        form.group("allOf", Order::Any, reference.iter().chain(all_of).map(at));
        form.group("anyOf", Order::Any, any_of.iter().map(at));
        form.union(one_of, tag.as_ref(), at);
        form.group("not", Order::Fixed, not.iter().map(at));
        if let Some(Condition { condition, then, otherwise }) = condition {
            form.group("if", Order::Fixed, [at(condition)]);
            form.group("then", Order::Fixed, then.iter().map(at));
            form.group("else", Order::Fixed, otherwise.iter().map(at));
        }
        let texts: BTreeSet<&String> =
            rules.iter().map(|Rule { span: _, text, left: _, comparison: _, right: _, offset: _ }| text).collect();
        form.list("x-rules", texts);
        form.list("x-max-depth", max_depth);
        if mode == AnnotationMode::Compared {
            form.list("x-ref", refers_to);
            form.annotations(annotations);
        }
        form
    }

    fn say(&mut self, keyword: &str, argument: impl std::fmt::Display) {
        self.own.push_str(&format!("{keyword} {argument};"));
    }

    fn list<T: std::fmt::Debug>(&mut self, keyword: &str, arguments: impl IntoIterator<Item = T>) {
        for argument in arguments {
            self.say(keyword, format!("{argument:?}"));
        }
    }

    fn group(&mut self, keyword: &str, order: Order, ids: impl IntoIterator<Item = usize>) {
        let ids: Vec<usize> = ids.into_iter().collect();
        if !ids.is_empty() {
            self.say(keyword, "");
            self.groups.push((order, ids));
        }
    }

    fn named(&mut self, keyword: &str, schemas: &[(String, SchemaId)], at: impl Fn(&SchemaId) -> usize) {
        let mut sorted: Vec<&(String, SchemaId)> = schemas.iter().collect();
        sorted.sort();
        self.list(keyword, sorted.iter().map(|(name, _)| name));
        self.group(keyword, Order::Fixed, sorted.iter().map(|(_, id)| at(id)));
    }

    /// The keywords that check a value against one argument. All of them are in the table.
    fn assertions(&mut self, schema: &Schema) {
        for kind in Kind::ALL {
            for assertion in schema.assertions(kind).filter(|assertion| !assertion.is_trivial()) {
                let argument = assertion.argument.number().map_or_else(|| assertion.argument.to_string(), plain_number);
                self.say(assertion.keyword.name, format!("{argument:?}"));
            }
        }
    }

    fn array(&mut self, array: &ArrayRules, at: impl Fn(&SchemaId) -> usize, mode: AnnotationMode) {
        let ArrayRules { prefix_items, items, limits: _, contains, unevaluated_items, each } = array;
        self.group("prefixItems", Order::Fixed, prefix_items.iter().map(&at));
        self.group("items", Order::Fixed, items.iter().map(&at));
        self.group("unevaluatedItems", Order::Fixed, unevaluated_items.iter().map(&at));
        if let Some(Contains { schema, min, max }) = contains {
            self.say("contains", format!("{min} {max:?}"));
            self.group("contains", Order::Fixed, [at(schema)]);
        }
        self.list("x-each", (*each && mode == AnnotationMode::Compared).then_some(()));
    }

    fn object(&mut self, object: &ObjectRules, at: impl Fn(&SchemaId) -> usize) {
        let ObjectRules {
            properties,
            pattern_properties,
            additional_properties,
            property_names,
            required,
            limits: _,
            dependent_required,
            dependent_schemas,
            unevaluated_properties,
        } = object;
        self.named("properties", properties, &at);
        self.named("patternProperties", pattern_properties, &at);
        self.named("dependentSchemas", dependent_schemas, &at);
        self.group("additionalProperties", Order::Fixed, additional_properties.iter().map(&at));
        self.group("unevaluatedProperties", Order::Fixed, unevaluated_properties.iter().map(&at));
        self.group("propertyNames", Order::Fixed, property_names.iter().map(&at));
        self.list("required", required.iter().collect::<BTreeSet<_>>());
        let needs: BTreeSet<(&String, BTreeSet<&String>)> =
            dependent_required.iter().map(|(name, needs)| (name, needs.iter().collect())).collect();
        self.list("dependentRequired", needs);
    }

    /// `oneOf`. The values of a discriminator decide, but a member that is constant in each variant adds nothing to the variants.
    fn union(&mut self, one_of: &[SchemaId], tag: Option<&UnionTag>, at: impl Fn(&SchemaId) -> usize) {
        let Some(UnionTag { member, values, by_discriminator: true }) = tag else {
            return self.group("oneOf", Order::Any, one_of.iter().map(at));
        };
        let mut variants: Vec<(Vec<String>, usize)> =
            values.iter().zip(one_of).map(|(values, id)| (values.iter().map(plain_text).collect(), at(id))).collect();
        variants.iter_mut().for_each(|(values, _)| values.sort());
        variants.sort();
        self.say("discriminator", format!("{member:?} {:?}", variants.iter().map(|(values, _)| values).collect::<Vec<_>>()));
        self.group("oneOf", Order::Fixed, variants.into_iter().map(|(_, id)| id));
    }

    fn annotations(&mut self, annotations: &Annotations) {
        let Annotations {
            title: _,
            description: _,
            examples: _,
            default,
            deprecated: _,
            read_only: _,
            write_only: _,
            since: _,
            format: _,
            content_media_type: _,
            content_encoding: _,
        } = annotations;
        self.list("default", default.as_ref().map(plain_text));
    }
}

/// The values that `const` and `enum` both list; `None` without either.
pub fn listed_values<'s>(constant: Option<&'s Value>, enumeration: Option<&'s [Value]>) -> Option<Vec<&'s Value>> {
    match (constant, enumeration) {
        (None, None) => None,
        (Some(constant), None) => Some(vec![constant]),
        (None, Some(values)) => Some(values.iter().collect()),
        (Some(constant), Some(values)) => Some(values.iter().filter(|value| plain_text(value) == plain_text(constant)).collect()),
    }
}

/// Types in which integers are one type and all other numbers another.
pub fn normal_types(types: Types) -> Types {
    if types.contains(Types::NUMBER) { types.or(Types::INTEGER) } else { types }
}

/// A text that is the same for equal values: 1 and 1.0 are equal, and the order of members has no meaning.
pub fn plain_text(value: &Value) -> String {
    match value {
        Value::Number(number) => plain_number(Number::from(number)),
        Value::Array(items) => format!("[{}]", items.iter().map(plain_text).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let members: BTreeSet<String> =
                members.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), plain_text(value))).collect();
            format!("{{{}}}", members.into_iter().collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn plain_number(number: Number) -> String {
    let whole = number.is_integer().then(|| number.to_i64().map(i128::from).or(number.to_u64().map(i128::from))).flatten();
    whole.map_or_else(|| number.to_value().to_string(), |whole| whole.to_string())
}

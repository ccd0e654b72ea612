//! Validates values with the keywords of a contract that was loaded as data.

use super::keywords::{ArrayKeyword, Comparison, Condition, Keyword, MemberRules, ObjectKeyword, Others, RuleNumber};
use super::read::{LoadError, damaged, list};
use crate::api::runtime::check::number_member;
use crate::api::runtime::json::{Array, Json, Object};
use crate::api::runtime::number::Number;
use crate::api::runtime::report::{At, Checker};
use crate::api::runtime::rule::{Bound, LoadedRule, TextRule};

/// All rules of a contract, by their numbers.
pub(super) struct Rules(Vec<&'static [Keyword]>);

/// Validates values by one rule.
pub(super) struct Entry {
    pub(super) rules: &'static Rules,
    pub(super) number: RuleNumber,
}

impl LoadedRule for Entry {
    fn check(&self, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        self.rules.check(self.number, value, at, out);
    }
}

/// A member or item of a value that may be evaluated.
#[derive(Clone, Copy)]
enum Part<'a> {
    Member(&'a str),
    Item(usize, Json<'a>),
}

impl Rules {
    pub(super) fn read(rules: &[Json<'_>]) -> Result<Self, LoadError> {
        let mut all = Vec::with_capacity(rules.len());
        for rule in rules {
            let mut keywords = Vec::new();
            for keyword in list(*rule).ok_or_else(|| damaged("a rule"))? {
                keywords.push(Keyword::read(keyword, rules.len())?);
            }
            all.push(&*keywords.leak());
        }
        Ok(Rules(all))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn check(&self, rule: RuleNumber, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        out.once(rule, value, |value, out| self.follow(self.0[rule], value, at, out));
    }

    fn accepts(&self, rule: RuleNumber, value: Json<'_>, out: &Checker) -> bool {
        out.accepts(|probe| self.check(rule, value, At::ROOT, probe))
    }

    fn follow(&self, keywords: &[Keyword], value: Json<'_>, at: At<'_>, out: &mut Checker) {
        for (index, keyword) in keywords.iter().enumerate() {
            match (keyword, value) {
                (Keyword::Nullable, Json::Null) => return,
                (Keyword::MaxDepth(schema, max), _) => {
                    return out.nested(*schema, *max, at, |out| self.follow(&keywords[index + 1..], value, at, out));
                }
                (Keyword::Never, _) => out.never("false", at),
                (Keyword::Schema(rule), _) => self.check(*rule, value, at, out),
                (Keyword::Types(types), _) => out.types(value, *types, at),
                (Keyword::Number(bound), Json::Number(number)) => check_number(bound, number, at, out),
                (Keyword::Text(rule), Json::String(text)) => check_text(rule, text, at, out),
                (Keyword::Array(keyword), Json::Array(array)) => self.check_array(keyword, array, at, out),
                (Keyword::Object(keyword), Json::Object(object)) => self.check_object(keyword, object, at, out),
                (Keyword::ConstantText(text), _) => out.constant_text(value, text, at),
                (Keyword::Constant(text), _) => out.constant(value, text, at),
                (Keyword::Texts(texts), _) => out.one_of_texts(value, texts, at),
                (Keyword::Enumeration(texts), _) => out.enumeration(value, texts, at),
                (keyword, value) => self.apply(keyword, value, at, out),
            }
        }
    }

    /// The keywords that apply other rules to the same value.
    fn apply(&self, keyword: &Keyword, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        match keyword {
            Keyword::Not(rule) => out.not(self.accepts(*rule, value, out), at),
            Keyword::AnyOf(rules) => out.any_of(rules.iter().any(|rule| self.accepts(*rule, value, out)), at),
            Keyword::OneOf(rules) => out.one_of(rules.iter().filter(|rule| self.accepts(**rule, value, out)).count(), at),
            Keyword::Tagged(member, variants) => {
                let tag = value.get(member).map(Json::to_text);
                match tag.and_then(|tag| variants.iter().find(|(values, _)| values.contains(&tag.as_str()))) {
                    Some((_, rule)) => self.check(*rule, value, at, out),
                    None => out.no_variant(value, member, at),
                }
            }
            Keyword::If(condition, then, otherwise) => {
                let branch = if self.accepts(*condition, value, out) { then } else { otherwise };
                branch.iter().for_each(|rule| self.check(*rule, value, at, out));
            }
            Keyword::UnevaluatedMembers(rest, evaluated) => {
                let Json::Object(object) = value else { return };
                for (name, member) in object {
                    if !self.holds(evaluated, Part::Member(name), value, out) {
                        self.check_rest(*rest, "unevaluatedProperties", member, at.member(name), out);
                    }
                }
            }
            Keyword::UnevaluatedItems(rest, evaluated) => {
                let Json::Array(array) = value else { return };
                for (index, item) in array {
                    if !self.holds(evaluated, Part::Item(index, item), value, out) {
                        self.check_rest(*rest, "unevaluatedItems", item, at.item(index), out);
                    }
                }
            }
            // The keyword does not apply to this type of value.
            _ => {}
        }
    }

    fn check_array(&self, keyword: &ArrayKeyword, array: Array<'_>, at: At<'_>, out: &mut Checker) {
        match keyword {
            ArrayKeyword::MinItems(min) => out.min_items(array, *min, at),
            ArrayKeyword::MaxItems(max) => out.max_items(array, *max, at),
            ArrayKeyword::UniqueItems => out.unique_items(array, at),
            ArrayKeyword::Items { first, rest, each } => {
                for (index, item) in if *each { out.each(array) } else { array } {
                    if let Some(rule) = first.get(index).copied().or(*rest) {
                        self.check(rule, item, at.item(index), out);
                    }
                }
            }
            ArrayKeyword::Contains { rule, min, max } => {
                let matching = array.into_iter().filter(|(_, item)| self.accepts(*rule, *item, out)).count();
                out.contains(matching as u64, *min, *max, at);
            }
        }
    }

    fn check_object(&self, keyword: &ObjectKeyword, object: Object<'_>, at: At<'_>, out: &mut Checker) {
        match keyword {
            ObjectKeyword::Members(rules) => {
                for (name, member) in object {
                    self.check_member(rules, name, member, at.member(name), out);
                }
            }
            ObjectKeyword::PropertyNames(rule) => out.property_names(object, at, |name, at, out| self.check(*rule, name, at, out)),
            ObjectKeyword::Required(names) => out.required(object, names, at),
            ObjectKeyword::MinProperties(min) => out.min_properties(object, *min, at),
            ObjectKeyword::MaxProperties(max) => out.max_properties(object, *max, at),
            ObjectKeyword::DependentRequired(name, needs) => out.dependent_required(object, name, needs, at),
            ObjectKeyword::DependentSchema(name, rule) => {
                if object.get(name).is_some() {
                    self.check(*rule, Json::Object(object), at, out);
                }
            }
            ObjectKeyword::Comparison(comparison) => compare(comparison, object, at, out),
        }
    }

    fn check_member(&self, rules: &MemberRules, name: &str, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        let mut is_known = false;
        for (_, rule, declared) in rules.named.iter().filter(|(known, ..)| *known == name) {
            is_known |= *declared;
            self.check(*rule, value, at, out);
        }
        for (_, rule) in rules.patterns.iter().filter(|(pattern, _)| pattern.matches(name)) {
            is_known = true;
            self.check(*rule, value, at, out);
        }
        match rules.others {
            Others::Nothing if !is_known => out.unknown_member(at),
            Others::Rule(rule) if !is_known => self.check(rule, value, at, out),
            _ => {}
        }
    }

    fn check_rest(&self, rest: Option<RuleNumber>, keyword: &'static str, value: Json<'_>, at: At<'_>, out: &mut Checker) {
        match rest {
            Some(rule) => self.check(rule, value, at, out),
            None => out.never(keyword, at),
        }
    }

    /// Whether a member or item of `value` is evaluated.
    fn holds(&self, condition: &Condition, part: Part<'_>, value: Json<'_>, out: &Checker) -> bool {
        match (condition, part) {
            (Condition::Any(terms), _) => terms.iter().any(|term| self.holds(term, part, value, out)),
            (Condition::Always, _) => true,
            (Condition::Named(names), Part::Member(name)) => names.contains(&name),
            (Condition::Matching(pattern), Part::Member(name)) => pattern.matches(name),
            (Condition::Before(end), Part::Item(index, _)) => index < *end,
            (Condition::Contained(rule), Part::Item(_, item)) => self.accepts(*rule, item, out),
            (Condition::Accepted(rule, inner), _) => self.accepts(*rule, value, out) && self.holds(inner, part, value, out),
            (Condition::Beside(name, inner), _) => value.get(name).is_some() && self.holds(inner, part, value, out),
            (Condition::If(rule, then, otherwise), _) => {
                let branch = if self.accepts(*rule, value, out) { then } else { otherwise };
                self.holds(branch, part, value, out)
            }
            _ => false,
        }
    }
}

fn check_number(bound: &Bound, number: Number, at: At<'_>, out: &mut Checker) {
    match bound {
        Bound::Min(min) => out.minimum(number, *min, at),
        Bound::Max(max) => out.maximum(number, *max, at),
        Bound::Above(min) => out.exclusive_minimum(number, *min, at),
        Bound::Below(max) => out.exclusive_maximum(number, *max, at),
        Bound::Multiple(step) => out.multiple_of(number, *step, at),
    }
}

fn check_text(rule: &TextRule, text: &str, at: At<'_>, out: &mut Checker) {
    match rule {
        TextRule::Min(min) => out.min_length(text, *min, at),
        TextRule::Max(max) => out.max_length(text, *max, at),
        TextRule::Format(format) => out.format(text, *format, at),
        TextRule::Pattern(pattern) => out.pattern(text, pattern, at),
    }
}

fn compare(comparison: &Comparison, object: Object<'_>, at: At<'_>, out: &mut Checker) {
    let Comparison { left, accepted, right, offset, text } = comparison;
    let right = number_member(object, right);
    let right = match offset {
        None => right,
        Some((is_added, member)) => right.zip(number_member(object, member)).map(|(right, offset)| match is_added {
            true => right.plus(offset),
            false => right.minus(offset),
        }),
    };
    out.rule(number_member(object, left), accepted, right, text, at);
}

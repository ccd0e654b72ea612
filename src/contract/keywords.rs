//! The keywords of a rule in `contract.json`. Each is an array of its name and its arguments.

use std::cmp::Ordering;

use super::read::{LoadError, count, damaged, each, flag, kept, list, long, number, optional, text, texts};
use crate::api::runtime::check::Types;
use crate::api::runtime::format::Format;
use crate::api::runtime::json::Json;
use crate::api::runtime::pattern::Pattern;
use crate::api::runtime::rule::{Bound, TextRule};

/// The number of a rule.
pub(super) type RuleNumber = usize;

/// The values that select a variant, as JSON text, and its rule.
pub(super) type Variant = (&'static [&'static str], RuleNumber);

/// One keyword. It borrows data that lives as long as the program, so dropping it does nothing.
pub(super) enum Keyword {
    /// `null` is valid, whatever the following keywords say.
    Nullable,
    /// The following keywords are one level of a recursive schema: its number among the recursive schemas, and the maximum depth.
    MaxDepth(usize, usize),
    Never,
    Schema(RuleNumber),
    Types(Types),
    Number(Bound),
    Text(TextRule),
    Array(ArrayKeyword),
    Object(ObjectKeyword),
    ConstantText(&'static str),
    /// A value as JSON text.
    Constant(&'static str),
    Texts(&'static [&'static str]),
    /// Values as JSON text.
    Enumeration(&'static [&'static str]),
    Not(RuleNumber),
    AnyOf(&'static [RuleNumber]),
    OneOf(&'static [RuleNumber]),
    /// The discriminating member, and the values that select each variant, as JSON text.
    Tagged(&'static str, &'static [Variant]),
    If(RuleNumber, Option<RuleNumber>, Option<RuleNumber>),
    /// The rule of members that are not evaluated otherwise. Without a rule, no such member is valid.
    UnevaluatedMembers(Option<RuleNumber>, Condition),
    UnevaluatedItems(Option<RuleNumber>, Condition),
}

pub(super) enum ArrayKeyword {
    MinItems(u64),
    MaxItems(u64),
    UniqueItems,
    Items { first: &'static [RuleNumber], rest: Option<RuleNumber>, each: bool },
    Contains { rule: RuleNumber, min: u64, max: u64 },
}

pub(super) enum ObjectKeyword {
    Members(&'static MemberRules),
    PropertyNames(RuleNumber),
    Required(&'static [&'static str]),
    MinProperties(u64),
    MaxProperties(u64),
    DependentRequired(&'static str, &'static [&'static str]),
    DependentSchema(&'static str, RuleNumber),
    Comparison(&'static Comparison),
}

/// The rules of members.
pub(super) struct MemberRules {
    /// The rules by name, and whether a member with this name is declared for `others`.
    pub(super) named: &'static [(&'static str, RuleNumber, bool)],
    pub(super) patterns: &'static [(&'static Pattern, RuleNumber)],
    pub(super) others: Others,
}

/// The rule of members that are neither declared nor match a pattern.
pub(super) enum Others {
    Anything,
    Nothing,
    Rule(RuleNumber),
}

/// A comparison between members: `left op right [± offset]`.
pub(super) struct Comparison {
    pub(super) left: &'static str,
    pub(super) accepted: &'static [Ordering],
    pub(super) right: &'static str,
    /// Whether the offset is added, and its member.
    pub(super) offset: Option<(bool, &'static str)>,
    pub(super) text: &'static str,
}

/// The condition under which a member or an item is evaluated.
pub(super) enum Condition {
    Any(&'static [Condition]),
    Always,
    Named(&'static [&'static str]),
    Matching(&'static Pattern),
    Before(usize),
    Contained(RuleNumber),
    Accepted(RuleNumber, &'static Condition),
    Beside(&'static str, &'static Condition),
    If(RuleNumber, &'static Condition, &'static Condition),
}

impl Keyword {
    /// Reads a keyword of a contract with `rules` rules.
    pub(super) fn read(value: Json<'_>, rules: usize) -> Result<Self, LoadError> {
        let parts = list(value).ok_or_else(|| damaged("a keyword"))?;
        let Some((Json::String(name), arguments)) = parts.split_first() else { return Err(damaged("a keyword")) };
        let reader = Arguments { list: arguments, rules };
        reader.keyword(name).ok_or_else(|| damaged(&format!("the keyword {name:?}")))
    }
}

/// The arguments of a keyword.
#[derive(Clone, Copy)]
struct Arguments<'a> {
    list: &'a [Json<'a>],
    rules: usize,
}

impl<'a> Arguments<'a> {
    #[inline(never)]
    fn at(&self, index: usize) -> Option<Json<'a>> {
        self.list.get(index).copied()
    }

    fn rule_of(&self, value: Json<'_>) -> Option<RuleNumber> {
        count(value).filter(|number| *number < self.rules)
    }

    #[inline(never)]
    fn rule(&self, index: usize) -> Option<RuleNumber> {
        self.rule_of(self.at(index)?)
    }

    #[inline(never)]
    fn optional_rule(&self, index: usize) -> Option<Option<RuleNumber>> {
        optional(self.at(index)?, |value| self.rule_of(value))
    }

    #[inline(never)]
    fn rule_list(&self, index: usize) -> Option<&'static [RuleNumber]> {
        each(self.at(index)?, |item| self.rule_of(item))
    }

    fn keyword(&self, name: &str) -> Option<Keyword> {
        Some(match name {
            "nullable" => Keyword::Nullable,
            "maxDepth" => Keyword::MaxDepth(count(self.at(0)?)?, count(self.at(1)?)?),
            "never" => Keyword::Never,
            "schema" => Keyword::Schema(self.rule(0)?),
            "type" => Keyword::Types(types(texts(self.at(0)?)?)?),
            "const" => match self.at(0)? {
                Json::String(_) => Keyword::ConstantText(text(self.at(0)?)?),
                value => Keyword::Constant(value.to_text().leak()),
            },
            "enum" => match texts(self.at(0)?) {
                Some(texts) => Keyword::Texts(texts),
                None => Keyword::Enumeration(each(self.at(0)?, |value| Some(value.to_text().leak() as &str))?),
            },
            "not" => Keyword::Not(self.rule(0)?),
            "anyOf" => Keyword::AnyOf(self.rule_list(0)?),
            "oneOf" => Keyword::OneOf(self.rule_list(0)?),
            "tagged" => Keyword::Tagged(text(self.at(0)?)?, self.variants()?),
            "if" => Keyword::If(self.rule(0)?, self.optional_rule(1)?, self.optional_rule(2)?),
            "unevaluatedProperties" => Keyword::UnevaluatedMembers(self.optional_rule(0)?, self.condition(self.at(1)?)?),
            "unevaluatedItems" => Keyword::UnevaluatedItems(self.optional_rule(0)?, self.condition(self.at(1)?)?),
            _ => return self.number(name).or_else(|| self.text(name)).or_else(|| self.array(name)).or_else(|| self.object(name)),
        })
    }

    fn number(&self, name: &str) -> Option<Keyword> {
        let bound = number(self.at(0)?)?;
        Some(Keyword::Number(match name {
            "minimum" => Bound::Min(bound),
            "maximum" => Bound::Max(bound),
            "exclusiveMinimum" => Bound::Above(bound),
            "exclusiveMaximum" => Bound::Below(bound),
            "multipleOf" => Bound::Multiple(bound),
            _ => return None,
        }))
    }

    fn text(&self, name: &str) -> Option<Keyword> {
        Some(Keyword::Text(match name {
            "minLength" => TextRule::Min(long(self.at(0)?)?),
            "maxLength" => TextRule::Max(long(self.at(0)?)?),
            "format" => TextRule::Format(Format::from_name(self.at(0)?.as_str()?)?),
            "pattern" => TextRule::Pattern(kept(Pattern::new(text(self.at(0)?)?))),
            _ => return None,
        }))
    }

    fn array(&self, name: &str) -> Option<Keyword> {
        Some(Keyword::Array(match name {
            "minItems" => ArrayKeyword::MinItems(long(self.at(0)?)?),
            "maxItems" => ArrayKeyword::MaxItems(long(self.at(0)?)?),
            "uniqueItems" => ArrayKeyword::UniqueItems,
            "items" => ArrayKeyword::Items { first: self.rule_list(0)?, rest: self.optional_rule(1)?, each: flag(self.at(2)?)? },
            "contains" => {
                let max = optional(self.at(2)?, long)?.unwrap_or(u64::MAX);
                ArrayKeyword::Contains { rule: self.rule(0)?, min: long(self.at(1)?)?, max }
            }
            _ => return None,
        }))
    }

    fn object(&self, name: &str) -> Option<Keyword> {
        Some(Keyword::Object(match name {
            "members" => ObjectKeyword::Members(kept(self.members()?)),
            "propertyNames" => ObjectKeyword::PropertyNames(self.rule(0)?),
            "required" => ObjectKeyword::Required(texts(self.at(0)?)?),
            "minProperties" => ObjectKeyword::MinProperties(long(self.at(0)?)?),
            "maxProperties" => ObjectKeyword::MaxProperties(long(self.at(0)?)?),
            "dependentRequired" => ObjectKeyword::DependentRequired(text(self.at(0)?)?, texts(self.at(1)?)?),
            "dependentSchema" => ObjectKeyword::DependentSchema(text(self.at(0)?)?, self.rule(1)?),
            "rule" => ObjectKeyword::Comparison(kept(Comparison {
                left: text(self.at(0)?)?,
                accepted: accepted(self.at(1)?.as_str()?)?,
                right: text(self.at(2)?)?,
                offset: optional(self.at(3)?, offset)?,
                text: text(self.at(4)?)?,
            })),
            _ => return None,
        }))
    }

    fn members(&self) -> Option<MemberRules> {
        let named = |item: Json<'_>| match list(item)?.as_slice() {
            [name, rule, declared] => Some((text(*name)?, self.rule_of(*rule)?, flag(*declared)?)),
            _ => None,
        };
        let pattern = |item: Json<'_>| match list(item)?.as_slice() {
            [source, rule] => Some((kept(Pattern::new(text(*source)?)), self.rule_of(*rule)?)),
            _ => None,
        };
        Some(MemberRules {
            named: each(self.at(0)?, named)?,
            patterns: each(self.at(1)?, pattern)?,
            others: match self.at(2)? {
                Json::Null => Others::Anything,
                Json::Bool(false) => Others::Nothing,
                rule => Others::Rule(self.rule_of(rule)?),
            },
        })
    }

    fn variants(&self) -> Option<&'static [Variant]> {
        let variant = |item: Json<'_>| match list(item)?.as_slice() {
            [values, rule] => Some((each(*values, |value| Some(value.to_text().leak() as &str))?, self.rule_of(*rule)?)),
            _ => None,
        };
        each(self.at(1)?, variant)
    }

    fn condition(&self, value: Json<'_>) -> Option<Condition> {
        let parts = list(value)?;
        let (name, arguments) = parts.split_first()?;
        let inner = Arguments { list: arguments, rules: self.rules };
        let nested = |index: usize| Some(kept(inner.condition(inner.at(index)?)?) as &Condition);
        Some(match name.as_str()? {
            "any" => Condition::Any(each(inner.at(0)?, |term| inner.condition(term))?),
            "always" => Condition::Always,
            "named" => Condition::Named(texts(inner.at(0)?)?),
            "matching" => Condition::Matching(kept(Pattern::new(text(inner.at(0)?)?))),
            "before" => Condition::Before(count(inner.at(0)?)?),
            "contained" => Condition::Contained(inner.rule(0)?),
            "accepted" => Condition::Accepted(inner.rule(0)?, nested(1)?),
            "beside" => Condition::Beside(text(inner.at(0)?)?, nested(1)?),
            "if" => Condition::If(inner.rule(0)?, nested(1)?, nested(2)?),
            _ => return None,
        })
    }
}

fn types(names: &[&str]) -> Option<Types> {
    names.iter().try_fold(Types(0), |types, name| {
        let bit = Types::ALL.names().position(|known| known == *name)?;
        Some(types.or(Types(1 << bit)))
    })
}

fn accepted(symbol: &str) -> Option<&'static [Ordering]> {
    use Ordering::{Equal, Greater, Less};
    Some(match symbol {
        "==" => &[Equal],
        "!=" => &[Less, Greater],
        "<" => &[Less],
        "<=" => &[Less, Equal],
        ">" => &[Greater],
        ">=" => &[Greater, Equal],
        _ => return None,
    })
}

fn offset(value: Json<'_>) -> Option<(bool, &'static str)> {
    match list(value)?.as_slice() {
        [sign, member] => Some((sign.as_str()? == "+", text(*member)?)),
        _ => None,
    }
}

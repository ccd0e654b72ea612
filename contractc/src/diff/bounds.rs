//! Compares the keywords that check a value against one argument.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::parts::Parts;
use crate::model::{Argument, KEYWORDS, Keyword, Kind, Meaning};
use crate::runtime::check::Types;
use crate::runtime::number::Number;

/// Above this, a double cannot distinguish neighbouring integers.
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;

/// A bound, and whether it is exclusive.
type Bound = (Number, bool);

/// Whether all values of a set satisfy a keyword.
pub fn implies(parts: &Parts<'_>, keyword: &Keyword, argument: Argument<'_>) -> bool {
    let known = || parts.arguments(keyword);
    match (keyword.meaning, argument.number()) {
        (Meaning::Least { is_excluded }, Some(wanted)) => is_within(parts, keyword.kind(), Ordering::Greater, (wanted, is_excluded)),
        (Meaning::Most { is_excluded }, Some(wanted)) => is_within(parts, keyword.kind(), Ordering::Less, (wanted, is_excluded)),
        (Meaning::Multiple, Some(wanted)) => {
            let is_met = |step: Number| step.is_multiple_of(wanted);
            let steps_of_integers = (!parts.may_be(Types::NUMBER)).then_some(Number::Signed(1));
            known().into_iter().filter_map(Argument::number).chain(steps_of_integers).any(is_met)
        }
        _ if keyword.name == "uniqueItems" => {
            let holds_one = |most: Number| most.compare(Number::Signed(1)) != Ordering::Greater;
            !known().is_empty() || bound_of(parts, Kind::Array, Ordering::Less).is_some_and(|(most, _)| holds_one(most))
        }
        _ => known().contains(&argument),
    }
}

/// Whether the tightest bound of a set is at least as tight as the required one. `tight` is the ordering of a tighter bound relative to
/// another one.
fn is_within(parts: &Parts<'_>, kind: Kind, tight: Ordering, wanted: Bound) -> bool {
    if kind != Kind::Number && tight == Ordering::Greater && wanted.0 == Number::Signed(0) {
        return true;
    }
    let integers_alone = kind != Kind::Number || !parts.may_be(Types::NUMBER);
    let (limit, is_excluded) = if integers_alone { among_integers(wanted, tight) } else { wanted };
    bound_of(parts, kind, tight).is_some_and(|(known, known_excluded)| match known.compare(limit) {
        Ordering::Equal => known_excluded || !is_excluded,
        order => order == tight,
    })
}

/// The tightest bound of a set in one direction.
fn bound_of(parts: &Parts<'_>, kind: Kind, tight: Ordering) -> Option<Bound> {
    let integers_alone = kind != Kind::Number || !parts.may_be(Types::NUMBER);
    let mut bounds = Vec::new();
    for keyword in KEYWORDS.iter().filter(|keyword| keyword.kind() == kind) {
        let is_excluded = match (keyword.meaning, tight) {
            (Meaning::Least { is_excluded }, Ordering::Greater) | (Meaning::Most { is_excluded }, Ordering::Less) => is_excluded,
            _ => continue,
        };
        bounds.extend(parts.arguments(keyword).into_iter().filter_map(Argument::number).map(|bound| (bound, is_excluded)));
    }
    let rejected = if kind == Kind::Array && tight == Ordering::Less { parts.items_before_rejection() } else { None };
    bounds.extend(rejected.map(|count| (Number::Signed(count as i64), false)));
    let bounds = bounds.into_iter().map(|bound| if integers_alone { among_integers(bound, tight) } else { bound });
    bounds.reduce(|left, right| match left.0.compare(right.0) {
        Ordering::Equal => (left.0, left.1 || right.1),
        order if order == tight => left,
        _ => right,
    })
}

/// The equivalent inclusive bound for integers.
fn among_integers((bound, is_excluded): Bound, tight: Ordering) -> Bound {
    let exact = bound.to_f64();
    if exact.abs() >= EXACT_MAX {
        return (bound, is_excluded);
    }
    let step = if tight == Ordering::Greater { 1.0 } else { -1.0 };
    let whole = if tight == Ordering::Greater { exact.ceil() } else { exact.floor() };
    let whole = if is_excluded && whole == exact { whole + step } else { whole };
    (Number::Signed(whole as i64), false)
}

/// Whether the numbers of one set are all below those of the other.
pub fn are_apart(one: &Parts<'_>, other: &Parts<'_>) -> bool {
    [(one, other), (other, one)].into_iter().any(|(low, high)| {
        let (Some((most, below)), Some((least, above))) =
            (bound_of(low, Kind::Number, Ordering::Less), bound_of(high, Kind::Number, Ordering::Greater))
        else {
            return false;
        };
        match most.compare(least) {
            Ordering::Less => true,
            Ordering::Equal => below || above,
            Ordering::Greater => false,
        }
    })
}

/// Describes the change of a keyword; `None` if its arguments are the same.
pub fn change(keyword: &Keyword, old: &Parts<'_>, new: &Parts<'_>) -> Option<String> {
    let (before, after) = (old.arguments(keyword), new.arguments(keyword));
    if before.iter().chain(&after).all(|argument| *argument == Argument::Set) {
        return (before.is_empty() != after.is_empty()).then(|| format!("`{}` is {}", keyword.name, !after.is_empty()));
    }
    let (from, to) = (shown(keyword, &before), shown(keyword, &after));
    (from != to).then(|| format!("`{}` changed from {from} to {to}", keyword.name))
}

/// The tightest of several bounds, or all other arguments.
fn shown(keyword: &Keyword, arguments: &[Argument<'_>]) -> String {
    let numbers = || arguments.iter().filter_map(|argument| argument.number());
    let tightest = |tight: Ordering| numbers().reduce(|left, right| if left.compare(right) == tight { left } else { right });
    let bound = match keyword.meaning {
        Meaning::Least { .. } => tightest(Ordering::Greater),
        Meaning::Most { .. } => tightest(Ordering::Less),
        Meaning::Multiple | Meaning::Other(_) => None,
    };
    let texts: BTreeSet<String> = arguments.iter().map(ToString::to_string).collect();
    match bound {
        Some(bound) => bound.to_string(),
        None if texts.is_empty() => "absent".to_owned(),
        None => texts.into_iter().collect::<Vec<_>>().join(", "),
    }
}

//! Generates numbers. The bounds and their neighbours are as frequent as the numbers between them.

use std::cmp::Ordering;

use serde_json::Value;

use super::Sampler;
use super::random::Random;
use crate::model::{NumberRules, Schema};
use crate::runtime::number::Number;

/// The usual distance of a number from a single bound, or from 0.
const SPREAD: i128 = 1000;
/// The largest integer that both Rust and JavaScript represent exactly.
const SAFE_MAX: i64 = 9_007_199_254_740_991;

impl Sampler<'_> {
    /// A number that satisfies all parts.
    pub(super) fn number(&mut self, parts: &[&Schema], integer: bool) -> Option<Value> {
        let range = Range::of(parts, integer);
        let random = &mut self.random;
        let mut edges = range.edges();
        edges.retain(|number| range.accepts(*number));
        let inside: Vec<Number> = (0..8).map(|_| range.inside(random)).filter(|number| range.accepts(*number)).collect();
        let first = if random.one_in(2) { &edges } else { &inside };
        let number = random.pick(first).or(random.pick(&inside)).or(random.pick(&edges))?;
        Some(number.to_value())
    }
}

/// The combined bounds on one number.
struct Range<'c> {
    rules: Vec<&'c NumberRules>,
    integer: bool,
    low: Option<Number>,
    high: Option<Number>,
    step: Option<Number>,
}

impl<'c> Range<'c> {
    fn of(parts: &[&'c Schema], integer: bool) -> Self {
        let rules: Vec<&NumberRules> = parts.iter().map(|part| &part.number).collect();
        let narrow = parts.iter().any(|part| part.annotations.format.as_deref() == Some("int32"));
        let lows = rules.iter().flat_map(|rule| [rule.minimum, rule.exclusive_minimum]).flatten();
        let highs = rules.iter().flat_map(|rule| [rule.maximum, rule.exclusive_maximum]).flatten();
        // `int32` is not asserted here, but a document that uses it expects such values.
        let lows = lows.chain(narrow.then_some(Number::Signed(i32::MIN.into())));
        let highs = highs.chain(narrow.then_some(Number::Signed(i32::MAX.into())));
        Range {
            low: lows.max_by(|left, right| left.compare(*right)),
            high: highs.min_by(|left, right| left.compare(*right)),
            step: rules.iter().filter_map(|rule| rule.multiple_of).max_by(|left, right| left.compare(*right)),
            rules,
            integer,
        }
    }

    fn accepts(&self, number: Number) -> bool {
        let in_range = self.low.is_none_or(|low| number.compare(low) != Ordering::Less)
            && self.high.is_none_or(|high| number.compare(high) != Ordering::Greater);
        in_range && (number.is_integer() || !self.integer) && self.rules.iter().all(|rules| satisfies(number, rules))
    }

    /// The boundary values, where validators are most likely to fail.
    fn edges(&self) -> Vec<Number> {
        let one = Number::Signed(1);
        let mut edges = vec![Number::Signed(0), one, Number::Signed(-1)];
        for bound in [self.low, self.high].into_iter().flatten() {
            edges.extend([bound, bound.plus(one), bound.minus(one)]);
            if !self.integer {
                edges.extend([Number::Float(bound.to_f64().next_up()), Number::Float(bound.to_f64().next_down())]);
            }
        }
        if self.low.is_none() {
            edges.push(Number::Signed(-SAFE_MAX));
        }
        if self.high.is_none() {
            edges.push(Number::Signed(SAFE_MAX));
        }
        if !self.integer {
            edges.extend([-0.0, 0.1, 1e21, 1.5e-9].map(Number::Float));
        }
        if let Some(step) = self.step {
            let (first, last) = self.multiples(step);
            edges.extend([first, first + 1, last - 1, last].map(|count| times(step, count)));
        }
        edges
    }

    /// A number between the bounds.
    fn inside(&self, random: &mut Random) -> Number {
        if let Some(step) = self.step {
            let (first, last) = self.multiples(step);
            return times(step, random.between(first, last));
        }
        let low = self.low.map(|low| low.to_f64().ceil() as i128);
        let high = self.high.map(|high| high.to_f64().floor() as i128);
        let (low, high) = (low.unwrap_or(high.unwrap_or(0).min(0) - SPREAD), high.unwrap_or(low.unwrap_or(0).max(0) + SPREAD));
        if self.integer || (low < high && random.one_in(3)) {
            return whole(random.between(low, high));
        }
        let (low, high) = (self.low.map_or(low as f64, Number::to_f64), self.high.map_or(high as f64, Number::to_f64));
        let exact = low + (high - low) * random.fraction();
        let rounded = (exact * 100.0).round() / 100.0;
        Number::Float(if random.one_in(4) { exact } else { rounded })
    }

    /// The smallest and the largest factor whose multiple of `step` can be in range.
    fn multiples(&self, step: Number) -> (i128, i128) {
        let size = step.to_f64();
        let first = self.low.map(|low| (low.to_f64() / size).ceil() as i128);
        let last = self.high.map(|high| (high.to_f64() / size).floor() as i128);
        (first.unwrap_or(last.unwrap_or(0).min(0) - SPREAD), last.unwrap_or(first.unwrap_or(0).max(0) + SPREAD))
    }
}

/// Whether a number satisfies the rules of one part.
fn satisfies(number: Number, rules: &NumberRules) -> bool {
    let NumberRules { minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of, width: _ } = rules;
    minimum.is_none_or(|bound| number.compare(bound) != Ordering::Less)
        && maximum.is_none_or(|bound| number.compare(bound) != Ordering::Greater)
        && exclusive_minimum.is_none_or(|bound| number.compare(bound) == Ordering::Greater)
        && exclusive_maximum.is_none_or(|bound| number.compare(bound) == Ordering::Less)
        && multiple_of.is_none_or(|step| number.is_multiple_of(step))
}

/// `step * count`, computed on decimal digits, because 3 * 0.1 is not 0.3 in binary.
fn times(step: Number, count: i128) -> Number {
    if let Some(step) = step.to_i64() {
        return whole(i128::from(step).saturating_mul(count));
    }
    let text = format!("{:e}", step.to_f64());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap_or(0);
    let exponent = exponent.parse::<i64>().unwrap_or(0) - fraction.len() as i64;
    let product: f64 = format!("{}e{exponent}", digits.saturating_mul(count)).parse().unwrap_or(0.0);
    Number::Float(product)
}

/// An integer in the narrowest representation.
fn whole(value: i128) -> Number {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => Number::Signed(value),
        (_, Ok(value)) => Number::Unsigned(value),
        _ => Number::Float(value as f64),
    }
}

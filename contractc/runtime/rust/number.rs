//! JSON numbers: 64-bit integers if written as integers, IEEE doubles otherwise, with exact comparison.

use std::cmp::Ordering;

use serde_json::Value;

/// A JSON number. `3.0` and `1e3` are floats that [`Number::is_integer`] accepts.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer that fits in `i64`.
    Signed(i64),
    /// An integer above `i64::MAX`.
    Unsigned(u64),
    /// A finite double.
    Float(f64),
}

impl Number {
    /// Whether the value has no fractional part, in any notation.
    pub fn is_integer(self) -> bool {
        match self {
            Number::Signed(_) | Number::Unsigned(_) => true,
            // Converting there and back is faster than rounding, which is a call on processors of an older kind.
            Number::Float(value) => value as i64 as f64 == value || value.fract() == 0.0,
        }
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Signed(value) => value as f64,
            Number::Unsigned(value) => value as f64,
            Number::Float(value) => value,
        }
    }

    /// The value as an `i64`, if it is an integer in that range.
    pub fn to_i64(self) -> Option<i64> {
        match self {
            Number::Signed(value) => Some(value),
            Number::Unsigned(_) => None,
            // The double of the smallest `i64` is that of smaller integers too.
            Number::Float(value) => i64::try_from(exact_integer(value)?).ok().filter(|value| *value != i64::MIN),
        }
    }

    /// The value as a `u64`, if it is an integer in that range.
    pub fn to_u64(self) -> Option<u64> {
        match self {
            Number::Signed(value) => u64::try_from(value).ok(),
            Number::Unsigned(value) => Some(value),
            Number::Float(value) => u64::try_from(exact_integer(value)?).ok(),
        }
    }

    /// The number as a `serde_json` value.
    pub fn to_value(self) -> Value {
        match self {
            Number::Signed(value) => value.into(),
            Number::Unsigned(value) => value.into(),
            Number::Float(value) => value.into(),
        }
    }

    /// Compares by value. Comparing an integer with a double does not round either.
    #[inline]
    pub fn compare(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Signed(left), Number::Signed(right)) => left.cmp(&right),
            (Number::Float(left), Number::Signed(right)) if is_double(right) => compare_doubles(left, right as f64),
            (Number::Signed(left), Number::Float(right)) if is_double(left) => compare_doubles(left as f64, right),
            (Number::Float(left), Number::Float(right)) => compare_doubles(left, right),
            _ => self.compare_exactly(other),
        }
    }

    #[cold]
    fn compare_exactly(self, other: Number) -> Ordering {
        match (self.to_i128(), other.to_i128()) {
            (Some(left), Some(right)) => left.cmp(&right),
            (Some(left), None) => compare_integer(left, other.to_f64()),
            (None, Some(right)) => compare_integer(right, self.to_f64()).reverse(),
            (None, None) => self.to_f64().total_cmp(&other.to_f64()),
        }
    }

    /// The sum; exact if both are integers.
    pub fn plus(self, other: Number) -> Number {
        self.combine(other, i128::checked_add, |left, right| left + right)
    }

    /// The difference; exact if both are integers.
    pub fn minus(self, other: Number) -> Number {
        self.combine(other, i128::checked_sub, |left, right| left - right)
    }

    /// Whether the value is a multiple of `step`, computed on the shortest decimal form of both (0.3 is a multiple of 0.1).
    pub fn is_multiple_of(self, step: Number) -> bool {
        match (self.to_i128(), step.to_i128()) {
            (Some(value), Some(step)) => step != 0 && value % step == 0,
            _ => {
                let (value, step) = (self.to_f64(), step.to_f64());
                short_multiple(value, step).unwrap_or_else(|| decimal_multiple(value, step))
            }
        }
    }

    fn combine(self, other: Number, exact: fn(i128, i128) -> Option<i128>, rounded: fn(f64, f64) -> f64) -> Number {
        let whole = self.to_i128().zip(other.to_i128()).and_then(|(left, right)| exact(left, right));
        match whole {
            Some(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => Number::Signed(value),
                (_, Ok(value)) => Number::Unsigned(value),
                _ => Number::Float(value as f64),
            },
            None => Number::Float(rounded(self.to_f64(), other.to_f64())),
        }
    }

    fn to_i128(self) -> Option<i128> {
        match self {
            Number::Signed(value) => Some(value.into()),
            Number::Unsigned(value) => Some(value.into()),
            Number::Float(value) => exact_integer(value),
        }
    }
}

/// Whether a double represents the integer exactly.
fn is_double(value: i64) -> bool {
    value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS
}

/// Both are finite, so exactly one of the three orderings holds.
fn compare_doubles(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.compare(*other) == Ordering::Equal
    }
}

impl From<&serde_json::Number> for Number {
    fn from(number: &serde_json::Number) -> Self {
        if let Some(value) = number.as_i64() {
            Number::Signed(value)
        } else if let Some(value) = number.as_u64() {
            Number::Unsigned(value)
        } else {
            Number::Float(number.as_f64().unwrap_or_default())
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Number::Signed(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Number::Float(value)
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Signed(value) => value.fmt(f),
            Number::Unsigned(value) => value.fmt(f),
            Number::Float(value) => value.fmt(f),
        }
    }
}

fn exact_integer(value: f64) -> Option<i128> {
    if value as i64 as f64 == value && value.abs() < 1e18 {
        return Some((value as i64).into());
    }
    (value.fract() == 0.0 && value.abs() < 1e38).then_some(value as i128)
}

/// Compares an integer with a double that is not an integer or is too large to be converted.
fn compare_integer(integer: i128, float: f64) -> Ordering {
    if float.abs() < 1e38 {
        // `float` has a fractional part, so it lies above its floor and below the next integer.
        integer.cmp(&(float.floor() as i128)).then(Ordering::Less)
    } else if float > 0.0 {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// The powers of ten that a double holds exactly.
pub(super) const POWERS_OF_TEN: [f64; 23] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

/// [`decimal_multiple`] for a step of few decimal places and a value of at most 15 digits; `None` for others.
fn short_multiple(value: f64, step: f64) -> Option<bool> {
    const DIGITS_MAX: f64 = 1e15;
    // A double is the shortest form of an integer of at most 15 digits divided by a power of ten exactly if the division yields it.
    let scaled = |number: f64, power: f64| nearest_integer(number * power);
    let is_short = |number: f64, power: f64| scaled(number, power).abs() < DIGITS_MAX && scaled(number, power) / power == number;
    let power = POWERS_OF_TEN.into_iter().take(7).find(|power| is_short(step, *power))?;
    let (digits, step_digits) = (scaled(value, power), scaled(step, power));
    // A value with more decimal places than the step is not a multiple of it.
    (digits.abs() < DIGITS_MAX && step_digits != 0.0).then(|| digits / power == value && digits as i64 % step_digits as i64 == 0)
}

/// The nearest integer. Converting is faster than rounding, which is a call on processors of an older kind.
fn nearest_integer(value: f64) -> f64 {
    if value.abs() < 1e15 { (value + 0.5_f64.copysign(value)) as i64 as f64 } else { value.round() }
}

/// Computes `value % step == 0` on decimal digits by long division, without rounding.
fn decimal_multiple(value: f64, step: f64) -> bool {
    if value == 0.0 {
        return true;
    }
    let (Some((digits, exponent)), Some((step_digits, step_exponent))) = (decimal(value), decimal(step)) else {
        return false;
    };
    if step_digits == 0 {
        return false;
    }
    // value / step = digits / step_digits * 10^shift must be whole.
    let shift = exponent - step_exponent;
    if shift >= 0 {
        let mut rest = digits % step_digits;
        for _ in 0..shift {
            if rest == 0 {
                return true;
            }
            rest = rest * 10 % step_digits;
        }
        rest == 0
    } else {
        // The value has digits at a lower power of ten than the step, so the step is scaled to the same power.
        let mut scaled = step_digits;
        for _ in 0..-shift {
            scaled = match scaled.checked_mul(10) {
                Some(scaled) if scaled <= digits => scaled,
                _ => return false,
            };
        }
        digits % scaled == 0
    }
}

/// The shortest decimal form: digits without trailing zeros, and a power of ten.
fn decimal(value: f64) -> Option<(u128, i32)> {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::Number::{Float, Signed, Unsigned};
    use super::*;

    #[test]
    fn multiples_of_few_places_are_found_without_division_of_digits() {
        let steps = [0.5, 0.1, 0.25, 0.01, 2.5, 0.000_001, 3.0, 1e-7, 1e20];
        let values = [0.0, 0.3, 7.3, 7.5, -2.5, 0.30000000000000004, 1e-9, 99_999_999_999_999.9, 123_456_789.25, 4503599627370495.5, 1e300];
        let mut decided = 0;
        for step in steps {
            let multiples = (-50..50).map(|count| f64::from(count) * step);
            for value in values.into_iter().chain(multiples) {
                let short = short_multiple(value, step);
                decided += usize::from(short.is_some());
                assert!(short.is_none_or(|short| short == decimal_multiple(value, step)), "{value} and {step}: {short:?}");
            }
        }
        assert!(decided > 500, "{decided}");
    }

    #[test]
    fn numbers_of_all_kinds_have_one_order() {
        let ordered: &[&[Number]] = &[
            &[Float(-1e300)],
            &[Signed(i64::MIN), Float(-9_223_372_036_854_775_808.0)],
            &[Signed(-9_007_199_254_740_993)],
            &[Signed(-9_007_199_254_740_992), Float(-9_007_199_254_740_992.0)],
            &[Float(-0.5)],
            &[Signed(0), Float(0.0), Float(-0.0)],
            &[Float(0.5)],
            &[Signed(1), Float(1.0)],
            &[Signed(9_007_199_254_740_992), Float(9_007_199_254_740_992.0)],
            &[Signed(9_007_199_254_740_993)],
            &[Signed(i64::MAX)],
            &[Unsigned(1 << 63), Float(9_223_372_036_854_775_808.0)],
            &[Unsigned(u64::MAX)],
            &[Float(18_446_744_073_709_551_616.0)],
            &[Float(1e300)],
        ];
        for (place, left) in ordered.iter().enumerate().flat_map(|(place, same)| same.iter().map(move |number| (place, number))) {
            for (other, right) in ordered.iter().enumerate().flat_map(|(place, same)| same.iter().map(move |number| (place, number))) {
                assert_eq!(left.compare(*right), place.cmp(&other), "{left:?} and {right:?}");
            }
        }
    }
}

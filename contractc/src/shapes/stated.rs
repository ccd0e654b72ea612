//! What the integers that a contract states as defaults and examples say about the type of integers.

use std::cmp::Ordering;

use serde_json::Value as JsonValue;

use super::is_exact_double;
use crate::model::Annotations;
use crate::runtime::number::Number;

/// The stated integers of a schema.
#[derive(Clone, Copy, Default)]
pub(super) struct Stated {
    /// Whether a double does not hold one of them.
    pub is_long: bool,
    /// Whether one is beyond the signed integers of 64 bits.
    pub is_unsigned: bool,
}

impl Stated {
    pub(super) fn of(annotations: &Annotations) -> Self {
        let values = annotations.default.iter().chain(&annotations.examples).filter_map(JsonValue::as_number).map(Number::from);
        values.filter(|number| number.is_integer()).fold(Stated::default(), |stated, number| Stated {
            is_long: stated.is_long || !is_exact_double(number),
            is_unsigned: stated.is_unsigned || number.compare(Number::Signed(i64::MAX)) == Ordering::Greater,
        })
    }

    /// A number that says the same.
    pub(super) fn representative(self) -> Option<JsonValue> {
        match (self.is_long, self.is_unsigned) {
            (false, false) => None,
            (true, false) => Some(i64::MAX.into()),
            (true, true) => Some(u64::MAX.into()),
            (false, true) => Some(1e30.into()),
        }
    }
}

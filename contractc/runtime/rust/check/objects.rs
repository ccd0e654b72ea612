//! The keywords for objects, as methods of [`Checker`].

use super::super::json::{Json, Object};
use super::super::number::Number;
use super::super::report::{At, Checker};
use super::{list, quote};

/// Keywords for objects.
impl Checker {
    /// `required`
    #[inline]
    pub fn required(&mut self, object: Object<'_>, names: &[&str], at: At<'_>) {
        let found = match object {
            Object::Tape(container) => container.has_all(names),
            // One pass over the members. Names are unique on both sides.
            other => other.into_iter().filter(|(name, _)| names.contains(name)).count() == names.len(),
        };
        if !found {
            self.missing(object, names.iter().copied(), at);
        }
    }

    /// `required`, for an object that lacks one of the members.
    #[cold]
    pub fn missing<'n>(&mut self, object: Object<'_>, names: impl Iterator<Item = &'n str>, at: At<'_>) {
        self.violation(at, "required", || {
            let missing: Vec<&str> = names.filter(|name| object.get(name).is_none()).collect();
            format!("is missing {}", list(&missing))
        });
    }

    /// `additionalProperties: false`, for an undeclared member.
    #[cold]
    pub fn unknown_member(&mut self, at: At<'_>) {
        self.violation(at, "additionalProperties", || "is an unknown member".to_owned());
    }

    /// `minProperties`
    pub fn min_properties(&mut self, object: Object<'_>, min: u64, at: At<'_>) {
        if (object.len() as u64) < min {
            self.violation(at, "minProperties", || format!("has {} members; expected at least {min}", object.len()));
        }
    }

    /// `maxProperties`
    pub fn max_properties(&mut self, object: Object<'_>, max: u64, at: At<'_>) {
        if object.len() as u64 > max {
            self.violation(at, "maxProperties", || format!("has {} members; expected at most {max}", object.len()));
        }
    }

    /// `propertyNames`: validates each name as a string, and reports its violations at the member.
    pub fn property_names(&mut self, object: Object<'_>, at: At<'_>, check: impl Fn(Json<'_>, At<'_>, &mut Checker)) {
        for (name, _) in object {
            let at = at.member(name);
            if !self.accepts(|out| check(Json::String(name), at, out)) {
                self.violation(at, "propertyNames", || "has a name that is not allowed".to_owned());
            }
        }
    }

    /// `dependentRequired`
    pub fn dependent_required(&mut self, object: Object<'_>, name: &str, needs: &[&str], at: At<'_>) {
        if object.get(name).is_some() && needs.iter().any(|need| object.get(need).is_none()) {
            self.violation(at, "dependentRequired", || {
                let missing: Vec<&str> = needs.iter().copied().filter(|need| object.get(need).is_none()).collect();
                format!("has {} which requires {}", quote(name), list(&missing))
            });
        }
    }
}

/// The value of a member as a number, for `x-rules`.
pub fn number_member(object: Object<'_>, name: &str) -> Option<Number> {
    match object.get(name) {
        Some(Json::Number(number)) => Some(number),
        _ => None,
    }
}

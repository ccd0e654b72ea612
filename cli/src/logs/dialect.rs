//! How a file writes ambiguous values such as 1,082 and 04/05/2026. The file as a whole shows it, or the user states it. The command never
//! guesses.

use super::numbers::{self, Decimal, Evidence};
use super::times::{self, DateOrder, OrderShown};

/// How a file writes numbers and dates, as far as known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dialect {
    pub decimal: Option<Decimal>,
    pub dates: Option<DateOrder>,
}

impl Dialect {
    /// Adds the evidence from the file's numbers and dates to the user's choice.
    ///
    /// # Errors
    /// Returns an error if a number or a date has two meanings, and nothing shows which one it has.
    pub fn of<'r>(self, numbers: impl Iterator<Item = &'r str>, dates: impl Iterator<Item = &'r str>) -> Result<Self, String> {
        Ok(Dialect {
            decimal: self.decimal.map_or_else(|| decimal_of(numbers), |decimal| Ok(Some(decimal)))?,
            dates: self.dates.map_or_else(|| dates_of(dates), |order| Ok(Some(order)))?,
        })
    }
}

fn decimal_of<'r>(texts: impl Iterator<Item = &'r str>) -> Result<Option<Decimal>, String> {
    let (mut unclear, mut seen) = (None, Vec::new());
    for text in texts {
        match numbers::evidence(text) {
            Evidence::Decimal(decimal) => seen.push(decimal),
            Evidence::Unclear => unclear = unclear.or(Some(text)),
            Evidence::Nothing => {}
        }
    }
    let says = |text: &str| {
        let (whole, fraction) = text.split_once(',').unwrap_or((text, ""));
        format!("{text} may be {whole}{fraction} or {whole}.{fraction}; use --decimal point or --decimal comma")
    };
    agreed(&seen, unclear.map(says))
}

fn dates_of<'r>(texts: impl Iterator<Item = &'r str>) -> Result<Option<DateOrder>, String> {
    let (mut unclear, mut seen) = (None, Vec::new());
    for text in texts {
        match times::order_shown(text) {
            OrderShown::Order(order) => seen.push(order),
            OrderShown::Unclear => unclear = unclear.or(Some(text)),
            OrderShown::Nothing => {}
        }
    }
    let says = |text: &str| format!("the day and the month in {text} are ambiguous; use --dates day-first or --dates month-first");
    agreed(&seen, unclear.map(says))
}

/// The value on which all evidence agrees. Without evidence, an unclear text is an error. If the evidence differs, each text is read on its
/// own.
fn agreed<T: Copy + PartialEq>(seen: &[T], unclear: Option<String>) -> Result<Option<T>, String> {
    match (seen.first(), unclear) {
        (None, Some(message)) => Err(message),
        (None, None) => Ok(None),
        (Some(first), _) => Ok(seen.iter().all(|other| other == first).then_some(*first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_clear_text_decides_for_the_others() {
        assert_eq!(decimal_of(["1,082", "82,5"].into_iter()), Ok(Some(Decimal::Comma)));
        assert_eq!(decimal_of(["1,082", "82.5"].into_iter()), Ok(Some(Decimal::Point)));
        assert_eq!(decimal_of(["82,5", "82.5"].into_iter()), Ok(None));
        let message = decimal_of(["80", "1,082"].into_iter()).expect_err("unclear");
        assert!(message.contains("1,082 may be 1082 or 1.082"), "{message}");
        assert_eq!(dates_of(["04/05/2026", "04/13/2026"].into_iter()), Ok(Some(DateOrder::MonthFirst)));
        assert!(dates_of(["04/05/2026", "04/06/2026"].into_iter()).is_err());
        assert_eq!(dates_of(["2026-05-04"].into_iter()), Ok(None));
    }
}

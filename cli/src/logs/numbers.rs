//! Numbers as people and programs write them: with a decimal point or a decimal comma, thousands in groups, and a unit.

/// Which character separates the whole part of a number from its fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Decimal {
    /// 1,082.5
    Point,
    /// 1.082,5
    Comma,
}

impl Decimal {
    fn separators(self) -> (char, char) {
        match self {
            Decimal::Point => ('.', ','),
            Decimal::Comma => (',', '.'),
        }
    }
}

/// What one number shows about how its file writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing: it reads the same either way, or is not a number.
    Nothing,
    /// The decimal separator.
    Decimal(Decimal),
    /// A lone comma before three digits, as in 1,082: thousands or a fraction.
    Unclear,
}

/// What a number shows about how its file writes numbers. A lone point before three digits, as in 102.058, shows nothing. It is a fraction
/// unless the file shows otherwise, because programs that convert units write such weights.
pub fn evidence(text: &str) -> Evidence {
    let digits = ungrouped(text);
    if digits.is_empty() || !digits.chars().all(|char| char.is_ascii_digit() || matches!(char, '.' | ',')) {
        return Evidence::Nothing;
    }
    let count = |separator: char| digits.matches(separator).count();
    match (count('.'), count(',')) {
        (0, 0) => Evidence::Nothing,
        (1, 0) if is_grouped(&digits, '.') => Evidence::Nothing,
        (0, 1) if is_grouped(&digits, ',') => Evidence::Unclear,
        (1, 0) => Evidence::Decimal(Decimal::Point),
        (0, 1) => Evidence::Decimal(Decimal::Comma),
        (_, 0) => Evidence::Decimal(Decimal::Comma),
        (0, _) => Evidence::Decimal(Decimal::Point),
        _ if digits.rfind(',') > digits.rfind('.') => Evidence::Decimal(Decimal::Comma),
        _ => Evidence::Decimal(Decimal::Point),
    }
}

/// The number in a text. `decimal` is how the file writes numbers; without it, the text must show it.
pub fn parse(text: &str, decimal: Option<Decimal>) -> Option<f64> {
    let (sign, rest) = match text.trim().strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let digits = ungrouped(rest);
    let decimal = match (decimal, evidence(&digits)) {
        (Some(decimal), _) | (None, Evidence::Decimal(decimal)) => decimal,
        (None, Evidence::Nothing) => Decimal::Point,
        (None, Evidence::Unclear) => return None,
    };
    let (point, group) = decimal.separators();
    let (whole, fraction) = digits.split_once(point).unwrap_or((&digits, ""));
    let is_number = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    let whole = if is_grouped(whole, group) { whole.replace(group, "") } else { whole.to_owned() };
    if !is_number(&whole) || !is_number(fraction) || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    format!("0{whole}.{fraction}0").parse::<f64>().ok().map(|number| sign * number)
}

/// A number and the unit after it, if there is one, as in `135 lbs`.
pub fn without_unit(text: &str) -> (&str, Option<&str>) {
    let end = text.trim_end_matches(|char: char| char.is_alphabetic() || char == '.' && text.ends_with(char));
    let (number, unit) = text.split_at(end.trim_end().len());
    let unit = unit.trim();
    let has_both = number.contains(|char: char| char.is_ascii_digit()) && unit.contains(char::is_alphabetic);
    if has_both { (number, Some(unit)) } else { (text, None) }
}

/// A number without the spaces and apostrophes that group its digits in some countries.
fn ungrouped(text: &str) -> String {
    text.trim().chars().filter(|char| !char.is_whitespace() && !matches!(char, '\'' | '\u{2019}')).collect()
}

/// Whether a separator stands before each group of three digits, and there is such a group.
fn is_grouped(text: &str, separator: char) -> bool {
    let groups: Vec<&str> = text.split(separator).collect();
    let first = groups[0];
    groups.len() > 1 && (1..=3).contains(&first.len()) && !first.starts_with('0') && groups[1..].iter().all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_decimal_separator() {
        for (text, expected) in [
            ("82.5", 82.5),
            ("82,5", 82.5),
            ("1.082,5", 1_082.5),
            ("1,082.5", 1_082.5),
            ("1,234,567", 1_234_567.0),
            ("1.234.567", 1_234_567.0),
            ("102.058", 102.058),
            ("0,125", 0.125),
            ("1 082,5", 1_082.5),
            ("1\u{202f}082", 1_082.0),
            ("1’082.5", 1_082.5),
            ("-20", -20.0),
            ("\u{2212}20,5", -20.5),
            (".5", 0.5),
            ("5.", 5.0),
        ] {
            assert_eq!(parse(text, None), Some(expected), "{text}");
        }
        for text in ["12.5,3", "1,2,3", "1.2.3", ",.", "1,08.5", "", "-", "inf", "1e3", "x"] {
            assert_eq!(parse(text, None), None, "{text}");
        }
    }

    #[test]
    fn a_lone_comma_before_three_digits_is_read_as_the_file_writes_numbers() {
        assert_eq!((evidence("1,082"), parse("1,082", None)), (Evidence::Unclear, None));
        assert_eq!(parse("1,082", Some(Decimal::Point)), Some(1_082.0));
        assert_eq!(parse("1,082", Some(Decimal::Comma)), Some(1.082));
        assert_eq!(parse("1.082", Some(Decimal::Comma)), Some(1_082.0));
        assert_eq!(parse("82.5", Some(Decimal::Comma)), None, "a file with decimal commas has no decimal points");
        assert_eq!(evidence("2026-01-05"), Evidence::Nothing);
    }

    #[test]
    fn a_unit_may_stand_in_the_cell() {
        assert_eq!(without_unit("135 lbs"), ("135", Some("lbs")));
        assert_eq!(without_unit("82,5kg."), ("82,5", Some("kg.")));
        assert_eq!((without_unit("82.5"), without_unit("heavy")), (("82.5", None), ("heavy", None)));
    }
}

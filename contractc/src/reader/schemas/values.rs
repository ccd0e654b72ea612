//! Reads the values of keywords that contain no schema: types, bounds, patterns and formats.

use super::{Dialect, Reader};
use crate::model::{Argument, Check, IntegerWidth, Keyword, Meaning, Schema};
use crate::regex::Node as Regex;
use crate::runtime::check::Types;
use crate::runtime::format::Format;
use crate::runtime::number::Number;
use crate::runtime::pattern::is_unicode_pattern;
use crate::source::{Node, Value, is_beyond_range};

const TYPES: [(&str, Types); 7] = [
    ("null", Types::NULL),
    ("boolean", Types::BOOLEAN),
    ("integer", Types::INTEGER),
    ("number", Types::NUMBER),
    ("string", Types::STRING),
    ("array", Types::ARRAY),
    ("object", Types::OBJECT),
];

/// Whether a word is the name of a type.
pub(super) fn is_type(name: &str) -> bool {
    TYPES.iter().any(|(known, _)| *known == name)
}

/// The hint for the names of types in other languages and Swagger 2.0.
fn meant_type(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "any" | "mixed" | "unknown" => Some("leave `type` out: the schema then accepts any value"),
        "file" | "binary" => Some("write `type: string, format: binary`"),
        "byte" | "base64" => Some("write `type: string, format: byte`"),
        "date" => Some("write `type: string, format: date`"),
        "datetime" | "date-time" | "timestamp" => Some("write `type: string, format: date-time`"),
        "uuid" => Some("write `type: string, format: uuid`"),
        "string" | "str" | "text" | "char" => Some("did you mean `string`?"),
        "int" | "integer" => Some("did you mean `integer`?"),
        "int32" => Some("write `type: integer, format: int32`"),
        "int64" | "long" => Some("write `type: integer, format: int64`"),
        "float" => Some("write `type: number, format: float`"),
        "double" => Some("write `type: number, format: double`"),
        "number" | "decimal" | "numeric" => Some("did you mean `number`?"),
        "bool" | "boolean" => Some("did you mean `boolean`?"),
        "array" | "list" => Some("did you mean `array`?"),
        "object" | "map" | "dict" | "dictionary" | "struct" => Some("did you mean `object`?"),
        "enum" => Some("leave `type` out, or name the type of the values"),
        "none" | "nil" | "null" => Some("did you mean `null`?"),
        _ => None,
    }
}

impl Reader<'_> {
    pub(super) fn types(&mut self, node: &Node) -> Option<Types> {
        let is_list = node.as_list().is_some();
        let names: Vec<&Node> = node.as_list().map_or_else(|| vec![node], |list| list.iter().collect());
        if is_list && self.dialect == Dialect::V30 {
            self.diagnostics
                .warning(node.span, "OpenAPI 3.0 has one name in `type`: the list is read as in OpenAPI 3.1")
                .hint("declare `openapi: 3.1.0`, or use `nullable: true` or `anyOf`");
        }
        if names.is_empty() {
            self.diagnostics.error(node.span, "invalid `type`: expected at least one name, found an empty list");
        }
        let mut types = Types(0);
        for name in names {
            // YAML parses an unquoted `null` as the null value.
            let text = if matches!(name.value, Value::Null) { Some("null") } else { name.as_str() };
            let found = TYPES.iter().find(|(known, _)| Some(*known) == text);
            match found {
                Some((_, found)) => {
                    types = types.or(*found);
                    if *found == Types::NULL && !is_list && self.dialect == Dialect::V30 {
                        let message = "OpenAPI 3.0 has no type `null`; null is accepted nevertheless";
                        self.diagnostics.warning(name.span, message).hint("declare `openapi: 3.1.0`, or use `nullable: true`");
                    }
                }
                None => {
                    let listed = TYPES.map(|(known, _)| known).join(", ");
                    let message = format!("unknown type `{}`; available: {listed}", text.unwrap_or(name.kind()));
                    let diagnostic = self.diagnostics.error(name.span, message);
                    if let Some(hint) = meant_type(text.unwrap_or_default()) {
                        diagnostic.hint(hint);
                    }
                }
            }
        }
        (types.0 != 0).then_some(types)
    }

    /// Reads a keyword that checks values against its argument.
    pub(super) fn assertion(&mut self, keyword: &'static Keyword, node: &Node, schema: &mut Schema) {
        let name = keyword.name;
        let source;
        let argument = match keyword.check {
            Check::Number(_) => {
                let bound = match keyword.meaning {
                    Meaning::Least { is_excluded: true } | Meaning::Most { is_excluded: true } => self.exclusive(name, node),
                    Meaning::Multiple => self.step(name, node),
                    Meaning::Least { .. } | Meaning::Most { .. } | Meaning::Other(_) => self.number(node, name),
                };
                bound.map(Argument::Number)
            }
            Check::Length(_) | Check::Items(_) | Check::Members(_) => self.size(node, name).map(Argument::Count),
            Check::Array(_) => self.bool(node, name).then_some(Argument::Set),
            Check::Format(_) => self.format(node, schema).map(Argument::Format),
            Check::Pattern(_) => {
                source = self.pattern(node.as_str(), node);
                source.as_deref().map(Argument::Pattern)
            }
        };
        if let Some(argument) = argument {
            keyword.set(schema, argument);
        }
    }

    /// A bound that is excluded. In OpenAPI 3.0 it is a flag for the bound next to it (see `finish_schema`), and in 3.1 a number. Each is read in
    /// the other version too.
    fn exclusive(&mut self, keyword: &str, node: &Node) -> Option<Number> {
        match (&node.value, self.dialect) {
            (Value::Number(_), Dialect::V30) => {
                let message = format!("`{keyword}` is a number, as in OpenAPI 3.1: it is read as the bound itself");
                let hint = format!("in OpenAPI 3.0 it is a flag for the bound next to it, as in `{keyword}: true`");
                self.diagnostics.warning(node.span, message).hint(hint);
                self.number(node, keyword)
            }
            (Value::Bool(_), Dialect::V31) => {
                let message = format!("`{keyword}` is a flag, as in OpenAPI 3.0: it is read as one for the bound next to it");
                self.diagnostics.warning(node.span, message).hint(format!("in OpenAPI 3.1 it is the bound itself, as in `{keyword}: 5`"));
                None
            }
            (_, Dialect::V30) => {
                self.bool(node, keyword);
                None
            }
            (_, Dialect::V31) => self.number(node, keyword),
        }
    }

    fn step(&mut self, keyword: &str, node: &Node) -> Option<Number> {
        let step = self.number(node, keyword)?;
        if step.compare(Number::Signed(0)) != std::cmp::Ordering::Greater {
            self.diagnostics.error(node.span, format!("invalid `{keyword}`: expected a number above 0, found {step}"));
            return None;
        }
        Some(step)
    }

    fn number(&mut self, node: &Node, keyword: &str) -> Option<Number> {
        if let Value::Number(number) = node.value {
            self.rounded(node, "write the rounded number, so that the document says what is compared");
            return Some(number);
        }
        let diagnostic = self.diagnostics.error(node.span, format!("invalid `{keyword}`: expected a number, found {}", node.kind()));
        if node.as_str().and_then(|text| text.parse().ok()).is_some_and(|value: f64| value.is_infinite()) {
            diagnostic.hint("a number is at most about 1.8e308");
        }
        None
    }

    /// A value that the document states.
    pub(super) fn stated(&mut self, node: &Node) -> serde_json::Value {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            self.rounded(node, "write it as a string if every digit matters");
            self.beyond_range(node);
            match &node.value {
                Value::List(items) => open.extend(items.iter().rev()),
                Value::Map(map) => open.extend(map.iter().map(|entry| &entry.node)),
                _ => {}
            }
        }
        node.to_json()
    }

    /// Warns of a number of YAML that becomes text because no number holds it.
    fn beyond_range(&mut self, node: &Node) {
        let source = self.sources.file(node.span.file).and_then(|file| file.text.get(node.span.range().start..)).unwrap_or_default();
        // Quoted, it is text.
        if let Some(text) = node.as_str().filter(|text| source.starts_with(text) && is_beyond_range(text)) {
            let message = format!("the number `{text}` is out of range, and is read as text");
            self.diagnostics.warning(node.span, message).hint("quote it if it is text");
        }
    }

    /// Warns of a number that becomes another integer as a double, or an integer although it has a fraction. Only integers of up to 64 bits are exact.
    fn rounded(&mut self, node: &Node, hint: &'static str) {
        let Value::Number(Number::Float(value)) = node.value else { return };
        let text = self.sources.file(node.span.file).and_then(|file| file.text.get(node.span.range().start..)).unwrap_or_default();
        let end = text.find(|character: char| !character.is_ascii_digit() && !"+-.eE".contains(character)).unwrap_or(text.len());
        let written = &text[..end];
        if value.fract() != 0.0 || written.is_empty() {
            return;
        }
        let digits = Decimal::of(written);
        // The second is how many programs write a double.
        if digits == Decimal::of(&format!("{value:.0}")) || digits == Decimal::of(&format!("{value:e}")) {
            return;
        }
        let reason =
            if digits.power < 0 { "a double does not hold its fraction" } else { "integers beyond 64 bits are compared as doubles" };
        self.diagnostics.warning(node.span, format!("`{written}` is compared as {value:.0}: {reason}")).hint(hint);
    }

    pub(super) fn size(&mut self, node: &Node, keyword: &str) -> Option<u64> {
        let size = match node.value {
            Value::Number(number) => number.to_u64(),
            _ => None,
        };
        if size.is_none() {
            let seen = node.to_json();
            self.diagnostics.error(node.span, format!("invalid `{keyword}`: expected an integer of at least 0, found {seen}"));
        }
        size
    }

    pub(super) fn bool(&mut self, node: &Node, keyword: &str) -> bool {
        node.as_bool().unwrap_or_else(|| {
            self.diagnostics.error(node.span, format!("invalid `{keyword}`: expected true or false, found {}", node.kind()));
            false
        })
    }

    pub(super) fn pattern(&mut self, source: Option<&str>, node: &Node) -> Option<String> {
        let Some(source) = source else {
            self.diagnostics.error(node.span, format!("invalid `pattern`: expected a string, found {}", node.kind()));
            return None;
        };
        if let Some(message) = too_large(source) {
            let hint = "regex engines compile a pattern recursively; split it into several schemas, or use `enum` for a list of words";
            self.diagnostics.error(node.span, message).hint(hint);
            return None;
        }
        self.warn_of_delimiters(source, node);
        if Regex::parse(source).is_some_and(|regex| regex.is_exponential()) {
            let message = format!("the pattern `{source}` can take exponential time on strings that do not match");
            let hint = "a repetition can match the same string in several ways; start or end it with a character that does not occur in the rest of it";
            self.diagnostics.warning(node.span, message).hint(hint);
        }
        if has_group_modifiers(source) {
            let message = format!("the pattern `{source}` changes flags inside a group, which engines before ECMAScript 2025 reject");
            self.diagnostics.error(node.span, message).hint("write both cases, as in `[aA]`");
            return None;
        }
        match is_unicode_pattern(source) {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("the pattern `{source}` is only valid without the flag `u` and is used without it");
                self.diagnostics.warning(node.span, message).hint("escape only syntax characters, and escape literal braces");
            }
            Err(error) => {
                self.diagnostics.error(node.span, format!("invalid pattern `{source}`: {error}"));
                return None;
            }
        }
        Some(source.to_owned())
    }

    /// Warns about delimiters from other notations, slashes and a trailing line break, which almost no string contains.
    fn warn_of_delimiters(&mut self, source: &str, node: &Node) {
        let inner =
            source.strip_prefix('/').and_then(|rest| rest.trim_end_matches(|flag: char| flag.is_ascii_lowercase()).strip_suffix('/'));
        if inner.is_some_and(|inner| inner.starts_with('^') || inner.ends_with('$')) {
            let message = format!("the pattern `{source}` has slashes around it, which it matches like other characters");
            self.diagnostics.warning(node.span, message).hint("write the regex alone; OpenAPI has no flags");
        } else if source.ends_with('\n') {
            let message = format!("the pattern `{}` ends with a line break, which it matches like other characters", source.trim_end());
            self.diagnostics.warning(node.span, message).hint("in YAML, write it in single quotes, or below `|-`");
        }
    }

    /// Reads `format`, which may also name the width of an integer. A format that is not asserted is an annotation.
    fn format(&mut self, node: &Node, schema: &mut Schema) -> Option<Format> {
        let Some(name) = node.as_str() else {
            self.diagnostics.error(node.span, format!("invalid `format`: expected a string, found {}", node.kind()));
            return None;
        };
        let format = Format::from_name(name);
        schema.number.width = IntegerWidth::from_format(name);
        if format.is_none() {
            schema.annotations.format = Some(name.to_owned());
        }
        format
    }
}

/// A decimal number, apart from its sign: digits without zeros at their ends, times a power of ten.
#[derive(PartialEq)]
struct Decimal {
    digits: String,
    power: i64,
}

impl Decimal {
    fn of(text: &str) -> Decimal {
        let (mantissa, exponent) = text.find(['e', 'E']).map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{}{fraction}", whole.trim_start_matches(['-', '+']));
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        let dropped = all.len() - all.trim_end_matches('0').len();
        let power = exponent.parse::<i64>().unwrap_or(0) + dropped as i64 - fraction.len() as i64;
        Decimal { digits: digits.to_owned(), power: if digits.is_empty() { 0 } else { power } }
    }
}

/// Why a pattern is too large to compile it safely.
fn too_large(source: &str) -> Option<String> {
    const GROUPS_MAX: usize = 100;
    const CHOICES_MAX: usize = 2_000;
    let (mut depth, mut deepest, mut choices, mut in_class, mut is_escaped) = (0_usize, 0, 0, false, false);
    for character in source.chars() {
        match character {
            _ if is_escaped => {}
            '[' => in_class = true,
            ']' => in_class = false,
            _ if in_class => {}
            '(' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            ')' => depth = depth.saturating_sub(1),
            '|' => choices += 1,
            _ => {}
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    if deepest > GROUPS_MAX {
        return Some(format!("the pattern nests groups {deepest} levels deep; at most {GROUPS_MAX} are accepted"));
    }
    (choices > CHOICES_MAX).then(|| format!("the pattern has {choices} alternatives; at most {CHOICES_MAX} are accepted"))
}

/// Whether a pattern has a group such as `(?i:…)` or `(?-s:…)`.
fn has_group_modifiers(source: &str) -> bool {
    let (mut rest, mut in_class) = (source, false);
    while let Some(next) = rest.chars().next() {
        let modifiers = rest.strip_prefix("(?").filter(|_| !in_class).map(|tail| tail.trim_start_matches(['i', 'm', 's', '-']));
        if modifiers.is_some_and(|tail| tail.starts_with(':') && !rest.starts_with("(?:")) {
            return true;
        }
        in_class = match next {
            '[' => true,
            ']' => false,
            _ => in_class,
        };
        let escaped = if next == '\\' { rest[1..].chars().next().map_or(0, char::len_utf8) } else { 0 };
        rest = &rest[next.len_utf8() + escaped..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_group_modifiers;

    #[test]
    fn group_modifiers_are_distinguished_from_other_groups() {
        for source in ["(?i:a)", "a(?-i:b)", "(?ims-:a)", r"\\(?s:a)", "[[](?i:a)"] {
            assert!(has_group_modifiers(source), "{source}");
        }
        for source in ["(?:a)", "(?=i:)", "(?<i>:)", r"\(?i:a", "[(?i:)]", "(?!s:a)", "é(i:a)"] {
            assert!(!has_group_modifiers(source), "{source}");
        }
    }
}

//! Generates alternative JSON texts of a value, and texts that are not valid JSON.

use serde_json::Value;

use super::random::Random;

/// How many texts of one value are generated, besides the plain one and the fully escaped one.
const VARIANTS: usize = 4;
/// Beyond this, a parser that stores numbers as doubles may read a different number from a different spelling.
const EXACT_MAX: u64 = 1 << 53;

/// The texts of one value: plain, with everything in its most unusual form, and mixtures.
pub(super) fn variants(value: &Value, random: &mut Random) -> Vec<String> {
    let mut texts = vec![value.to_string()];
    for odd_one_in in [1, 2, 2, 4, 8].into_iter().take(1 + VARIANTS) {
        let mut speller = Speller { random: &mut *random, odd_one_in, out: String::new() };
        speller.space();
        speller.value(value);
        speller.space();
        texts.push(speller.out);
    }
    texts
}

struct Speller<'r> {
    random: &'r mut Random,
    /// How often the unusual form is chosen: once in this many times.
    odd_one_in: usize,
    out: String,
}

impl Speller<'_> {
    fn odd(&mut self) -> bool {
        self.random.one_in(self.odd_one_in)
    }

    fn space(&mut self) {
        if self.odd() {
            let space = ["", " ", "\n", "\t", "\r\n", " \n\t "][self.random.below(6)];
            self.out.push_str(space);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Number(number) => {
                let spelled = self.number(number);
                self.out.push_str(&spelled);
            }
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index);
                    self.value(item);
                    self.space();
                }
                self.out.push(']');
            }
            Value::Object(members) => {
                let mut members: Vec<(&String, &Value)> = members.iter().collect();
                self.random.shuffle(&mut members);
                self.out.push('{');
                for (index, (name, member)) in members.into_iter().enumerate() {
                    self.separate(index);
                    self.string(name);
                    self.space();
                    self.out.push(':');
                    self.space();
                    self.value(member);
                    self.space();
                }
                self.out.push('}');
            }
            Value::Null | Value::Bool(_) => self.out.push_str(&value.to_string()),
        }
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.space();
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            let must = character < ' ' || character == '"' || character == '\\';
            if !must && !self.odd() {
                self.out.push(character);
                continue;
            }
            let short = match character {
                '"' | '\\' | '/' => Some(character),
                '\n' => Some('n'),
                '\t' => Some('t'),
                '\r' => Some('r'),
                '\u{8}' => Some('b'),
                '\u{c}' => Some('f'),
                _ => None,
            };
            match short.filter(|_| self.random.one_in(2)) {
                Some(short) => self.out.extend(['\\', short]),
                None => self.escape(character),
            }
        }
        self.out.push('"');
    }

    /// Writes `\u` escapes with digits in either case, two for an astral character.
    fn escape(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            let escape = if self.random.one_in(2) { format!("\\u{unit:04x}") } else { format!("\\u{unit:04X}") };
            self.out.push_str(&escape);
        }
    }

    fn number(&mut self, number: &serde_json::Number) -> String {
        let exact = number.as_i64().map_or(number.as_f64(), |value| (value.unsigned_abs() <= EXACT_MAX).then_some(value as f64));
        let Some(value) = exact.filter(|_| !number.is_u64() || number.as_u64() <= Some(EXACT_MAX)).filter(|_| self.odd()) else {
            return number.to_string();
        };
        if value == 0.0 {
            return ["-0", "0.0", "-0.0", "0e5", "0E-3"][self.random.below(5)].to_owned();
        }
        let shortest = format!("{value:e}");
        let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse::<i64>().unwrap_or(0) - fraction.len() as i64;
        match self.random.below(5) {
            0 => format!("{whole}{fraction}e{exponent}"),
            1 => format!("{whole}{fraction}0E{}", exponent - 1),
            2 if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value}.0"),
            3 if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value}e+0"),
            _ => format!("{whole}.{fraction}0e{}", exponent + fraction.len() as i64),
        }
    }
}

/// Texts derived from a JSON text that are no longer valid JSON.
pub fn broken_texts(text: &str) -> Vec<String> {
    let text = text.trim();
    let mut texts = vec![
        String::new(),
        " ".to_owned(),
        format!("\u{feff}{text}"),
        format!("{text},"),
        format!("{text} {text}"),
        format!("{text}]"),
        format!("{text}\u{0}"),
        format!("{text} // a comment"),
        format!("/* a comment */ {text}"),
        format!("\u{a0}{text}"),
        format!("[{text},]"),
        format!("[,{text}]"),
        format!("[{text}"),
        format!("{{\"a\":{text},}}"),
        format!("{{a:{text}}}"),
        format!("{{'a':{text}}}"),
        format!("{{\"a\" {text}}}"),
    ];
    let scalars = [
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "nul",
        "True",
        "01",
        "-01",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1F",
        "--1",
        "-",
        "1_000",
        "'a'",
    ];
    let strings = ["\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u12g4\"", "\"\\x41\"", "\"\\\"", "\"", "\"a\u{1}b\"", "\"a\nb\"", "\"\tb\""];
    texts.extend(scalars.iter().chain(&strings).map(|scalar| format!("[{scalar},{text}]")));
    texts.extend(truncated(text));
    texts
}

/// The text truncated at three places. A truncated number may still be valid, so bare numbers are left alone.
fn truncated(text: &str) -> Vec<String> {
    if !text.starts_with(['{', '[', '"', 't', 'f', 'n']) {
        return Vec::new();
    }
    let ends = [text.len() - 1, text.len() / 2, 1];
    ends.into_iter().filter(|end| *end > 0 && *end < text.len()).filter_map(|end| text.get(..end)).map(str::to_owned).collect()
}

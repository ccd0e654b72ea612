//! Reads the tokens of JSON text strictly: white space, strings, numbers and words.

use super::format::{Format, quoted_length};
use super::number::{Number, POWERS_OF_TEN};

/// A position in JSON text.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'s> {
    pub(super) source: &'s str,
    pub(super) at: usize,
}

/// An error in a text that is not valid JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte offset of the error.
    pub offset: usize,
    /// What was found or expected.
    pub message: &'static str,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for SyntaxError {}

/// The content of a string.
#[derive(Clone, Copy)]
pub(super) enum Text {
    /// A span of the source.
    Plain { from: usize, to: usize },
    /// The string has escapes. Its content was added to the buffer for such strings.
    Escaped,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Scanner { source, at: 0 }
    }

    pub(super) fn error(&self, message: &'static str) -> SyntaxError {
        SyntaxError { offset: self.at, message }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &'s [u8] {
        self.source.as_bytes()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.source.len()
    }

    #[inline]
    pub(super) fn peek(&self) -> u8 {
        // Zero represents the end of the text: no token starts with it.
        self.bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    pub(super) fn skip_space(&mut self) {
        // Most texts have no white space here, which one comparison finds.
        while self.peek() <= b' ' && matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Skips `true`, `false` or `null`.
    #[inline]
    pub(super) fn word(&mut self, word: &[u8]) -> Result<(), SyntaxError> {
        if !self.bytes()[self.at..].starts_with(word) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads a string. `unescaped` is the buffer for strings with escapes.
    #[inline]
    pub(super) fn string(&mut self, unescaped: &mut String) -> Result<Text, SyntaxError> {
        let from = self.at + 1;
        self.at = from;
        self.skip_plain();
        if self.peek() != b'"' {
            self.at = from;
            return self.string_with_escapes(unescaped).map(|()| Text::Escaped);
        }
        self.at += 1;
        Ok(Text::Plain { from, to: self.at - 1 })
    }

    /// Reads the string at the current position if it is in this format, and of a usual length, so that its end is known in advance.
    #[inline]
    pub(super) fn formatted(&mut self, format: Format) -> Option<&'s str> {
        let from = self.at + 1;
        let to = from + quoted_length(format, self.bytes().get(from..)?)?;
        self.at = to + 1;
        Some(&self.source[from..to])
    }

    #[cold]
    fn string_with_escapes(&mut self, unescaped: &mut String) -> Result<(), SyntaxError> {
        loop {
            let from = self.at;
            self.skip_plain();
            unescaped.push_str(&self.source[from..self.at]);
            match self.peek() {
                b'"' => break,
                b'\\' => self.escape(unescaped)?,
                _ if self.is_at_end() => return Err(self.error("unexpected end of text in a string")),
                _ => return Err(self.error("unescaped control character in a string")),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Skips to the next quote, backslash or control character, eight bytes at a time.
    #[inline]
    fn skip_plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        let bytes = self.bytes();
        let mut rest = bytes.get(self.at..).unwrap_or_default();
        let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word;
        while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            let quote = zero_byte(word ^ (ONES * b'"' as u64));
            let backslash = zero_byte(word ^ (ONES * b'\\' as u64));
            let control = word.wrapping_sub(ONES * 0x20) & !word;
            let stop = (quote | backslash | control) & HIGHS;
            if stop != 0 {
                self.at = bytes.len() - rest.len() + stop.trailing_zeros() as usize / 8;
                return;
            }
            rest = behind;
        }
        let stop = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
        self.at = bytes.len() - rest.len() + stop;
    }

    fn escape(&mut self, unescaped: &mut String) -> Result<(), SyntaxError> {
        self.at += 1;
        let plain = match self.peek() {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                unescaped.push(self.escaped_character()?);
                return Ok(());
            }
            _ => return Err(self.error("unknown escape in a string")),
        };
        unescaped.push(plain);
        self.at += 1;
        Ok(())
    }

    fn escaped_character(&mut self) -> Result<char, SyntaxError> {
        let mut code = self.hex()?;
        if (0xD800..0xDC00).contains(&code) && self.peek() == b'\\' {
            self.at += 1;
            if self.peek() != b'u' {
                return Err(self.error("unpaired surrogate"));
            }
            let second = self.hex()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.error("unpaired surrogate"));
            }
            code = 0x1_0000 + ((code - 0xD800) << 10) + (second - 0xDC00);
        }
        char::from_u32(code).ok_or_else(|| self.error("unpaired surrogate"))
    }

    /// Parses `uXXXX`.
    fn hex(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.bytes().get(self.at + 1..self.at + 5).ok_or(self.error("unexpected end of text in an escape"))?;
        let mut code = 0;
        for digit in digits {
            let digit = (*digit as char).to_digit(16).ok_or(self.error("expected four hexadecimal digits"))?;
            code = code * 16 + digit;
        }
        self.at += 5;
        Ok(code)
    }

    /// Reads a number.
    pub(super) fn number(&mut self) -> Result<Number, SyntaxError> {
        let start = self.at;
        let is_negative = self.peek() == b'-';
        self.at += usize::from(is_negative);
        let first = self.at;
        let mut digits = Digits { value: 0, fit: true };
        self.digits(&mut digits);
        if self.at == first || (self.at > first + 1 && self.bytes()[first] == b'0') {
            return Err(SyntaxError { offset: start, message: "invalid number" });
        }
        if matches!(self.peek(), b'.' | b'e' | b'E') {
            let exponent = self.fraction(&mut digits)?;
            return self.float(start, is_negative, digits, exponent);
        }
        match (is_negative, i64::try_from(digits.value)) {
            _ if !digits.fit => self.float(start, is_negative, digits, 0),
            (false, Ok(value)) => Ok(Number::Signed(value)),
            (false, Err(_)) => Ok(Number::Unsigned(digits.value)),
            (true, Ok(0)) => Ok(Number::Float(-0.0)),
            (true, Ok(value)) => Ok(Number::Signed(-value)),
            (true, Err(_)) => self.float(start, is_negative, digits, 0),
        }
    }

    #[inline]
    fn digits(&mut self, digits: &mut Digits) {
        let rest = self.bytes().get(self.at..).unwrap_or_default();
        let mut count = 0;
        for byte in rest {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            digits.add(digit);
            count += 1;
        }
        self.at += count;
    }

    /// Reads a fraction and an exponent, such as `.5` and `e+3`. Returns the power of ten that the digits are multiplied by.
    fn fraction(&mut self, digits: &mut Digits) -> Result<i32, SyntaxError> {
        let mut power = 0;
        if self.peek() == b'.' {
            self.at += 1;
            let rest = self.bytes().get(self.at..).unwrap_or_default();
            let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if count == 0 {
                return Err(self.error("expected a digit"));
            }
            // Zeros at the end could exceed 64 bits.
            let significant = rest[..count].iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + 1);
            rest[..significant].iter().for_each(|byte| digits.add(byte - b'0'));
            power = i32::try_from(significant).map_or(i32::MIN, |places| -places);
            self.at += count;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            let sign = self.peek();
            self.at += usize::from(matches!(sign, b'+' | b'-'));
            let from = self.at;
            let mut exponent = Digits { value: 0, fit: true };
            self.digits(&mut exponent);
            if self.at == from {
                return Err(self.error("expected a digit"));
            }
            let exponent = i32::try_from(exponent.value).ok().filter(|_| exponent.fit).unwrap_or(i32::MAX);
            power = power.saturating_add(if sign == b'-' { -exponent } else { exponent });
        }
        Ok(power)
    }

    /// The double nearest to the digits times a power of ten, or the integer that they are if no double is.
    fn float(&self, start: usize, is_negative: bool, digits: Digits, power: i32) -> Result<Number, SyntaxError> {
        // Its double is that of smaller integers too.
        if is_negative && power == 0 && digits.fit && digits.value == 1 << 63 {
            return Ok(Number::Signed(i64::MIN));
        }
        if let Some(value) = digits.integer(power) {
            match (is_negative, i64::try_from(value)) {
                (false, Ok(value)) => return Ok(Number::Signed(value)),
                (false, Err(_)) => return Ok(Number::Unsigned(value)),
                (true, Ok(value)) => return Ok(Number::Signed(-value)),
                (true, Err(_)) => {}
            }
        } else if let Some(value) = digits.exact(power) {
            return Ok(Number::Float(if is_negative { -value } else { value }));
        }
        let text = &self.source[start..self.at];
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => match fractional(text, value, power) {
                Some(number) => Ok(number),
                None => Err(SyntaxError { offset: start, message: "a double cannot hold this number's fraction" }),
            },
            _ => Err(SyntaxError { offset: start, message: "number out of range for a double" }),
        }
    }
}

/// The value that a number with this text and nearest double has: a number with a fraction does not become an integer, but the double next to
/// it, and an integer of up to 64 bits is not rounded. `None` if doubles of its size have no fractions. Its digits times ten to the `power` are the number.
#[cold]
fn fractional(text: &str, nearest: f64, power: i32) -> Option<Number> {
    if nearest.fract() != 0.0 || power >= 0 {
        return Some(Number::Float(nearest));
    }
    let mantissa = text.trim_start_matches('-').split(['e', 'E']).next().unwrap_or_default();
    // Zeros at the end of the fraction are no digits.
    let trimmed = if mantissa.contains('.') { mantissa.trim_end_matches('0') } else { mantissa };
    let digits: String = trimmed.chars().filter(char::is_ascii_digit).collect();
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(power.unsigned_abs() as usize));
    if fraction.bytes().all(|digit| digit == b'0') {
        return Some(match whole.parse::<u64>() {
            Ok(value) if nearest > 0.0 => i64::try_from(value).map_or(Number::Unsigned(value), Number::Signed),
            Ok(value) if value < 1 << 63 => Number::Signed(-(value as i64)),
            _ => Number::Float(nearest),
        });
    }
    let size = nearest.abs();
    let floor = if whole.is_empty() { Some(0.0) } else { whole.parse().ok() };
    let beside = if floor == Some(size) { size.next_up() } else { size.next_down() };
    (beside.fract() != 0.0).then_some(Number::Float(beside.copysign(nearest)))
}

/// The digits of a number without its decimal point.
struct Digits {
    value: u64,
    /// Whether all digits fit in `value`.
    fit: bool,
}

impl Digits {
    #[inline]
    fn add(&mut self, digit: u8) {
        let digit = u64::from(digit);
        // WebAssembly needs 128-bit arithmetic for a checked product. Only the twentieth digit can overflow.
        if self.value < u64::MAX / 10 {
            self.value = self.value * 10 + digit;
        } else {
            match self.value.checked_mul(10).and_then(|value| value.checked_add(digit)) {
                Some(value) => self.value = value,
                None => self.fit = false,
            }
        }
    }

    /// The integer that the digits times a power of ten are, if it has up to 64 bits and a double would round it.
    fn integer(&self, power: i32) -> Option<u64> {
        const DOUBLE_MAX: u64 = 1 << f64::MANTISSA_DIGITS;
        if !self.fit || (power <= 0 && self.value <= DOUBLE_MAX) {
            return None;
        }
        let factor = 10_u64.checked_pow(power.unsigned_abs())?;
        let integer =
            if power > 0 { self.value.checked_mul(factor)? } else { self.value.is_multiple_of(factor).then(|| self.value / factor)? };
        (integer >> integer.trailing_zeros().min(63) >= DOUBLE_MAX).then_some(integer)
    }

    /// The double nearest to the digits times a power of ten, if one operation on two exact doubles yields it.
    fn exact(&self, power: i32) -> Option<f64> {
        let factor = *POWERS_OF_TEN.get(power.unsigned_abs() as usize)?;
        let is_exact = self.fit && self.value <= 1 << f64::MANTISSA_DIGITS;
        is_exact.then(|| if power < 0 { self.value as f64 / factor } else { self.value as f64 * factor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_doubles_that_rust_parses() {
        let texts = [
            "0.5",
            "-0.0",
            "-0",
            "1.25",
            "7.3",
            "0.1e1",
            "1e22",
            "1e23",
            "9007199254740993.0",
            "9007199254740992e22",
            "123456789012345678901",
            "-9223372036854775809",
            "0.000000000000000000000001",
            "1e-22",
            "1e-23",
            "1.7976931348623157e308",
            "5e-324",
            "1E+2",
            "0e-99999999999",
            "1000000000000000000000000000000e-10",
        ];
        for text in texts {
            let number = Scanner::new(text).number().unwrap_or_else(|error| panic!("{text}: {error}"));
            let expected: f64 = text.parse().unwrap();
            assert_eq!(number.to_f64().to_bits(), expected.to_bits(), "{text}");
        }
        for (text, beside) in [
            ("1.00000000000000000001", 1.0_f64.next_up()),
            ("-0.9999999999999999999999999999", -(1.0_f64.next_down())),
            ("99999999999999999999999999999e-29", 1.0_f64.next_down()),
            ("2e-99999999999", f64::MIN_POSITIVE * f64::EPSILON),
            ("-1e-400", -f64::MIN_POSITIVE * f64::EPSILON),
            ("4503599627370495.000000000000001", 4_503_599_627_370_495.5),
            ("1.000000000000000000000", 1.0),
        ] {
            let number = Scanner::new(text).number().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(number.to_f64().to_bits(), beside.to_bits(), "{text}");
        }
        for text in [
            "9007199254740993.5",
            "-4503599627370496.25",
            "123456789012345678901.5",
            "1e309",
            "-",
            "01",
            "1.",
            "1e",
            "1e+",
            ".5",
            "-01",
            "2e99999999999",
        ] {
            assert!(Scanner::new(text).number().is_err(), "{text}");
        }
    }

    #[test]
    fn integers_are_exact_in_every_spelling() {
        for (text, integer) in [
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("-90071992547409.93e2", -9_007_199_254_740_993),
            ("9007199254740991e1", 90_071_992_547_409_910),
            ("9223372036854775807.0", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9.223372036854775808e18", i64::MIN),
            ("1234567890123456789000e-3", 1_234_567_890_123_456_789),
            ("-1234567890123456789000e-3", -1_234_567_890_123_456_789),
        ] {
            let number = Scanner::new(text).number().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!(matches!(number, Number::Signed(value) if value == integer), "{text}: {number:?}");
        }
        assert!(matches!(Scanner::new("1e17").number(), Ok(Number::Float(_))));
        let below = Scanner::new("-9223372036854775809").number().expect("a number");
        assert_eq!(below.to_i64(), None, "the double of the smallest integer of 64 bits is no such integer");
        assert!(matches!(Scanner::new("18446744073709551615.0").number(), Ok(Number::Unsigned(u64::MAX))));
    }
}

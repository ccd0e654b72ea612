//! `pattern`: ECMA-262 regexes, matched as in JavaScript: with the `u` flag, or without it for patterns that are only valid without it.
//!
//! Anchored patterns that are a plain sequence of character classes, such as the pattern of a UUID, are matched byte by byte without a
//! regex engine. All others use `regress`. Both forms are compiled on first use.

use std::borrow::Cow;
use std::sync::OnceLock;

/// A pattern of the contract, compiled on first use.
pub struct Pattern {
    source: Cow<'static, str>,
    compiled: OnceLock<Compiled>,
}

enum Compiled {
    Row(Vec<Run>),
    Regex(regress::Regex),
    /// Not a valid regex, so nothing matches. The compiler rejects contracts with such patterns.
    Invalid,
}

impl Pattern {
    /// Creates a pattern without compiling it.
    pub const fn new(source: &'static str) -> Self {
        Pattern { source: Cow::Borrowed(source), compiled: OnceLock::new() }
    }

    /// Creates a pattern that is known only at run time, without compiling it.
    pub const fn from_string(source: String) -> Self {
        Pattern { source: Cow::Owned(source), compiled: OnceLock::new() }
    }

    /// The source of the regex, as the contract writes it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the regex matches anywhere in `text`.
    pub fn matches(&self, text: &str) -> bool {
        match self.compiled.get_or_init(|| Compiled::new(&self.source)) {
            Compiled::Row(runs) => row_matches(runs, text.as_bytes()),
            Compiled::Regex(regex) => regex.find(text).is_some(),
            Compiled::Invalid => false,
        }
    }
}

/// Compiles with the `u` flag, or without it if the pattern is only valid that way, as some older patterns on the web are.
fn compile(source: &str) -> Result<(regress::Regex, bool), regress::Error> {
    match regress::Regex::with_flags(source, "u") {
        Ok(regex) => Ok((regex, true)),
        Err(error) => regress::Regex::new(source).map(|regex| (regex, false)).map_err(|_| error),
    }
}

/// Whether `source` is a valid regex with the `u` flag. `false` means that it is valid only without the flag.
///
/// # Errors
/// Returns the reason if `source` is not a valid regex with or without the flag.
pub fn is_unicode_pattern(source: &str) -> Result<bool, String> {
    compile(source).map(|(_, unicode)| unicode).map_err(|error| error.to_string())
}

impl Compiled {
    fn new(source: &str) -> Self {
        if let Some(runs) = row(source) {
            return Compiled::Row(runs);
        }
        match compile(source) {
            Ok((regex, _)) => Compiled::Regex(regex),
            Err(_) => Compiled::Invalid,
        }
    }
}

/// A class of ASCII characters, with the number of repetitions.
struct Run {
    class: u128,
    /// The same class as a table, for matching.
    table: [bool; 256],
    min: usize,
    max: usize,
}

fn row_matches(runs: &[Run], text: &[u8]) -> bool {
    let mut rest = text;
    for run in runs {
        let most = run.max.min(rest.len());
        let count = rest[..most].iter().position(|&byte| !run.table[usize::from(byte)]).unwrap_or(most);
        if count < run.min {
            return false;
        }
        rest = &rest[count..];
    }
    rest.is_empty()
}

/// Parses the pattern into a sequence of runs. Returns `None` unless greedy matching of each run finds every match.
fn row(source: &str) -> Option<Vec<Run>> {
    let body = source.strip_prefix('^')?.strip_suffix('$')?;
    if !body.is_ascii() || body.ends_with('\\') {
        return None;
    }
    let mut chars = body.chars().peekable();
    let mut runs: Vec<Run> = Vec::new();
    while let Some(first) = chars.next() {
        let class = match first {
            '[' => class(&mut chars)?,
            '\\' => escaped(chars.next()?)?,
            '.' | '(' | ')' | '{' | '}' | '*' | '+' | '?' | '|' | '^' | '$' | ']' | '/' => return None,
            literal => 1 << (literal as u8),
        };
        let (min, max) = quantifier(&mut chars)?;
        let table = std::array::from_fn(|byte| byte < 128 && class >> byte & 1 == 1);
        runs.push(Run { class, table, min, max });
    }
    greedy_is_exact(&runs).then_some(runs)
}

/// Greedy matching is exact if the text after a run of variable length cannot start with a character of that run.
fn greedy_is_exact(runs: &[Run]) -> bool {
    runs.iter().enumerate().all(|(index, run)| {
        let mut follow = 0;
        for next in &runs[index + 1..] {
            follow |= next.class;
            if next.min > 0 {
                break;
            }
        }
        run.min == run.max || run.class & follow == 0
    })
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn class(chars: &mut Chars<'_>) -> Option<u128> {
    let mut class = 0;
    loop {
        let from = match chars.next()? {
            ']' => return Some(class),
            '^' if class == 0 => return None,
            '\\' => match chars.next()? {
                set @ ('d' | 'w') => {
                    class |= escaped(set)?;
                    continue;
                }
                other => single(other)?,
            },
            '[' => return None,
            literal => literal,
        };
        let to = if chars.peek() == Some(&'-') {
            chars.next();
            match chars.next()? {
                ']' => {
                    class |= 1 << (from as u8) | 1 << b'-';
                    return Some(class);
                }
                '\\' => single(chars.next()?)?,
                literal => literal,
            }
        } else {
            from
        };
        for character in from..=to {
            class |= 1 << (character as u8);
        }
    }
}

/// The class that an escaped character stands for.
fn escaped(character: char) -> Option<u128> {
    let range = |from: u8, to: u8| (from..=to).fold(0u128, |class, byte| class | 1 << byte);
    match character {
        'd' => Some(range(b'0', b'9')),
        'w' => Some(range(b'0', b'9') | range(b'a', b'z') | range(b'A', b'Z') | 1 << b'_'),
        other => Some(1 << (single(other)? as u8)),
    }
}

/// An escaped punctuation character stands for itself. Letters and digits have other meanings.
fn single(character: char) -> Option<char> {
    character.is_ascii_punctuation().then_some(character)
}

fn quantifier(chars: &mut Chars<'_>) -> Option<(usize, usize)> {
    let range = match chars.peek() {
        Some('?') => (0, 1),
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('{') => {
            chars.next();
            let text: String = chars.by_ref().take_while(|&character| character != '}').collect();
            let (min, max) = text.split_once(',').unwrap_or((&text, &text));
            let min = min.parse().ok()?;
            let max = if max.is_empty() { usize::MAX } else { max.parse().ok()? };
            return (chars.peek() != Some(&'?') && min <= max).then_some((min, max));
        }
        _ => return Some((1, 1)),
    };
    chars.next();
    // A lazy quantifier changes which match is found but not whether there is one. It is rare, so it is left to the engine.
    (chars.peek() != Some(&'?')).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_agree_with_the_engine() {
        let patterns = ["^[0-9a-f]{8}-[0-9a-f]{4}$", "^a*b?c+$", "^\\d{1,3}\\.[a-z_-]*$", "^[a-]x$", "^$"];
        let texts = ["", "01234567-89ab", "0123456-89ab", "abc", "aabcc", "bc", "ab", "12.a-_", "1234.a", "-x", "ax", "é"];
        for source in patterns {
            let runs = row(source).unwrap_or_else(|| panic!("{source} is a row"));
            let regex = regress::Regex::with_flags(source, "u").unwrap();
            for text in texts {
                assert_eq!(row_matches(&runs, text.as_bytes()), regex.find(text).is_some(), "{source} on {text:?}");
            }
        }
    }

    #[test]
    fn older_patterns_lose_the_flag_only() {
        assert_eq!(is_unicode_pattern(r"^\p{Lu}$"), Ok(true));
        assert_eq!(is_unicode_pattern(r"^[\-\:]{$"), Ok(false));
        assert!(Pattern::new(r"^[\-\:]{$").matches(":{"));
        assert!(is_unicode_pattern("(").is_err());
    }

    #[test]
    fn what_needs_backtracking_is_no_row() {
        for source in ["^a*a$", "^[a-z]?[a-f]$", "^(a|b)$", "^.$", "a", "^\\u0041$", "^[^a]$", "^a??$", "^\\bx$"] {
            assert!(row(source).is_none(), "{source}");
        }
    }
}

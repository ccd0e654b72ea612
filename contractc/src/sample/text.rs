//! Generates strings: by pattern, by format, or from words and single characters of a given length.

use super::Sampler;
use super::random::Random;
use super::regex::{Regex, Stretch};
use crate::model::{Schema, TextRules};
use crate::regex;
use crate::runtime::format::Format;

/// How many strings are tried for one value.
const TRIES_MAX: usize = 40;
/// Strings are often generated at their maximum length up to this length, and rarely beyond it.
const LONG: u64 = 300;
/// The maximum length of a string, whatever the schema accepts.
const LONGEST: u64 = 12_000;

const WORDS: [&str; 12] =
    ["squat", "press", "Light day", "5 × 5", "naïve", "日本語", "Ελλάδα", "🏋️", "𝒳", "e\u{301}", "null", "O'Brien \"Bo\" \\ /"];
/// Characters of one to four bytes, including those that JSON escapes.
const SIGNS: [char; 12] = ['a', 'Z', '0', ' ', '"', '\\', '\n', '\u{7f}', 'é', '中', '😀', '\u{10ffff}'];

impl Sampler<'_> {
    /// A string that satisfies all parts.
    pub(super) fn text(&mut self, parts: &[&Schema]) -> Option<String> {
        let rules: Vec<&TextRules> = parts.iter().map(|part| &part.text).collect();
        let least = rules.iter().filter_map(|rule| rule.min_length).max().unwrap_or(0);
        let most = rules.iter().filter_map(|rule| rule.max_length).min().unwrap_or(u64::MAX);
        let regexes: Vec<Regex> = rules.iter().filter_map(|rule| rule.pattern.as_deref()).filter_map(Regex::parse).collect();
        let format = rules.iter().find_map(|rule| rule.format);
        let fits = |text: &String| rules.iter().all(|rule| satisfies(text, rule));
        let examples = parts.iter().flat_map(|part| &part.annotations.examples).filter_map(|example| example.as_str().map(str::to_owned));
        let examples: Vec<String> = examples.filter(fits).collect();
        let random = &mut self.random;
        if random.one_in(6) && !examples.is_empty() {
            return random.pick(&examples).cloned();
        }
        let made = (0..TRIES_MAX).map(|_| match (random.pick(&regexes), format) {
            (Some(regex), None) => by_regex(regex, random, least, most),
            (Some(regex), Some(_)) if random.one_in(2) => by_regex(regex, random, least, most),
            (_, Some(format)) => by_format(format, random),
            (None, None) => free(random, least, most),
        });
        let found = made.into_iter().find(fits);
        found.or_else(|| self.random.pick(&examples).cloned())
    }

    /// A string that matches a pattern.
    pub(super) fn matching(&mut self, source: &str) -> Option<String> {
        let regex = Regex::parse(source)?;
        let random = &mut self.random;
        (0..TRIES_MAX).map(|_| by_regex(&regex, random, 0, u64::MAX)).find(|text| regex::matches(source, text))
    }
}

/// Whether a string satisfies the rules of one part.
fn satisfies(text: &str, rules: &TextRules) -> bool {
    let TextRules { min_length, max_length, pattern, format } = rules;
    let length = text.chars().count() as u64;
    min_length.is_none_or(|least| length >= least)
        && max_length.is_none_or(|most| length <= most)
        && format.is_none_or(|format| format.matches(text))
        && pattern.as_ref().is_none_or(|source| regex::matches(source, text))
}

fn by_regex(regex: &Regex, random: &mut Random, least: u64, most: u64) -> String {
    let stretch = *random.pick(&[Stretch::Least, Stretch::Some, Stretch::Some, Stretch::Most]).unwrap_or(&Stretch::Some);
    let mut text = regex.generate(random, stretch);
    let length = text.chars().count() as u64;
    if length < least {
        // If the pattern is open at its end, any text may follow. If not, the next attempt repeats its parts more often.
        let missing = least - length;
        let filler =
            if random.one_in(2) { free(random, missing, missing) } else { "a".repeat(usize::try_from(missing.min(LONGEST)).unwrap_or(0)) };
        if random.one_in(2) { text.push_str(&filler) } else { text = regex.generate(random, Stretch::Most) }
    }
    if most == u64::MAX && !regex.is_anchored() && random.one_in(4) {
        text = format!("{}{text}{}", free(random, 0, 3), free(random, 0, 3));
    }
    text
}

/// Words and single characters, with a length between the bounds, often equal to one of them.
fn free(random: &mut Random, least: u64, most: u64) -> String {
    let near = least.saturating_add(random.below(24) as u64);
    let full = if most <= LONG || random.one_in(20) { most } else { near };
    let wanted = [least, least + 1, near, near, near, full][random.below(6)].clamp(least, most.max(least)).min(LONGEST.max(least));
    let wanted = usize::try_from(wanted).unwrap_or(0);
    let mut text = Vec::with_capacity(wanted);
    while text.len() < wanted {
        if random.one_in(3) {
            text.extend(random.pick(&SIGNS));
        } else {
            text.extend(random.pick(&WORDS).into_iter().flat_map(|word| word.chars()));
            text.push(' ');
        }
    }
    text.into_iter().take(wanted).collect()
}

fn by_format(format: Format, random: &mut Random) -> String {
    match format {
        Format::Date => date(random),
        Format::DateTime => {
            let (date, time) = (date(random), time(random));
            let separator = if random.one_in(8) { 't' } else { 'T' };
            format!("{date}{separator}{time}")
        }
        Format::Time => time(random),
        Format::Email => one_of(
            random,
            &["ada@example.com", "a.b+c@sub.example.org", "x@y", "\"a b\"@example.com", "o'brien@xn--bcher-kva.example", "x@[127.0.0.1]"],
        ),
        Format::Hostname => one_of(random, &["example.com", "a", "localhost", "xn--bcher-kva.example", "a-b.c1.d"]),
        Format::Ipv4 => {
            let mut part = || [0, 1, 127, 255, random.below(256)][random.below(5)];
            format!("{}.{}.{}.{}", part(), part(), part(), part())
        }
        Format::Ipv6 => one_of(random, &["::", "::1", "2001:db8::8a2e:370:7334", "2001:DB8:0:0:0:0:0:1", "::ffff:192.0.2.1", "fe80::1"]),
        Format::Uri => one_of(
            random,
            &[
                "https://example.com/a/b?c=d#e",
                "http://[::1]:8080/",
                "urn:isbn:0451450523",
                "mailto:ada@example.com",
                "https://u:p@h.example/%C3%A9",
                "x:",
            ],
        ),
        Format::Uuid => {
            let digits = format!("{:016x}{:016x}", random.next(), random.next());
            let text = format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
            if random.one_in(6) { text.to_uppercase() } else { text }
        }
    }
}

fn one_of(random: &mut Random, texts: &[&str]) -> String {
    random.pick(texts).map(|text| (*text).to_owned()).unwrap_or_default()
}

fn date(random: &mut Random) -> String {
    match random.below(4) {
        0 => one_of(random, &["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "1970-01-01"]),
        _ => format!("{:04}-{:02}-{:02}", random.between(1950, 2060), random.between(1, 12), random.between(1, 28)),
    }
}

fn time(random: &mut Random) -> String {
    if random.one_in(12) {
        return one_of(random, &["23:59:60Z", "15:59:60-08:00", "00:29:60.5+00:30"]);
    }
    let fraction = one_of(random, &["", "", ".5", ".123", ".000000001"]);
    let offset = one_of(random, &["Z", "Z", "Z", "z", "+00:00", "-08:00", "+05:45", "+23:59"]);
    format!("{:02}:{:02}:{:02}{fraction}{offset}", random.below(24), random.below(60), random.below(60))
}

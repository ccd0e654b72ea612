//! Generates strings that match a regex, by walking its syntax tree. The caller checks the result with the real matcher, and retries.

use super::random::Random;
use crate::regex::{Class, Node, PRINTABLE};

/// A parsed regex.
pub(super) struct Regex {
    root: Node,
    anchored: bool,
}

/// How many times repetitions are repeated.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Stretch {
    Least,
    Some,
    Most,
}

/// An unbounded repetition repeats at most this many times more than its minimum.
const BEYOND: usize = 12;
/// A string becomes longer than this only if the regex requires it.
const LENGTH_SOFT: usize = 4000;

impl Regex {
    /// Parses the source; `None` if it cannot be parsed.
    pub(super) fn parse(source: &str) -> Option<Regex> {
        let anchored = source.starts_with('^') && source.ends_with('$');
        Some(Regex { root: Node::parse(source)?, anchored })
    }

    /// Whether the regex is anchored at both ends.
    pub(super) fn is_anchored(&self) -> bool {
        self.anchored
    }

    pub(super) fn generate(&self, random: &mut Random, stretch: Stretch) -> String {
        let mut writer = Writer { random, stretch, out: String::new(), groups: Vec::new() };
        writer.write(&self.root);
        writer.out
    }
}

struct Writer<'r> {
    random: &'r mut Random,
    stretch: Stretch,
    out: String,
    /// The last match of each group.
    groups: Vec<(String, String)>,
}

impl Writer<'_> {
    fn write(&mut self, node: &Node) {
        match node {
            Node::Assertion => {}
            Node::Class(class) => self.out.extend(member(class, self.random)),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.write(node)),
            Node::Choice(nodes) => {
                if let Some(node) = nodes.get(self.random.below(nodes.len())) {
                    self.write(node);
                }
            }
            Node::Repeat { node, min, max } => {
                for _ in 0..self.count(*min, *max) {
                    self.write(node);
                }
            }
            Node::Group { name, node } => {
                let start = self.out.len();
                self.write(node);
                self.groups.push((name.clone(), self.out[start..].to_owned()));
            }
            Node::Back(name) => {
                let matched = self.groups.iter().rev().find(|(known, _)| known == name);
                self.out.push_str(&matched.map(|(_, text)| text.clone()).unwrap_or_default());
            }
        }
    }

    fn count(&mut self, min: usize, max: Option<usize>) -> usize {
        let most = max.unwrap_or(min + BEYOND).min(min + LENGTH_SOFT);
        match self.stretch {
            _ if self.out.len() > LENGTH_SOFT => min,
            Stretch::Least => min,
            Stretch::Most => most,
            Stretch::Some if self.random.one_in(4) => [min, most][self.random.below(2)],
            Stretch::Some => min + self.random.below(most.min(min + 2 * BEYOND) - min + 1),
        }
    }
}

/// A character of the class, preferably printable ASCII.
fn member(class: &Class, random: &mut Random) -> Option<char> {
    let plain: Class =
        class.iter().map(|(low, high)| (*low.max(&PRINTABLE.0), *high.min(&PRINTABLE.1))).filter(|(low, high)| low <= high).collect();
    let ranges = if plain.is_empty() || random.one_in(8) { class } else { &plain };
    // Surrogates are not characters. If one is drawn, the first character of the range is used.
    let (low, high) = *random.pick(ranges)?;
    let drawn = match random.below(4) {
        0 => low,
        1 => high,
        _ => u32::try_from(random.between(low.into(), high.into())).unwrap_or(low),
    };
    char::from_u32(drawn).or(char::from_u32(low)).or(char::from_u32(high))
}

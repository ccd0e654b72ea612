//! Warns of keywords that no value satisfies together.

use std::cmp::Ordering;
use std::fmt::{Display, Formatter, Result};

use super::Reader;
use crate::model::{Argument, Assertion, Contains, Kind, Meaning, Schema};
use crate::runtime::number::Number;
use crate::source::Node;

/// A bound: its keyword, its value, and whether the value itself is excluded.
#[derive(Clone, Copy)]
pub(in crate::reader) struct Bound(&'static str, Number, bool);

impl Reader<'_> {
    pub(super) fn contradictions(&mut self, node: &Node, schema: &Schema) {
        if schema.enumeration.as_ref().is_some_and(Vec::is_empty) {
            let span = node.get("enum").map_or(node.span, |listed| listed.span);
            self.diagnostics.warning(span, "nothing satisfies this schema: `enum` is empty");
        }
        for kind in Kind::ALL {
            if let Some(Gap(Bound(low, least, _), Bound(high, most, _))) = gap(&[schema], kind) {
                // A bound that follows from another keyword, such as `format`, is not in the document.
                let place = node.get(high).or_else(|| node.get(low)).map_or(node.span, |place| place.span);
                self.diagnostics.warning(place, format!("no {} satisfies both `{low}` {least} and `{high}` {most}", kind.name()));
            }
        }
    }
}

/// A lower bound and an upper bound with nothing in between.
pub(in crate::reader) struct Gap(Bound, Bound);

impl Display for Gap {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let Gap(Bound(low, least, _), Bound(high, most, _)) = self;
        write!(out, "`{low}` {least} and `{high}` {most}")
    }
}

/// The first pair of bounds of values of one kind, in any of the parts, with nothing in between.
pub(in crate::reader) fn gap(parts: &[&Schema], kind: Kind) -> Option<Gap> {
    let (mut lows, mut highs) = (Vec::new(), Vec::new());
    for Assertion { keyword, argument } in parts.iter().flat_map(|part| part.assertions(kind)) {
        let bound = |is_excluded| argument.number().map(|bound| Bound(keyword.name, bound, is_excluded));
        match keyword.meaning {
            Meaning::Least { is_excluded } => lows.extend(bound(is_excluded)),
            Meaning::Most { is_excluded } => highs.extend(bound(is_excluded)),
            Meaning::Multiple | Meaning::Other(_) => {}
        }
    }
    let contains = parts.iter().filter(|_| kind == Kind::Array).filter_map(|part| part.array.contains);
    first_gap(lows, highs).or_else(|| {
        let mut gaps = contains.filter_map(|Contains { schema: _, min, max }| {
            first_gap(size("minContains", min).into_iter().collect(), max.and_then(|max| size("maxContains", max)).into_iter().collect())
        });
        gaps.next()
    })
}

fn first_gap(lows: Vec<Bound>, highs: Vec<Bound>) -> Option<Gap> {
    let is_empty = |low: &Bound, high: &Bound| match low.1.compare(high.1) {
        Ordering::Greater => true,
        Ordering::Equal => low.2 || high.2,
        Ordering::Less => false,
    };
    let mut pairs = lows.into_iter().flat_map(|low| highs.iter().map(move |high| Gap(low, *high)));
    pairs.find(|Gap(low, high)| is_empty(low, high))
}

fn size(keyword: &'static str, size: u64) -> Option<Bound> {
    Argument::Count(size).number().map(|size| Bound(keyword, size, false))
}

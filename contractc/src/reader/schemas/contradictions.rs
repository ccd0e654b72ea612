//! Warns of keywords that no value satisfies together.

use std::cmp::Ordering;

use super::Reader;
use crate::model::{Argument, Assertion, Contains, Kind, Meaning, Schema};
use crate::runtime::number::Number;
use crate::source::Node;

/// A bound: its keyword, its value, and whether the value itself is excluded.
struct Bound(&'static str, Number, bool);

impl Reader<'_> {
    pub(super) fn contradictions(&mut self, node: &Node, schema: &Schema) {
        if schema.enumeration.as_ref().is_some_and(Vec::is_empty) {
            let span = node.get("enum").map_or(node.span, |listed| listed.span);
            self.diagnostics.warning(span, "nothing satisfies this schema: `enum` is empty");
        }
        for kind in Kind::ALL {
            let (mut lows, mut highs) = (Vec::new(), Vec::new());
            for Assertion { keyword, argument } in schema.assertions(kind) {
                let bound = |is_excluded| argument.number().map(|bound| Bound(keyword.name, bound, is_excluded));
                match keyword.meaning {
                    Meaning::Least { is_excluded } => lows.extend(bound(is_excluded)),
                    Meaning::Most { is_excluded } => highs.extend(bound(is_excluded)),
                    Meaning::Multiple | Meaning::Other(_) => {}
                }
            }
            self.bounds(node, kind.name(), &lows, &highs);
            if let Some(Contains { schema: _, min, max }) = schema.array.contains.filter(|_| kind == Kind::Array) {
                let high = max.and_then(|max| size("maxContains", max));
                self.bounds(node, kind.name(), size("minContains", min).as_slice(), high.as_slice());
            }
        }
    }

    /// Compares each lower bound with each upper bound, and reports the first pair with nothing in between.
    fn bounds(&mut self, node: &Node, kind: &str, lows: &[Bound], highs: &[Bound]) {
        let pairs = lows.iter().flat_map(|low| highs.iter().map(move |high| (low, high)));
        let is_empty = |(low, high): &(&Bound, &Bound)| match low.1.compare(high.1) {
            Ordering::Greater => true,
            Ordering::Equal => low.2 || high.2,
            Ordering::Less => false,
        };
        if let Some((Bound(low, least, _), Bound(high, most, _))) = pairs.into_iter().find(is_empty) {
            // A bound that follows from another keyword, such as `format`, is not in the document.
            let place = node.get(high).or_else(|| node.get(low)).map_or(node.span, |place| place.span);
            self.diagnostics.warning(place, format!("no {kind} satisfies both `{low}` {least} and `{high}` {most}"));
        }
    }
}

fn size(keyword: &'static str, size: u64) -> Option<Bound> {
    Argument::Count(size).number().map(|size| Bound(keyword, size, false))
}

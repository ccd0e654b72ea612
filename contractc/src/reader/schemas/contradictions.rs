//! Warns of keywords that no value satisfies together.

use std::cmp::Ordering;

use super::Reader;
use crate::model::{ArrayRules, NumberRules, ObjectRules, Schema, TextRules};
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
        let Schema { number, text, array, object, .. } = schema;
        let NumberRules { minimum, maximum, exclusive_minimum, exclusive_maximum, .. } = number;
        let lows = [minimum.map(|low| Bound("minimum", low, false)), exclusive_minimum.map(|low| Bound("exclusiveMinimum", low, true))];
        let highs =
            [maximum.map(|high| Bound("maximum", high, false)), exclusive_maximum.map(|high| Bound("exclusiveMaximum", high, true))];
        self.bounds(node, "number", lows, highs);
        let TextRules { min_length, max_length, .. } = text;
        self.bounds(node, "string", [size("minLength", *min_length)], [size("maxLength", *max_length)]);
        let ArrayRules { min_items, max_items, contains, .. } = array;
        self.bounds(node, "array", [size("minItems", *min_items)], [size("maxItems", *max_items)]);
        let (least, most) = (contains.map(|contains| contains.min), contains.and_then(|contains| contains.max));
        self.bounds(node, "array", [size("minContains", least)], [size("maxContains", most)]);
        let ObjectRules { min_properties, max_properties, .. } = object;
        self.bounds(node, "object", [size("minProperties", *min_properties)], [size("maxProperties", *max_properties)]);
    }

    /// Compares each lower bound with each upper one, and reports the first pair that leaves nothing between them.
    fn bounds<const N: usize>(&mut self, node: &Node, kind: &str, lows: [Option<Bound>; N], highs: [Option<Bound>; N]) {
        let pairs = lows.iter().flatten().flat_map(|low| highs.iter().flatten().map(move |high| (low, high)));
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

fn size(keyword: &'static str, size: Option<u64>) -> Option<Bound> {
    size.map(|size| Bound(keyword, Number::from(&serde_json::Number::from(size)), false))
}

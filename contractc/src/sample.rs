//! Generates JSON for tests: valid instances of any schema of a contract, instances that break one rule each, and alternative spellings.
//!
//! Every returned sample has been validated by [`crate::interpret`]. The same contract, seed and calls produce the same samples.
//!
//! ```
//! use contractc::{Compilation, sample::Sampler};
//!
//! let text = "openapi: 3.1.0\ninfo: {title: Demo, version: '1'}\ncomponents: {schemas: {Count: {type: integer, maximum: 9}}}";
//! let contract = Compilation::from_text("demo.yaml", text.as_bytes()).contract.expect("no diagnostics");
//! let count = contract.named("Count").expect("a schema of that name");
//! let mut sampler = Sampler::new(&contract, 42);
//! let valid = sampler.valid(count).expect("there are integers up to 9");
//! assert!(sampler.mutations(count, &valid).iter().any(|mutation| mutation.keyword == "maximum"));
//! ```
//!
//! In reading order: `demand` collects everything that a value must satisfy, and `generate` produces the value, with `object`, `number`,
//! `text` and `regex` for each type. `needs` keeps recursion finite, `mutate` and `violate` break a valid value, and `spelling` writes a
//! value in other ways.

mod demand;
mod generate;
mod mutate;
mod needs;
mod number;
mod object;
mod random;
mod regex;
mod spelling;
mod text;
mod violate;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::interpret;
use crate::model::{Contract, SchemaId};
use needs::Needs;
use random::Random;

pub use spelling::broken_texts;

/// Generates samples of the schemas of one contract.
pub struct Sampler<'c> {
    contract: &'c Contract,
    random: Random,
    needs: Vec<Needs>,
    mood: Mood,
    /// How many values may still be tried for the current sample. Retries nest, so this limit bounds the time, not the number of retries.
    effort: usize,
}

/// The style of a sample, drawn at random for each sample.
#[derive(Clone, Copy)]
struct Mood {
    /// From this level, values are as small as possible.
    level_soft: usize,
    /// How many values the sample may contain before the rest is made as small as possible.
    size_soft: usize,
    /// Whether recursion goes as deep as `x-max-depth` allows.
    deep: bool,
}

/// An instance that breaks one rule.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mutation {
    /// The invalid value.
    pub value: Value,
    /// The JSON pointer of the reported violation. There may be others.
    pub pointer: String,
    /// The violated keyword. A violation inside an untagged union is reported as `oneOf` or `anyOf` of the outermost union.
    pub keyword: String,
}

/// How many whole samples are tried before the sampler gives up on a schema.
const SAMPLES_TRIED_MAX: usize = 24;
/// How many values may be tried for one sample, retries included.
const EFFORT_MAX: usize = 6_000;

impl<'c> Sampler<'c> {
    /// Creates a sampler. The same seed produces the same instances.
    pub fn new(contract: &'c Contract, seed: u64) -> Self {
        let mood = Mood { level_soft: 0, size_soft: 0, deep: false };
        Sampler { contract, random: Random::new(seed), needs: needs::measure(contract), mood, effort: 0 }
    }

    /// A valid instance. `None` means that none was found, not that none exists.
    pub fn valid(&mut self, schema: SchemaId) -> Option<Value> {
        (0..SAMPLES_TRIED_MAX).find_map(|attempt| {
            // The last attempts generate small instances, for schemas whose large instances are rarely valid.
            let small = attempt * 2 >= SAMPLES_TRIED_MAX;
            self.mood = if small { Mood { level_soft: 1, size_soft: 10, deep: false } } else { self.draw_mood(schema) };
            self.effort = EFFORT_MAX;
            self.sample(&[schema]).filter(|value| self.accepts(schema, value))
        })
    }

    /// Instances derived from a valid one, each of which breaks one rule if possible.
    ///
    /// Each rule of each schema is broken at the first place where it applies. Only values for which
    /// [`interpret::validate`] reports the pointer and keyword of the mutation are returned. It may report other violations as well.
    pub fn mutations(&mut self, schema: SchemaId, valid: &Value) -> Vec<Mutation> {
        self.mutate(schema, valid)
    }

    /// JSON texts with the same meaning as `value`, which every validator must treat the same. The first is the plain one.
    pub fn text_variants(&mut self, value: &Value) -> Vec<String> {
        spelling::variants(value, &mut self.random)
    }

    /// Whether the interpreter accepts the value.
    fn accepts(&self, schema: SchemaId, value: &Value) -> bool {
        serde_json::to_vec(value).is_ok_and(|text| interpret::validate(self.contract, schema, &text).is_ok())
    }

    fn draw_mood(&mut self, schema: SchemaId) -> Mood {
        let deep = self.needs[schema.0].recurses && self.random.one_in(5);
        let level_soft = [2, 3, 4, 5, 8][self.random.below(5)];
        let size_soft = [20, 60, 150, 400][self.random.below(4)];
        Mood { level_soft, size_soft, deep }
    }
}

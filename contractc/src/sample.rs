//! Makes JSON for tests: valid instances of any schema of a contract, instances that break one rule each, and other spellings of both.
//!
//! Everything that is handed out was judged by [`crate::interpret`] first. The same contract, seed and calls give the same samples.
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
//! In reading order: `demand` gathers all that a value must satisfy at once and `generate` makes the value, with `object`, `number`,
//! `text` and `regex` for its kinds; `needs` keeps recursion finite; `mutate` and `violate` break a valid value; `spelling` writes it in other words.

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

/// Makes samples of the schemas of one contract.
pub struct Sampler<'c> {
    contract: &'c Contract,
    random: Random,
    needs: Vec<Needs>,
    mood: Mood,
    /// How many values may still be tried for the sample at hand. Retries nest, so this and not their number bounds the time.
    effort: usize,
}

/// What kind of sample is being made; drawn anew for each.
#[derive(Clone, Copy)]
struct Mood {
    /// From this level on values are as small as they may be.
    level_soft: usize,
    /// How many values the sample may have before it is finished as small as it may be.
    size_soft: usize,
    /// Whether recursion goes as deep as `x-max-depth` lets it.
    deep: bool,
}

/// An instance that breaks a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// The value.
    pub value: Value,
    /// JSON pointer of the violation that is reported, perhaps among others.
    pub pointer: String,
    /// Its keyword. What is wrong inside an untagged union shows as `oneOf` or `anyOf` of the outermost one.
    pub keyword: String,
}

/// How many whole samples are made before a schema counts as one that has none.
const SAMPLES_TRIED_MAX: usize = 24;
/// How many values a sample may cost, retries included.
const EFFORT_MAX: usize = 6_000;

impl<'c> Sampler<'c> {
    /// A sampler that makes the same instances for the same seed.
    pub fn new(contract: &'c Contract, seed: u64) -> Self {
        let mood = Mood { level_soft: 0, size_soft: 0, deep: false };
        Sampler { contract, random: Random::new(seed), needs: needs::measure(contract), mood, effort: 0 }
    }

    /// A valid instance; nothing if none was found, which need not mean that there is none.
    pub fn valid(&mut self, schema: SchemaId) -> Option<Value> {
        (0..SAMPLES_TRIED_MAX).find_map(|attempt| {
            // The last attempts are for schemas of which only small instances are easy to find.
            let small = attempt * 2 >= SAMPLES_TRIED_MAX;
            self.mood = if small { Mood { level_soft: 1, size_soft: 10, deep: false } } else { self.draw_mood(schema) };
            self.effort = EFFORT_MAX;
            self.sample(&[schema]).filter(|value| self.accepts(schema, value))
        })
    }

    /// Instances that break one rule each, as far as that can be, made from a valid one.
    ///
    /// Each rule of each schema is broken at the first place that it applies to. Only values for which
    /// [`interpret::validate`] reports the pointer and keyword that the mutation names are returned; it may report others besides.
    pub fn mutations(&mut self, schema: SchemaId, valid: &Value) -> Vec<Mutation> {
        self.mutate(schema, valid)
    }

    /// JSON texts that all mean `value`, so that no judge may tell them apart; the first is the plain one.
    pub fn text_variants(&mut self, value: &Value) -> Vec<String> {
        spelling::variants(value, &mut self.random)
    }

    /// Whether the contract's own judge accepts the value.
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

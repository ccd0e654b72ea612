//! The contract's patterns are ECMA-262 regexes, for which a browser has an engine. The crate `regress` would be a third of the
//! WebAssembly, so Cargo.toml replaces it with this crate.

#![deny(missing_docs)]

use std::cell::RefCell;
use std::fmt;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    type RegExp;

    #[wasm_bindgen(constructor, catch)]
    fn new(source: &str, flags: &str) -> Result<RegExp, JsValue>;

    #[wasm_bindgen(method)]
    fn test(this: &RegExp, text: &str) -> bool;
}

thread_local! {
    /// A JavaScript value belongs to its thread, and patterns are shared. There is only one thread.
    static MADE: RefCell<Vec<RegExp>> = const { RefCell::new(Vec::new()) };
}

/// A regular expression.
pub struct Regex(usize);

/// A match of a regular expression.
pub struct Match(());

/// The reason why a text is not a regular expression.
#[derive(Debug)]
pub struct Error(());

impl Regex {
    /// A regular expression without flags.
    ///
    /// # Errors
    /// Returns an error if the text is not a regular expression.
    pub fn new(source: &str) -> Result<Regex, Error> {
        Regex::with_flags(source, "")
    }

    /// A regular expression with flags.
    ///
    /// # Errors
    /// Returns an error if the text is not a regular expression.
    pub fn with_flags(source: &str, flags: &str) -> Result<Regex, Error> {
        let made = RegExp::new(source, flags).map_err(|_| Error(()))?;
        MADE.with_borrow_mut(|all| {
            all.push(made);
            Ok(Regex(all.len() - 1))
        })
    }

    /// The first match.
    pub fn find(&self, text: &str) -> Option<Match> {
        MADE.with_borrow(|all| all.get(self.0).is_some_and(|regex| regex.test(text))).then_some(Match(()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a regular expression")
    }
}

impl std::error::Error for Error {}

//! The contract's patterns are those of ECMA-262, and a browser has an engine for them: the one of the crate `regress` stays outside of the
//! WebAssembly, where it would be a third of all code. Cargo.toml puts this crate in its place.

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
    /// A value of JavaScript's belongs to its thread; a pattern is shared. There is one thread.
    static MADE: RefCell<Vec<RegExp>> = const { RefCell::new(Vec::new()) };
}

/// A regular expression.
pub struct Regex(usize);

/// A place where a regular expression matches.
pub struct Match(());

/// Why a text is no regular expression.
#[derive(Debug)]
pub struct Error(());

impl Regex {
    /// A regular expression without flags.
    ///
    /// # Errors
    /// The text is none.
    pub fn new(source: &str) -> Result<Regex, Error> {
        Regex::with_flags(source, "")
    }

    /// A regular expression with flags.
    ///
    /// # Errors
    /// The text is none.
    pub fn with_flags(source: &str, flags: &str) -> Result<Regex, Error> {
        let made = RegExp::new(source, flags).map_err(|_| Error(()))?;
        MADE.with_borrow_mut(|all| {
            all.push(made);
            Ok(Regex(all.len() - 1))
        })
    }

    /// Where it matches first.
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

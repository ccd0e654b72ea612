//! Matches the patterns of a document, which are known only at run time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::runtime::pattern::Pattern;

/// How many patterns a thread keeps compiled.
const KEPT_MAX: usize = 1_000;

/// Whether the regex `source` matches anywhere in `text`. Compiling takes much longer than matching, so each thread compiles a pattern once.
pub(crate) fn matches(source: &str, text: &str) -> bool {
    thread_local! {
        static KEPT: RefCell<HashMap<Box<str>, Rc<Pattern>>> = RefCell::default();
    }
    let pattern = KEPT.with_borrow_mut(|kept| {
        if let Some(pattern) = kept.get(source) {
            return Rc::clone(pattern);
        }
        if kept.len() == KEPT_MAX {
            kept.clear();
        }
        let pattern = Rc::new(Pattern::from_string(source.to_owned()));
        kept.insert(source.into(), Rc::clone(&pattern));
        pattern
    });
    pattern.matches(text)
}

//! The result of validation: every violation, with its location, keyword and message.

#[cfg(not(target_arch = "wasm32"))]
use std::cell::{Cell, RefCell};
#[cfg(not(target_arch = "wasm32"))]
use std::collections::HashMap;
use std::fmt;
#[cfg(not(target_arch = "wasm32"))]
use std::rc::Rc;

use serde::Serialize;

use super::json::Json;

/// One violated keyword.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The JSON pointer to the invalid value. For `required`, the pointer to the object that lacks the member.
    pub pointer: String,
    /// The violated keyword of the contract; `syntax` if the text is not JSON.
    pub keyword: &'static str,
    /// What was found and what was expected.
    pub message: String,
}

/// All violations in one value: at least one, at most [`VIOLATIONS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The violations, in the order in which they were found.
    pub violations: Vec<Violation>,
}

/// The maximum number of violations in a report: more than anyone reads, and few enough to bound its cost.
pub const VIOLATIONS_MAX: usize = 1000;

impl Report {
    /// A report with one violation at the root.
    pub fn new(keyword: &'static str, message: impl Into<String>) -> Self {
        Report { violations: vec![Violation { pointer: String::new(), keyword, message: message.into() }] }
    }

    /// The violations that a response lists: the first hundred, with texts truncated to 2,000 characters.
    pub fn in_brief(&self) -> Vec<Violation> {
        let cut = |text: &str| text.chars().take(2_000).collect();
        let brief = |violation: &Violation| Violation {
            pointer: cut(&violation.pointer),
            keyword: violation.keyword,
            message: cut(&violation.message),
        };
        self.violations.iter().take(100).map(brief).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            let place = if violation.pointer.is_empty() { "the value" } else { &violation.pointer };
            write!(f, "{place} {} ({})", violation.message, violation.keyword)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// The current location of a validator: a linked list on the stack, converted to a JSON pointer only if there is a violation.
#[derive(Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    /// The location of the whole value.
    pub const ROOT: At<'static> = At { parent: None, step: Step::Root };

    /// The location of a member of this value.
    pub fn member(&'a self, name: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Member(name) }
    }

    /// The location of an item of this value.
    pub fn item(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), step: Step::Item(index) }
    }

    /// The JSON pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        let mut pointer = self.parent.map(At::pointer).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Member(name) => {
                pointer.push('/');
                pointer.push_str(&escaped(name));
            }
            Step::Item(index) => pointer.push_str(&format!("/{index}")),
        }
        pointer
    }
}

/// Escapes a name as a token of a JSON pointer (RFC 6901).
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The number of recursive schemas whose levels are counted without allocation.
const FEW_DEPTHS: usize = 4;

/// The nesting depth of rules that visit a part repeatedly from which on results are cached. WebAssembly caches none, because the code for
/// it would be a large part of the whole.
#[cfg(not(target_arch = "wasm32"))]
const LEVELS_FEW: usize = 1;

/// The number of such rules inside the outermost one after which results are cached, so that ordinary values need no memory.
#[cfg(not(target_arch = "wasm32"))]
const CALLS_FEW: usize = 64;

/// A rule, an array or object, and the recursion levels at which the rule has checked it.
#[cfg(not(target_arch = "wasm32"))]
type CheckKey = (usize, (usize, usize), [usize; FEW_DEPTHS]);

/// The result of the check.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy)]
enum CachedResult {
    Passed,
    Failed,
    /// Failed, and the violations are recorded.
    Reported,
}

#[cfg(not(target_arch = "wasm32"))]
type Cache = Rc<RefCell<HashMap<CheckKey, CachedResult>>>;

/// Collects violations. Costs nothing while there are none.
pub struct Checker {
    violations: Vec<Violation>,
    pub(super) failed: bool,
    /// Whether only the existence of a violation matters, not its description.
    pub(super) probing: bool,
    /// Whether the value is already known to be invalid, so that every part is checked for violations.
    pub(super) collecting: bool,
    /// Whether messages leave out the values, which are secret.
    secret: bool,
    /// Whether items of `x-each` arrays are skipped, to be validated one by one later.
    pub(super) apart: bool,
    /// The current recursion level of each schema with `x-max-depth`, by its index. Schemas with high indexes are in `more_depths`.
    depths: [usize; FEW_DEPTHS],
    more_depths: Vec<usize>,
    /// The current nesting depth of rules that visit a part repeatedly.
    #[cfg(not(target_arch = "wasm32"))]
    levels: usize,
    /// The number of such rules that have been followed inside the outermost one.
    #[cfg(not(target_arch = "wasm32"))]
    calls: Cell<usize>,
    /// The cached results, once there are many such rules: rules that apply to a part in several ways would otherwise double the work at
    /// each level.
    #[cfg(not(target_arch = "wasm32"))]
    cache: Option<Cache>,
}

impl Checker {
    /// A checker that collects the violations of the whole value.
    pub fn new() -> Self {
        Checker {
            violations: Vec::new(),
            failed: false,
            probing: false,
            collecting: false,
            secret: false,
            apart: false,
            depths: [0; FEW_DEPTHS],
            more_depths: Vec::new(),
            #[cfg(not(target_arch = "wasm32"))]
            levels: 0,
            #[cfg(not(target_arch = "wasm32"))]
            calls: Cell::new(0),
            #[cfg(not(target_arch = "wasm32"))]
            cache: None,
        }
    }

    /// Like [`Checker::new`], but leaves the items of `x-each` arrays to [`super::schema::Each`].
    pub fn apart() -> Self {
        Checker { apart: true, ..Checker::new() }
    }

    /// A checker that only determines whether there is a violation.
    pub(super) fn probe(self) -> Self {
        Checker { probing: true, ..self }
    }

    /// Forgets the violations.
    pub(super) fn forget(&mut self) {
        self.failed = false;
        self.violations.clear();
    }

    /// The result.
    ///
    /// # Errors
    /// Returns the collected violations, if there are any.
    pub fn finish(self) -> Result<(), Report> {
        if self.failed { Err(Report { violations: self.violations }) } else { Ok(()) }
    }

    /// Whether no violation has been found so far.
    pub fn passed(&self) -> bool {
        !self.failed
    }

    /// Whether `check` finds no violation. Any violations that it finds are discarded.
    pub fn accepts(&self, check: impl FnOnce(&mut Checker)) -> bool {
        let (depths, more_depths) = (self.depths, self.more_depths.clone());
        let mut probe = Checker { probing: true, apart: self.apart, depths, more_depths, ..Checker::new() };
        #[cfg(not(target_arch = "wasm32"))]
        {
            probe.levels = self.levels;
            probe.calls = self.calls.clone();
            probe.cache = self.cache.clone();
        }
        check(&mut probe);
        #[cfg(not(target_arch = "wasm32"))]
        self.calls.set(probe.calls.get());
        !probe.failed
    }

    /// Checks a value against a rule, which `rule` identifies, unless the result is cached.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn once(&mut self, rule: usize, value: Json<'_>, check: impl FnOnce(Json<'_>, &mut Checker)) {
        if self.probing && self.failed {
            return;
        }
        let calls = if self.levels == 0 { 1 } else { self.calls.get() + 1 };
        self.calls.set(calls);
        self.levels += 1;
        if self.levels > LEVELS_FEW && calls > CALLS_FEW && self.more_depths.is_empty() && matches!(value, Json::Array(_) | Json::Object(_))
        {
            self.remember(rule, value, check);
        } else {
            check(value, self);
        }
        self.levels -= 1;
    }

    /// Checks a value against a rule.
    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    pub fn once(&mut self, _: usize, value: Json<'_>, check: impl FnOnce(Json<'_>, &mut Checker)) {
        check(value, self);
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn remember(&mut self, rule: usize, value: Json<'_>, check: impl FnOnce(Json<'_>, &mut Checker)) {
        let outer = self.cache.clone();
        match value.identity() {
            Some(identity) => {
                let cache = self.cache.get_or_insert_default().clone();
                self.cached(&cache, (rule, identity, self.depths), value, check);
            }
            // A typed value may have the same address as its first member. A copy distinguishes them, and needs its own cache.
            None => {
                self.cache = Some(Cache::default());
                check(Json::from(&value.to_value()), self);
            }
        }
        self.cache = outer;
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn cached(&mut self, cache: &Cache, key: CheckKey, value: Json<'_>, check: impl FnOnce(Json<'_>, &mut Checker)) {
        let result = cache.borrow().get(&key).copied();
        match result {
            Some(CachedResult::Passed) => {}
            Some(CachedResult::Reported) => self.failed = true,
            Some(CachedResult::Failed) if self.probing => self.failed = true,
            _ => {
                let failed = std::mem::replace(&mut self.failed, false);
                check(value, self);
                let result = match (self.failed, self.probing) {
                    (false, _) => CachedResult::Passed,
                    (true, true) => CachedResult::Failed,
                    (true, false) => CachedResult::Reported,
                };
                cache.borrow_mut().insert(key, result);
                self.failed |= failed;
            }
        }
    }

    /// Records a violation. Each keyword is recorded once per location.
    #[cold]
    pub fn violation(&mut self, at: At<'_>, keyword: &'static str, message: impl FnOnce() -> String) {
        if let Some(pointer) = self.new_violation_at(at, keyword) {
            self.push(pointer, keyword, message());
        }
    }

    /// The pointer of a violation that needs a message. Separate from `violation`, which is compiled once per message.
    #[cold]
    #[inline(never)]
    fn new_violation_at(&mut self, at: At<'_>, keyword: &'static str) -> Option<String> {
        self.failed = true;
        if self.probing || self.violations.len() == VIOLATIONS_MAX {
            return None;
        }
        let pointer = at.pointer();
        if self.violations.iter().any(|seen| seen.keyword == keyword && seen.pointer == pointer) {
            return None;
        }
        if self.secret {
            self.push(pointer, keyword, "is not accepted; the value is secret".to_owned());
            return None;
        }
        Some(pointer)
    }

    #[cold]
    #[inline(never)]
    fn push(&mut self, pointer: String, keyword: &'static str, message: String) {
        self.violations.push(Violation { pointer, keyword, message });
    }

    /// Runs `check` on a value that no message repeats, such as a password.
    pub fn secretly(&mut self, check: impl FnOnce(&mut Checker)) {
        let outer = std::mem::replace(&mut self.secret, true);
        check(self);
        self.secret = outer;
    }

    /// Runs `check` one level deeper in a recursive schema, or records a violation if that is deeper than `max`. The schemas with a
    /// maximum are numbered from 0, and their levels are counted separately.
    pub fn nested(&mut self, schema: usize, max: usize, at: At<'_>, check: impl FnOnce(&mut Checker)) {
        if *self.depth(schema) == max {
            return self.violation(at, "x-max-depth", || format!("nests deeper than {max} levels"));
        }
        *self.depth(schema) += 1;
        check(self);
        *self.depth(schema) -= 1;
    }

    fn depth(&mut self, schema: usize) -> &mut usize {
        let Some(more) = schema.checked_sub(FEW_DEPTHS) else { return &mut self.depths[schema] };
        if self.more_depths.len() <= more {
            self.more_depths.resize(more + 1, 0);
        }
        &mut self.more_depths[more]
    }
}

impl Default for Checker {
    fn default() -> Self {
        Checker::new()
    }
}

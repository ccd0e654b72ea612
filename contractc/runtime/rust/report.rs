//! The result of validation: every violation, with its location, keyword and message.

#[cfg(not(target_arch = "wasm32"))]
use std::cell::RefCell;
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

/// The maximum number of violations in a report: enough for a person, too few to be abused.
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

/// For how many recursive schemas levels are counted without allocation.
const FEW_DEPTHS: usize = 4;

/// How deep variants of unions are tried within each other before verdicts are remembered. Each level has two probes. In WebAssembly no
/// verdicts are remembered: the code for it would be a large part of the whole.
#[cfg(not(target_arch = "wasm32"))]
const PROBES_FEW: usize = 16;

/// A rule, an array or object, and the recursion levels from which the rule has judged it.
#[cfg(not(target_arch = "wasm32"))]
type Judged = (usize, (usize, usize), [usize; FEW_DEPTHS]);

/// What came of it, in buckets. A map of the standard library is larger code than all else here.
#[cfg(not(target_arch = "wasm32"))]
type Known = Rc<RefCell<Vec<Vec<(Judged, bool)>>>>;

#[cfg(not(target_arch = "wasm32"))]
const BUCKETS: usize = 256;

#[cfg(not(target_arch = "wasm32"))]
fn nothing_known() -> Known {
    Rc::new(RefCell::new(vec![Vec::new(); BUCKETS]))
}

/// Collects violations. Costs nothing while there are none.
pub struct Checker {
    violations: Vec<Violation>,
    pub(super) failed: bool,
    /// Whether only the existence of a violation matters, not its description.
    pub(super) probing: bool,
    /// Whether it is known that the value is not valid, so that each part is looked at for what is wrong.
    pub(super) telling: bool,
    /// Whether items of `x-each` arrays are skipped, to be validated one by one later.
    pub(super) apart: bool,
    /// The current recursion level of each schema with `x-max-depth`, by its index. Schemas with high indexes are in `more_depths`.
    depths: [usize; FEW_DEPTHS],
    more_depths: Vec<usize>,
    /// How many probes are within each other.
    #[cfg(not(target_arch = "wasm32"))]
    probes: usize,
    /// What is known, if the probes are many: variants that contain the same union would otherwise judge a part twice as often per level.
    #[cfg(not(target_arch = "wasm32"))]
    known: Option<Known>,
}

impl Checker {
    /// A checker that collects the violations of the whole value.
    pub fn new() -> Self {
        Checker {
            violations: Vec::new(),
            failed: false,
            probing: false,
            telling: false,
            apart: false,
            depths: [0; FEW_DEPTHS],
            more_depths: Vec::new(),
            #[cfg(not(target_arch = "wasm32"))]
            probes: 0,
            #[cfg(not(target_arch = "wasm32"))]
            known: None,
        }
    }

    /// Like [`Checker::new`], but leaves the items of `x-each` arrays to [`super::schema::Each`].
    pub fn apart() -> Self {
        Checker { apart: true, ..Checker::new() }
    }

    /// A checker that finds out only whether there is a violation.
    pub(super) fn probe(self) -> Self {
        Checker { probing: true, ..self }
    }

    /// Forgets the violations.
    pub(super) fn forget(&mut self) {
        self.failed = false;
        self.violations.clear();
    }

    /// The verdict.
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
            probe.probes = self.probes + 1;
            probe.known = self.known.clone().or_else(|| (self.probes >= PROBES_FEW).then(nothing_known));
        }
        check(&mut probe);
        !probe.failed
    }

    /// Judges a value by a rule, which `rule` identifies, unless it is known from another variant what comes of it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn once(&mut self, rule: usize, value: Json<'_>, check: impl FnOnce(Json<'_>, &mut Checker)) {
        if !(self.probing && self.failed) {
            self.remember(rule, value, check);
        }
    }

    /// Judges a value by a rule.
    #[cfg(target_arch = "wasm32")]
    #[inline(always)]
    pub fn once(&mut self, _: usize, value: Json<'_>, check: impl FnOnce(Json<'_>, &mut Checker)) {
        check(value, self);
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn remember(&mut self, rule: usize, value: Json<'_>, check: impl FnOnce(Json<'_>, &mut Checker)) {
        let Some(known) = self.known.clone().filter(|_| self.more_depths.is_empty()) else { return check(value, self) };
        let Some(identity) = value.identity() else {
            // A typed value may begin where its first member does. A copy tells them apart, and needs verdicts of its own.
            let copy = matches!(value, Json::Array(_) | Json::Object(_)).then(|| value.to_value());
            let outer = copy.is_some().then(|| self.known.replace(nothing_known()));
            check(copy.as_ref().map_or(value, Json::from), self);
            self.known = outer.unwrap_or(Some(known));
            return;
        };
        let key = (rule, identity, self.depths);
        let bucket = ((rule / 16) ^ identity.1) % BUCKETS;
        let verdict = known.borrow()[bucket].iter().find(|(seen, _)| *seen == key).map(|(_, passed)| *passed);
        self.failed = !verdict.unwrap_or_else(|| {
            check(value, self);
            known.borrow_mut()[bucket].push((key, !self.failed));
            !self.failed
        });
    }

    /// Records a violation. Each keyword is recorded once per location.
    #[cold]
    pub fn violation(&mut self, at: At<'_>, keyword: &'static str, message: impl FnOnce() -> String) {
        self.failed = true;
        if self.probing || self.violations.len() == VIOLATIONS_MAX {
            return;
        }
        let pointer = at.pointer();
        if !self.violations.iter().any(|seen| seen.keyword == keyword && seen.pointer == pointer) {
            self.violations.push(Violation { pointer, keyword, message: message() });
        }
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

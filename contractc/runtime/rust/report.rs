//! What a validator found: every violation, with its place, its keyword and a sentence.

use std::fmt;

use serde::Serialize;

/// One violated keyword.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// JSON pointer to the value at fault; for `required`, to the object that lacks the member.
    pub pointer: String,
    /// The violated keyword of the contract; `syntax` where the text is not JSON.
    pub keyword: &'static str,
    /// What was seen and what is accepted.
    pub message: String,
}

/// Everything that is wrong with one value: never empty, at most [`VIOLATIONS_MAX`] long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order in which they were found.
    pub violations: Vec<Violation>,
}

/// How many violations a report lists: enough for a person, too few to be turned into a weapon.
pub const VIOLATIONS_MAX: usize = 1000;

impl Report {
    /// A report of one violation at the root.
    pub fn new(keyword: &'static str, message: impl Into<String>) -> Self {
        Report { violations: vec![Violation { pointer: String::new(), keyword, message: message.into() }] }
    }

    /// What an answer lists of it: the first hundred violations, their texts cut to 2,000 characters.
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

/// Where a validator is: a linked list on its own stack, turned into a JSON pointer only when something is wrong.
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
    /// The whole value.
    pub const ROOT: At<'static> = At { parent: None, step: Step::Root };

    /// A member of this place.
    pub fn member(&'a self, name: &'a str) -> At<'a> {
        At { parent: Some(self), step: Step::Member(name) }
    }

    /// An item of this place.
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

/// A name as a token of a JSON pointer (RFC 6901).
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// For how many recursive schemas levels are counted without an allocation.
const FEW_DEPTHS: usize = 4;

/// Collects violations; costs nothing while there are none.
pub struct Checker {
    violations: Vec<Violation>,
    failed: bool,
    /// Only whether something is wrong is asked, not what.
    probing: bool,
    /// Items under `x-each` are left to be judged one by one.
    pub(super) apart: bool,
    /// How deep each schema with `x-max-depth` has recursed, by its number; those of high numbers are in `more_depths`.
    depths: [usize; FEW_DEPTHS],
    more_depths: Vec<usize>,
}

impl Checker {
    /// Lists all violations of the whole value.
    pub fn new() -> Self {
        Checker { violations: Vec::new(), failed: false, probing: false, apart: false, depths: [0; FEW_DEPTHS], more_depths: Vec::new() }
    }

    /// Like [`Checker::new`], but leaves the items of `x-each` arrays to [`super::schema::Each`].
    pub fn apart() -> Self {
        Checker { apart: true, ..Checker::new() }
    }

    /// Everything that was found, or the news that nothing was.
    pub fn finish(self) -> Result<(), Report> {
        if self.failed { Err(Report { violations: self.violations }) } else { Ok(()) }
    }

    /// Whether nothing has been found so far.
    pub fn passed(&self) -> bool {
        !self.failed
    }

    /// Whether `check` finds nothing wrong; leaves no trace of what it found.
    pub fn accepts(&self, check: impl FnOnce(&mut Checker)) -> bool {
        let (depths, more_depths) = (self.depths, self.more_depths.clone());
        let mut probe = Checker { violations: Vec::new(), failed: false, probing: true, apart: self.apart, depths, more_depths };
        check(&mut probe);
        !probe.failed
    }

    /// Records a violation; one of a keyword at a place is enough.
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

    /// Runs `check` one level further down a recursive schema, unless that is deeper than `max`. The schemas with a bound are numbered
    /// from 0: the levels of one are none of another's.
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

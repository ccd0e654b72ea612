//! Validating a valid value allocates nothing: a whole page is validated under a counting allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use contractc::Compilation;
use contractc::sample::Sampler;
use stronglog_sync::api::runtime::report::{At, Checker};
use stronglog_sync::api::runtime::tape::Tape;
use stronglog_sync::api::{FeedPage, Schema};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is forwarded to the system allocator unchanged; besides that, only a thread-local counter is changed.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

/// The number of levels of arrays and objects up to which nothing is cached.
const LEVELS_WITHOUT: usize = 20;

fn levels(text: &str) -> usize {
    let level = |level: &mut isize, letter| {
        *level += match letter {
            '[' | '{' => 1,
            ']' | '}' => -1,
            _ => 0,
        };
        Some(*level)
    };
    text.chars().scan(0, level).max().unwrap_or(0).unsigned_abs()
}

#[test]
fn a_valid_value_is_validated_without_allocating() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/openapi.yaml");
    let compilation = Compilation::from_file(&path).expect("the contract can be read");
    let contract = compilation.contract.as_ref().expect("the contract compiles");
    let schema = contract.named("FeedPage").expect("a page");
    let mut sampler = Sampler::new(contract, 5);
    let texts = (0..60).filter_map(|_| sampler.valid(schema)).map(|page| page.to_string());
    // The keys of `progressionAdjustments` need a regular expression engine, which allocates.
    let texts: Vec<String> = texts.filter(|text| !text.contains("progressionAdjustments")).collect();
    let flat = texts.iter().filter(|text| levels(text) <= LEVELS_WITHOUT).count();
    assert!(flat > 20, "only {flat} pages");
    for text in &texts {
        let tape = Tape::parse(text.as_bytes()).expect("JSON");
        let page = FeedPage::from_json(text.as_bytes()).expect("valid");
        // Patterns are compiled on first use, so only the second round is counted.
        let check = || {
            let mut out = Checker::new();
            FeedPage::check(tape.root(), At::ROOT, &mut out);
            assert!(out.passed());
            assert!(page.validate().is_ok());
        };
        check();
        let count = allocations(check);
        // The results of deeply nested unions are cached.
        assert!(count == 0 || levels(text) > LEVELS_WITHOUT, "{count} for {text}");
    }
}

//! Every name in scope of generated code: the identifiers of the runtimes, of the preludes and of both languages.

use std::collections::BTreeSet;
use std::path::Path;

/// Keywords, prelude, methods of traits in scope, and globals, where the runtimes do not use them.
const WORDS: &str = "abstract any arguments as assert async asserts await become bigint boolean box break case catch class const constructor continue crate \
    debugger declare default delete do dyn else enum eval except export extends extern false final finally fn for from function gen get global if \
    impl implements import in infer instanceof interface intrinsic is keyof let loop macro match mod module move mut namespace never new null \
    number object of out override package priv private protected public pub readonly ref require return satisfies self Self set static string \
    struct super switch symbol this throw trait true try type typeof undefined union unique unknown unsafe unsized use using var virtual void \
    where while with yield raw safe \
    AsMut AsRef AsyncFn AsyncFnMut AsyncFnOnce Box Clone Copy Default DoubleEndedIterator Drop Eq Err ExactSizeIterator Extend Fn FnMut FnOnce \
    From FromIterator Future Into IntoFuture IntoIterator Iterator None Ok Option Ord PartialEq PartialOrd Result Send Sized Some String Sync \
    ToOwned ToString TryFrom TryInto Unpin Vec Debug Display Hash Error Deref Serialize Deserialize Serializer Deserializer \
    drop clone cmp eq ne partialCmp partial_cmp fmt hash borrow borrowMut asRef asMut into tryInto tryFrom toOwned to_string toString next deref \
    send await poll intoIter fold map find copied core std alloc axum http reqwest serde serdeJson u8 u64 i64 f64 bool str usize char \
    vec matches println panic assert dbg todo unreachable cfg derive test allow deprecated \
    D T S A H N E O C F R Array ArrayBuffer Boolean Date Function Infinity JSON Map Math NaN Number Object Partial Pick Promise Proxy Readonly \
    Record Reflect RegExp Required Set Symbol Uint8Array WeakMap globalThis isNaN parseInt setTimeout fetch URL Headers Request Response FormData \
    Blob BodyInit ReadableStream AbortController console document window self name location process Buffer exports __dirname \
    __proto__ __defineGetter__ hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString valueOf prototype length caller callee apply \
    call bind then definitions Client createClient with_hooks SchemaTypes schemas Records Tables rt z \
    Add AddAssign BitAnd BitOr Div Index IndexMut Mul Neg Not Rem Shl Shr Sub DerefMut RangeBounds Range FromStr Hasher BuildHasher Sum Product Any \
    Borrow BorrowMut Binary Pointer Read Write Seek BufRead Termination Pin Arc Rc Cell RefCell Cow BTreeMap BTreeSet HashMap Duration Ordering \
    accessor defer concat line column env include format write writeln print eprintln module_path stringify compile_error format_args macro_rules \
    global_allocator test_case bench repr inline must_use automatically_derived non_exhaustive allow_internal expect warn deny forbid doc \
    all by_ref chain cloned collect count cycle enumerate filter flatten for_each inspect is_sorted last lt le gt ge max min nth partition peekable \
    position product rev rposition scan skip step_by sum take unzip zip size_hint clamp from_str from_iter into_iter extend add sub mul div rem neg not \
    index index_mut deref_mut as_ref as_mut borrow_mut to_owned clone_from try_from try_into type_id finish write_str source description cause";

/// The words, and every identifier that the runtimes' sources declare.
pub fn words() -> Vec<String> {
    let mut words: Vec<String> = WORDS.split_whitespace().map(str::to_owned).collect();
    // The package of the compiler, or one of the same repository.
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("contractc/runtime"));
    for runtime in packages.filter(|runtime| runtime.is_dir()) {
        collect(&runtime, &mut words);
    }
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// Words that precede the name of a declaration.
const DECLARING: &[&str] =
    &["class", "const", "enum", "fn", "function", "interface", "let", "macro_rules", "mod", "static", "struct", "trait", "type"];

fn collect(folder: &Path, words: &mut Vec<String>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("the runtime can be read").map(|entry| entry.expect("the entry can be read").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, words);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the source can be read");
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let is_letter = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let mut parts = line.split(|character| !is_letter(character)).filter(|part| !part.is_empty() && *part != "mut");
            while let Some(part) = parts.next() {
                if DECLARING.contains(&part) {
                    let is_name = |name: &&str| name.starts_with(|first: char| first.is_ascii_alphabetic());
                    words.extend(parts.clone().next().filter(is_name).map(str::to_owned));
                }
            }
        }
    }
}

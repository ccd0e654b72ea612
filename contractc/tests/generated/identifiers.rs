//! A document that uses every name in scope: each identifier of the runtimes, of the preludes and of both languages is a schema, an
//! operation, a parameter in each place, a member, an enum value, a tag, a response header, a security scheme, and a part of a form.

use std::collections::BTreeSet;
use std::path::Path;

use contractc::Compilation;
use serde_json::{Map, Value, json};

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
    for language in ["runtime/rust", "runtime/typescript"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(language), &mut words);
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

/// The document. Names of types and functions ignore case and underscores, so of several words that differ only in these, one names those.
pub fn compile() -> Compilation {
    let words = words();
    assert!(words.len() > 1_000, "only {} words were found", words.len());
    let text = json!({ "type": "string" });
    let (mut paths, mut schemas, mut schemes) = (Map::new(), Map::new(), Map::new());
    let mut seen = BTreeSet::new();
    for word in words.iter().filter(|word| seen.insert(word.replace('_', "").to_lowercase())) {
        let responses = json!({ "204": { "description": word } });
        let operation = json!({ "operationId": word, "tags": [word], "security": [{ word: [] }], "responses": responses });
        paths.insert(format!("/{word}"), json!({ "post": operation }));
        let quoted = format!("a \"{word}\" value");
        let properties = json!({ word: text, quoted.clone(): property(word) });
        schemas.insert(word.clone(), json!({ "type": "object", "required": [quoted], "properties": properties }));
        schemes.insert(word.clone(), json!({ "type": "apiKey", "in": "header", "name": word }));
    }
    for (index, some) in words.chunks(100).enumerate() {
        for (kind, media_type) in [("form", "application/x-www-form-urlencoded"), ("parts", "multipart/form-data")] {
            paths.insert(format!("/some/{kind}/{index}"), json!({ "post": operation(&format!("{kind} {index}"), some, media_type) }));
        }
        let tagged =
            |word: &String| json!({ "type": "object", "required": ["tag"], "properties": { "tag": { "const": word }, "of": text } });
        schemas.insert(format!("SomeTags{index}"), json!({ "oneOf": some.iter().map(tagged).collect::<Vec<_>>() }));
    }
    let mut members: Map<String, Value> = words.iter().map(|word| (word.clone(), text.clone())).collect();
    members.insert("$type".to_owned(), json!({ "const": "all" }));
    schemas.insert("AllMembers".to_owned(), json!({ "type": "object", "required": ["$type"], "properties": members }));
    schemas.insert("AllValues".to_owned(), json!({ "type": "string", "enum": words }));
    let components = json!({ "schemas": schemas, "securitySchemes": schemes });
    let document =
        json!({ "openapi": "3.1.0", "info": { "title": "Identifiers", "version": "1" }, "paths": paths, "components": components });
    Compilation::from_text("identifiers.json", document.to_string().as_bytes())
}

/// An operation with these words as parameters, members of its body, and headers of its response.
fn operation(id: &str, words: &[String], media_type: &str) -> Value {
    let text = json!({ "type": "string" });
    let by_word = |value: &Value| words.iter().map(|word| (word.clone(), value.clone())).collect::<Map<_, _>>();
    let parameter = |word| ["query", "header", "cookie"].map(|place| json!({ "name": word, "in": place, "schema": text }));
    let parameters: Vec<Value> = words.iter().flat_map(parameter).collect();
    let body = json!({ "type": "object", "properties": by_word(&text) });
    json!({
        "operationId": id,
        "parameters": parameters,
        "requestBody": { "content": { media_type: { "schema": body } } },
        "responses": { "204": { "description": "Done.", "headers": by_word(&json!({ "schema": text })) } }
    })
}

/// Types of each kind in turn.
fn property(word: &str) -> Value {
    match word.len() % 4 {
        0 => json!({ "type": "string", "maxLength": 8 }),
        1 => json!({ "type": "array", "items": { "type": "integer" } }),
        2 => json!({ "type": "object", "additionalProperties": { "type": "boolean" } }),
        _ => json!({ "type": ["number", "null"] }),
    }
}

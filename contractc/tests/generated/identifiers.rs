//! A document that uses every name in scope: each identifier of the runtimes, of the preludes and of both languages is a schema, an
//! operation, a parameter, a member, an enum value and a tag.

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
    call bind then definitions Client createClient with_hooks SchemaTypes schemas Records Tables rt z";

/// The words, and every identifier of the runtimes' sources. No two differ only in case and underscores.
fn words() -> Vec<String> {
    let mut words: Vec<String> = WORDS.split_whitespace().map(str::to_owned).collect();
    for language in ["runtime/rust", "runtime/typescript"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(language), &mut words);
    }
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.replace('_', "").to_lowercase()));
    words
}

/// Words that precede the name of an exported declaration.
const DECLARING: &[&str] = &["class", "enum", "function", "interface", "macro_rules", "mod", "struct", "trait", "type"];

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
            let mut parts = line.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            while let Some(part) = parts.next() {
                if DECLARING.contains(&part) {
                    let is_name = |name: &&str| name.starts_with(|first: char| first.is_ascii_alphabetic());
                    words.extend(parts.clone().next().filter(is_name).map(str::to_owned));
                }
            }
        }
    }
}

/// The document.
pub fn compile() -> Compilation {
    let words = words();
    assert!(words.len() > 300, "only {} words were found", words.len());
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    let text = json!({ "type": "string" });
    for word in &words {
        let operation = json!({
            "operationId": word,
            "tags": [word],
            "parameters": [{ "name": word, "in": "query", "schema": text }],
            "responses": { "204": { "description": word } }
        });
        paths.insert(format!("/{word}"), json!({ "post": operation }));
        let quoted = format!("a \"{word}\" value");
        let properties = json!({ word: text, quoted.clone(): property(word) });
        schemas.insert(word.clone(), json!({ "type": "object", "required": [quoted], "properties": properties }));
    }
    let mut members: Map<String, Value> = words.iter().map(|word| (word.clone(), text.clone())).collect();
    members.insert("$type".to_owned(), json!({ "const": "all" }));
    schemas.insert("AllMembers".to_owned(), json!({ "type": "object", "required": ["$type"], "properties": members }));
    schemas.insert("AllValues".to_owned(), json!({ "type": "string", "enum": words }));
    let tagged = |word: &String| json!({ "type": "object", "required": ["tag"], "properties": { "tag": { "const": word }, word: text } });
    schemas.insert("AllTags".to_owned(), json!({ "oneOf": words.iter().take(80).map(tagged).collect::<Vec<_>>() }));
    let document = json!({ "openapi": "3.1.0", "info": { "title": "Identifiers", "version": "1" }, "paths": paths, "components": { "schemas": schemas } });
    Compilation::from_text("identifiers.json", document.to_string().as_bytes())
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

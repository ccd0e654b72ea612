//! Checks the documents: the files and tests that they name exist, they keep their size, and `tests/documents/messages.snap` lists every
//! message that the compiler, the engine, the command, the server and the browser package can print.

#[path = "documents/literals.rs"]
mod literals;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The hand-written documents, besides `docs/decisions/`.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "BENCHMARKS.md",
    "cli/README.md",
    "contractc/README.md",
    "contractc/npm/README.md",
    "docs/command.md",
    "docs/operations.md",
    "docs/rust.md",
    "docs/scale.md",
    "docs/security.md",
    "docs/story-7.7.md",
    "docs/wire.md",
    "examples/notes/README.md",
    "server/README.md",
    "web/README.md",
    "web/demo/README.md",
];

/// The folders and files with messages.
const SOURCES: &[&str] = &[
    "contractc/src",
    "contractc/npm/src",
    "contractc/npm/cli.js",
    "contractc/runtime/rust",
    "contractc/runtime/typescript",
    "src",
    "cli/src",
    "server/src",
    "web/engine/src",
    "web/src",
];
/// Sources whose texts are not messages: emitted code, samples, generated training data, generated types, metrics, and the names of commands.
const NO_MESSAGES: &[&str] = &[
    "contractc/src/emit",
    "contractc/src/sample",
    "cli/src/logs/header.rs",
    "cli/src/output.rs",
    "cli/src/quickstart/training",
    "server/src/metrics",
    "web/engine/src/border.rs",
    "web/engine/src/host_object.rs",
    "web/src/border.ts",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder, in order, except built and fetched ones; or the file itself.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.is_file() {
        return found.push(folder.to_owned());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder can be listed").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            // Fetched packages, and files that tests build.
            true if path.ends_with("node_modules")
                || path.ends_with("typescript/build")
                || path.ends_with("engine/pkg")
                || path.ends_with("dist") => {}
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// The text between single backticks, outside of code blocks.
fn code_spans(text: &str) -> Vec<&str> {
    let outside = text.split("\n```").step_by(2);
    outside.flat_map(|part| part.lines().flat_map(|line| line.split('`').skip(1).step_by(2))).collect()
}

/// Whether a code span names a file or folder of this repository: a path that begins with one of its top folders. Files that builds create
/// in `target` may not exist yet.
fn is_path(span: &str) -> bool {
    let top = span.split('/').next().unwrap_or_default();
    let plain = span.chars().all(|sign| sign.is_ascii_alphanumeric() || "/._-".contains(sign));
    plain && span.contains('/') && root().join(top).is_dir() && !["", "target"].contains(&top)
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut documents: Vec<PathBuf> = DOCUMENTS.iter().map(|path| root().join(path)).collect();
    files(&root().join("docs/decisions"), &mut documents);
    let mut missing = Vec::new();
    for document in &documents {
        let text = read(document);
        let home = document.parent().expect("a folder");
        let absent = |span: &&str| is_path(span) && !root().join(span).exists() && !home.join(span).exists();
        missing.extend(code_spans(&text).into_iter().filter(absent).map(|span| format!("{}: {span}", document.display())));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !home.join(file).exists() {
                missing.push(format!("{}: link to {target}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

/// A test is named as `file` › `name`.
#[test]
fn every_test_that_a_document_names_exists() {
    let (mut named, mut missing) = (0, Vec::new());
    for document in DOCUMENTS {
        let text = read(&root().join(document));
        for pair in text.split("` › `").collect::<Vec<_>>().windows(2) {
            let (Some(file), Some(test)) = (pair[0].rsplit('`').next(), pair[1].split('`').next()) else { continue };
            named += 1;
            let folder = root().join(file);
            let source = if folder.exists() { read(&folder) } else { String::new() };
            if !source.contains(&format!("fn {test}(")) && !source.contains(&format!("test(\"{test}\"")) {
                missing.push(format!("{document}: {file} › {test}"));
            }
        }
    }
    assert!(named > 0 && missing.is_empty(), "{named} tests are named, and these are not there:\n{}", missing.join("\n"));
}

/// The page names its tests without their files.
#[test]
fn every_test_that_the_page_on_security_names_exists() {
    let mut sources = Vec::new();
    SOURCES.iter().chain(&["tests", "server/tests", "cli/tests"]).for_each(|folder| files(&root().join(folder), &mut sources));
    let is_rust = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let code: String = sources.iter().filter(is_rust).map(|path| read(path)).collect();
    let page = read(&root().join("docs/security.md"));
    let is_name =
        |span: &&str| span.contains('_') && span.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_');
    let absent = |name: &&str| !code.contains(&format!("fn {name}("));
    let missing: Vec<_> = code_spans(&page).into_iter().filter(is_name).filter(absent).collect();
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

#[test]
fn every_decision_has_its_context_and_its_evidence() {
    let mut decisions = Vec::new();
    files(&root().join("docs/decisions"), &mut decisions);
    decisions.retain(|path| !path.ends_with("README.md"));
    let mut missing = Vec::new();
    for decision in &decisions {
        let text = read(decision);
        let absent = |part: &&str| !text.contains(&format!("\n## {part}\n"));
        missing
            .extend(["Context", "Decision", "Evidence"].into_iter().filter(absent).map(|part| format!("{}: {part}", decision.display())));
    }
    assert!(!decisions.is_empty() && missing.is_empty(), "these parts are not there:\n{}", missing.join("\n"));
}

#[test]
fn documents_keep_their_size() {
    let lines = |path: &str| read(&root().join(path)).lines().count();
    assert!(lines("ARCHITECTURE.md") <= 200, "ARCHITECTURE.md has {} lines; move depth to docs/", lines("ARCHITECTURE.md"));
    assert!(lines("CONTRIBUTING.md") <= 60, "CONTRIBUTING.md is no longer one screen");
    let readme = read(&root().join("README.md"));
    for part in readme.split("\n## ").skip(1) {
        let title = part.lines().next().unwrap_or_default();
        assert!(part.lines().count() <= 60, "README.md: \"{title}\" is longer than a screen; move depth behind a link");
    }
    let glossary = read(&root().join("ARCHITECTURE.md"));
    let terms = glossary.split("## Glossary").nth(1).map_or(0, |part| part.lines().filter(|line| line.starts_with("| ")).count() - 1);
    assert!((10..=25).contains(&terms), "the glossary has {terms} terms; at most 25 are kept");
}

/// Words that this project used for itself, and the standard words that took their place.
const PRIVATE_WORDS: &[(&str, &str)] = &[
    ("anew", "again, or a verb with re-"),
    ("believed", "trusted, or accepted"),
    ("believes", "trusts, or accepts"),
    ("candidacy", "request for the lock"),
    ("conjunct", "allOf closure"),
    ("conjuncts", "allOf closure"),
    ("deposed", "LeadershipLost"),
    ("doomed", "swept"),
    ("doorbell", "change notifications"),
    ("fence", "check"),
    ("fences", "checks"),
    ("judge", "validate, or check"),
    ("judges", "validates, or checks"),
    ("set aside", "quarantine"),
    ("sets aside", "quarantines"),
    ("stranger", "unauthenticated client"),
    ("strangers", "unauthenticated clients, or interop tests"),
    ("telling", "collecting, or discriminating"),
    ("telltale", "discriminating member"),
    ("there are those of", "available:"),
    ("told", "reported, distinguished, or notified"),
    ("untold", "new"),
    ("verdict", "result"),
];

/// The same for the names of types, which may be part of an English sentence elsewhere.
const PRIVATE_NAMES: &[(&str, &str)] = &[
    ("Aside", "Quarantined"),
    ("Candidate", "LeaderElection"),
    ("Doings", "DeviceActivity"),
    ("Door", "EntryPoint"),
    ("Fence", "CodeBlocks, or Check"),
    ("Heard", "Notification"),
    ("Home", "ProfileDirectory"),
    ("Judge", "Validate, Prover, or LoadedRule"),
    ("Moment", "ClockAndRng, or ParsedTime"),
    ("News", "what it holds"),
    ("Reading", "ObjectReader, or ReadOnlyProfile"),
    ("Shown", "MemberView, or Visibility"),
    ("Strangers", "UnauthenticatedBudget"),
    ("Surroundings", "HostEnvironment"),
    ("Verdict", "Resolution, or ValidationResult"),
    ("Wanted", "Prefetch, Expected, or UserRequest"),
    ("World", "TestContract"),
];

/// Hand-written sources and documents, apart from the released contracts.
const WRITTEN: &[&str] = &[
    "benches",
    "build.rs",
    "cli",
    "contractc",
    "docs",
    "examples",
    "packaging",
    "server",
    "spec/openapi.yaml",
    "src",
    "tests",
    "web/build.mjs",
    "web/demo",
    "web/engine",
    "web/src",
    "web/tests",
    "xtask",
];

/// All hand-written files of these folders, by their paths in the repository.
fn written() -> Vec<(String, PathBuf)> {
    let mut found: Vec<PathBuf> = DOCUMENTS.iter().map(|path| root().join(path)).collect();
    WRITTEN.iter().for_each(|folder| files(&root().join(folder), &mut found));
    found.sort();
    found.dedup();
    let is_text = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        ["rs", "ts", "tsx", "js", "mjs", "py", "sh", "md", "sql", "yaml", "toml", "hbs"].contains(&extension)
    };
    let named = found.into_iter().filter(|path| is_text(path)).map(|path| {
        let name = path.strip_prefix(root()).expect("a file of the repository").to_string_lossy().replace('\\', "/");
        (name, path)
    });
    named.filter(|(name, _)| !name.contains("/generated/") && name != "tests/documents.rs").collect()
}

#[test]
fn private_words_stay_out() {
    let mut found = BTreeSet::new();
    for (name, path) in written() {
        // One file of the cases is not UTF-8.
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file can be read")).into_owned();
        let lower = text.to_lowercase();
        let words = PRIVATE_WORDS.iter().filter(|(word, _)| has_word(&lower, word));
        let names = PRIVATE_NAMES.iter().filter(|(private, _)| is_type(&text, private));
        found.extend(words.chain(names).map(|(word, standard)| format!("{name}: \"{word}\"; write \"{standard}\"")));
    }
    assert!(found.is_empty(), "{}", found.into_iter().collect::<Vec<_>>().join("\n"));
}

/// What a file is for stands in its first lines, after the line that names its interpreter.
#[test]
fn every_file_opens_with_its_job() {
    let mut found = Vec::new();
    for (name, path) in written() {
        let is_data = name.contains("/tests/cases/") || name.contains("/tests/diagnostics/") || name.contains("/fixtures/");
        let starts: &[&str] = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => &["//!", "// "],
            Some("ts" | "tsx" | "js" | "mjs") => &["// ", "/**", "/* "],
            Some("py") => &["\"\"\"", "# "],
            Some("sh") => &["# "],
            _ => continue,
        };
        let text = String::from_utf8_lossy(&std::fs::read(&path).expect("a file can be read")).into_owned();
        let first = text.lines().find(|line| !line.starts_with("#!") || line.starts_with("#![")).unwrap_or_default();
        if !is_data && !starts.iter().any(|start| first.starts_with(start)) {
            found.push(format!("{name}: {first}"));
        }
    }
    assert!(found.is_empty(), "these files do not say what they are for:\n{}", found.join("\n"));
}

/// rustdoc makes a heading of the whole line.
#[test]
fn headings_of_documentation_stand_alone() {
    let mut found = Vec::new();
    for (name, path) in written().into_iter().filter(|(name, _)| name.ends_with(".rs")) {
        let text = read(&path);
        let is_wrong = |line: &&str| {
            let heading = line.trim_start().strip_prefix("/// # ").or(line.trim_start().strip_prefix("//! # "));
            heading.is_some_and(|heading| ["Errors ", "Panics ", "Safety ", "Examples "].iter().any(|word| heading.starts_with(word)))
        };
        found.extend(text.lines().filter(is_wrong).map(|line| format!("{name}: {line}")));
    }
    assert!(found.is_empty(), "the text belongs on the next line:\n{}", found.join("\n"));
}

/// Whether a text has these words, and not only as a part of other ones. An identifier consists of words.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_letter = |sign: Option<char>| sign.is_some_and(char::is_alphabetic);
        !is_letter(text[..at].chars().next_back()) && !is_letter(text[at + word.len()..].chars().next())
    })
}

/// A possessive in an identifier leaves a lone `s`: `the_device_s_own`.
#[test]
fn names_are_grammatical() {
    let mut found = BTreeSet::new();
    for (name, path) in written() {
        if name.contains("-s-") || name.contains("_s_") {
            found.insert(name.clone());
        }
        if name.ends_with(".rs") {
            let text = read(&path);
            let words = text.split(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
            let odd = words.filter(|word| word.to_lowercase() == **word && word.contains("_s_") && word.matches('_').count() > 2);
            found.extend(odd.map(|word| format!("{name}: {word}")));
        }
    }
    assert!(found.is_empty(), "{}", found.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Whether a source declares a type of this name.
fn is_type(source: &str, name: &str) -> bool {
    let declares = |keyword: &str| {
        let declaration = format!("{keyword} {name}");
        source.match_indices(&declaration).any(|(at, _)| {
            let after = source[at + declaration.len()..].chars().next();
            !after.is_some_and(|sign| sign.is_alphanumeric() || sign == '_')
        })
    };
    ["struct", "enum", "type", "trait", "class", "interface"].into_iter().any(declares)
}

/// The list is a snapshot: a new or changed message shows in review.
#[test]
fn every_message_stands_in_the_list() {
    let mut sources = Vec::new();
    SOURCES.iter().for_each(|folder| files(&root().join(folder), &mut sources));
    let mut list = String::from(
        "# Every message\n\nWhat the compiler, the engine, the command, the server and the browser package can print, by file. Kept by \
         `tests/documents.rs`; run it with `INSTA_UPDATE=always` after a change, and read what changed.\n",
    );
    for path in sources {
        let name = path.strip_prefix(root()).expect("a file of the repository").to_string_lossy().replace('\\', "/");
        if NO_MESSAGES.iter().any(|folder| name.starts_with(folder)) || name.contains("/tests") {
            continue;
        }
        let text = read(&path);
        let messages = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => literals::of_rust(&text),
            Some("ts" | "js") => literals::of_typescript(&text),
            _ => continue,
        };
        if !messages.is_empty() {
            list.push_str(&format!("\n## {name}\n\n"));
            messages.iter().for_each(|message| list.push_str(&format!("- {message}\n")));
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "documents" }, {
        insta::assert_snapshot!("messages", list);
    });
}

//! Checks for what must not be present: names of the contract's collections in hand-written code, heavy dependencies that were not
//! requested, and types of inner crates in public signatures.

use std::path::{Path, PathBuf};
use std::process::Command;

use stronglog_sync::api::CONTRACT;

/// Folders with hand-written code for any contract.
const GENERIC: [&str; 5] = ["src", "server/src", "web/src", "web/engine/src", "contractc/protocol"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The words of a program in a normalized form without case, dashes and underscores, so that `BodyLog`, `body_logs` and `"body-logs"` are
/// found alike. Comments are skipped, because documentation examples may name collections.
fn words(text: &str) -> Vec<String> {
    let comment = |line: &&str| ["//", "/*", "* "].iter().any(|start| line.trim_start().starts_with(start));
    let code = text.lines().filter(|line| !comment(line));
    let words = code.flat_map(|line| line.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-'));
    words.map(|word| word.replace(['-', '_'], "").to_lowercase()).collect()
}

/// The collections, and all names that contain them: `check_body_log`, `BODY_LOGS`, `BodyLogBatch`.
fn named(text: &str) -> Vec<&'static str> {
    let words = words(text);
    let names = |word: &String, name: &str| word.contains(&name.replace('-', "").to_lowercase());
    let is_named = |path: &str, schema: &str| words.iter().any(|word| names(word, path) || names(word, schema));
    CONTRACT.collections.iter().filter(|known| is_named(known.path, known.schema)).map(|known| known.path).collect()
}

#[test]
fn no_hand_written_file_names_a_collection() {
    let mut all = Vec::new();
    for folder in GENERIC.map(|folder| root().join(folder)).iter() {
        files(folder, &mut all);
    }
    assert!(all.iter().any(|path| path.ends_with("src/engine.rs")), "the sources were not found");
    let text = |path: &PathBuf| std::fs::read_to_string(path).expect("a source is text");
    let found: Vec<_> = all.iter().map(|path| (path, named(&text(path)))).filter(|(_, names)| !names.is_empty()).collect();
    assert!(found.is_empty(), "use the contract at hand in place of the name: {found:?}");
}

/// The files that connect the general code to StrongLog, and may name its contract. All others take a contract as a value.
const BINDING: [&str; 3] = ["src/stronglog.rs", "server/src/config.rs", "web/engine/src/contract.rs"];

/// Whether the code of a file, without its comments and tests, takes a contract from a global.
fn names_the_contract(text: &str) -> bool {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines.any(|line| {
        line.contains("registry::") && !line.contains("prometheus_client") || line.contains("api::") && line.contains("CONTRACT")
    })
}

#[test]
fn general_code_takes_the_contract_as_a_value() {
    let mut all = Vec::new();
    ["src", "server/src", "web/engine/src"].iter().for_each(|folder| files(&root().join(folder), &mut all));
    all.sort();
    let naming: Vec<_> = all.iter().filter(|path| names_the_contract(&std::fs::read_to_string(path).expect("text"))).collect();
    let mut expected = BINDING.map(|path| root().join(path)).to_vec();
    expected.sort();
    assert_eq!(naming, expected.iter().collect::<Vec<_>>(), "take a `&'static Contract` in place of a global one");
}

#[test]
fn a_name_is_found_however_it_is_written() {
    let collection = &CONTRACT.collections[0];
    let (path, schema) = (collection.path, collection.schema);
    for line in [
        format!("let feed = \"/api/v1/{path}/batch\";"),
        format!("use crate::api::{schema};"),
        format!("client.{}()", path.replace('-', "_")),
        format!("check_{}(value)", path.trim_end_matches('s').replace('-', "_")),
        path.replace('-', "_").to_uppercase(),
    ] {
        assert_eq!(named(&line), [path], "{line}");
    }
    assert!(named(&format!("/// of a {schema}")).is_empty(), "a comment");
}

/// The names of the crates that a package of this repository is built from.
fn built_from(package: &str, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(["tree", "--offline", "--prefix", "none", "--format", "{p}", "--package", package]).args(arguments);
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8_lossy(&output.stdout);
    let names: Vec<String> = tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert_eq!(names.first().map(String::as_str), Some(package));
    names
}

#[test]
fn without_its_features_the_library_has_no_runtime_network_or_database() {
    const HEAVY: [&str; 5] = ["tokio", "reqwest", "rusqlite", "axum", "schemars"];
    let heavy = |features: &[&str]| {
        let crates = built_from("stronglog-sync", &[&["--edges", "normal"], features].concat());
        HEAVY.iter().copied().filter(|heavy| crates.iter().any(|name| name == heavy)).collect::<Vec<_>>()
    };
    assert_eq!(heavy(&["--no-default-features"]), [""; 0]);
    assert_eq!(heavy(&[]), ["tokio", "reqwest", "rusqlite"], "the client is made of them, so that their absence says something");
}

#[test]
fn the_compiler_depends_on_nothing_of_ours() {
    let crates = built_from("contractc", &["--edges", "normal,build"]);
    let ours: Vec<_> = crates.iter().skip(1).filter(|name| name.starts_with("stronglog")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

/// Nothing that a client sends can make the server open a connection.
#[test]
fn the_server_has_no_client() {
    let crates = built_from("stronglog-server", &["--edges", "normal"]);
    let clients: Vec<_> = crates.iter().filter(|name| ["reqwest", "hyper-rustls", "ureq"].contains(&name.as_str())).collect();
    assert!(clients.is_empty(), "{clients:?}");
    let mut sources = Vec::new();
    files(&root().join("server/src"), &mut sources);
    assert!(sources.len() > 20, "the server's sources are found");
    for source in sources {
        let text = std::fs::read_to_string(&source).expect("a source is text");
        let connects = ["::connect(", "lookup_host", "to_socket_addrs"].iter().find(|call| text.contains(**call));
        assert_eq!(connects, None, "{}", source.display());
    }
}

/// The crates whose types a public signature must not name: an update of them would break apps that never asked for them. What is not listed
/// here is either our own, part of the purpose of a crate (`axum` of the routes), or re-exported (`rusqlite` of `store::sqlite`).
const INNER: [(&str, &[&str]); 2] =
    [("src", &["tokio", "rustls"]), ("server/src", &["tokio", "rustls", "tokio_rustls", "rusqlite", "rand", "argon2"])];

/// The files of a library's public modules, found from its `lib.rs` by `pub mod`. Modules hidden from the documentation count too.
fn public_files(file: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    let text = std::fs::read_to_string(file).expect("a source is text");
    for name in text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')) {
        // The generated code has a path of its own.
        let inner = folder.join(format!("{name}.rs"));
        if inner.exists() {
            public_files(&inner, &folder.join(name), found);
        }
    }
    found.push(file.to_owned());
}

/// The public signatures of a file: from `pub` to the body, or to the end of the line of a member. Its own tests are left out.
fn signatures(text: &str) -> Vec<String> {
    let (code, mut found) = (text.split("#[cfg(test)]").next().unwrap_or_default(), Vec::new());
    let mut lines = code.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line.starts_with("pub ") && !line.starts_with("pub use ") {
            let mut signature = line.to_owned();
            // The parameters of a function end with commas too, where they take a line each.
            let ends: &[char] = if line.contains("fn ") { &['{', ';', '}'] } else { &['{', '}', ';', ','] };
            while !signature.ends_with(ends) {
                let Some(next) = lines.next() else { break };
                signature.push_str(next);
            }
            found.push(signature.split(" {").next().unwrap_or_default().to_owned());
        }
    }
    found
}

/// The names that a file uses for a crate's items: the crate's own, and those that `use` brings in.
fn names_of(krate: &str, text: &str) -> Vec<String> {
    let uses = text.lines().filter_map(|line| line.trim().strip_prefix("use ")?.strip_prefix(krate)?.strip_prefix("::"));
    let names = uses.flat_map(|used| used.split(|letter: char| !letter.is_alphanumeric() && letter != '_')).filter(|name| !name.is_empty());
    names.filter(|name| name.starts_with(char::is_uppercase)).map(str::to_owned).chain([format!("{krate}::")]).collect()
}

#[test]
fn public_signatures_name_no_type_of_an_inner_crate() {
    let mut seen = 0;
    for (folder, crates) in INNER {
        let (folder, mut all) = (root().join(folder), Vec::new());
        public_files(&folder.join("lib.rs"), &folder, &mut all);
        for path in all {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            let names: Vec<String> = crates.iter().flat_map(|krate| names_of(krate, &text)).collect();
            for signature in signatures(&text) {
                let words: Vec<&str> = signature.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
                let is_named =
                    |name: &&String| if name.ends_with("::") { signature.contains(name.as_str()) } else { words.contains(&name.as_str()) };
                let found: Vec<_> = names.iter().filter(is_named).collect();
                assert!(
                    found.is_empty(),
                    "{}: `{signature}` names {found:?}: make it private, or give it a type of our own",
                    path.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "only {seen} signatures were found");
}

#[test]
fn a_type_of_an_inner_crate_is_found_in_a_signature() {
    let text = "use tokio::sync::{mpsc, watch::Receiver};\npub struct A {\n    inner: Receiver<u8>,\n    pub open: Receiver<u8>,\n}\n\
                impl A {\n    pub fn next(\n        &self,\n    ) -> Receiver<u8> {\n        let pub_not = 1;\n    }\n}\n";
    let names = names_of("tokio", text);
    assert_eq!(names, ["Receiver", "tokio::"]);
    assert_eq!(signatures(text), ["pub struct A", "pub open: Receiver<u8>,", "pub fn next(&self,) -> Receiver<u8>"]);
}

//! The command `contractc` as a user runs it: choosing operations, wrong usage, and folders that cannot be written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DOCUMENT: &str = "\
openapi: 3.1.0
info: { title: Shop, version: '1' }
paths:
  /pets:
    get: { operationId: listPets, tags: [pets], responses: { '200': { description: all, content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Pet' } } } } } } }
    post: { operationId: addPet, tags: [pets], requestBody: { content: { application/json: { schema: { $ref: '#/components/schemas/NewPet' } } } }, responses: { '204': { description: added } } }
  /orders:
    get: { operationId: listOrders, tags: [orders], parameters: [ { name: state, in: query, schema: { $ref: '#/components/schemas/State' } } ], responses: { '204': { description: none } } }
components:
  schemas:
    Pet: { type: object, required: [name], properties: { name: { type: string }, owner: { $ref: '#/components/schemas/Owner' } } }
    Owner: { type: object, properties: { name: { type: string } } }
    NewPet: { type: object, properties: { name: { type: string } } }
    State: { type: string, enum: [open, closed] }
    Unused: { type: object, properties: { name: { type: string } } }
";

/// A new folder of a test, with the document in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("command").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the old folder can be removed");
    }
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::write(folder.join("shop.yaml"), DOCUMENT).expect("the document can be written");
    folder
}

fn contractc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contractc")).args(arguments).current_dir(folder).output().expect("the command runs")
}

fn generate(folder: &Path, arguments: &[&str]) -> Output {
    contractc(folder, &[&["generate", "--spec", "shop.yaml", "--out", "out"], arguments].concat())
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

#[test]
fn chosen_operations_come_with_the_schemas_that_they_need() {
    let folder = folder("chosen");
    let output = generate(&folder, &["--operations", "listPets"]);
    assert!(output.status.success(), "{}", errors(&output));
    let types = read(folder.join("out/typescript/types.ts"));
    assert!(types.contains("interface Pet ") && types.contains("interface Owner "), "{types}");
    assert!(!types.contains("NewPet") && !types.contains("State") && !types.contains("Unused"), "{types}");
    let operations = read(folder.join("out/rust/operations.rs"));
    assert!(operations.contains("listPets") && !operations.contains("addPet") && !operations.contains("listOrders"), "{operations}");

    let output = contractc(&folder, &["check", "--spec", "shop.yaml", "--out", "out", "--operations", "listPets"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_tag_chooses_all_its_operations_and_adds_to_those_chosen_by_id() {
    let folder = folder("tags");
    let output = generate(&folder, &["--tags", "pets", "--operations", "listOrders"]);
    assert!(output.status.success(), "{}", errors(&output));
    let types = read(folder.join("out/typescript/types.ts"));
    assert!(["Pet", "Owner", "NewPet", "State"].iter().all(|name| types.contains(&format!("`{name}`"))), "{types}");
    assert!(!types.contains("Unused"), "{types}");
}

#[test]
fn an_unknown_operation_or_tag_is_named_with_the_likely_one() {
    let folder = folder("unknown");
    let output = generate(&folder, &["--operations", "listPet"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(errors(&output), "error: cannot choose from shop.yaml: unknown operation `listPet`; did you mean `listPets`?\n");
    let output = generate(&folder, &["--tags", "shipping"]);
    assert_eq!(
        (output.status.code(), errors(&output).as_str()),
        (Some(2), "error: cannot choose from shop.yaml: unknown tag `shipping`\n")
    );
    assert!(!folder.join("out").exists());
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let folder = folder("files");
    let output = contractc(&folder, &["generate", "--spec", "missing.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).starts_with("error: cannot read missing.yaml: "), "{}", errors(&output));
    let output = contractc(&folder, &["generate", "--spec", ".", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    std::fs::write(folder.join("out"), "a file in the way").expect("the file can be written");
    let output = generate(&folder, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("cannot ") && errors(&output).contains("out"), "{}", errors(&output));
    assert_eq!(read(folder.join("out")), "a file in the way");
}

#[test]
fn an_interrupted_run_is_completed_by_the_next() {
    let folder = folder("interrupted");
    assert!(generate(&folder, &["--only", "typescript"]).status.success());
    let whole = read(folder.join("out/typescript/types.ts"));
    let half = &whole[..whole.len() / 2];
    std::fs::write(folder.join("out/typescript/types.ts.new"), half).expect("the file can be written");
    let check = ["check", "--spec", "shop.yaml", "--out", "out", "--only", "typescript"];
    let output = contractc(&folder, &check);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "orphaned: out/typescript/types.ts.new\n");
    assert!(generate(&folder, &["--only", "typescript"]).status.success());
    assert!(contractc(&folder, &check).status.success());
    assert!(!folder.join("out/typescript/types.ts.new").exists());
}

#[test]
fn compiled_files_below_a_package_are_left_alone() {
    let folder = folder("compiled");
    assert!(generate(&folder, &["--standalone"]).status.success());
    let compiled = folder.join("out/typescript/dist/index.js");
    std::fs::create_dir_all(folder.join("out/typescript/dist")).expect("the folder can be made");
    std::fs::write(&compiled, read(folder.join("out/typescript/index.ts"))).expect("the file can be written");
    let output = contractc(&folder, &["check", "--spec", "shop.yaml", "--out", "out", "--standalone"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(generate(&folder, &["--standalone"]).status.success());
    assert!(compiled.exists());
}

#[test]
fn wrong_usage_exits_with_two_and_names_what_is_accepted() {
    let folder = folder("usage");
    let output = generate(&folder, &["--only", "java"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("available: rust, typescript, sql, docs, coverage"), "{}", errors(&output));
    for arguments in [&["generate"][..], &["--max-findings", "x", "check"], &["translate"]] {
        let output = contractc(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains("Usage: "), "{}", errors(&output));
    }
    let output = contractc(&folder, &["validate", "--spec", "shop.yaml", "--schema", "Pat"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no schema `Pat`"), "{}", errors(&output));
}

/// The text of every file below a folder, by its path, with `from` replaced by `to`.
fn files(folder: &Path, from: &[(&str, &str)]) -> BTreeMap<String, String> {
    let (mut found, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_string_lossy().replace('\\', "/");
                let text = from.iter().fold(read(path).replace('\r', ""), |text, (from, to)| text.replace(from, to));
                found.insert(name, text);
            }
        }
    }
    found
}

/// The namespace that a contract states.
fn namespace(contract: &str) -> &str {
    contract.lines().find_map(|line| line.strip_prefix("x-namespace: ")).expect("a namespace")
}

/// `examples/notes` equals a new project. tests/notes.rs runs its program.
#[test]
fn a_new_project_is_the_example_of_the_repository() {
    let (folder, root) = (folder("init"), Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let from = root.canonicalize().expect("the repository").display().to_string();
    let output = contractc(&folder, &["init", "notes", "--from", &from]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).contains("cd notes\n  cargo run"), "{}", errors(&output));

    let made = folder.join("notes");
    let (ours, theirs) = (read(root.join("examples/notes/spec/openapi.yaml")), read(made.join("spec/openapi.yaml")));
    let manifest = read(made.join("Cargo.toml"));
    let to_root =
        manifest.lines().find_map(|line| line.strip_prefix("stronglog-sync = { path = \"")?.strip_suffix("\" }")).expect("a path");
    assert!(made.join(to_root).join("server/Cargo.toml").is_file(), "{to_root} leads to the repository");
    let expected = files(&root.join("examples/notes"), &[]);
    let seen = files(&made, &[(namespace(&theirs), namespace(&ours)), (to_root, "../..")]);
    assert_eq!(seen.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (path, text) in &seen {
        assert_eq!(text, &expected[path], "examples/notes/{path}: `contractc init examples/notes` recreates it");
    }

    // Two projects do not share ids, and the commands in the README change nothing.
    let another = contractc(&folder, &["init", "diary", "--from", "https://git.example.com/stronglog.git"]);
    assert!(another.status.success(), "{}", errors(&another));
    let diary = read(folder.join("diary/spec/openapi.yaml"));
    assert_ne!(namespace(&diary), namespace(&theirs));
    assert!(read(folder.join("diary/Cargo.toml")).contains("stronglog-server = { git = \"https://git.example.com/stronglog.git\" }"));
    let readme = read(made.join("README.md"));
    let command = readme.lines().find_map(|line| line.strip_prefix("contractc generate ")).expect("a command");
    let again = contractc(&made, &[&["check"], command.split(' ').collect::<Vec<_>>().as_slice()].concat());
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
}

#[test]
fn a_project_that_cannot_be_made_is_rejected_with_the_reason_and_leaves_nothing() {
    let folder = folder("init-rejected");
    std::fs::create_dir_all(folder.join("full/src")).expect("a folder");
    std::fs::write(folder.join("file"), "").expect("a file");
    let from = "https://git.example.com/stronglog.git";
    for (name, from, why) in [
        ("full", from, "full already exists"),
        ("file", from, "file already exists"),
        ("Pets!", from, "`Pets!` cannot be the name of a package: use lower-case letters"),
        ("1st", from, "begin with a letter"),
        ("match", from, "it is reserved"),
        ("serde", from, "it is reserved"),
        ("..", from, "has no name"),
        ("pets", "full", "full is not a checkout of StrongLog Sync"),
    ] {
        let output = contractc(&folder, &["init", name, "--from", from]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(errors(&output).contains(why), "{name}: {}", errors(&output));
        assert!(!folder.join("pets").exists() && !folder.join("Pets!").exists());
    }
    let outside = std::env::temp_dir();
    let output = contractc(&outside, &["init", "pets-of-nobody"]);
    assert!(errors(&output).contains("with --from"), "{}", errors(&output));
}

/// A folder with packages as `npm pack` would make them.
fn packed(name: &str) -> PathBuf {
    let folder = folder(name);
    for package in ["contractc", "stronglog-sync"] {
        std::fs::write(folder.join(format!("{package}-{}.tgz", env!("CARGO_PKG_VERSION"))), "").expect("the file can be written");
    }
    folder
}

/// An npm manifest.
fn manifest(path: PathBuf) -> serde_json::Value {
    serde_json::from_str(&read(path)).expect("a manifest is JSON")
}

/// `web/tests/browser/init.test.ts` installs such a project, and runs its commands.
#[test]
fn a_new_project_in_typescript_has_the_packages_of_the_repository_and_generates_what_it_has() {
    let folder = packed("init-typescript");
    let output = contractc(&folder, &["init", "my-notes", "--typescript"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).ends_with("cd my-notes\n  npm install\n  npm run dev\n"), "{}", errors(&output));
    let made = folder.join("my-notes");
    assert!(read(made.join("index.html")).contains("<h1>My notes</h1>"));

    let ours = manifest(made.join("package.json"));
    let web = manifest(Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/package.json"));
    assert_eq!(ours["dependencies"]["stronglog-sync"], format!("file:../stronglog-sync-{}.tgz", env!("CARGO_PKG_VERSION")));
    assert_eq!(ours["devDependencies"]["contractc"], format!("file:../contractc-{}.tgz", env!("CARGO_PKG_VERSION")));
    let versions = [("dependencies", "dexie"), ("dependencies", "zod"), ("devDependencies", "typescript"), ("devDependencies", "vite")];
    for (kind, package) in [versions.as_slice(), &[("devDependencies", "vitest")]].concat() {
        assert_eq!(ours[kind][package], web["devDependencies"][package], "{package}: the version that web/package.json tests");
    }
    let command = ours["scripts"]["generate"].as_str().and_then(|command| command.strip_prefix("contractc generate ")).expect("a command");
    let again = contractc(&made, &[&["check"], command.split(' ').collect::<Vec<_>>().as_slice()].concat());
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
}

#[test]
fn a_project_in_typescript_is_rejected_without_its_packages() {
    let folder = packed("init-typescript-rejected");
    for (name, from, why) in [
        ("vite", ".", "`vite` cannot be the name of a package: it is reserved"),
        ("app", "https://git.example.com/stronglog.git", "npm cannot install the packages of StrongLog Sync from https://git.example.com"),
        ("app", "..", ".. has no packages of StrongLog Sync: give a checkout in which `cargo xtask web` has run, or a folder"),
        ("app", "nowhere", "cannot use nowhere: "),
    ] {
        let output = contractc(&folder, &["init", name, "--typescript", "--from", from]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(errors(&output).contains(why), "{name}: {}", errors(&output));
        assert!(!folder.join(name).exists());
    }
    let output = contractc(&std::env::temp_dir(), &["init", "app-of-nobody", "--typescript"]);
    assert!(errors(&output).contains("with --from"), "{}", errors(&output));
}

#[test]
fn no_message_repeats_a_secret_or_the_whole_of_a_long_text() {
    let folder = folder("secrets");
    let schemas = "
    Login: { type: object, properties: { password: { type: string, format: password, pattern: '[0-9]' }, token: { type: string, writeOnly: true, maxLength: 3 } } }
    Slug: { type: string, pattern: '^[a-z]+$' }
";
    std::fs::write(folder.join("shop.yaml"), format!("{DOCUMENT}{}", &schemas[1..])).expect("the document can be written");
    let validate = |schema: &str, json: String| {
        std::fs::write(folder.join("value.json"), json).expect("the value can be written");
        let output = contractc(&folder, &["validate", "--spec", "shop.yaml", "--schema", schema, "value.json"]);
        String::from_utf8(output.stdout).expect("text")
    };
    let found = validate("Login", r#"{"password": "hunter-two", "token": "tok_very_long"}"#.to_owned());
    assert_eq!(found.matches("is not accepted; the value is secret").count(), 2, "{found}");
    assert!(!found.contains("hunter") && !found.contains("tok_"), "{found}");
    let found = validate("Slug", format!("\"{}\"", "A".repeat(10_000)));
    assert!(found.contains("does not match") && found.len() < 300, "{found}");
}

#[test]
fn files_that_are_not_generated_stay_as_they_are() {
    let folder = folder("foreign");
    let types = folder.join("out/typescript/types.ts");
    std::fs::create_dir_all(folder.join("out/typescript")).expect("a folder");
    std::fs::write(&types, "// mine\n").expect("written");
    let output = generate(&folder, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("contractc did not generate this file"), "{}", errors(&output));
    assert_eq!(read(types.clone()), "// mine\n");
    assert!(!folder.join("out/rust").exists(), "nothing else is written either");
    std::fs::write(&types, "").expect("written");
    assert!(generate(&folder, &[]).status.success(), "an empty file is nobody's work");

    std::fs::write(&types, DOCUMENT).expect("written");
    let output = contractc(&folder, &["generate", "--spec", "out/typescript/types.ts", "--out", "out"]);
    assert_eq!((output.status.code(), read(types).as_str()), (Some(2), DOCUMENT));
    assert!(errors(&output).contains("it is a source of this run"), "{}", errors(&output));
}

#[test]
fn a_title_of_several_lines_stays_in_its_comment() {
    let folder = folder("title");
    let document = "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Shop\\n#[doc]\\u2028evil();\\u2029//\",\"version\":\"1\\r2\"},\"paths\":{\"/a\":{\"get\":{\"responses\":{}}}}}";
    std::fs::write(folder.join("shop.yaml"), document).expect("written");
    assert!(generate(&folder, &[]).status.success());
    for file in ["rust/mod.rs", "rust/client.rs", "rust/server.rs", "typescript/index.ts", "typescript/client.ts"] {
        let text = read(folder.join("out").join(file));
        let lines = text.split(['\n', '\r', '\u{2028}', '\u{2029}']).filter(|line| line.contains("evil();"));
        lines.for_each(|line| assert!(line.trim_start().starts_with(['/', '*']), "{file}: {line}"));
    }
}

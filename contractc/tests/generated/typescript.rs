//! All cases' generated TypeScript, over one copy of the runtime: compiled by `tsc --strict`, then run to validate the cases' instances.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{Case, HeaderRow, put};

/// The folder of the Node side, with its packages installed.
fn packages() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/typescript");
    if !folder.join("node_modules/zod").exists() {
        node("npm", &folder, &["ci", "--no-audit", "--no-fund"]);
    }
    folder.canonicalize().expect("the folder of the Node side exists")
}

/// Compiles the cases and lists the instances with wrong results.
pub fn validate(cases: &[Case]) -> Vec<String> {
    let packages = packages();
    let folder = packages.join("build/cases");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the old files can be removed");
    }
    let (mut lines, mut expected) = (String::new(), Vec::new());
    for (index, case) in cases.iter().enumerate() {
        for file in &case.files {
            let Some(path) = file.path.strip_prefix("typescript/") else { continue };
            if !path.starts_with("runtime/") {
                put(
                    &folder.join("source").join(&case.name).join(path),
                    &file.text.replace("\"./runtime/index.js\"", "\"../runtime/index.js\""),
                );
            } else if index == 0 {
                put(&folder.join("source").join(path), &file.text);
            }
        }
        let module = folder.join("built").join(&case.name).join("index.js");
        for instance in &case.instances {
            lines.push_str(&format!("{}\n", json!({ "module": module, "schema": instance.schema, "text": instance.json })));
            expected.push((format!("{}: {} {}", case.name, instance.schema, instance.json), json!(instance.valid)));
            if let Some(unread) = &instance.unread {
                lines.push_str(&format!(
                    "{}\n",
                    json!({ "module": module, "schema": instance.schema, "text": instance.json, "unread": true })
                ));
                expected.push((format!("{}: {} {} unread", case.name, instance.schema, instance.json), json!(unread)));
            }
        }
        for HeaderRow { name, lines: texts, expected: read } in &case.headers {
            lines
                .push_str(&format!("{}\n", json!({ "module": module, "header": camel(name), "lines": texts, "read": read.as_ref().ok() })));
            expected.push((format!("{name} {texts:?}"), json!(read.as_ref().map_or_else(|violations| json!(violations), |_| json!(true)))));
        }
    }
    let config = json!({ "extends": "../../tsconfig.json", "include": ["source"],
        "compilerOptions": { "rootDir": "source", "outDir": "built", "paths": {} } });
    put(&folder.join("tsconfig.json"), &config.to_string());
    put(&folder.join("instances.jsonl"), &lines);
    node("node", &folder, &["../../node_modules/typescript/bin/tsc", "-p", "tsconfig.json"]);
    let answers = node("node", &packages, &["validate.mjs", "build/cases/instances.jsonl"]);
    let result = |line: &str| {
        let answer = serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let is_valid = answer["zod"].as_array().map(|violations| json!(violations.is_empty()));
        is_valid.unwrap_or_else(|| answer.get("unread").unwrap_or(&answer["header"]).clone())
    };
    let checked: Vec<Value> = answers.lines().map(result).collect();
    assert_eq!(checked.len(), expected.len(), "every instance has a result");
    let wrong = expected.into_iter().zip(checked).filter(|((_, expected), checked)| expected != checked);
    wrong.map(|((instance, _), checked)| format!("{instance}: {checked}")).collect()
}

/// The name of a header's constant.
fn camel(name: &str) -> String {
    let mut words = name.split('-').map(str::to_owned);
    let first = words.next().unwrap_or_default();
    words.fold(first, |all, word| all + &word[..1].to_uppercase() + &word[1..])
}

fn node(program: &str, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start {program}, which these tests need: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {} fails:\n{stdout}{stderr}", arguments.join(" "));
    stdout.into_owned()
}

//! The dependencies between source files. Files in a dependency cycle can only be understood together, so no crate or package of the
//! repository has one. A keyword that checks a value against one argument appears in few files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The crates, by the folders of their sources.
const CRATES: [&str; 9] = [
    "contractc/src",
    "contractc/npm/src",
    "contractc/runtime/rust",
    "src",
    "server/src",
    "cli/src",
    "xtask/src",
    "xtask/contract/src",
    "web/engine/src",
];

/// The folders of TypeScript.
const PACKAGES: [&str; 3] = ["contractc/runtime/typescript", "web/src", "web/demo/src"];

type Module = Vec<String>;

/// The files that mention `maxProperties`, a keyword that checks a value against one argument.
const FILES_OF_A_KEYWORD: [&str; 7] = [
    "contractc/runtime/rust/check/objects.rs",
    "contractc/runtime/typescript/keyword.ts",
    "contractc/src/model/assertions.rs",
    "contractc/src/sample/object.rs",
    "contractc/src/sample/violate.rs",
    "src/contract/keywords.rs",
    "src/contract/validate.rs",
];

#[test]
fn no_files_use_each_other_in_a_cycle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in CRATES {
        let mut files = BTreeMap::new();
        read(&root.join(folder), &mut Vec::new(), &mut files);
        assert!(!files.is_empty(), "{folder} has no files");
        let uses: BTreeMap<&Module, BTreeSet<Module>> = files.iter().map(|(module, text)| (module, used(module, text, &files))).collect();
        found.extend(cycles(&uses).iter().map(|cycle| named(folder, cycle)));
    }
    for folder in PACKAGES {
        let mut files = BTreeMap::new();
        read(&root.join(folder), &mut Vec::new(), &mut files);
        assert!(!files.is_empty(), "{folder} has no files");
        let uses = files.iter().map(|(module, text)| (module, imported(module, text))).collect();
        found.extend(cycles(&uses).iter().map(|cycle| named(folder, cycle)));
    }
    assert!(found.is_empty(), "move what these files share to a file below them: {found:?}");
}

fn named(folder: &str, cycle: &[Module]) -> Vec<String> {
    cycle.iter().map(|module| format!("{folder}/{}", module.join("/"))).collect()
}

#[test]
fn a_keyword_is_known_in_the_files_that_the_guide_lists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    ["contractc/src", "contractc/runtime", "src"].iter().for_each(|folder| naming("maxproperties", &root, folder, &mut found));
    found.sort();
    assert_eq!(found, FILES_OF_A_KEYWORD);
    let guide = std::fs::read_to_string(root.join("CONTRIBUTING.md")).expect("the guide is text");
    let missing: Vec<_> = FILES_OF_A_KEYWORD.iter().filter(|file| !guide.contains(*file)).collect();
    assert!(missing.is_empty(), "CONTRIBUTING.md does not list {missing:?}");
}

/// Adds the files of a folder that name a keyword in any spelling, without its tests.
fn naming(keyword: &str, root: &Path, folder: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(root.join(folder)).expect("a folder can be listed") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name is text");
        let file = format!("{folder}/{name}");
        if root.join(&file).is_dir() {
            naming(keyword, root, &file, found);
        } else if name != "tests.rs" {
            let text = std::fs::read_to_string(root.join(&file)).expect("a source is text");
            found.extend(text.to_lowercase().replace('_', "").contains(keyword).then_some(file));
        }
    }
}

fn read(folder: &Path, module: &mut Module, files: &mut BTreeMap<Module, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        module.push(stem.clone());
        if path.is_dir() {
            read(&path, module, files);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "ts" || extension == "tsx") {
            let is_root = ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| path.ends_with(name));
            let name = if is_root { module[..module.len() - 1].to_vec() } else { module.clone() };
            files.entry(name).or_default().push_str(&std::fs::read_to_string(&path).expect("a source is text"));
        }
        module.pop();
    }
}

/// The files that a TypeScript file imports, including type imports.
fn imported(module: &Module, text: &str) -> BTreeSet<Module> {
    let folder = &module[..module.len() - 1];
    let sources = text.split(" from \"").skip(1).filter_map(|rest| rest.split('"').next()).filter(|source| source.starts_with('.'));
    let path = |source: &str| {
        let mut path = folder.to_vec();
        for step in source.split('/') {
            match step {
                "." => {}
                ".." => drop(path.pop()),
                step => path.push(step.split('.').next().unwrap_or(step).to_owned()),
            }
        }
        path
    };
    sources.map(path).collect()
}

/// The files that a file uses, by its imports and by paths in its code. A module and its submodules are one unit: they may use each other.
fn used(module: &Module, text: &str, files: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{module:?} is no Rust: {error}"));
    let mut paths = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Ident(word) if word == "use") {
            let item = tokens.by_ref().take_while(|token| !matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';'));
            tree(item.collect(), &Vec::new(), &mut paths);
        }
    }
    written(text.parse().unwrap_or_default(), &mut paths);
    let known = |mut path: Module| {
        while !path.is_empty() && !files.contains_key(&path) {
            path.pop();
        }
        Some(path).filter(|path| !path.is_empty() && !path.starts_with(module) && !module.starts_with(path))
    };
    paths.into_iter().filter_map(|path| known(resolved(module, path, files)?)).collect()
}

/// The paths in code that begin at the crate or at the module above, without those in modules within the file.
fn written(tokens: TokenStream, paths: &mut Vec<Module>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        let before = |steps: usize| at.checked_sub(steps).map(|at| trees[at].to_string()).unwrap_or_default();
        match tree {
            TokenTree::Ident(word) if (word == "crate" || word == "super") && ![":", "$"].contains(&before(1).as_str()) => {
                paths.extend(Some(path(&trees[at..])).filter(|path| path.len() > 1));
            }
            TokenTree::Group(group) if before(2) != "mod" => written(group.stream(), paths),
            _ => {}
        }
    }
}

/// The leading words that `::` joins.
fn path(mut trees: &[TokenTree]) -> Module {
    let is_colon = |tree: &TokenTree| matches!(tree, TokenTree::Punct(mark) if mark.as_char() == ':');
    let mut path = Module::new();
    while let [TokenTree::Ident(word), rest @ ..] = trees {
        path.push(word.to_string());
        trees = match rest {
            [first, second, next @ ..] if is_colon(first) && is_colon(second) => next,
            _ => break,
        };
    }
    path
}

/// The paths of a tree of imports.
fn tree(tokens: Vec<TokenTree>, before: &Module, paths: &mut Vec<Module>) {
    let mut path = before.clone();
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "as" => break,
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let items = inner.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','));
                items.filter(|item| !item.is_empty()).for_each(|item| tree(item.to_vec(), &path, paths));
                return;
            }
            _ => {}
        }
    }
    paths.push(path);
}

/// The path from the root of the crate; `None` if it leads to another crate.
fn resolved(module: &Module, path: Module, files: &BTreeMap<Module, String>) -> Option<Module> {
    let supers = path.iter().take_while(|word| *word == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "super" => Some([&module[..module.len().checked_sub(supers)?], &path[supers..]].concat()),
        "self" => Some([module, &path[1..]].concat()),
        first => {
            let inner = [module.as_slice(), &[first.to_owned()]].concat();
            files.contains_key(&inner).then(|| [module, path.as_slice()].concat())
        }
    }
}

/// The groups of files that reach each other.
fn cycles(uses: &BTreeMap<&Module, BTreeSet<Module>>) -> BTreeSet<Vec<Module>> {
    let reachable = |from: &Module| {
        let (mut open, mut seen) = (vec![from.clone()], BTreeSet::new());
        while let Some(module) = open.pop() {
            open.extend(uses.get(&module).into_iter().flatten().filter(|next| seen.insert((*next).clone())).cloned());
        }
        seen
    };
    let all: BTreeMap<&Module, BTreeSet<Module>> = uses.keys().map(|module| (*module, reachable(module))).collect();
    let on_cycle = all.iter().filter(|(module, reached)| reached.contains(**module));
    on_cycle.map(|(module, reached)| reached.iter().filter(|other| all[other].contains(*module)).cloned().collect()).collect()
}

#[test]
fn a_cycle_is_found() {
    let files = BTreeMap::from([
        (vec!["a".to_owned()], "use super::b::{self, c::D as E};".to_owned()),
        (vec!["b".to_owned()], "mod c;".to_owned()),
        (vec!["b".to_owned(), "c".to_owned()], "use crate::a; use super::super::d;".to_owned()),
        (vec!["d".to_owned()], "const TEXT: &str = \"use super::a;\"; use std::a; fn f() { g(super::e::h()) }".to_owned()),
        (vec!["e".to_owned()], "fn h() {} fn i() -> crate::d::J {} mod tests { fn f() { super::a::k() } }".to_owned()),
    ]);
    let uses = files.iter().map(|(module, text)| (module, used(module, text, &files))).collect();
    let found: Vec<Vec<String>> = cycles(&uses).iter().map(|cycle| cycle.iter().map(|module| module.join("::")).collect()).collect();
    assert_eq!(found, [["a", "b::c"], ["d", "e"]]);
    let page = ["page".to_owned()].to_vec();
    assert_eq!(imported(&page, "import type { A } from \"./api.js\"; import b from \"dexie\";"), BTreeSet::from([vec!["api".to_owned()]]));
}

//! The server is written for any contract of this kind: no file of it names a collection.

use std::path::Path;

use stronglog_sync::api::registry::COLLECTIONS;

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).expect("text");
            found.push((path.display().to_string(), text.replace(['-', '_'], "").to_lowercase()));
        }
    }
}

#[test]
fn no_file_names_a_collection() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20, "{}", files.len());
    for collection in COLLECTIONS {
        let names = [collection.path.replace('-', ""), collection.schema.to_lowercase()];
        for (path, text) in &files {
            assert!(names.iter().all(|name| !text.contains(name)), "{path} names {}", collection.path);
        }
    }
}

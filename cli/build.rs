//! Writes a table of the demo app's files, built by `cargo xtask web`, which `src/demo.rs` embeds in the program. If the app is not built,
//! the table is empty.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

fn main() {
    if let Err(error) = write() {
        println!("cargo::error=cannot take the demo app into the program: {error}");
    }
}

fn write() -> std::io::Result<()> {
    // Read at run time, because a shared target folder may contain the build script of another checkout.
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).ok_or_else(|| std::io::Error::other(format!("no {name}")));
    let built = variable("CARGO_MANIFEST_DIR")?.join("../web/demo/dist");
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    // The empty folder is in the repository, so that cargo has something to watch. A package does not have it.
    if built.is_dir() {
        println!("cargo::rerun-if-changed={}", built.display());
        collect(&built.join("site"), &mut files)?;
    }
    files.sort();
    // Copies, so that no build of the app replaces them while the compiler reads them.
    let out = variable("OUT_DIR")?;
    let mut table = String::from("&[\n");
    for (index, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file)?;
        std::fs::write(out.join(format!("demo-{index}")), &bytes)?;
        let path = file.strip_prefix(built.join("site")).map_err(std::io::Error::other)?;
        let path = format!("/{}", path.to_string_lossy().replace('\\', "/"));
        let copy = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/demo-{index}\"))");
        let tag = tag_of(&bytes);
        writeln!(table, "    stronglog_server::site::File {{ path: {path:?}, bytes: {copy}, tag: {tag:?} }},")
            .map_err(std::io::Error::other)?;
    }
    table.push(']');
    std::fs::write(out.join("demo.rs"), table)
}

/// All files below a folder, if there is one.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// Distinguishes a file from the same file of another build.
fn tag_of(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

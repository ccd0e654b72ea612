//! The files and streams of `system.js`.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};

use contractc::disk::{Disk, Entry};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(raw_module = "../system.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    fn read(file: &str) -> std::result::Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(catch)]
    fn canonicalize(path: &str) -> std::result::Result<String, JsValue>;
    #[wasm_bindgen(catch)]
    fn list(folder: &str) -> std::result::Result<Vec<String>, JsValue>;
    #[wasm_bindgen(catch, js_name = createFolder)]
    fn create_folder(folder: &str) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(catch)]
    fn write(file: &str, text: &str) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(catch)]
    fn rename(from: &str, to: &str) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(catch)]
    fn remove(file: &str) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = readInput)]
    fn read_input(size_max: u32) -> std::result::Result<Vec<u8>, JsValue>;
    #[wasm_bindgen(catch)]
    fn print(stream: u8, bytes: &[u8]) -> std::result::Result<u32, JsValue>;
    #[wasm_bindgen(js_name = hasColors)]
    pub(crate) fn has_colors(stream: u8) -> bool;
    pub(crate) fn random() -> u64;
}

/// The kinds of errors that the compiler distinguishes, by Node's codes.
const KINDS: [(&str, ErrorKind); 4] = [
    ("ENOENT", ErrorKind::NotFound),
    ("ENOTDIR", ErrorKind::NotADirectory),
    ("EISDIR", ErrorKind::IsADirectory),
    ("EPIPE", ErrorKind::BrokenPipe),
];

/// The error that `system.js` has thrown as text: a code, a space and the message.
fn error(thrown: JsValue) -> Error {
    let text = thrown.as_string().unwrap_or_default();
    let (code, words) = text.split_once(' ').unwrap_or(("", &text));
    let kind = KINDS.iter().find(|(known, _)| *known == code).map_or(ErrorKind::Other, |(_, kind)| *kind);
    Error::new(kind, words.to_owned())
}

/// A path as text. Paths here are always created from text.
fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the path is not UTF-8"))
}

/// The files of Node.
#[derive(Debug)]
pub(crate) struct Node;

impl Disk for Node {
    fn read(&self, file: &Path) -> Result<Vec<u8>> {
        read(text(file)?).map_err(error)
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf> {
        canonicalize(text(path)?).map(PathBuf::from).map_err(error)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>> {
        let entry = |name: String| match name.strip_suffix('/') {
            Some(name) => Entry { name: name.to_owned(), is_folder: true },
            None => Entry { name, is_folder: false },
        };
        Ok(list(text(folder)?).map_err(error)?.into_iter().map(entry).collect())
    }

    fn create_folder(&self, folder: &Path) -> Result<()> {
        create_folder(text(folder)?).map_err(error)
    }

    fn write(&self, file: &Path, content: &str) -> Result<()> {
        write(text(file)?, content).map_err(error)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        rename(text(from)?, text(to)?).map_err(error)
    }

    fn remove(&self, file: &Path) -> Result<()> {
        remove(text(file)?).map_err(error)
    }
}

/// Standard input.
pub(crate) struct Input;

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let bytes = read_input(u32::try_from(buffer.len()).unwrap_or(u32::MAX)).map_err(error)?;
        let (filled, _) = buffer.split_at_mut(bytes.len());
        filled.copy_from_slice(&bytes);
        Ok(filled.len())
    }
}

/// A stream, by its number.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Output = 1,
    Errors = 2,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(print(*self as u8, bytes).map_err(error)? as usize)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

//! File access of a run: the operating system's files, or those that a host passes to the compiler as WebAssembly.

use std::io::{BufRead, BufReader, Cursor, Result};
use std::path::{Path, PathBuf};

/// A file system. Errors come from the operating system and do not include the path.
pub trait Disk: std::fmt::Debug + Sync {
    /// The content of a file.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn read(&self, file: &Path) -> Result<Vec<u8>>;

    /// Opens a file for reading in pieces.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn open(&self, file: &Path) -> Result<Box<dyn BufRead>> {
        Ok(Box::new(Cursor::new(self.read(file)?)))
    }

    /// The absolute path of an existing file or folder, without symbolic links.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn canonicalize(&self, path: &Path) -> Result<PathBuf>;

    /// The entries of a folder, in any order.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn list(&self, folder: &Path) -> Result<Vec<Entry>>;

    /// Creates a folder and its parents, unless they exist.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn create_folder(&self, folder: &Path) -> Result<()>;

    /// Writes a file, and replaces an existing one.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn write(&self, file: &Path, text: &str) -> Result<()>;

    /// Renames a file, and replaces an existing one.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Deletes a file.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    fn remove(&self, file: &Path) -> Result<()>;
}

/// A file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a folder; false for symbolic links.
    pub is_folder: bool,
}

/// The real file system.
#[derive(Clone, Copy, Debug)]
pub struct Native;

#[expect(clippy::disallowed_methods, reason = "the one place where files are read and written")]
impl Disk for Native {
    fn read(&self, file: &Path) -> Result<Vec<u8>> {
        std::fs::read(file)
    }

    fn open(&self, file: &Path) -> Result<Box<dyn BufRead>> {
        Ok(Box::new(BufReader::new(std::fs::File::open(file)?)))
    }

    fn canonicalize(&self, path: &Path) -> Result<PathBuf> {
        std::fs::canonicalize(path)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>> {
        let entry = |entry: Result<std::fs::DirEntry>| {
            let entry = entry?;
            Ok(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_folder: entry.file_type()?.is_dir() })
        };
        std::fs::read_dir(folder)?.map(entry).collect()
    }

    fn create_folder(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn write(&self, file: &Path, text: &str) -> Result<()> {
        std::fs::write(file, text)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> Result<()> {
        std::fs::remove_file(file)
    }
}

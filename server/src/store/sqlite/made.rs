//! What this process has created for work that is not complete yet. If the work is refused, fails or is interrupted, it is removed again.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stronglog_sync::advice::with_advice;

use super::files::{Inode, private, remove};
use crate::store::StoreError;

/// The file that a running server locks.
pub const LOCK: &str = "stronglog.lock";

/// How often a lock is tried whose file another process removes at the same time.
const LOCK_TRIES: usize = 10;

/// Everything that is to be removed if this process is interrupted. A folder comes before its files, so it is removed in reverse order.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes what this process has created and not completed, because it was stopped.
pub fn discard_unfinished() {
    // Some may have been completed at this moment, and then there is nothing to remove.
    unfinished().iter().rev().for_each(|path| take_away(path));
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a folder if it is empty, or a file with those that SQLite keeps next to it. The error that led here is the one to report.
fn take_away(path: &Path) {
    _ = if path.is_dir() { std::fs::remove_dir(path).map_err(StoreError::new) } else { remove(path) };
}

/// The files and folders that this process has created for its present work. Without [`keep`](Self::keep), they are removed with this value.
#[derive(Debug, Default)]
#[must_use = "what was created is removed with this value"]
pub struct Made(Vec<PathBuf>);

impl Made {
    /// Creates a folder, and those above it, with mode 0700. An existing folder keeps its mode.
    pub fn folder(folder: &Path) -> Result<Self, StoreError> {
        let failed = |error: &io::Error| StoreError::new(format!("cannot create the folder {}: {}", folder.display(), with_advice(error)));
        let mut made = Made::default();
        let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        for path in missing.into_iter().rev() {
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match made.note(path, || builder.create(path)) {
                // Another process has created it at this moment.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
                created => created.map_err(|error| failed(&error))?,
            }
        }
        if folder.is_dir() { Ok(made) } else { Err(failed(&io::ErrorKind::AlreadyExists.into())) }
    }

    /// Creates something that does not exist yet.
    ///
    /// # Errors
    /// Returns the error of `create`, which has created nothing.
    pub fn note<T>(&mut self, path: &Path, create: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        // An interruption either comes before it is created or finds it in the list.
        let mut unfinished = unfinished();
        let created = create()?;
        unfinished.push(path.to_owned());
        self.0.push(path.to_owned());
        Ok(created)
    }

    /// Takes responsibility for files that do not exist yet and that are created from now on. Nobody else may create them.
    pub fn expect(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let missing: Vec<PathBuf> = paths.into_iter().filter(|path| !path.exists()).collect();
        unfinished().extend(missing.iter().cloned());
        self.0.extend(missing);
    }

    /// Adds what was created for the same work later.
    pub fn and(&mut self, mut later: Made) {
        self.0.append(&mut later.0);
    }

    /// Completes the work: everything stays.
    pub fn keep(self) {
        // This cannot fail, so no work is complete for which it failed.
        let Ok(()) = self.keep_after(|| Ok::<_, std::convert::Infallible>(()));
    }

    /// Completes the work with a last step, during which an interruption waits. If the step fails, everything is removed.
    ///
    /// # Errors
    /// Returns the error of the step.
    pub fn keep_after<T, E>(mut self, last: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut unfinished = unfinished();
        // If it fails, the list is unlocked before this value is dropped.
        let value = last()?;
        let made: BTreeSet<PathBuf> = std::mem::take(&mut self.0).into_iter().collect();
        unfinished.retain(|path| !made.contains(path));
        Ok(value)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let mut unfinished = unfinished();
        self.0.iter().rev().for_each(|path| take_away(path));
        unfinished.retain(|path| !self.0.contains(path));
    }
}

/// Locks the folder for this process, which ends with the process. Returns what had to be created, which is to be dropped before the lock.
pub fn lock(folder: &Path) -> Result<(File, Made), StoreError> {
    let path = folder.join(LOCK);
    let failed = |error: &io::Error| StoreError::new(format!("cannot use {}: {}", path.display(), with_advice(error)));
    for _ in 0..LOCK_TRIES {
        let mut made = Made::folder(folder)?;
        let opened = match made.note(&path, || private().create_new(true).write(true).open(&path)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => private().write(true).open(&path),
            created => created,
        };
        let file = match opened {
            // Whoever had created it has removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.map_err(|error| failed(&error))?,
        };
        let opened = Inode::of_file(&file, &path).map_err(|error| failed(&error))?;
        match file.try_lock() {
            // Whoever had locked it may have removed it, and then it locks nobody out.
            Ok(()) if opened.check().is_err() => continue,
            Ok(()) => return Ok((file, made)),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
            Err(TryLockError::WouldBlock) => {
                // If this process has created it, another one was faster to lock it, and uses it.
                made.keep();
                let message =
                    format!("a server is running in {}, or a copy or restore; stop it first, or wait until it is done", folder.display());
                return Err(StoreError::new(message));
            }
        }
    }
    Err(failed(&io::ErrorKind::ResourceBusy.into()))
}

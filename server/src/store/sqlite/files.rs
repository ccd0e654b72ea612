//! Files and folders that only the user who runs the server may read.

#[cfg(unix)]
use std::fs::Metadata;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use stronglog_sync::advice::with_advice;

use crate::store::StoreError;

/// Options that create files with mode 0600.
pub fn private() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Sets the mode of an existing file to 0600.
pub fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A path whose file name has this suffix too.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes a database and the files that SQLite keeps next to it, if they exist.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let file = with_suffix(path, suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::new(format!("cannot remove {}: {}", file.display(), with_advice(&error))));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes renames in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Gives a file that root has created in a data folder to the folder's owner, as whom the server runs.
pub fn give_to_owner(file: &File, folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let owner = folder.metadata()?;
        if owner.uid() != 0 && file.metadata()?.uid() == 0 {
            fchown(file, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (file, folder);
    Ok(())
}

/// Gives files that root has created in a data folder to the folder's owner, as whom the server runs.
pub fn hand_over(folder: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let work = || {
            let owner = folder.metadata()?;
            if owner.uid() == 0 {
                return Ok(());
            }
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let known = entry.metadata()?;
                if known.is_file() && known.uid() == 0 && entry.file_name().to_string_lossy().starts_with("stronglog.") {
                    chown(entry.path(), Some(owner.uid()), Some(owner.gid()))?;
                }
            }
            Ok(())
        };
        work().map_err(|error: io::Error| {
            StoreError::new(format!("cannot give the files in {} to the folder's owner: {error}; run `chown`", folder.display()))
        })?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The file that a path named when it was opened.
pub struct Inode {
    path: PathBuf,
    #[cfg(unix)]
    identity: (u64, u64),
}

impl Inode {
    /// The file that a path names now.
    pub fn of(path: &Path) -> Result<Self, StoreError> {
        Ok(Inode {
            path: path.to_owned(),
            #[cfg(unix)]
            identity: path
                .metadata()
                .map(|known| identity(&known))
                .map_err(|error| StoreError::new(format!("cannot use {}: {}", path.display(), with_advice(&error))))?,
        })
    }

    /// An open file, and the path by which it was opened.
    pub fn of_file(file: &File, path: &Path) -> io::Result<Self> {
        let known = file.metadata()?;
        #[cfg(not(unix))]
        let _ = known;
        Ok(Inode {
            path: path.to_owned(),
            #[cfg(unix)]
            identity: identity(&known),
        })
    }

    /// Checks that the path still names the file. Data written to a moved or removed file may be gone at the next start.
    pub fn check(&self) -> Result<(), StoreError> {
        #[cfg(unix)]
        if self.path.metadata().ok().map(|known| identity(&known)) != Some(self.identity) {
            let message =
                "was moved, removed or replaced while the server was running; writes fail until it is put back or the server is restarted";
            return Err(StoreError::new(format!("{} {message}", self.path.display())));
        }
        Ok(())
    }
}

#[cfg(unix)]
fn identity(known: &Metadata) -> (u64, u64) {
    (std::os::unix::fs::MetadataExt::dev(known), std::os::unix::fs::MetadataExt::ino(known))
}

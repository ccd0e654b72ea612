//! The users of this machine: who runs this process, and who owns a folder.

use std::path::Path;

/// The user of this process, by name if it has one.
pub fn current() -> String {
    #[cfg(unix)]
    return named(rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    "this user".to_owned()
}

/// The owner of an existing folder, by name if it has one.
pub fn owner(folder: &Path) -> Option<String> {
    #[cfg(unix)]
    return Some(named(std::os::unix::fs::MetadataExt::uid(&folder.metadata().ok()?)));
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

#[cfg(unix)]
fn named(id: u32) -> String {
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, found) = (fields.next()?, fields.nth(1)?);
        (found == id.to_string()).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("the user with the id {id}"))
}

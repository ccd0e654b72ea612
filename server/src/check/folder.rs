//! A data folder: integrity, permissions, disk space, clock, backups and the write-ahead log. The server may be running.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use stronglog_sync::advice::with_advice;

use super::{DAY_MS, Finding, Grade, SKEW_MS_MAX, bytes};
use crate::clock::now_ms;
use crate::store::StoreError;
use crate::store::sqlite::backup::backed_up_at;
use crate::store::sqlite::outside::existing;
use crate::store::sqlite::previous;
use crate::store::sqlite::{DATABASE, DATABASE_VERSION, UNFINISHED, check_complete, opened, seen_at, version_of};

/// Above this size the write-ahead log slows down reads and takes long to recover. The server empties it at 32 MiB unless a reader prevents
/// it.
const LOG_BYTES_MAX: u64 = 256 * 1_024 * 1_024;
/// Below this much free space the server may stop writing soon.
const FREE_BYTES_MIN: u64 = 256 * 1_024 * 1_024;

/// How many accounts have a record that is newer than their newest revision.
const BEHIND: &str = "SELECT count(*) FROM users WHERE rev < (SELECT max(rev) FROM records WHERE records.user_id = users.user_id)";

/// A record whose text is not JSON.
const DAMAGED: &str = "SELECT collection, id FROM records WHERE NOT json_valid(record) LIMIT 1";

/// The expectations of the operator about a folder.
#[derive(Clone, Copy, Debug)]
pub struct FolderChecks {
    /// How old the newest backup may be, in hours.
    pub backup_hours: u32,
}

/// Checks a data folder.
pub fn folder(data: &Path, checks: FolderChecks) -> Vec<Finding> {
    let connection = match existing(&data.join(DATABASE)) {
        Ok(connection) => connection,
        Err(error) => {
            let database = Finding::bad("database", check_complete(data).err().unwrap_or(error).to_string());
            return [database].into_iter().chain(Some(files(data)).filter(|found| found.grade == Grade::Bad)).collect();
        }
    };
    let now = now_ms();
    let mut findings = vec![
        files(data),
        finding("version", schema(&connection)),
        finding("integrity", integrity(&connection)),
        permissions(data),
        space(data),
        finding("clock", clock(&connection, now)),
        finding("backup", backup(&connection, checks, now)),
        log(data),
    ];
    findings.extend(unfinished(data));
    findings.extend(match previous::listed(data) {
        Ok(kept) => earlier(&kept),
        Err(error) => Some(Finding::bad("previous", error.to_string())),
    });
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    findings
}

/// Whether a server can open every file that it opens in the folder.
pub fn files(data: &Path) -> Finding {
    let problem = || -> Result<(), String> {
        let [of_sqlite, own] = opened(data).map_err(|error| error.to_string())?;
        of_sqlite.iter().filter(|path| path.exists()).try_for_each(|path| accessible(path))?;
        own.iter().filter(|path| path.exists()).try_for_each(|path| openable(path))?;
        of_sqlite.iter().chain(&own).filter(|path| path.exists()).try_for_each(|path| is_of_owner(path, data))
    };
    match problem() {
        Ok(()) => Finding::good("files", "the server can open every file in the folder"),
        Err(problem) => Finding::bad("files", problem),
    }
}

/// Opens a file as the server does, without changing it.
fn openable(path: &Path) -> Result<(), String> {
    let opened = File::options().read(true).write(true).open(path);
    opened.map(drop).map_err(|error| format!("cannot open {}: {}", path.display(), with_advice(&error)))
}

/// Checks that a file can be opened, without opening it: closing a file of SQLite releases this process's locks on it.
fn accessible(path: &Path) -> Result<(), String> {
    let cannot = |error: &io::Error| format!("cannot open {}: {}", path.display(), with_advice(error));
    if path.is_dir() {
        return Err(cannot(&io::ErrorKind::IsADirectory.into()));
    }
    #[cfg(unix)]
    {
        use rustix::fs::{Access, AtFlags, CWD, accessat};
        accessat(CWD, path, Access::READ_OK | Access::WRITE_OK, AtFlags::EACCESS).map_err(|error| cannot(&error.into()))?;
    }
    Ok(())
}

/// Root can open every file, and the server, which runs as the owner of the folder, may not.
#[cfg(unix)]
fn is_of_owner(path: &Path, data: &Path) -> Result<(), String> {
    let owner = |path: &Path| path.metadata().map(|known| std::os::unix::fs::MetadataExt::uid(&known));
    match (owner(path), owner(data)) {
        (Ok(file), Ok(folder)) if rustix::process::geteuid().is_root() && folder != 0 && file != folder => {
            let (path, data) = (path.display(), data.display());
            Err(format!(
                "{path} does not belong to the owner of the folder, as whom the server runs; run `chown --reference={data} {path}`"
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn is_of_owner(_: &Path, _: &Path) -> Result<(), String> {
    Ok(())
}

/// The files of commands that were interrupted, which may hold data of accounts.
fn unfinished(data: &Path) -> Option<Finding> {
    let (name, path) = UNFINISHED.map(|(name, file)| (name, data.join(file))).into_iter().find(|(_, path)| path.exists())?;
    let path = path.display();
    Some(Finding::warning("unfinished", format!("{path} is left over from an interrupted {name}; remove it and the files named {path}-*")))
}

fn finding(name: &'static str, result: Result<Finding, StoreError>) -> Finding {
    result.unwrap_or_else(|error| Finding::bad(name, error.to_string()))
}

fn schema(connection: &Connection) -> Result<Finding, StoreError> {
    let found = version_of(connection)?;
    Ok(match found.cmp(&DATABASE_VERSION) {
        std::cmp::Ordering::Equal => Finding::good("version", format!("{found}, which this program writes")),
        std::cmp::Ordering::Less => {
            Finding::warning("version", format!("{found}, and this program writes {DATABASE_VERSION}; start the server, which migrates it"))
        }
        std::cmp::Ordering::Greater => {
            Finding::bad("version", format!("{found}, and this program supports up to {DATABASE_VERSION}; update the program"))
        }
    })
}

fn integrity(connection: &Connection) -> Result<Finding, StoreError> {
    let mut statement = connection.prepare("PRAGMA integrity_check(3)")?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    if found != ["ok"] {
        return Ok(Finding::bad("integrity", format!("{}; stop the server and restore a backup", found.join(", "))));
    }
    let strays = connection.prepare("PRAGMA foreign_key_check")?.query_map([], |_| Ok(()))?.count();
    if strays > 0 {
        return Ok(Finding::bad("integrity", format!("{strays} orphaned rows; restore a backup")));
    }
    let damaged = connection.query_row(DAMAGED, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Uuid>(1)?))).optional()?;
    if let Some((collection, id)) = damaged {
        let detail = format!("the record {id} of {collection} is not JSON; write it again on a device that has it, or restore a backup");
        return Ok(Finding::bad("integrity", detail));
    }
    Ok(match connection.query_row(BEHIND, [], |row| row.get::<_, u64>(0))? {
        0 => Finding::good("integrity", "every page and index is sound, and no record is newer than its account's revision"),
        behind => Finding::bad("integrity", format!("{behind} accounts have records that are newer than their revision; restore a backup")),
    })
}

#[cfg(unix)]
fn permissions(data: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    let open = |path: &Path| path.metadata().is_ok_and(|known| known.permissions().mode() & 0o077 != 0);
    let entries = std::fs::read_dir(data).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<String> =
        entries.chain([data.to_owned()]).filter(|path| open(path)).map(|path| path.display().to_string()).collect();
    found.sort();
    match found.as_slice() {
        [] => Finding::good("permissions", "nobody else can read the folder"),
        [one] => Finding::bad("permissions", format!("other users can reach {one}; run `chmod go-rwx {one}`")),
        [first, ..] => Finding::bad(
            "permissions",
            format!("other users can reach {first} and {} more; run `chmod -R go-rwx {}`", found.len() - 1, data.display()),
        ),
    }
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Finding {
    Finding::good("permissions", "not checked on this system")
}

#[cfg(unix)]
fn space(data: &Path) -> Finding {
    match rustix::fs::statvfs(data) {
        Ok(known) => {
            let (free, database) = (known.f_bavail.saturating_mul(known.f_frsize), size(&data.join(DATABASE)));
            let detail = format!("{} are free, and the database takes {}", bytes(free), bytes(database));
            match free {
                ..FREE_BYTES_MIN => Finding::bad("disk", format!("{detail}; free some space")),
                // A backup to the same file system needs the same space again.
                _ if free < database.saturating_mul(2) => {
                    Finding::warning("disk", format!("{detail}; a backup on the same disk needs the same space again"))
                }
                _ => Finding::good("disk", detail),
            }
        }
        Err(error) => Finding::warning("disk", format!("the free space of {} cannot be read: {error}", data.display())),
    }
}

#[cfg(not(unix))]
fn space(_: &Path) -> Finding {
    Finding::good("disk", "not checked on this system")
}

fn clock(connection: &Connection, now: i64) -> Result<Finding, StoreError> {
    if version_of(connection)? == DATABASE_VERSION
        && let Err(jumped) = crate::clock::check(seen_at(connection)?, now)
    {
        return Ok(Finding::bad("clock", jumped.to_string()));
    }
    let newest: i64 = connection.query_row("SELECT coalesce(max(server_updated_at), 0) FROM users", [], |row| row.get(0))?;
    Ok(super::clock(newest, now, "the newest write"))
}

fn backup(connection: &Connection, checks: FolderChecks, now: i64) -> Result<Finding, StoreError> {
    let accounts: u64 = connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    Ok(match backed_up_at(connection)? {
        _ if accounts == 0 => Finding::good("backup", "not needed: there are no accounts"),
        None => Finding::warning("backup", "no backup found; run `stronglog admin backup`"),
        Some(at) if at.saturating_sub(now) > SKEW_MS_MAX => Finding::warning(
            "backup",
            "the newest is dated in the future, because the clock was ahead, so its age is unknown; run `stronglog admin backup`",
        ),
        Some(at) => {
            let hours = now.saturating_sub(at).max(0) / (DAY_MS / 24);
            match hours > i64::from(checks.backup_hours) {
                true => Finding::warning("backup", format!("the newest was made {hours} hours ago; run `stronglog admin backup`")),
                false => Finding::good("backup", format!("the newest was made {hours} hours ago")),
            }
        }
    })
}

fn log(data: &Path) -> Finding {
    let held = size(&data.join(format!("{DATABASE}-wal")));
    match held {
        ..=LOG_BYTES_MAX => Finding::good("log", format!("the write-ahead log takes {}", bytes(held))),
        _ => Finding::warning(
            "log",
            format!("the write-ahead log takes {}: a program holds the database open; close it, or restart the server", bytes(held)),
        ),
    }
}

/// The databases that restores have kept.
fn earlier(kept: &[PathBuf]) -> Option<Finding> {
    let (first, more) = kept.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let detail = format!("a restore has kept {}{more}, with all records of that time; remove it once nobody needs it", first.display());
    Some(Finding::warning("previous", detail))
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |known| known.len())
}

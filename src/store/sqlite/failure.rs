//! Errors of SQLite, with advice for the user.

use crate::store::StoreError;

/// What to do with a damaged database.
pub(super) const DAMAGED: &str = "; the file is damaged or not a database. Keep it, because unsent edits are only in it; restore it from a \
                                  copy, or sync a new one and import your last export";

/// Whether the database holds a value that this program has not written.
fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as Why;
    matches!(error, Why::FromSqlConversionFailure(..) | Why::Utf8Error(..) | Why::IntegralValueOutOfRange(..) | Why::InvalidColumnType(..))
}

/// Whether SQLite could not write, or could not make room for the index of its log, which it needs even to read.
fn is_of_writing(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    let codes = [
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_TRUNCATE,
        ffi::SQLITE_IOERR_SHMOPEN,
        ffi::SQLITE_IOERR_SHMSIZE,
        ffi::SQLITE_IOERR_SHMMAP,
    ];
    error.sqlite_error().is_some_and(|error| codes.contains(&error.extended_code))
}

/// Converts an error of SQLite, and adds advice for the user.
pub(crate) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| {
        use rusqlite::ErrorCode;
        let next = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => "; free some space on the disk and try again",
            Some(ErrorCode::ReadOnly) => "; make the file and its folder writable",
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "; another program is writing to it; try again",
            Some(ErrorCode::CannotOpen) => "; check that the folder exists and is writable",
            Some(ErrorCode::SystemIoFailure) if is_of_writing(&error) => {
                "; the disk is full or failing; free some space on it and try again"
            }
            // A log that belongs to another version of the file ends in an error of reading.
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::SystemIoFailure) => DAMAGED,
            None if is_unreadable(&error) => DAMAGED,
            _ => "",
        };
        StoreError { message: format!("cannot {doing}: {error}{next}"), source: Some(Box::new(error)) }
    }
}

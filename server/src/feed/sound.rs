//! Stored records that something else than the server has damaged. Their text is sent as it is stored, so it must be JSON.

use serde::de::IgnoredAny;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::wire::Change;

use crate::store::StoreError;

/// Checks the text of a version before it is sent. Without this, the whole response would be unreadable, and nobody could say why.
///
/// # Errors
/// Returns an error that names the record if its text is not JSON.
pub fn check(change: &Change) -> Result<(), StoreError> {
    // It keeps nothing, so it is faster than the parser that says what is wrong.
    if serde_json::from_str::<IgnoredAny>(&change.record.text).is_ok() {
        return Ok(());
    }
    let Err(report) = parse(change.record.text.as_bytes()) else { return Ok(()) };
    let why = report.violations.into_iter().next().map(|found| found.message).unwrap_or_default();
    Err(StoreError::damaged(change.collection.path, change.record.id, &why))
}

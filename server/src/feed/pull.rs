//! Pulls: the changes after a cursor, in order of revision, and the cursor for the next page (R2).

use std::ops::ControlFlow;

use stronglog_sync::rules::{self, Rule};
use stronglog_sync::wire::{Change, Feed, Page};

use super::{Error, PAGE_BYTES_MAX, PAGE_CHANGES_DEFAULT, PAGE_CHANGES_MAX, check_sound, cursor_of, follow};
use crate::store::Records;

/// The size of a change on a page without its record: revision, op and the collection's name.
const CHANGE_BYTES: usize = 256;

/// Returns one page of a feed.
///
/// The head and the rows come from one snapshot, so that a cursor never passes a row that the page does not contain.
///
/// # Errors
/// Returns an error if the cursor cannot be followed, or the store fails.
pub fn pull(records: &dyn Records, since: Option<&str>, limit: Option<usize>, feed: Feed, now_ms: i64) -> Result<Page, Error> {
    let head = records.head()?;
    let after = match since {
        Some(cursor) => follow(records, &head, cursor, feed)?,
        None => 0,
    };
    let limit = limit.unwrap_or(PAGE_CHANGES_DEFAULT).clamp(1, PAGE_CHANGES_MAX);
    let mut changes: Vec<Result<Change, _>> = Vec::new();
    let (mut bytes, mut has_more, mut last) = (0, false, after);
    // A poll without new changes reads one counter and nothing else.
    if after < head.rev {
        records.changes(feed, after, &mut |change| {
            bytes += change.record.text.len() + CHANGE_BYTES;
            if changes.len() == limit || (bytes > PAGE_BYTES_MAX && !changes.is_empty()) {
                has_more = true;
                return ControlFlow::Break(());
            }
            last = change.rev;
            changes.push(Ok(change));
            ControlFlow::Continue(())
        })?;
    }
    changes.iter().flatten().try_for_each(check_sound)?;
    let reach = if rules::on(Rule::CursorOfSnapshot) { head.rev } else { head.rev + 1 };
    let next_cursor = cursor_of(records, &head, feed, if has_more { last } else { reach })?;
    Ok(Page {
        changes,
        next_cursor,
        has_more,
        user_rev: head.rev,
        digest: head.digest.filter(|_| !has_more),
        server_time: now_ms,
        names_account: true,
    })
}

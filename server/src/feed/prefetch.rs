//! Predicts the rows that pushes and pulls read. This only makes them faster: the decisions do not depend on it.

use std::collections::BTreeSet;

use stronglog_sync::cursor::Cursor;
use stronglog_sync::wire::{Feed, Push};
use uuid::Uuid;

use super::history::{DISTANCES, Proof};
use super::{PAGE_BYTES_MAX, PAGE_CHANGES_DEFAULT, PAGE_CHANGES_MAX};
use crate::store::prefetch::{Changes, Prefetch};

/// The rows that a push reads.
pub fn prefetch_for_push(push: &Push, feed: Feed) -> Prefetch {
    let mut prefetch = push.cursor.as_deref().map_or_else(Prefetch::default, |cursor| prefetch_for_cursor(cursor).0);
    prefetch.ids = push.edits.iter().flatten().map(|edit| edit.record.id).collect();
    prefetch.boundaries_before_newest.insert(0);
    if matches!(feed, Feed::All(_)) {
        // The proof in the response counts back from the newest revision after the push, and any number of its edits may be accepted.
        let edits = push.edits.len() as u64;
        prefetch.boundaries_before_newest.extend(DISTANCES.into_iter().flat_map(|distance| distance.saturating_sub(edits)..=distance));
    }
    prefetch
}

/// The rows that an edit of one record reads.
pub fn prefetch_for_edit(id: Uuid) -> Prefetch {
    Prefetch { boundaries_before_newest: BTreeSet::from([0]), ..Prefetch::record(id) }
}

/// The rows that a pull reads.
pub fn prefetch_for_pull(since: Option<&str>, limit: Option<usize>, feed: Feed) -> Prefetch {
    let (mut prefetch, after) = since.map_or_else(Default::default, prefetch_for_cursor);
    prefetch.boundaries_before_newest.extend(DISTANCES);
    // One more than fit on the page, to show whether there are more.
    let rows = limit.unwrap_or(PAGE_CHANGES_DEFAULT).clamp(1, PAGE_CHANGES_MAX) + 1;
    let collection = if let Feed::One(collection) = feed { Some(collection.path) } else { None };
    prefetch.changes = Some(Changes { collection, after, rows, bytes: PAGE_BYTES_MAX });
    prefetch
}

/// The rows needed to follow a cursor, and its revision.
fn prefetch_for_cursor(text: &str) -> (Prefetch, u64) {
    let Ok(cursor) = text.parse::<Cursor>() else { return Default::default() };
    let proof = Proof::read(&cursor.proof);
    let boundaries = proof.iter().flat_map(Proof::revisions).collect();
    (Prefetch { boundaries, ..Prefetch::default() }, cursor.rev)
}

//! Predicts the rows that pushes and pulls read. This only makes them fast: the decisions do not depend on it.

use std::collections::BTreeSet;

use stronglog_sync::cursor::Cursor;
use stronglog_sync::wire::{Feed, Push};
use uuid::Uuid;

use super::history::{DISTANCES, Proof};
use super::{PAGE_BYTES_MAX, PAGE_CHANGES_DEFAULT, PAGE_CHANGES_MAX};
use crate::store::wanted::{Changes, Wanted};

/// The rows that a push reads.
pub fn wanted_by_push(push: &Push, feed: Feed) -> Wanted {
    let mut wanted = push.cursor.as_deref().map_or_else(Wanted::default, |cursor| wanted_by_cursor(cursor).0);
    wanted.ids = push.edits.iter().flatten().map(|edit| edit.record.id).collect();
    wanted.boundaries_before_newest.insert(0);
    if matches!(feed, Feed::All(_)) {
        // The proof in the answer counts back from the newest revision after the push, and any number of its edits may be accepted.
        let edits = push.edits.len() as u64;
        wanted.boundaries_before_newest.extend(DISTANCES.into_iter().flat_map(|distance| distance.saturating_sub(edits)..=distance));
    }
    wanted
}

/// The rows that an edit of one record reads.
pub fn wanted_by_edit(id: Uuid) -> Wanted {
    Wanted { boundaries_before_newest: BTreeSet::from([0]), ..Wanted::record(id) }
}

/// The rows that a pull reads.
pub fn wanted_by_pull(since: Option<&str>, limit: Option<usize>, feed: Feed) -> Wanted {
    let (mut wanted, after) = since.map_or_else(Default::default, wanted_by_cursor);
    wanted.boundaries_before_newest.extend(DISTANCES);
    // One more, which shows that there are more.
    let rows = limit.unwrap_or(PAGE_CHANGES_DEFAULT).clamp(1, PAGE_CHANGES_MAX) + 1;
    let collection = if let Feed::One(collection) = feed { Some(collection.path) } else { None };
    wanted.changes = Some(Changes { collection, after, rows, bytes: PAGE_BYTES_MAX });
    wanted
}

/// The rows that are read to follow a cursor, and its revision.
fn wanted_by_cursor(text: &str) -> (Wanted, u64) {
    let Ok(cursor) = text.parse::<Cursor>() else { return Default::default() };
    let proof = Proof::read(&cursor.proof);
    let boundaries = proof.iter().flat_map(Proof::revisions).collect();
    (Wanted { boundaries, ..Wanted::default() }, cursor.rev)
}

//! Scenarios about clocks that are wrong.

use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::merge::{Stored, decide};
use stronglog_sync::outbox::{self, LocalEdit};
use stronglog_sync::pull;
use stronglog_sync::record::rewrite;
use stronglog_sync::store::{Entry, Key, Loaded, Meta, Row, RowState, Write};
use stronglog_sync::wire::{Outcome, PushResult, Reason};
use uuid::Uuid;

use super::{accepted, entry, expect, last_page, loaded, pending_row, version};
use crate::contracts::TestContract;

/// A device whose clock is slow edits another device's version, which the server has under another revision since it was restored.
pub fn an_edit_of_a_slow_clock_follows_what_it_was_made_on() -> Result<(), String> {
    let collection = TestContract::stronglog().plain();
    let seen = Row { collection, state: RowState::Clean, ..pending_row(version(2, 1, 200).op, 200, Some(7)) };
    let (key, mut loaded) = (seen.key(), loaded(1, 0, seen.clone()));
    let text = TestContract::stronglog().record(collection, key.id, "edited");
    let clock = &mut ClockAndRng { now_ms: 100, random: &mut || 1 };
    let writes = outbox::edit(&mut loaded, key, &LocalEdit::Change(text), clock).map_err(|error| error.to_string())?;
    let Some(Write::Put(edited)) = writes.last() else { return Err("nothing was written".to_owned()) };
    expect(decide(Some(Stored { version: seen.version(), rev: 9 }), edited.version(), edited.base_rev), accepted)
}

/// The server's clock is years ahead in one response. The device, whose own clock is right, edits a record before the next response.
pub fn an_edit_after_an_answer_with_a_wrong_time() -> Result<(), String> {
    let collection = TestContract::stronglog().plain();
    let row = Row { collection, state: RowState::Clean, ..pending_row(version(2, 1, 50).op, 50, Some(7)) };
    let (key, mut loaded) = (row.key(), loaded(1, 0, row));
    let page = last_page(Vec::new(), 7, 1_800_000_000_000);
    let clock = &mut ClockAndRng { now_ms: 100, random: &mut || 1 };
    pull::page(&mut loaded, &page, clock).map_err(|report| report.to_string())?;
    let text = TestContract::stronglog().record(collection, key.id, "edited");
    let writes = outbox::edit(&mut loaded, key, &LocalEdit::Change(text), clock).map_err(|error| error.to_string())?;
    match writes.last() {
        Some(Write::Put(edited)) if edited.record.stamp == 100 => Ok(()),
        Some(Write::Put(edited)) => Err(format!("the edit has the stamp {}", edited.record.stamp)),
        _ => Err("nothing was written".to_owned()),
    }
}

/// The server's clock is months behind for one answer, and the device, whose clock is known to be right, has an edit of now.
pub fn an_edit_that_a_server_with_a_wrong_clock_rejects() -> Result<(), String> {
    const NOW_MS: i64 = 1_800_000_000_000;
    let row = pending_row(version(1, 1, NOW_MS).op, NOW_MS, None);
    let mut loaded = loaded(1, 1, row.clone());
    loaded.meta.clock.learn(NOW_MS, NOW_MS);
    let (id, op) = (Some(row.record.id), Some(row.op));
    let reason = Reason::Received { code: "clock_skew".to_owned(), retryable: true, server_time: None, json: "{}".to_owned() };
    let outcomes = vec![Outcome::Rejected { id, op, reason }];
    let server_time = NOW_MS - 200 * 86_400_000;
    let result =
        PushResult { outcomes, prev_user_rev: 7, user_rev: 7, replaced: Vec::new(), proof: None, server_time, names_account: false };
    let clock = ClockAndRng { now_ms: NOW_MS, random: &mut || 1 };
    let (_, pushed) = outbox::outcomes(&mut loaded, &[row.edit()], &result, &clock).map_err(|report| report.to_string())?;
    if pushed.restamps { Err("the edit is dated back for good".to_owned()) } else { Ok(()) }
}

/// A device whose clock is a day wrong makes a record before its first sync, which tells it the time.
pub fn an_edit_from_before_a_device_knew_the_time() -> Result<(), String> {
    const NOW_MS: i64 = 1_800_000_000_000;
    let collection = TestContract::stronglog().plain();
    for behind in [86_400_000, -86_400_000] {
        let mut made_at = ClockAndRng { now_ms: NOW_MS - 5_000 - behind, random: &mut || 1 };
        let key = Key { collection, id: Uuid::from_u128(5) };
        let text = TestContract::stronglog().record(collection, key.id, "first");
        let text = rewrite(&text, &[("clientCreatedAt", Some(made_at.now_ms.to_string()))]).map_err(|report| report.to_string())?;
        let mut loaded = Loaded { meta: Meta::default(), entries: vec![Entry::NONE] };
        let writes = outbox::edit(&mut loaded, key, &LocalEdit::Put(text), &mut made_at).map_err(|error| error.to_string())?;
        let Some(Write::Put(row)) = writes.into_iter().next() else { return Err("nothing was written".to_owned()) };
        loaded.entries = vec![entry(row)];
        let page = last_page(Vec::new(), 7, NOW_MS);
        let clock = &mut ClockAndRng { now_ms: NOW_MS - behind, random: &mut || 1 };
        for _ in 0..2 {
            pull::page(&mut loaded, &page, clock).map_err(|report| report.to_string())?;
        }
        let writes = outbox::restamp(&mut loaded, clock).map_err(|report| report.to_string())?;
        let Some(Write::Put(Row { record, .. })) = writes.first() else { return Err("the edit has no new stamp".to_owned()) };
        let created = format!("\"clientCreatedAt\":{}", NOW_MS - 5_000);
        if record.stamp != NOW_MS - 5_000 || !record.text.contains(&created) {
            return Err(format!("the edit is dated {} ms back", NOW_MS - 5_000 - record.stamp));
        }
    }
    Ok(())
}

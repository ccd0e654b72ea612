//! Writes feed messages. A record keeps the text from which it was read.

use std::fmt::Write;

use uuid::Uuid;

use crate::api::Schema;
use crate::merge::Op;
use crate::record::Record;
use crate::wire::{Change, Edit, Feed, Outcome, Page, PushResult, Reason, Receipt};

/// Writes a page of a feed.
pub fn write_page(page: &Page, feed: Feed) -> String {
    let bytes: usize = page.changes.iter().flatten().map(|change| change.record.text.len() + 256).sum();
    let mut text = String::with_capacity(bytes + 256);
    text.push_str("{\"changes\":[");
    for (index, change) in page.changes.iter().flatten().enumerate() {
        comma(&mut text, index);
        write_change(&mut text, change, feed);
    }
    let (cursor, more) = (&page.next_cursor, page.has_more);
    let _ =
        write!(text, "],\"nextCursor\":\"{cursor}\",\"hasMore\":{more},\"userRev\":{},\"serverTime\":{}", page.user_rev, page.server_time);
    if let (Some(digest), Feed::All(_)) = (page.digest, feed) {
        let _ = write!(text, ",\"digest\":\"{digest}\"");
    }
    text.push('}');
    text
}

/// Writes a push to the global feed.
pub fn write_push<'a>(edits: impl IntoIterator<Item = &'a Edit>, cursor: Option<&str>) -> String {
    let mut text = String::from("{\"changes\":[");
    for (index, edit) in edits.into_iter().enumerate() {
        comma(&mut text, index);
        let _ = write!(text, "{{\"collection\":\"{}\",\"op\":", edit.collection.path);
        write_op(&mut text, edit.op);
        if let Some(rev) = edit.base_rev {
            let _ = write!(text, ",\"baseRev\":{rev}");
        }
        let _ = write!(text, ",\"record\":{}}}", edit.record.text);
    }
    text.push(']');
    if let Some(cursor) = cursor {
        let _ = write!(text, ",\"cursor\":\"{cursor}\"");
    }
    text.push('}');
    text
}

/// The maximum number of bytes that an edit takes in a push.
pub fn edit_bytes(record: &Record) -> usize {
    record.text.len() + 320
}

/// Writes the result of a push.
pub fn write_push_result(result: &PushResult) -> String {
    let mut text = String::from("{\"outcomes\":[");
    for (index, outcome) in result.outcomes.iter().enumerate() {
        comma(&mut text, index);
        write_outcome(&mut text, outcome);
    }
    let _ = write!(text, "],\"prevUserRev\":{},\"userRev\":{},", result.prev_user_rev, result.user_rev);
    if !result.replaced.is_empty() {
        text.push_str("\"replaced\":[");
        for (index, change) in result.replaced.iter().enumerate() {
            comma(&mut text, index);
            write_change(&mut text, change, Feed::All(change.collection.contract()));
        }
        text.push_str("],");
    }
    if let Some(proof) = &result.proof {
        let _ = write!(text, "\"proof\":\"{proof}\",");
    }
    let _ = write!(text, "\"serverTime\":{}}}", result.server_time);
    text
}

/// Writes one outcome.
pub fn write_outcome(text: &mut String, outcome: &Outcome) {
    match outcome {
        Outcome::Accepted(receipt) => write_receipt(text, "accepted", receipt),
        Outcome::Duplicate(receipt) => write_receipt(text, "duplicate", receipt),
        Outcome::Superseded { id, op, winner } => {
            let _ = write!(text, "{{\"id\":\"{id}\",\"op\":");
            write_op(text, *op);
            text.push_str(",\"outcome\":\"superseded\",\"winner\":");
            match &**winner {
                Ok(change) => write_change(text, change, Feed::One(change.collection)),
                Err(unreadable) => text.push_str(&unreadable.raw),
            }
            text.push('}');
        }
        Outcome::Rejected { id, op, reason: Reason::Own(error) } => write_rejected(text, *id, *op, &error.to_json()),
        Outcome::Rejected { id, op, reason: Reason::Received { json, .. } } => write_rejected(text, *id, *op, json),
    }
}

fn write_rejected(text: &mut String, id: Option<Uuid>, op: Option<Op>, error: &str) {
    let _ = write!(text, "{{\"outcome\":\"rejected\",\"error\":{error}");
    if let Some(id) = id {
        let _ = write!(text, ",\"id\":\"{id}\"");
    }
    if let Some(op) = op {
        text.push_str(",\"op\":");
        write_op(text, op);
    }
    text.push('}');
}

fn write_receipt(text: &mut String, outcome: &str, receipt: &Receipt) {
    let _ = write!(text, "{{\"id\":\"{}\",\"op\":", receipt.id);
    write_op(text, receipt.op);
    let _ = write!(
        text,
        ",\"outcome\":\"{outcome}\",\"rev\":{},\"serverId\":\"{}\",\"serverUpdatedAt\":{},\"clientUpdatedAt\":{}}}",
        receipt.rev, receipt.server_id, receipt.server_updated_at, receipt.stamp
    );
}

/// Writes one change in its form in a page of `feed`.
pub fn write_change(text: &mut String, change: &Change, feed: Feed) {
    begin_change(text, change, feed);
    text.push('}');
}

/// Writes one change without its closing brace, so that further members can follow.
pub fn begin_change(text: &mut String, change: &Change, feed: Feed) {
    text.push('{');
    if matches!(feed, Feed::All(_)) {
        let _ = write!(text, "\"collection\":\"{}\",", change.collection.path);
    }
    let _ = write!(text, "\"rev\":{},\"op\":", change.rev);
    write_op(text, change.op);
    if let (Some(lost), Feed::All(_)) = (change.lost, feed) {
        let _ = write!(text, ",\"lostAfter\":{},\"lostUpTo\":{}", lost.after, lost.up_to);
    }
    text.push_str(",\"record\":");
    text.push_str(&change.record.text);
}

fn write_op(text: &mut String, op: Op) {
    let _ = write!(text, "{{\"id\":\"{}\",\"deviceId\":\"{}\",\"seq\":{}}}", op.id, op.device, op.seq);
}

fn comma(text: &mut String, index: usize) {
    if index > 0 {
        text.push(',');
    }
}

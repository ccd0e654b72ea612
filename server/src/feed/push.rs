//! Pushes: each edit is decided separately, and each accepted edit gets the next revision (R1, R7, R8, R9, R18).

use stronglog_sync::api::runtime::report::Violation;
use stronglog_sync::api::{Rejection, RejectionCode, Report, Schema, Seq, Timestamp, ViolationType};
use stronglog_sync::clock::ClockAndRng;
use stronglog_sync::digest::Digest;
use stronglog_sync::merge::{Resolution, decide};
use stronglog_sync::record::RECORD_BYTES_MAX;
use stronglog_sync::rules::{self, Rule};
use stronglog_sync::wire::{Change, Edit, Feed, Lost, Outcome, Push, PushResult, Reason, Receipt, Unreadable};

use uuid::Uuid;

use super::{CLOCK_SKEW_MAX_MS, Error, PAGE_BYTES_MAX, Refusal, check_sound, follow, history};
use crate::store::{Entry, Quota, Records, StoreError, Usage};

/// Decides a push, and stores the accepted edits. The caller holds the user's lock until it commits.
///
/// Duplicates, losing edits and rejected edits change nothing, so a push may be repeated, in whole or in part (R12). The first edit that
/// would exceed the account's quota ends the push: it and the edits after it get no outcome. A push also ends when the versions in its
/// response exceed the size of a page.
///
/// # Errors
/// Returns an error if the cursor cannot be followed, or the account cannot hold the first edit. Then nothing is stored. Also returns an
/// error if the store fails. Then the transaction must be rolled back.
pub fn push(records: &mut dyn Records, push: &Push, feed: Feed, clock: &mut ClockAndRng<'_>) -> Result<PushResult, Error> {
    let head = records.head()?;
    if let Some(cursor) = &push.cursor {
        follow(records, &head, cursor, feed)?;
    }
    let server_updated_at = clock.now_ms.max(head.server_updated_at);
    let (usage, quota) = (head.usage, head.quota);
    // A missing digest is not computed here, because that reads all records while the other writers wait.
    let digest = head.digest.or_else(|| (head.rev == 0).then(Digest::default));
    let mut pass = Pass {
        rev: head.rev,
        accepted: Vec::new(),
        replaced: Vec::new(),
        response_bytes: 0,
        server_updated_at,
        usage,
        digest,
        quota,
        clock,
    };
    let mut outcomes = Vec::with_capacity(push.edits.len());
    for edit in &push.edits {
        let decided = match edit {
            Ok(edit) => pass.decide(records, edit),
            Err(unreadable) => Ok(reject_unreadable(unreadable)),
        };
        match decided {
            Ok(outcome) => {
                pass.response_bytes += response_bytes(&outcome);
                outcomes.push(outcome);
                if pass.response_bytes > PAGE_BYTES_MAX {
                    break;
                }
            }
            Err(Error::Refused(Refusal::QuotaExceeded { .. })) if !outcomes.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let (rev, usage, digest) = (pass.rev, pass.usage, pass.digest);
    if rev > head.rev {
        records.advance(history::after(records.boundary(head.rev)?, rev, &pass.accepted), server_updated_at, usage, digest)?;
    }
    // Only results of the global feed have `replaced` and `proof`.
    let (replaced, proof) = match feed {
        Feed::All(_) => (pass.replaced, Some(history::proof(records, rev, feed.name())?)),
        Feed::One(_) => (Vec::new(), None),
    };
    Ok(PushResult { outcomes, replaced, prev_user_rev: head.rev, user_rev: rev, proof, server_time: clock.now_ms, names_account: true })
}

/// The share of a version in the digest.
fn counted(change: &Change) -> Digest {
    match change.record.deleted {
        true => Digest::default(),
        false => Digest::of(change.collection.path, change.record.id, change.rev),
    }
}

/// The state of one push while its edits are decided.
struct Pass<'p, 'm> {
    rev: u64,
    /// The digests of the versions that were stored, in the order of their revisions.
    accepted: Vec<Uuid>,
    /// The versions that were replaced by edits not based on them.
    replaced: Vec<Change>,
    /// The size of the versions in the response: these and the winners.
    response_bytes: usize,
    server_updated_at: i64,
    usage: Usage,
    digest: Option<Digest>,
    quota: Quota,
    clock: &'p mut ClockAndRng<'m>,
}

impl Pass<'_, '_> {
    fn decide(&mut self, records: &mut dyn Records, edit: &Edit) -> Result<Outcome, Error> {
        if let Some(error) = reject_by_content(edit) {
            return Ok(rejected(edit, error));
        }
        if !rules::on(Rule::NumberAcceptedOnly) {
            self.rev += 1;
        }
        let stored = records.find(edit.collection.contract(), edit.record.id)?;
        if stored.as_ref().is_some_and(|entry| entry.change.collection.path != edit.collection.path) {
            return Ok(rejected(edit, plain(RejectionCode::WrongCollection, "another collection has a record with this id; use a new id")));
        }
        match (decide(stored.as_ref().map(|entry| entry.change.stored()), edit.version(), edit.base_rev), stored) {
            (Resolution::Accepted { stamp }, stored) => self.accept(records, edit, stamp, stored.as_ref()),
            (Resolution::Duplicate, Some(entry)) => Ok(Outcome::Duplicate(receipt(&entry))),
            (_, Some(entry)) => {
                let (id, op) = (edit.record.id, edit.op);
                check_sound(&entry.change)?;
                Ok(Outcome::Superseded { id, op, winner: Box::new(Ok(entry.change)) })
            }
            (_, None) => Err(StoreError::new("bug: the decision refers to a version that does not exist").into()),
        }
    }

    fn accept(&mut self, records: &mut dyn Records, edit: &Edit, stamp: i64, stored: Option<&Entry>) -> Result<Outcome, Error> {
        let known = stored.map_or(0, |entry| entry.change.record.stamp.saturating_add(1));
        let latest = self.clock.now_ms.saturating_add(CLOCK_SKEW_MAX_MS).max(known);
        if edit.record.stamp > latest && rules::on(Rule::RefuseFutureStamps) {
            return Ok(rejected(edit, clock_skew(edit.record.stamp, self.clock.now_ms)));
        }
        let server_id = stored.map_or_else(|| self.clock.new_id(), |entry| entry.server_id);
        let Ok(record) = edit.record.acknowledged(server_id, self.server_updated_at, stamp) else {
            return Ok(rejected(edit, plain(RejectionCode::InvalidRecord, "the record is not a JSON object")));
        };
        let usage = self.usage.replaced(stored.map(|entry| &entry.change.record), &record);
        if !self.quota.allows(self.usage, usage) {
            return Err(Refusal::QuotaExceeded { usage: self.usage, quota: self.quota }.into());
        }
        self.usage = usage;
        self.rev += 1;
        let lost = stored.and_then(|entry| lost_by(&entry.change, edit));
        let replaced = stored.map(|entry| &entry.change).filter(|change| is_unseen(change, edit));
        // Nothing can be kept of a damaged version, and the edit repairs the record.
        let replaced = replaced.filter(|change| check_sound(change).is_ok());
        self.response_bytes += replaced.map_or(0, |change| change.record.text.len());
        self.replaced.extend(replaced.cloned());
        let change = Change { collection: edit.collection, rev: self.rev, op: edit.op, record, lost };
        let entry = Entry { change, server_id, server_updated_at: self.server_updated_at };
        records.put(&entry)?;
        let gone = stored.map_or(Digest::default(), |entry| counted(&entry.change));
        self.digest = self.digest.map(|digest| digest.with(counted(&entry.change)).without(gone));
        self.accepted.push(history::digest(&entry.change));
        Ok(Outcome::Accepted(receipt(&entry)))
    }
}

/// The size of the version in an outcome.
fn response_bytes(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Superseded { winner, .. } => winner.as_ref().as_ref().map_or(0, |winner| winner.record.text.len()),
        Outcome::Accepted(_) | Outcome::Duplicate(_) | Outcome::Rejected { .. } => 0,
    }
}

/// Whether the device of an edit had not seen the version that the edit replaces. It knows its own earlier edits.
fn is_unseen(stored: &Change, edit: &Edit) -> bool {
    edit.base_rev != Some(stored.rev) && edit.op.device != stored.op.device
}

/// The interval of revisions in which versions of a record have lost unseen, once an edit replaces the stored version. Losses with seen
/// versions between them form one interval. A device that holds such a seen version keeps it unnecessarily, but no loser is forgotten.
fn lost_by(stored: &Change, edit: &Edit) -> Option<Lost> {
    if !is_unseen(stored, edit) {
        return stored.lost;
    }
    let after = edit.base_rev.filter(|base| *base < stored.rev).unwrap_or(0);
    Some(Lost { after: stored.lost.map_or(after, |lost| lost.after.min(after)), up_to: stored.rev })
}

/// Rejects an edit for reasons that do not depend on stored data.
fn reject_by_content(edit: &Edit) -> Option<Rejection> {
    if edit.record.text.len() > RECORD_BYTES_MAX {
        let message = format!("the record takes {} bytes; expected at most {RECORD_BYTES_MAX}", edit.record.text.len());
        return Some(plain(RejectionCode::RecordTooLarge, message));
    }
    match stronglog_sync::pull::singleton_id(edit.collection) {
        Some(id) if id != edit.record.id => {
            let message = format!("the collection has one record, whose id is {id}");
            Some(plain(RejectionCode::NotSingleton, message))
        }
        _ => None,
    }
}

fn receipt(entry: &Entry) -> Receipt {
    let Change { rev, op, record, .. } = &entry.change;
    let (server_id, server_updated_at) = (entry.server_id, entry.server_updated_at);
    Receipt { id: record.id, op: *op, rev: *rev, server_id, server_updated_at, stamp: record.stamp }
}

fn rejected(edit: &Edit, error: Rejection) -> Outcome {
    Outcome::Rejected { id: Some(edit.record.id), op: Some(edit.op), reason: Reason::Own(error) }
}

fn reject_unreadable(unreadable: &Unreadable) -> Outcome {
    let unknown = unreadable.collection.is_some() && unreadable.known.is_none();
    let mut error = if unknown {
        plain(RejectionCode::UnknownCollection, "unknown collection")
    } else {
        plain(RejectionCode::InvalidRecord, "the change does not satisfy the contract")
    };
    error.errors = Some(violations(&unreadable.report));
    // The response must be valid under the contract, so an invalid count is left out.
    let op = unreadable.op.filter(|op| i64::try_from(op.seq).is_ok_and(|seq| Seq(seq).validate().is_ok()));
    Outcome::Rejected { id: unreadable.id, op, reason: Reason::Own(error) }
}

fn plain(code: RejectionCode, message: impl Into<String>) -> Rejection {
    Rejection { code, retryable: false, message: message.into(), errors: None, server_time: None }
}

fn clock_skew(stamp: i64, now_ms: i64) -> Rejection {
    let message = format!("clientUpdatedAt is {} ms ahead of the server", stamp.saturating_sub(now_ms));
    let server_time = Some(Timestamp(now_ms));
    Rejection { retryable: true, server_time, ..plain(RejectionCode::ClockSkew, message) }
}

/// Converts a report to the contract's type.
pub(crate) fn violations(report: &Report) -> Vec<ViolationType> {
    let to_contract =
        |found: Violation| ViolationType { pointer: found.pointer, keyword: found.keyword.to_owned(), message: found.message };
    report.in_brief().into_iter().map(to_contract).collect()
}

//! Feed messages with their records as JSON text, validated once and never rebuilt.
//!
//! The generated types of [`api`](crate::api) represent the same messages with typed records. A sync engine and a server only pass records
//! on, so typed records would cost time without benefit. This module validates the parsed text, and each record keeps its text.

mod write;

use uuid::Uuid;

use crate::api::collection::{Collection, Contract, ServerContract};
use crate::api::runtime::http::Check;
use crate::api::runtime::json::{Array, Json};
use crate::api::runtime::report::{At, Checker};
use crate::api::runtime::schema::{parse, validate_view};
use crate::api::validators::{CHANGE, FEED_PAGE, FEED_PUSH_REQUEST, FEED_PUSH_RESULT, PUSH_CHANGE, PUSH_REQUEST};
use crate::api::{Rejection, Report};
use crate::digest::Digest;
use crate::key::Key;
use crate::merge::{Op, Stored, Version};
use crate::record::{Record, boolean, check_levels, count, integer, uuid};
use crate::rules::{self, Rule};

pub use write::{begin_change, edit_bytes, write_change, write_outcome, write_page, write_push, write_push_result};

/// A member of an export's first line. A file with it but without the counts of the last line is incomplete, however its lines were sorted.
pub const EXPORT_BEGIN: &str = ",\"begin\":{\"format\":1}";

/// The format in [`EXPORT_BEGIN`]. A reader rejects a later one.
pub const EXPORT_FORMAT: i64 = 1;

/// The server's current version of a record.
#[derive(Clone, Debug)]
pub struct Change {
    /// The collection that the record belongs to.
    pub collection: &'static Collection,
    /// The server's revision, which orders the feed.
    pub rev: u64,
    /// The edit that created this version.
    pub op: Op,
    /// The record, live or a tombstone.
    pub record: Record,
    /// Which versions of the record lost unseen against this one, if any (R23).
    pub lost: Option<Lost>,
}

/// Versions of a record that were replaced by a version that was not based on them, from a device that had not seen them: those with a
/// revision above `after`, up to `up_to`. Later versions inherit this, because a device may see only the newest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The base revision of the replacing version; 0 if it has none.
    pub after: u64,
    /// The revision that was replaced.
    pub up_to: u64,
}

impl Change {
    /// Whether the version of the record with this revision lost unseen.
    pub fn lost_against(&self, rev: u64) -> bool {
        self.lost.is_some_and(|lost| rev > lost.after && rev <= lost.up_to)
    }

    /// The stored version, for conflict resolution (R8).
    pub fn stored(&self) -> Stored {
        Stored { version: version(self.op, &self.record), rev: self.rev }
    }
}

/// An edit of a record, as a device pushes it.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The collection that the record belongs to.
    pub collection: &'static Collection,
    /// The op that identifies the edit.
    pub op: Op,
    /// The revision of the version that was edited.
    pub base_rev: Option<u64>,
    /// The record after the edit.
    pub record: Record,
}

impl Edit {
    /// The edit's version, for conflict resolution (R8).
    pub fn version(&self) -> Version {
        version(self.op, &self.record)
    }
}

fn version(op: Op, record: &Record) -> Version {
    Version { op, stamp: record.stamp, deleted: record.deleted }
}

/// A change that this version of the contract cannot read, with its readable parts.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The violations, with pointers relative to the change.
    pub report: Report,
    /// The JSON text of the change, unchanged.
    pub raw: String,
    /// The name of the collection, if the change or its feed names one.
    pub collection: Option<String>,
    /// The collection of that name, if the contract has it.
    pub known: Option<&'static Collection>,
    /// The record's id, if it is readable.
    pub id: Option<Uuid>,
    /// The op, if it is readable.
    pub op: Option<Op>,
    /// In a push, the revision of the version that was edited.
    pub base_rev: Option<u64>,
    /// The version and revision, if the op, the record's sync members and the revision are readable.
    pub stored: Option<Stored>,
}

impl Unreadable {
    /// The record's key, if its collection is known and its id is readable.
    pub fn key(&self) -> Option<Key> {
        Some(Key { collection: self.known?, id: self.id? })
    }
}

/// One page of a feed.
#[derive(Clone, Debug)]
pub struct Page {
    /// The changes in the order of their revisions, each validated on its own.
    pub changes: Vec<Result<Change, Box<Unreadable>>>,
    /// The cursor of the next page. It is stored together with the rows, in one transaction (R3).
    pub next_cursor: String,
    /// Whether there are more pages.
    pub has_more: bool,
    /// The account's newest revision.
    pub user_rev: u64,
    /// The digest of the account's live records at the newest revision (R27), on the last page of a server of contract 1.1.0.
    pub digest: Option<Digest>,
    /// The server's clock, in milliseconds since the Unix epoch.
    pub server_time: i64,
    /// Whether the response names its account (R29).
    pub names_account: bool,
}

/// A push: edits, and the device's cursor.
#[derive(Clone, Debug)]
pub struct Push {
    /// The edits in the order in which they were sent, each validated on its own.
    pub edits: Vec<Result<Edit, Box<Unreadable>>>,
    /// The device's position in the feed.
    pub cursor: Option<String>,
}

/// The result of a push.
#[derive(Clone, Debug)]
pub struct PushResult {
    /// One outcome for each edit, in order.
    pub outcomes: Vec<Outcome>,
    /// The versions that accepted edits have replaced without being based on them (R23).
    pub replaced: Vec<Change>,
    /// The account's newest revision before the push. A device whose cursor is at this revision has seen everything (R7).
    pub prev_user_rev: u64,
    /// The account's newest revision after the push.
    pub user_rev: u64,
    /// The proof that the device's cursor carries after the push (R22). `None` from a server of contract 1.0.0.
    pub proof: Option<String>,
    /// The server's clock, in milliseconds since the Unix epoch.
    pub server_time: i64,
    /// Whether the response names its account (R29). No cache keeps the response to a push, so if it does not, a proxy removes the name.
    pub names_account: bool,
}

/// The outcome of one edit.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The edit is now the current version.
    Accepted(Receipt),
    /// The edit was already stored, because the response to an earlier push was lost.
    Duplicate(Receipt),
    /// The stored version won (R8).
    Superseded {
        /// The record.
        id: Uuid,
        /// The edit that lost.
        op: Op,
        /// The winning version, which an older client may not be able to read.
        winner: Box<Result<Change, Box<Unreadable>>>,
    },
    /// The edit was not stored.
    Rejected {
        /// The record's id, if it was readable.
        id: Option<Uuid>,
        /// The op, if it was readable.
        op: Option<Op>,
        /// Why.
        reason: Reason,
    },
}

/// Why an edit was not stored, and whether it may be sent again.
#[derive(Clone, Debug)]
pub enum Reason {
    /// As this server says it.
    Own(Rejection),
    /// As a client reads it, possibly by a later contract.
    Received {
        /// The code.
        code: String,
        /// Whether the edit may be sent again.
        retryable: bool,
        /// The server's clock, if the reason is the edit's stamp.
        server_time: Option<i64>,
        /// The whole reason, as JSON.
        json: String,
    },
}

impl Outcome {
    /// Whether this outcome belongs to this edit.
    pub fn is_of(&self, edit: &Edit) -> bool {
        let (id, op) = match self {
            Outcome::Accepted(receipt) | Outcome::Duplicate(receipt) => (Some(receipt.id), Some(receipt.op)),
            Outcome::Superseded { id, op, winner } => {
                let winner = (**winner).as_ref().map_or_else(|unreadable| unreadable.id, |winner| Some(winner.record.id));
                (Some(*id).filter(|id| winner.is_none_or(|winner| winner == *id)), Some(*op))
            }
            Outcome::Rejected { id, op, .. } => (*id, *op),
        };
        (id, op) == (Some(edit.record.id), Some(edit.op)) || !rules::on(Rule::OutcomesAreOfEdits)
    }
}

/// The server's confirmation that a version is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The record.
    pub id: Uuid,
    /// The op of the stored edit.
    pub op: Op,
    /// The revision that the server assigned.
    pub rev: u64,
    /// The server's id for the record.
    pub server_id: Uuid,
    /// When the version was stored, in milliseconds since the Unix epoch.
    pub server_updated_at: i64,
    /// The stored stamp, which is at least the stamp that was sent.
    pub stamp: i64,
}

/// The feed that a message belongs to. It determines whether each change names its collection.
#[derive(Clone, Copy, Debug)]
pub enum Feed {
    /// The global feed of all collections of a contract, which this engine uses.
    All(&'static Contract),
    /// The feed of one collection.
    One(&'static Collection),
}

impl Feed {
    /// The contract of the feed's records.
    pub fn contract(self) -> &'static Contract {
        match self {
            Feed::All(contract) => contract,
            Feed::One(collection) => collection.contract(),
        }
    }

    /// The name of the feed in a cursor.
    pub fn name(self) -> &'static str {
        match self {
            Feed::All(_) => crate::cursor::ALL,
            Feed::One(collection) => collection.path,
        }
    }
}

/// Reads a page of the global feed.
///
/// # Errors
/// Returns an error if the page as a whole is invalid. An invalid change is reported in its own place.
pub fn read_page(body: &[u8], contract: &'static Contract) -> Result<Page, Report> {
    let tape = parse(body)?;
    let page = tape.root();
    check(page, &FEED_PAGE)?;
    let changes = items(page, "changes").map(|change| read_change(change, Feed::All(contract))).collect();
    let read = || {
        Some(Page {
            changes,
            next_cursor: page.get("nextCursor")?.as_str()?.to_owned(),
            has_more: boolean(page.get("hasMore"))?,
            user_rev: count(page.get("userRev"))?,
            digest: page.get("digest").and_then(Json::as_str).and_then(Digest::read),
            server_time: integer(page.get("serverTime"))?,
            names_account: false,
        })
    };
    read().ok_or_else(unread)
}

/// Reads a push to a feed.
///
/// # Errors
/// Returns an error if the push as a whole is invalid. An invalid edit is reported in its own place.
pub fn read_push(body: &[u8], server: &ServerContract, feed: Feed) -> Result<Push, Report> {
    let tape = parse(body)?;
    let push = tape.root();
    check(push, if matches!(feed, Feed::All(_)) { &FEED_PUSH_REQUEST } else { &PUSH_REQUEST })?;
    let edits = items(push, "changes").map(|edit| read_edit(edit, server.check_any("FeedPushChange"), feed)).collect();
    Ok(Push { edits, cursor: push.get("cursor").and_then(Json::as_str).map(str::to_owned) })
}

/// Reads a single edit of a record of a collection.
///
/// # Errors
/// Returns an error if the body is not JSON. An invalid edit is reported as [`Unreadable`].
pub fn read_single_edit(body: &[u8], collection: &'static Collection) -> Result<Result<Edit, Box<Unreadable>>, Report> {
    Ok(read_edit(parse(body)?.root(), None, Feed::One(collection)))
}

/// Reads the result of a push of `sent` to the global feed. Returns `None` if it is the result of another push, because a program between
/// here and the server may mix up responses. A winner belongs to the collection of its edit.
///
/// # Errors
/// Returns an error if the result as a whole is invalid. An invalid winner is reported in its own place.
pub fn read_push_result(body: &[u8], contract: &'static Contract, sent: &[Edit]) -> Result<Option<PushResult>, Report> {
    let tape = parse(body)?;
    let result = tape.root();
    check(result, &FEED_PUSH_RESULT).or_else(forgive_newer_codes)?;
    let outcomes = items(result, "outcomes").zip(sent).map(|(outcome, edit)| read_outcome(outcome, edit.collection));
    let read = || {
        Some(PushResult {
            outcomes: outcomes.collect::<Option<_>>()?,
            prev_user_rev: count(result.get("prevUserRev"))?,
            user_rev: count(result.get("userRev"))?,
            replaced: items(result, "replaced").filter_map(|change| read_change(change, Feed::All(contract)).ok()).collect(),
            proof: result.get("proof").and_then(Json::as_str).map(str::to_owned),
            server_time: integer(result.get("serverTime"))?,
            names_account: false,
        })
    };
    let read = read().ok_or_else(unread)?;
    let is_of_sent = read.outcomes.iter().zip(sent).all(|(outcome, edit)| outcome.is_of(edit));
    Ok((is_of_sent && items(result, "outcomes").nth(sent.len()).is_none()).then_some(read))
}

/// Accepts rejections with codes of a later contract, because `retryable` says how to handle them. Winners are validated separately.
fn forgive_newer_codes(mut report: Report) -> Result<(), Report> {
    report.violations.retain(|violation| violation.keyword != "enum" || !violation.pointer.ends_with("/error/code"));
    if report.violations.is_empty() { Ok(()) } else { Err(report) }
}

fn read_outcome(outcome: Json<'_>, collection: &'static Collection) -> Option<Outcome> {
    let id = || uuid(outcome.get("id"));
    let op = || read_op(outcome.get("op"));
    let receipt = || {
        Some(Receipt {
            id: id()?,
            op: op()?,
            rev: count(outcome.get("rev"))?,
            server_id: uuid(outcome.get("serverId"))?,
            server_updated_at: integer(outcome.get("serverUpdatedAt"))?,
            stamp: integer(outcome.get("clientUpdatedAt"))?,
        })
    };
    Some(match outcome.get("outcome")?.as_str()? {
        "accepted" => Outcome::Accepted(receipt()?),
        "duplicate" => Outcome::Duplicate(receipt()?),
        "superseded" => {
            let winner = read_change(outcome.get("winner")?, Feed::One(collection));
            Outcome::Superseded { id: id()?, op: op()?, winner: Box::new(winner) }
        }
        _ => {
            let error = outcome.get("error")?;
            let reason = Reason::Received {
                code: error.get("code")?.as_str()?.to_owned(),
                retryable: boolean(error.get("retryable"))?,
                server_time: integer(error.get("serverTime")),
                json: error.to_text(),
            };
            Outcome::Rejected { id: id(), op: op(), reason }
        }
    })
}

/// Reads a change of a feed.
///
/// # Errors
/// Returns the text of a change that violates the contract, with the violations.
pub fn read_change(change: Json<'_>, feed: Feed) -> Result<Change, Box<Unreadable>> {
    let (collection, checked) = checked(change, feed, feed.contract().check_any("FeedChange"), &CHANGE);
    let read = || {
        Some(Change {
            collection: collection?,
            rev: count(change.get("rev"))?,
            op: read_op(change.get("op"))?,
            record: Record::read(change.get("record")?)?,
            lost: count(change.get("lostAfter")).zip(count(change.get("lostUpTo"))).map(|(after, up_to)| Lost { after, up_to }),
        })
    };
    checked.and_then(|()| read().ok_or_else(unread)).map_err(|report| Box::new(unreadable(change, collection, report)))
}

fn read_edit(edit: Json<'_>, in_all: Option<Check>, feed: Feed) -> Result<Edit, Box<Unreadable>> {
    let (collection, checked) = checked(edit, feed, in_all, &PUSH_CHANGE);
    let read = || {
        Some(Edit {
            collection: collection?,
            op: read_op(edit.get("op"))?,
            base_rev: count(edit.get("baseRev")),
            record: Record::read(edit.get("record")?)?,
        })
    };
    let in_record = |mut report: Report| {
        report.violations.iter_mut().for_each(|violation| violation.pointer.insert_str(0, "/record"));
        report
    };
    let checked = checked.and_then(|()| edit.get("record").map_or(Ok(()), check_levels).map_err(in_record));
    checked.and_then(|()| read().ok_or_else(unread)).map_err(|report| Box::new(unreadable(edit, collection, report)))
}

/// Validates a change. In the global feed, the contract's schema includes the record; in a feed of one collection, the change and
/// the record are validated separately.
fn checked(value: Json<'_>, feed: Feed, in_all: Option<Check>, in_one: Check) -> (Option<&'static Collection>, Result<(), Report>) {
    match feed {
        Feed::All(contract) => {
            let path = value.get("collection").and_then(Json::as_str);
            let missing = || Report::new("schema", "cannot be validated: the contract has no feed of all collections");
            let checked = in_all.ok_or_else(missing).and_then(|in_all| check(value, in_all));
            (path.and_then(|path| contract.collection(path)), checked)
        }
        Feed::One(collection) => {
            let mut out = Checker::new();
            out.check(value, in_one, At::ROOT);
            if let Some(record) = value.get("record").filter(|record| boolean(record.get("isDeleted")) == Some(false)) {
                out.check(record, collection.check, At::ROOT.member("record"));
            }
            (Some(collection), out.finish())
        }
    }
}

fn unreadable(change: Json<'_>, known: Option<&'static Collection>, report: Report) -> Unreadable {
    let record = change.get("record").and_then(Record::read);
    let op = read_op(change.get("op"));
    let rev = count(change.get("rev"));
    Unreadable {
        report,
        raw: change.to_text(),
        collection: known.map(|known| known.path).or_else(|| change.get("collection").and_then(Json::as_str)).map(str::to_owned),
        known,
        id: change.get("record").and_then(|record| uuid(record.get("id"))),
        op,
        base_rev: count(change.get("baseRev")),
        stored: record.zip(op).zip(rev).map(|((record, op), rev)| Stored { version: version(op, &record), rev }),
    }
}

fn read_op(op: Option<Json<'_>>) -> Option<Op> {
    let op = op?;
    Some(Op { id: uuid(op.get("id"))?, device: uuid(op.get("deviceId"))?, seq: count(op.get("seq"))? })
}

fn items<'a>(message: Json<'a>, name: &str) -> impl Iterator<Item = Json<'a>> {
    let array = match message.get(name) {
        Some(Json::Array(array)) => array,
        _ => Array::empty(),
    };
    array.into_iter().map(|(_, item)| item)
}

/// Validates a message, except for the items of its `x-each` arrays, which are validated one by one.
fn check(value: Json<'_>, check: Check) -> Result<(), Report> {
    let mut out = Checker::apart();
    out.check(value, check, At::ROOT);
    out.finish()
}

fn unread() -> Report {
    Report::new("type", "contains a number or an id that is out of range")
}

/// Validates a live record that is written here.
///
/// # Errors
/// Returns all violations.
pub fn check_live(collection: &Collection, record: Json<'_>) -> Result<(), Report> {
    // In the browser, the page checks this when it writes, because the worker has little room for code.
    #[cfg(not(target_arch = "wasm32"))]
    check_levels(record)?;
    validate_view(record, collection.check)
}

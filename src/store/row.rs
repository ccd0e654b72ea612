//! A record on a device, and the server's knowledge of it.

use serde::{Deserialize, Serialize};

use crate::api::Report;
use crate::api::collection::Collection;
use crate::api::runtime::json::Json;
use crate::merge::{Op, Version};
use crate::record::Record;
use crate::rules::{self, Rule};
use crate::store::Key;
use crate::stored::{Readable, member};
use crate::wire::Edit;

/// A record on this device, with its sync state.
#[derive(Clone, Debug)]
pub struct Row {
    /// The collection that the record belongs to.
    pub collection: &'static Collection,
    /// The record, live or a tombstone.
    pub record: Record,
    /// The edit that created this version.
    pub op: Op,
    /// If the row is clean, the server's revision of this version. Otherwise the revision of the version that was edited.
    pub base_rev: Option<u64>,
    /// Whether the server has acknowledged this version.
    pub state: RowState,
    /// The number of the last resync that saw the record on the server.
    pub seen: u64,
}

/// Whether the server has acknowledged a row's version. This is never derived from comparing times (R4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// The server has this version.
    Clean,
    /// The edit has not been sent yet, or has no outcome yet.
    Pending(Pending),
    /// The server has rejected this version permanently.
    Blocked(Pending, Block),
}

/// An edit that the server has not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When the oldest unacknowledged edit of the record was made, in milliseconds since the Unix epoch.
    pub since: i64,
    /// Whether this is a version that the server lost when it was restored from a backup. Such a version keeps its op and stamp, whichever
    /// device created it (R11).
    pub lost: bool,
    /// The stamp of the edit's acknowledged base version, if any. The edit's own stamp stays above it (R9), so that their order survives a
    /// restore after which the server no longer knows the revision.
    pub base_stamp: Option<i64>,
    /// The revision of the server's live version as this device last knew it (R27). An edit is not always based on it (R24).
    pub known_rev: Option<u64>,
}

/// The reason why the server has rejected a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The contract's rejection code.
    pub code: String,
    /// The reason, as a sentence for the user.
    pub message: String,
    /// The violations that the server reported.
    #[serde(default)]
    pub violations: Vec<BlockedViolation>,
}

/// A violation of the contract in a rejected record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlockedViolation {
    /// The JSON Pointer of the member, relative to the record.
    pub pointer: String,
    /// The schema keyword that it violates.
    pub keyword: String,
    /// What was found and what was expected.
    pub message: String,
}

impl Readable for Block {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut block = Block { code: String::new(), message: String::new(), violations: Vec::new() };
        member(json, "code", &mut block.code)?;
        member(json, "message", &mut block.message)?;
        member(json, "violations", &mut block.violations)?;
        Some(block)
    }
}

impl Readable for BlockedViolation {
    fn read(json: Json<'_>) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        Some(BlockedViolation { pointer: text("pointer")?, keyword: text("keyword")?, message: text("message")? })
    }
}

impl Row {
    /// The key of the row's record.
    pub fn key(&self) -> Key {
        Key { collection: self.collection, id: self.record.id }
    }

    /// The version, for conflict resolution (R8).
    pub fn version(&self) -> Version {
        Version { op: self.op, stamp: self.record.stamp, deleted: self.record.deleted }
    }

    /// The unacknowledged edit, if any.
    pub fn unacknowledged(&self) -> Option<Pending> {
        match &self.state {
            RowState::Clean => None,
            RowState::Pending(pending) | RowState::Blocked(pending, _) => Some(*pending),
        }
    }

    /// The revision of the server's live version as this device last knew it. `None` if the server had none.
    pub fn known_rev(&self) -> Option<u64> {
        match self.unacknowledged() {
            Some(pending) => pending.known_rev,
            None => self.base_rev.filter(|_| !self.record.deleted),
        }
    }

    /// The stamp of the newest acknowledged version, which the next edit must exceed.
    pub fn acknowledged_stamp(&self) -> Option<i64> {
        match self.unacknowledged() {
            Some(pending) if !pending.lost => pending.base_stamp,
            _ => Some(self.record.stamp),
        }
    }

    /// Rebases the unacknowledged edit on the server's version with this revision and stamp, which may be deleted. The edit's stamp is raised
    /// above that version's stamp, as the server does (R8, R9). A version that the server has lost keeps its stamp.
    ///
    /// # Errors
    /// Returns an error if the stored record is not JSON.
    pub fn rebased(&self, rev: u64, stamp: i64, deleted: bool) -> Result<Row, Report> {
        let mut row = Row { base_rev: Some(rev), ..self.clone() };
        let (RowState::Pending(pending) | RowState::Blocked(pending, _)) = &mut row.state else { return Ok(row) };
        pending.known_rev = (!deleted).then_some(rev);
        if pending.lost || !rules::on(Rule::StampAboveBase) {
            return Ok(row);
        }
        pending.base_stamp = Some(stamp);
        if row.record.stamp <= stamp {
            row.record = row.record.restamped(stamp.saturating_add(1), None)?;
        }
        Ok(row)
    }

    /// The row of a record that the server does not have.
    pub fn unknown(&self) -> Row {
        let mut row = self.clone();
        if let RowState::Pending(pending) | RowState::Blocked(pending, _) = &mut row.state {
            pending.known_rev = None;
        }
        row
    }

    /// The row's edit, in the form in which it is pushed.
    pub fn edit(&self) -> Edit {
        Edit { collection: self.collection, op: self.op, base_rev: self.base_rev, record: self.record.clone() }
    }
}

//! The state of a device, apart from its records, and its reader.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::api::Report;
use crate::api::runtime::json::Json;
use crate::api::runtime::schema::parse;
use crate::clock::Clock;
use crate::cursor::Cursor;
use crate::digest::{Difference, Digest};
use crate::failure::SyncFailure;
use crate::rules::{self, Rule};
use crate::store::{Row, Write};
use crate::stored::{Readable, member};

/// The state of a device, apart from its records.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// The number of changes to the store. The store counts them.
    pub version: u64,
    /// This device's id, which is part of every op that it makes.
    pub device: Uuid,
    /// A token that is also stored outside the database. If the two differ, the database is a copy (R20).
    pub installation: Option<Uuid>,
    /// The account that the records belong to. `None` before the first sign-in (R15).
    pub owner: Option<Uuid>,
    /// The number of edits that this device has made.
    pub seq: u64,
    /// The clock that makes this device's stamps.
    pub clock: Clock,
    /// The device's position in the global feed. `None` before its first pull.
    pub cursor: Option<String>,
    /// The current resync, if any (R11).
    pub resync: Option<Resync>,
    /// The number of resyncs so far.
    pub resyncs: u64,
    /// When the device last pulled everything in the feed, in milliseconds since the Unix epoch.
    pub last_pull_at: Option<i64>,
    /// When a push last succeeded, by collection.
    pub last_push_at: BTreeMap<String, i64>,
    /// Whether sync is switched on.
    pub enabled: bool,
    /// The version of the contract with which quarantined changes were last read.
    pub contract: String,
    /// The digest of the server's versions as this device last knew them, except for quarantined ones (R27). `None` in a database of an
    /// earlier version.
    pub digest: Option<Digest>,
    /// The last difference between the device's digest and the server's, if there was one.
    pub difference: Option<Difference>,
    /// Whether the server has named the account in a response since the last sign-in. A server that does so once does so always (R29).
    pub names_account: bool,
    /// Why the last sync failed. `None` if it succeeded.
    pub failure: Option<SyncFailure>,
}

impl Default for Meta {
    fn default() -> Self {
        Meta {
            version: 0,
            device: Uuid::nil(),
            installation: None,
            owner: None,
            seq: 0,
            clock: Clock::default(),
            cursor: None,
            resync: None,
            resyncs: 0,
            last_pull_at: None,
            last_push_at: BTreeMap::new(),
            enabled: true,
            contract: String::new(),
            digest: None,
            difference: None,
            names_account: false,
            failure: None,
        }
    }
}

impl Meta {
    /// Reads the JSON text. Members that an earlier version did not write get the values of a new database.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON, or a member has another type.
    pub fn read(text: &str) -> Result<Self, Report> {
        let damaged = || Report::new("type", "is not the state of a device");
        let tape = parse(text.as_bytes())?;
        let (root, mut meta) = (tape.root(), Meta::default());
        meta.take(root).map(|()| meta).ok_or_else(damaged)
    }

    /// Updates the device's digest with the writes of one record. During a resync, a new digest covers what the resync has seen. At the end
    /// it replaces the old digest, so an error in the old one does not outlive the resync.
    pub(crate) fn follow(&mut self, before: Option<&Row>, writes: &[Write]) {
        let written = writes.iter().rev().find_map(|write| match write {
            Write::Put(row) => Some(Some(row)),
            Write::Remove(_) => Some(None),
            _ => None,
        });
        let Some(after) = written else { return };
        let number = self.resync.as_ref().map(|resync| resync.number);
        let known = |row: Option<&Row>| row.filter(|row| number.is_none_or(|number| row.seen == number)).and_then(Row::known_rev);
        let (removed, added) = (known(before), known(after));
        let sum = match &mut self.resync {
            Some(resync) => Some(&mut resync.digest),
            None => self.digest.as_mut(),
        };
        if let Some((sum, row)) = sum.zip(after.or(before)).filter(|_| removed != added) {
            let of = |rev: Option<u64>| rev.map_or(Digest::default(), |rev| Digest::of(row.collection.path, row.record.id, rev));
            *sum = sum.with(of(added)).without(of(removed));
        }
    }

    fn take(&mut self, json: Json<'_>) -> Option<()> {
        member(json, "version", &mut self.version)?;
        member(json, "device", &mut self.device)?;
        member(json, "installation", &mut self.installation)?;
        member(json, "owner", &mut self.owner)?;
        member(json, "seq", &mut self.seq)?;
        member(json, "clock", &mut self.clock)?;
        member(json, "cursor", &mut self.cursor)?;
        member(json, "resync", &mut self.resync)?;
        member(json, "resyncs", &mut self.resyncs)?;
        member(json, "lastPullAt", &mut self.last_pull_at)?;
        member(json, "lastPushAt", &mut self.last_push_at)?;
        member(json, "enabled", &mut self.enabled)?;
        member(json, "contract", &mut self.contract)?;
        member(json, "digest", &mut self.digest)?;
        member(json, "difference", &mut self.difference)?;
        member(json, "namesAccount", &mut self.names_account)?;
        member(json, "failure", &mut self.failure)
    }
}

/// A full resync: a pull of everything, because the server no longer accepts the device's cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resync {
    /// The resync's number, which marks the rows that it has seen.
    pub number: u64,
    /// The revision that the server was restored to, if it was restored from a backup. The server has lost every version with a later
    /// revision.
    pub restored_rev: Option<u64>,
    /// The first resync after the server was restored. The server has had everything that this or a later resync has seen.
    pub restored_in: u64,
    /// The revision up to which the server had purged tombstones when the resync began. `None` if unknown.
    pub purge_watermark: Option<u64>,
    /// The resync's position in the feed.
    pub cursor: Option<String>,
    /// Whether every page is applied. The unseen rows are processed next.
    pub pulled: bool,
    /// Whether unseen rows may be deleted, because there are few of them or the user has agreed.
    pub confirmed: bool,
    /// The digest of what the resync has seen so far.
    pub digest: Digest,
}

impl Resync {
    /// Whether it is still open if the user must confirm deletions.
    pub fn is_undecided(&self) -> bool {
        self.pulled && !self.confirmed
    }

    /// Whether the server has lost the version with this revision, last seen by the resync with the number `seen`. A record that an earlier
    /// resync has seen since the restore, but this one has not, was deleted.
    pub fn is_lost(&self, seen: u64, rev: Option<u64>) -> bool {
        let seen_since = seen >= self.restored_in && rules::on(Rule::SeenSinceIsNotLost);
        rules::on(Rule::PushLostAgain) && !seen_since && self.restored_rev.zip(rev).is_some_and(|(restored, rev)| rev > restored)
    }
}

/// What a resync does with the clean rows that it has not seen on the server (R11): it deletes them, or sends them to the server again.
///
/// A record that was deleted on another device has a tombstone on the server until that is purged. The purge watermark is the highest
/// revision of a purged tombstone. So a record that was live at the watermark or later, and of which the server has nothing, was not
/// deleted: the server has lost it. A record was live at its own revision, and at the revision up to which the device had seen everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The number of the resync.
    pub number: u64,
    /// Rows with a later revision that no resync from `restored_in` on has seen were lost when the server was restored.
    pub restored_rev: Option<u64>,
    /// The first resync after the server was restored.
    pub restored_in: u64,
    /// The server still has every tombstone with a later revision.
    pub purged_up_to: Option<u64>,
    /// Live rows with a later revision cannot have been deleted.
    pub deleted_up_to: Option<u64>,
    /// The device to whose edits the last two apply. `None` for those of every device. If the server does not name the account of its
    /// responses, rows that other devices have made may belong to another account, and are not sent to this one.
    pub only_of: Option<Uuid>,
}

impl Sweep {
    /// Whether the resync has seen the live row, or sends it to the server again.
    pub fn keeps(&self, seen: u64, rev: Option<u64>, made_by: Uuid) -> bool {
        self.keeps_above(self.deleted_up_to, seen, rev, made_by)
    }

    /// Like [`keeps`](Self::keeps), for a tombstone.
    pub fn keeps_tombstone(&self, seen: u64, rev: Option<u64>, made_by: Uuid) -> bool {
        self.keeps_above(self.purged_up_to, seen, rev, made_by)
    }

    fn keeps_above(&self, limit: Option<u64>, seen: u64, rev: Option<u64>, made_by: Uuid) -> bool {
        let is_above = |limit: Option<u64>| limit.zip(rev).is_some_and(|(limit, rev)| rev > limit);
        let is_lost = seen < self.restored_in && is_above(self.restored_rev);
        let is_sendable = self.only_of.is_none_or(|device| device == made_by);
        seen == self.number || is_lost || is_sendable && is_above(limit)
    }
}

impl Meta {
    /// What the current resync does with the rows that it has not seen. `None` without a resync.
    pub fn sweep(&self) -> Option<Sweep> {
        let resync = self.resync.as_ref()?;
        let cursor = self.cursor.as_deref().and_then(|text| text.parse::<Cursor>().ok());
        let seen_up_to = cursor.map_or(0, |cursor| cursor.rev.max(cursor.purge_watermark));
        // From the restored revision on, the cursor is of another history.
        let seen_up_to = resync.restored_rev.map_or(seen_up_to, |restored| seen_up_to.min(restored));
        let has_seen = |purged: u64| seen_up_to >= purged && rules::on(Rule::SeenDeletionsAreKnown);
        let purged = resync.purge_watermark.filter(|_| rules::on(Rule::OnlyDeletedAreSwept));
        Some(Sweep {
            number: resync.number,
            restored_rev: resync.restored_rev.filter(|_| rules::on(Rule::PushLostAgain)),
            restored_in: if rules::on(Rule::SeenSinceIsNotLost) { resync.restored_in } else { u64::MAX },
            purged_up_to: purged,
            deleted_up_to: purged.map(|purged| if has_seen(purged) { 0 } else { purged }),
            only_of: (!self.names_account).then_some(self.device),
        })
    }
}

impl Readable for Resync {
    fn read(json: Json<'_>) -> Option<Self> {
        let mut resync = Resync::default();
        member(json, "number", &mut resync.number)?;
        member(json, "restoredRev", &mut resync.restored_rev)?;
        // A resync that an earlier version of this program began does not record it.
        resync.restored_in = resync.number;
        member(json, "restoredIn", &mut resync.restored_in)?;
        member(json, "purgeWatermark", &mut resync.purge_watermark)?;
        member(json, "cursor", &mut resync.cursor)?;
        member(json, "pulled", &mut resync.pulled)?;
        member(json, "confirmed", &mut resync.confirmed)?;
        member(json, "digest", &mut resync.digest)?;
        Some(resync)
    }
}

//! Conflict resolution: one pure function that the server and the devices share (R8).

use uuid::Uuid;

use crate::rules::{self, Rule};

/// The identity of an edit. One device creates an op once, and it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Op {
    /// The op's id, a UUIDv7. It reveals an edit that is pushed twice.
    pub id: Uuid,
    /// The device that made the edit.
    pub device: Uuid,
    /// The sequence number of the edit on that device, across all collections.
    pub seq: u64,
}

/// A version of a record, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The edit that created the version.
    pub op: Op,
    /// The last-write-wins stamp, `clientUpdatedAt`: milliseconds since the Unix epoch.
    pub stamp: i64,
    /// Whether the version is a tombstone. At equal stamps, a deletion wins.
    pub deleted: bool,
}

/// A version stored on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The version.
    pub version: Version,
    /// The server's revision.
    pub rev: u64,
}

/// The outcome of conflict resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The edit is already the stored version.
    Duplicate,
    /// The edit becomes the current version, with this stamp.
    Accepted {
        /// The stamp to store: the edit's stamp, but at least one more than the stored version's.
        stamp: i64,
    },
    /// The stored version stays current.
    Superseded,
}

/// Decides between the stored version of a record and an edit that is based on the revision `base_rev`.
///
/// The rules apply in this order. An edit with the same op is a duplicate. Two edits of the same device are ordered by sequence number,
/// regardless of their stamps. An edit based on the stored revision replaces it. Otherwise the last write wins. The stamp of a winning edit
/// exceeds the stamp of the replaced version, except between two unedited records that the app ships.
pub fn decide(stored: Option<Stored>, edit: Version, base_rev: Option<u64>) -> Resolution {
    let Some(Stored { version, rev }) = stored else { return Resolution::Accepted { stamp: edit.stamp } };
    if version.op.id == edit.op.id && rules::on(Rule::SameOpIsDuplicate) {
        return Resolution::Duplicate;
    }
    let wins = if version.op.device == edit.op.device && rules::on(Rule::SameDeviceByCount) {
        edit.op.seq > version.op.seq
    } else {
        (base_rev == Some(rev) && rules::on(Rule::BaseRevFollows)) || last_write(edit) > last_write(version)
    };
    // A record that nobody has edited keeps the stamp that says so (R18), also where it replaces the same record of another device.
    let is_shipped = edit.stamp == 0 && version.stamp == 0 && !edit.deleted;
    let lowest = if is_shipped && rules::on(Rule::ShippedKeepsStamp) { 0 } else { version.stamp.saturating_add(1) };
    if wins { Resolution::Accepted { stamp: edit.stamp.max(lowest) } } else { Resolution::Superseded }
}

/// The total order of last write wins: by stamp, then deletions over other versions, then by device and sequence number. No two versions
/// are equal.
fn last_write(version: Version) -> (i64, bool, Uuid, u64) {
    if !rules::on(Rule::TotalOrder) {
        return (version.stamp, false, Uuid::nil(), 0);
    }
    (version.stamp, version.deleted, version.op.device, version.op.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Uuid = Uuid::from_u128(1);
    const BOB: Uuid = Uuid::from_u128(2);

    fn version(device: Uuid, seq: u64, stamp: i64) -> Version {
        Version { op: Op { id: Uuid::from_u128(device.as_u128() << 64 | u128::from(seq)), device, seq }, stamp, deleted: false }
    }

    fn deleted(version: Version) -> Version {
        Version { deleted: true, ..version }
    }

    fn against(stored: Version, edit: Version, base_rev: Option<u64>) -> Resolution {
        decide(Some(Stored { version: stored, rev: 7 }), edit, base_rev)
    }

    #[test]
    fn every_rule_decides_what_the_rules_before_it_left_open() {
        use Resolution::{Accepted, Duplicate, Superseded};
        let table = [
            ("the same op is a duplicate", version(ALICE, 1, 50), version(ALICE, 1, 99), None, Duplicate),
            ("one device goes by its count, not by its clock", version(ALICE, 1, 50), version(ALICE, 2, 10), None, Accepted { stamp: 51 }),
            ("and against it too, base or not", version(ALICE, 2, 50), version(ALICE, 1, 99), Some(7), Superseded),
            ("an edit of the current version follows it", version(ALICE, 1, 50), version(BOB, 1, 10), Some(7), Accepted { stamp: 51 }),
            ("an edit of an older version goes by the stamp", version(ALICE, 1, 50), version(BOB, 1, 10), Some(6), Superseded),
            ("the later stamp wins", version(ALICE, 1, 50), version(BOB, 1, 60), None, Accepted { stamp: 60 }),
            ("at one time, a deletion wins", version(BOB, 1, 50), deleted(version(ALICE, 1, 50)), None, Accepted { stamp: 51 }),
            ("and a deletion stays", deleted(version(ALICE, 1, 50)), version(BOB, 1, 50), None, Superseded),
            ("then the device decides", version(ALICE, 1, 50), version(BOB, 1, 50), None, Accepted { stamp: 51 }),
            ("one way only", version(BOB, 1, 50), version(ALICE, 1, 50), None, Superseded),
            ("a shipped record stays as shipped", version(ALICE, 1, 0), version(BOB, 1, 0), None, Accepted { stamp: 0 }),
            ("and an edit of it is one", version(ALICE, 1, 0), version(BOB, 1, -5), Some(7), Accepted { stamp: 1 }),
        ];
        for (rule, stored, edit, base_rev, resolution) in table {
            assert_eq!(against(stored, edit, base_rev), resolution, "{rule}");
        }
        assert_eq!(decide(None, version(ALICE, 1, 50), Some(7)), Accepted { stamp: 50 }, "nothing stored: anything is accepted");
    }

    #[test]
    fn two_edits_never_both_win_against_each_other() {
        let versions = [1, 2].map(|seq| [ALICE, BOB].map(|device| [50, 60].map(|stamp| version(device, seq, stamp))));
        let all: Vec<Version> = versions.into_iter().flatten().flatten().flat_map(|version| [version, deleted(version)]).collect();
        for left in &all {
            for right in all.iter().filter(|right| right.op.id != left.op.id) {
                let there = against(*left, *right, None) == Resolution::Superseded;
                let back = against(*right, *left, None) == Resolution::Superseded;
                assert_ne!(there, back, "{left:?} and {right:?}");
            }
        }
    }
}

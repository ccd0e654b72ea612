//! The digest of an account's live records (R27), with which a device detects that its records differ from the server's.
//!
//! It is the sum modulo 2^128 of a hash of each record's collection, id and revision. A sum does not depend on order, so with each write
//! both ends subtract the hashes of removed versions and add those of new ones. The hash of a record is a UUID of version 5. Its namespace
//! is the record's id. Its name is the revision in eight bytes, most significant first, followed by the path of the collection.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use crate::api::runtime::json::Json;
use crate::stored::Readable;

/// The digest of a set of records. The default is the digest of the empty set.
// It is stored as a UUID because the code that reads and writes UUIDs is needed anyway, and the browser has little room for code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Digest(Uuid);

impl Digest {
    /// The digest of one live record.
    pub fn of(collection: &str, id: Uuid, rev: u64) -> Self {
        let mut name = rev.to_be_bytes().to_vec();
        name.extend_from_slice(collection.as_bytes());
        Digest(Uuid::new_v5(&id, &name))
    }

    /// The digest after adding records with this digest.
    #[must_use]
    pub fn with(self, added: Digest) -> Self {
        Digest(Uuid::from_u128(self.0.as_u128().wrapping_add(added.0.as_u128())))
    }

    /// The digest after removing records with this digest.
    #[must_use]
    pub fn without(self, removed: Digest) -> Self {
        Digest(Uuid::from_u128(self.0.as_u128().wrapping_sub(removed.0.as_u128())))
    }

    /// Reads 32 hexadecimal digits.
    pub fn read(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Digest)
    }
}

/// Writes 32 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// The result of the last comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// When the difference was found, in milliseconds since the Unix epoch.
    pub found_at: i64,
    /// When everything was last pulled again because of it.
    pub tried_at: i64,
    /// The outcome. Databases keep it under an earlier name.
    #[serde(rename = "course")]
    pub state: DifferenceState,
}

/// The outcome of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DifferenceState {
    /// Everything is pulled again.
    Resyncing,
    /// The difference persists after everything was pulled again. The device tries once more every [`RETRY_MS`]. Databases keep
    /// it under an earlier name.
    #[serde(rename = "outlived")]
    Persistent,
    /// The digests agree again.
    Settled,
}

/// How long a device waits before it pulls everything again because of a persistent difference.
pub const RETRY_MS: i64 = 86_400_000;

/// A comparison of the device's digest with the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether they agree.
    pub agrees: bool,
    /// Whether the user has asked for it. The device then acts on a persistent difference at once, not once a day.
    pub is_urgent: bool,
}

impl Difference {
    /// The state of a difference after another comparison of digests.
    pub fn after(known: Option<Difference>, Comparison { agrees, is_urgent }: Comparison, now_ms: i64) -> Option<Difference> {
        let begun = |found_at: i64| Difference { found_at, tried_at: now_ms, state: DifferenceState::Resyncing };
        let Some(known) = known.filter(|known| agrees || known.state != DifferenceState::Settled) else {
            return (!agrees).then(|| begun(now_ms));
        };
        let is_time = is_urgent || now_ms.saturating_sub(known.tried_at) >= RETRY_MS;
        let is_due = known.state == DifferenceState::Persistent && is_time;
        Some(match agrees {
            true => Difference { state: DifferenceState::Settled, ..known },
            false if is_due => begun(known.found_at),
            false => Difference { state: DifferenceState::Persistent, ..known },
        })
    }
}

impl Readable for Digest {
    fn read(json: Json<'_>) -> Option<Self> {
        Uuid::read(json).map(Digest)
    }
}

impl Readable for Difference {
    fn read(json: Json<'_>) -> Option<Self> {
        let state = match json.get("course")?.as_str()? {
            "resyncing" => DifferenceState::Resyncing,
            "outlived" => DifferenceState::Persistent,
            "settled" => DifferenceState::Settled,
            _ => return None,
        };
        let time = |name: &str| json.get(name).and_then(i64::read);
        Some(Difference { found_at: time("foundAt")?, tried_at: time("triedAt")?, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_collection_id_and_revision_of_each_record_but_not_on_order() {
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let one = Digest::of("mine", id, 7);
        assert_eq!(one.to_string(), "cef85a8931925913b25fcfb9da893ad7");
        for different in [Digest::of("mine", id, 8), Digest::of("mine", other, 7), Digest::of("others", id, 7)] {
            assert_ne!(one, different);
            assert_eq!(one.with(different), different.with(one));
            assert_eq!(one.with(different).without(one), different);
        }
        assert_eq!(Digest::read(&one.to_string()), Some(one));
    }

    #[test]
    fn a_difference_is_resynced_at_once_and_then_once_a_day_until_the_digests_agree_again() {
        use DifferenceState::{Persistent, Resyncing, Settled};
        let steps = [
            (5, true, None),
            (5, false, Some((5, Resyncing))),
            (6, false, Some((5, Persistent))),
            (RETRY_MS + 4, false, Some((5, Persistent))),
            (RETRY_MS + 5, false, Some((5, Resyncing))),
            (RETRY_MS + 6, false, Some((5, Persistent))),
            (RETRY_MS + 7, true, Some((5, Settled))),
            (RETRY_MS + 8, true, Some((5, Settled))),
            (RETRY_MS + 9, false, Some((RETRY_MS + 9, Resyncing))),
            (RETRY_MS + 9, true, Some((RETRY_MS + 9, Settled))),
        ];
        let mut known = None;
        for (now, agrees, expected) in steps {
            known = Difference::after(known, Comparison { agrees, is_urgent: false }, now);
            assert_eq!(known.map(|difference| (difference.found_at, difference.state)), expected, "at {now}");
        }
        for (is_urgent, state) in [(false, Persistent), (true, Resyncing), (false, Persistent)] {
            known = Some(Difference { found_at: 5, tried_at: 6, state: Persistent });
            let after = Difference::after(known, Comparison { agrees: false, is_urgent }, 7);
            assert_eq!(after.map(|difference| difference.state), Some(state), "the user waits for it: {is_urgent}");
        }
    }
}

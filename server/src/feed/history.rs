//! Proofs that a cursor was issued for the current history, not for one discarded by restoring an older copy (R22). After a restore, the
//! server may assign revisions a second time; the checksums of the boundaries between pushes then differ.

use std::fmt::Write as _;

use stronglog_sync::rules::{self, Rule};
use stronglog_sync::wire::{self, Change, Feed};
use uuid::Uuid;

use crate::store::{Boundary, Records, StoreError};

/// The number of base-36 digits of a checksum.
const CHECK_DIGITS: usize = 8;
const CHECKS: u64 = 36_u64.pow(CHECK_DIGITS as u32);
/// The maximum length of a feed and its proof in a cursor, according to the contract's pattern.
const FEED_LENGTH_MAX: usize = 63;
/// The minimum distances of the other boundaries of a proof from the newest one. After a roll-back, the newest boundary that still exists
/// shows how much of the history remains. A distance of 1 leads to the previous boundary.
pub const DISTANCES: [u64; 4] = [0, 1, 16, 256];

/// The digest of a version: of everything that a pull sends of it, including the members that the server assigns. A push that is repeated
/// after a roll-back gets the same revision, but different values of those members.
pub fn digest(change: &Change) -> Uuid {
    if !rules::on(Rule::CheckCoversVersions) {
        return change.op.id;
    }
    let mut text = String::with_capacity(wire::edit_bytes(&change.record));
    wire::write_change(&mut text, change, Feed::All(change.collection.contract()));
    Uuid::new_v5(&Uuid::nil(), text.as_bytes())
}

/// The boundary after a push that stored versions with these digests, the last one as revision `rev`.
pub fn after(boundary: Boundary, rev: u64, digests: &[Uuid]) -> Boundary {
    let bytes: Vec<u8> = digests.iter().flat_map(|digest| digest.into_bytes()).collect();
    let (check, _) = Uuid::new_v5(&Uuid::from_u64_pair(boundary.check, rev), &bytes).as_u64_pair();
    Boundary { rev, check: check % CHECKS }
}

/// A proof that was read from a cursor.
pub struct Proof(Vec<Boundary>);

impl Proof {
    /// Reads the proof of a cursor. It is empty in a cursor of contract 1.0.0.
    pub fn read(text: &str) -> Option<Proof> {
        if text.is_empty() {
            return Some(Proof(Vec::new()));
        }
        let numbers: Vec<u64> = text.split('-').map(|digits| u64::from_str_radix(digits, 36)).collect::<Result<_, _>>().ok()?;
        let (pairs, rest) = numbers.as_chunks::<2>();
        let boundaries = pairs.iter().map(|[rev, check]| Boundary { rev: *rev, check: *check }).collect();
        rest.is_empty().then_some(Proof(boundaries))
    }

    /// The newest boundary: the end of the history that the holder of the cursor knows.
    pub fn newest(&self) -> Option<Boundary> {
        self.0.first().copied()
    }

    /// The revisions of the boundaries.
    pub fn revisions(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|boundary| boundary.rev)
    }

    /// The newest boundary that the current history contains. Every history contains the beginning.
    pub fn shared(&self, records: &dyn Records) -> Result<Boundary, StoreError> {
        for boundary in &self.0 {
            if records.boundary(boundary.rev)? == *boundary {
                return Ok(*boundary);
            }
        }
        Ok(Boundary::default())
    }
}

/// Writes the proof of the history up to `head`, with as many boundaries as fit in the cursors of the feed.
pub fn proof(records: &dyn Records, head: u64, feed: &str) -> Result<String, StoreError> {
    let room = FEED_LENGTH_MAX - feed.len() - "--".len();
    let (mut proof, mut last) = (String::new(), None);
    for distance in DISTANCES.into_iter().take_while(|distance| *distance <= head) {
        let boundary = records.boundary(head - distance)?;
        let mut text = base_36(boundary.rev, 1);
        let _ = write!(text, "-{}", base_36(boundary.check, CHECK_DIGITS));
        if last.is_some_and(|last| boundary.rev >= last) {
            continue;
        }
        if last.is_some() {
            text.insert(0, '-');
        }
        if proof.len() + text.len() > room {
            break;
        }
        proof.push_str(&text);
        last = Some(boundary.rev);
    }
    Ok(proof)
}

fn base_36(mut number: u64, digits_min: usize) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.len() < digits_min {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
    }
    digits.into_iter().rev().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use stronglog_sync::api::CONTRACT;
    use stronglog_sync::digest::Digest;

    use super::*;
    use crate::store::memory::Memory;

    #[test]
    fn the_cursors_of_every_feed_have_room_for_a_boundary() {
        let largest = base_36(u64::MAX, 1).len() + 1 + CHECK_DIGITS;
        for collection in CONTRACT.collections {
            assert!(collection.path.len() + 2 + largest <= FEED_LENGTH_MAX, "{}", collection.path);
        }
    }

    #[test]
    fn a_proof_has_boundaries_at_growing_distances_and_reads_as_it_was_written() {
        let (mut memory, mut boundary) = (Memory::new("e1"), Boundary::default());
        let mut records = memory.user(Uuid::nil());
        for rev in 1..=300 {
            boundary = after(boundary, rev, &[Uuid::from_u128(u128::from(rev))]);
            records.advance(boundary, 0, crate::store::Usage::default(), Some(Digest::default())).expect("a store in memory");
        }
        let read = Proof::read(&proof(&records, 300, "all").expect("a store in memory")).expect("a proof");
        assert_eq!(read.0.iter().map(|boundary| boundary.rev).collect::<Vec<_>>(), [300, 299, 284, 44]);
        assert_eq!(read.shared(&records).expect("a store in memory"), boundary);
        assert_eq!(proof(&records, 0, "all").expect("a store in memory"), "0-00000000");
    }

    #[test]
    fn histories_that_differ_have_different_checks() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (start, both) = (Boundary::default(), after(Boundary::default(), 2, &[one, other]));
        assert_ne!(both, after(start, 2, &[other, one]));
        assert_ne!(both, after(after(start, 1, &[one]), 2, &[other]));
    }
}

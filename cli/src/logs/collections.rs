//! The collections that a training log fills, and the ids of its records. The same file gives the same ids on all devices.

use stronglog_sync::api::CONTRACT;

use crate::exit::{Failure, Outcome};

pub const EXERCISES: &str = "exercise-definitions";
pub const WORKOUTS: &str = "workout-logs";
pub const SETS: &str = "logged-sets";

/// The id of the record for a key of the file.
pub fn made_id(collection: &str, key: &str) -> Outcome<String> {
    let made = CONTRACT.collection(collection).and_then(|collection| collection.deterministic_id(key));
    made.ok_or_else(|| {
        Failure::new(format!("cannot create an id for {collection}: the contract has no such collection; this is a bug, please report it"))
    })
}

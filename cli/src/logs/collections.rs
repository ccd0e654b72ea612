//! The collections that a training log fills, and the ids of the records that it makes: the same file makes the same ids on all devices.

use stronglog_sync::api::CONTRACT;

use crate::exit::{Failure, Outcome};

pub const EXERCISES: &str = "exercise-definitions";
pub const WORKOUTS: &str = "workout-logs";
pub const SETS: &str = "logged-sets";

/// The id of the record that a key of the file stands for.
pub fn made_id(collection: &str, key: &str) -> Outcome<String> {
    let made = CONTRACT.collection(collection).and_then(|collection| collection.deterministic_id(key));
    made.ok_or_else(|| Failure::new(format!("cannot make an id for {collection}")))
}

//! The data of the device: its exercises, and the current state of earlier imports.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use stronglog_sync::client::Presence;
use stronglog_sync::store::Past;
use stronglog_sync::{Client, Query};
use uuid::Uuid;

use super::collections::{EXERCISES, SETS, WORKOUTS};
use super::{folded, split};
use crate::exit::Outcome;

/// The records of a device.
pub struct Known<'c> {
    client: &'c Client,
    exercises: Vec<Exercise>,
    /// The deleted sets of earlier imports, by workout, with their content before the deletion.
    deleted_sets: HashMap<String, Vec<Members>>,
}

#[derive(Debug)]
struct Exercise {
    id: String,
    /// Folded, like the equipment.
    name: String,
    equipment: Option<String>,
}

/// A record on the device.
pub type Members = Map<String, Value>;

impl<'c> Known<'c> {
    /// Reads the exercises of a device, and what was deleted there.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn of(client: &'c Client) -> Outcome<Self> {
        let exercise = |record: Members| {
            let text = |member: &str| record.get(member).and_then(Value::as_str);
            Some(Exercise { id: text("id")?.to_owned(), name: folded(text("name")?), equipment: text("equipment").map(folded) })
        };
        let exercises = client.json(EXERCISES)?.list(&Query::default())?;
        let exercises = exercises.iter().filter_map(|text| exercise(members(text)?)).collect();
        let mut deleted_sets: HashMap<String, Vec<Members>> = HashMap::new();
        for past in client.conflicts(usize::MAX)? {
            if past.why == Past::Deleted
                && past.collection.path == SETS
                && let Some(set) = members(&past.record.text).filter(is_made)
            {
                deleted_sets.entry(text(&set, "workoutLogId").to_owned()).or_default().push(set);
            }
        }
        Ok(Known { client, exercises, deleted_sets })
    }

    /// The id of an exercise: one from an earlier import, one with this name, or one with this name and its equipment in parentheses, such
    /// as `Bench Press (Barbell)`.
    pub fn exercise(&self, name: &str, made_id: &str) -> Option<String> {
        let name = folded(name);
        let (plain, equipment) = split(&name);
        let made = || self.exercises.iter().find(|known| known.id == made_id);
        let named = || self.exercises.iter().find(|known| known.name == name);
        let is_equipped = |known: &&Exercise| equipment.is_some() && known.name == plain && known.equipment.as_deref() == equipment;
        made().or_else(named).or_else(|| self.exercises.iter().find(is_equipped)).map(|known| known.id.clone())
    }

    /// Whether the exercise is on the device and not deleted.
    pub fn has_exercise(&self, id: &str) -> bool {
        self.exercises.iter().any(|known| known.id == id)
    }

    /// The state of a record on the device.
    pub fn presence(&self, collection: &str, id: &str) -> Outcome<Presence> {
        Ok(self.client.json(collection)?.presence(id)?)
    }

    /// The sets of a workout from earlier imports, in order.
    pub fn imported_sets(&self, workout_id: &str) -> Outcome<Vec<Members>> {
        let query = Query { index: vec!["workoutLogId".to_owned()], equal: vec![json!(workout_id)], ..Query::default() };
        let mut sets = self.made(SETS, &query)?;
        let place = |set: &Members| ["orderInWorkout", "orderInExercise"].map(|member| set.get(member).and_then(Value::as_u64));
        sets.sort_by_key(place);
        Ok(sets)
    }

    /// The deleted sets of a workout from earlier imports, with their content before the deletion.
    pub fn deleted_sets(&self, workout_id: &str) -> Outcome<Vec<Members>> {
        let mut deleted: Vec<Members> = Vec::new();
        for set in self.deleted_sets.get(workout_id).into_iter().flatten() {
            let id = text(set, "id");
            // The newest version comes first.
            let is_known = deleted.iter().any(|known| text(known, "id") == id);
            if !is_known && self.presence(SETS, id)? == Presence::Deleted {
                deleted.push(set.clone());
            }
        }
        Ok(deleted)
    }

    /// The workouts from earlier imports that began between two times, in milliseconds since the Unix epoch.
    pub fn imported_workouts(&self, first_ms: i64, last_ms: i64) -> Outcome<Vec<Members>> {
        let (from, until) = (Some(json!(first_ms)), Some(json!(last_ms.saturating_add(1))));
        self.made(WORKOUTS, &Query { index: vec!["startTime".to_owned()], from, until, ..Query::default() })
    }

    fn made(&self, collection: &str, query: &Query) -> Outcome<Vec<Members>> {
        let records = self.client.json(collection)?.list(query)?;
        Ok(records.iter().filter_map(|text| members(text)).filter(is_made).collect())
    }
}

/// Whether an import has created a record. The ids of other records are not derived from their content.
fn is_made(record: &Members) -> bool {
    const VERSION_OF_MADE_IDS: usize = 5;
    Uuid::parse_str(text(record, "id")).is_ok_and(|id| id.get_version_num() == VERSION_OF_MADE_IDS)
}

/// The members of a record.
pub fn members(text: &str) -> Option<Members> {
    serde_json::from_str(text).ok()
}

/// A text of a record.
pub fn text<'r>(record: &'r Members, member: &str) -> &'r str {
    record.get(member).and_then(Value::as_str).unwrap_or_default()
}

//! What the device has: its exercises, and what became of what earlier imports have brought.

use serde_json::{Map, Value, json};
use stronglog_sync::client::Presence;
use stronglog_sync::{Client, Query};
use uuid::Uuid;

use super::collections::{EXERCISES, SETS};
use super::{folded, split};
use crate::exit::Outcome;

/// The records of a device.
pub struct Known<'c> {
    client: &'c Client,
    exercises: Vec<Exercise>,
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
    /// Reads the exercises of a device.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn of(client: &'c Client) -> Outcome<Self> {
        let exercise = |record: Members| {
            let text = |member: &str| record.get(member).and_then(Value::as_str);
            Some(Exercise { id: text("id")?.to_owned(), name: folded(text("name")?), equipment: text("equipment").map(folded) })
        };
        let exercises = client.json(EXERCISES)?.list(&Query::default())?;
        Ok(Known { client, exercises: exercises.iter().filter_map(|text| exercise(members(text)?)).collect() })
    }

    /// The id of an exercise: one that an earlier import has made, one of this name, or one of this name with its equipment in
    /// parentheses, such as `Bench Press (Barbell)`.
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

    /// What the device knows of a record.
    pub fn presence(&self, collection: &str, id: &str) -> Outcome<Presence> {
        Ok(self.client.json(collection)?.presence(id)?)
    }

    /// The sets of a workout that imports have made, in order. The ids of other records are not made from their content.
    pub fn imported_sets(&self, workout_id: &str) -> Outcome<Vec<Members>> {
        const VERSION_OF_MADE_IDS: usize = 5;
        let query = Query { index: vec!["workoutLogId".to_owned()], equal: vec![json!(workout_id)], ..Query::default() };
        let is_made = |set: &Members| Uuid::parse_str(text(set, "id")).is_ok_and(|id| id.get_version_num() == VERSION_OF_MADE_IDS);
        let sets = self.client.json(SETS)?.list(&query)?;
        let mut sets: Vec<Members> = sets.iter().filter_map(|text| members(text)).filter(is_made).collect();
        let place = |set: &Members| ["orderInWorkout", "orderInExercise"].map(|member| set.get(member).and_then(Value::as_u64));
        sets.sort_by_key(place);
        Ok(sets)
    }
}

/// The members of a record.
pub fn members(text: &str) -> Option<Members> {
    serde_json::from_str(text).ok()
}

/// A text of a record.
pub fn text<'r>(record: &'r Members, member: &str) -> &'r str {
    record.get(member).and_then(Value::as_str).unwrap_or_default()
}

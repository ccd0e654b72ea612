//! A year of generated, plausible training data; the same seed generates the same data. It is written through the typed API, as an app
//! would do.

mod catalogue;
mod plan;
mod random;
mod sets;
mod year;

use std::collections::BTreeMap;

use stronglog_sync::Client;

use stronglog_sync::api::collection::{Handles, Synced};
use stronglog_sync::api::registry::Collections;
use stronglog_sync::api::types::{Id, Timestamp};
use stronglog_sync::api::{
    ActiveProgramInstance, AppliedProgressionLog, ExerciseDefinition, LoggedSet, ProgramDefinition, ProgressionRule, UserBodyweightLog,
    UserGoal, UserSettings, WorkoutLog, WorkoutTemplate, WorkoutTemplateExerciseInstance,
};

use self::random::Random;

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// The number of records written in one transaction.
const CHUNK: usize = 500;

/// All records of a year.
#[derive(Debug, Default)]
pub struct Year {
    /// Shipped with the app: every device creates these records itself.
    pub exercises: Vec<ExerciseDefinition>,
    pub settings: Vec<UserSettings>,
    pub templates: Vec<WorkoutTemplate>,
    pub template_exercises: Vec<WorkoutTemplateExerciseInstance>,
    pub programs: Vec<ProgramDefinition>,
    pub instances: Vec<ActiveProgramInstance>,
    pub rules: Vec<ProgressionRule>,
    pub goals: Vec<UserGoal>,
    pub bodyweights: Vec<UserBodyweightLog>,
    pub workouts: Vec<WorkoutLog>,
    pub sets: Vec<LoggedSet>,
    pub progressions: Vec<AppliedProgressionLog>,
}

impl Year {
    /// Generates the year that ends at `end_ms`, with about `records` records.
    pub fn make(seed: u64, records: u64, end_ms: i64) -> Self {
        let mut random = Random::new(seed, end_ms);
        let mut year = Year::default();
        let catalogue = catalogue::make(&mut year);
        let plan = plan::make(&mut year, &catalogue, &mut random);
        year::make(&mut year, &plan, &catalogue, &mut random, records);
        year
    }

    pub fn len(&self) -> u64 {
        let lengths = [
            self.exercises.len(),
            self.settings.len(),
            self.templates.len(),
            self.template_exercises.len(),
            self.programs.len(),
            self.instances.len(),
            self.rules.len(),
            self.goals.len(),
            self.bodyweights.len(),
            self.workouts.len(),
            self.sets.len(),
            self.progressions.len(),
        ];
        lengths.into_iter().sum::<usize>() as u64
    }

    /// Writes the year to a device. `written` is called with the number of records after each transaction.
    ///
    /// # Errors
    /// Returns an error if the database cannot be written, or a record violates the contract.
    pub fn write(&self, client: &Client, mut written: impl FnMut(u64)) -> Result<(), stronglog_sync::Error> {
        for exercise in &self.exercises {
            client.exercise_definitions().seed(exercise)?;
        }
        written(self.exercises.len() as u64);
        put(client, &self.settings, &mut written)?;
        put(client, &self.templates, &mut written)?;
        put(client, &self.template_exercises, &mut written)?;
        put(client, &self.rules, &mut written)?;
        put(client, &self.programs, &mut written)?;
        put(client, &self.goals, &mut written)?;
        put(client, &self.bodyweights, &mut written)?;
        put(client, &self.workouts, &mut written)?;
        put(client, &self.instances, &mut written)?;
        put(client, &self.sets, &mut written)?;
        put(client, &self.progressions, &mut written)
    }
}

fn put<T: Synced>(client: &Client, records: &[T], written: &mut impl FnMut(u64)) -> Result<(), stronglog_sync::Error> {
    for chunk in records.chunks(CHUNK) {
        client.collection::<T>().put_all(chunk)?;
        written(chunk.len() as u64);
    }
    Ok(())
}

/// The id of a shipped record, which every device creates itself.
fn shipped_id<T: Synced>(key: &str) -> Id {
    // The namespace comes from the contract, and the compiler has validated it.
    Id(T::COLLECTION.deterministic_id(key).unwrap_or_default())
}

/// The creation and update times, which sync owns. Sync stamps a record when it is written; until then they hold the time of the recorded
/// event.
fn stamped(at_ms: i64) -> (Timestamp, Timestamp) {
    (Timestamp(at_ms), Timestamp(at_ms))
}

/// An empty map of members that the contract does not define.
pub fn nothing_else<V>() -> BTreeMap<String, V> {
    BTreeMap::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stronglog_sync::api::{CONTRACT, Schema};

    const END_MS: i64 = 1_764_000_000_000;

    /// Every record of the year as JSON, with its validation result.
    fn checked(year: &Year) -> Vec<(&'static str, Result<(), stronglog_sync::api::Report>)> {
        fn each<T: Synced>(records: &[T]) -> impl Iterator<Item = (&'static str, Result<(), stronglog_sync::api::Report>)> + '_ {
            records.iter().map(|record| (T::COLLECTION.path, record.validate()))
        }
        let first = each(&year.exercises).chain(each(&year.settings)).chain(each(&year.templates)).chain(each(&year.template_exercises));
        let second = each(&year.programs).chain(each(&year.instances)).chain(each(&year.rules)).chain(each(&year.goals));
        let third = each(&year.bodyweights).chain(each(&year.workouts)).chain(each(&year.sets)).chain(each(&year.progressions));
        first.chain(second).chain(third).collect()
    }

    #[test]
    fn every_record_keeps_to_the_contract_and_every_collection_has_some() {
        let year = Year::make(7, 10_000, END_MS);
        let checked = checked(&year);
        for (path, result) in &checked {
            assert!(result.is_ok(), "{path}: {result:?}");
        }
        for collection in CONTRACT.collections {
            assert!(checked.iter().any(|(path, _)| *path == collection.path), "no {}", collection.path);
        }
    }

    #[test]
    fn there_are_about_as_many_records_as_were_asked_for() {
        for asked in [300, 1_000, 10_000, 30_000] {
            let made = Year::make(7, asked, END_MS).len();
            assert!(made.abs_diff(asked) <= asked / 10, "{made} for {asked}");
        }
    }

    #[test]
    fn the_seed_makes_the_year() {
        let texts = |seed| Year::make(seed, 1_000, END_MS).sets.iter().map(Schema::to_json).collect::<Vec<_>>();
        assert_eq!(texts(1), texts(1));
        assert_ne!(texts(1), texts(2));
    }

    #[test]
    fn nothing_lies_in_the_future_and_the_weights_go_up() {
        let year = Year::make(7, 10_000, END_MS);
        assert!(year.workouts.iter().all(|workout| *workout.end_time <= END_MS));
        let squat = &year.exercises[0].id;
        // Compares the heaviest set of each quarter, so that warm-ups and light weeks do not matter.
        let heaviest = |sets: &[LoggedSet]| {
            let weights = sets.iter().filter_map(|set| match set {
                LoggedSet::Standard(set) if set.exercise_definition_id == *squat => Some(*set.logged_weight_kg),
                _ => None,
            });
            weights.fold(0.0, f64::max)
        };
        let quarters: Vec<f64> = year.sets.chunks(year.sets.len().div_ceil(4)).map(heaviest).collect();
        assert!(quarters.is_sorted(), "{quarters:?}");
        let (first, last) = (quarters[0], quarters[3]);
        assert!(last > first * 1.15 && last < first * 3.0, "from {first} to {last}");
    }
}

//! The records of a training log: workouts, their sets, and the exercises that the device does not have yet.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};
use stronglog_sync::client::{OnConflict, Presence};

use super::collections::{EXERCISES, SETS, WORKOUTS, made_id};
use super::columns::Unit;
use super::known::{Known, text};
use super::matching::{self, Found, Gone, Match, Matched};
use super::sessions::{self, Session, Set, members};
use super::{Log, split};
use crate::exit::Outcome;

/// The records of a file.
pub struct Converted {
    /// The lines for an import.
    pub text: String,
    /// For each of these lines, where it comes from.
    pub origins: Vec<Origin>,
    /// The lines of the file that were not understood, with the errors.
    pub refused: Vec<(u64, String)>,
    /// The number of new sets that belong to workouts that were deleted on the device.
    pub sets_of_deleted_workouts: u64,
    /// The results of earlier imports that are missing from the file.
    pub missing: Vec<MissingRecord>,
}

/// A workout or a set on the device that is missing from the file.
pub struct MissingRecord {
    pub collection: &'static str,
    pub id: String,
    /// A description of it.
    pub what: String,
}

/// The part of the file from which a record comes.
pub struct Origin {
    pub line: u64,
    pub of: OriginKind,
}

/// A part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// An exercise, by its folded name.
    Exercise(String),
    /// A workout, by its key.
    Workout(String),
    Set,
}

/// The settings for creating the records of a file.
#[derive(Clone, Copy, Debug)]
pub struct ConvertOptions {
    /// The unit of weights without a unit in the file.
    pub unit: Unit,
    pub on_conflict: OnConflict,
    /// Whether existing workouts of the device move to the times in the file's zone.
    pub moves_existing: bool,
    /// The stamp of restored exercises.
    pub now_ms: i64,
}

/// Creates the records.
///
/// # Errors
/// Returns an error if the device's database cannot be read.
pub fn convert(log: &Log, known: &Known<'_>, options: ConvertOptions) -> Outcome<Converted> {
    let (mut sessions, mut refused) = sessions::of(&log.lines, options.unit);
    refused.extend(log.refused.iter().cloned());
    let Matched { matches, exercises, mut renamed } = matching::find(log.app.argument(), &sessions, known)?;
    if !options.moves_existing {
        sessions.iter_mut().zip(&matches).for_each(|(session, found)| session.keep_start(found.start_ms()));
    }
    renamed.retain(|_| options.on_conflict == OnConflict::Replace);
    let mut records = Records {
        known,
        options,
        exercises,
        renamed,
        made: HashSet::new(),
        records: Vec::new(),
        sets_of_deleted_workouts: 0,
        missing: Vec::new(),
    };
    for (session, found) in sessions.iter().zip(&matches) {
        records.take(session, found)?;
    }
    // A rejected line may belong to a workout that seems to be gone.
    if refused.is_empty() {
        matching::gone(log.app.argument(), &sessions, &matches, known)?.iter().for_each(|gone| records.leave(gone));
    }
    let Records { records, sets_of_deleted_workouts, missing, .. } = records;
    let mut text = String::new();
    for (_, collection, record) in &records {
        text.push_str(&json!({ "collection": collection, "record": record }).to_string());
        text.push('\n');
    }
    let count = records.len();
    text.push_str(&json!({ "end": { "records": count, "quarantined": 0, "history": 0 } }).to_string());
    Ok(Converted { text, origins: records.into_iter().map(|(origin, ..)| origin).collect(), refused, sets_of_deleted_workouts, missing })
}

struct Records<'k> {
    known: &'k Known<'k>,
    options: ConvertOptions,
    /// The ids of exercises by folded name.
    exercises: HashMap<String, String>,
    /// The folded names of the exercises that get the file's name.
    renamed: HashSet<String>,
    /// The folded names of the exercises whose records were created.
    made: HashSet<String>,
    records: Vec<(Origin, &'static str, Map<String, Value>)>,
    sets_of_deleted_workouts: u64,
    missing: Vec<MissingRecord>,
}

impl Records<'_> {
    fn take(&mut self, session: &Session, found: &Match) -> Outcome<()> {
        let brings_back = self.options.on_conflict == OnConflict::Replace;
        let is_deleted = found.workout == Presence::Deleted && !brings_back;
        self.workout(session, found);
        let group = |first: usize| found.sets.get(first).map_or("", |set| set.id.as_str());
        for (set, record) in session.sets.iter().zip(&found.sets) {
            if is_deleted && record.is_new() {
                self.sets_of_deleted_workouts += 1;
                continue;
            }
            let is_written = record.is_new() || brings_back && record.known == Presence::Deleted;
            let mut members = self.set(session, set, record, is_written)?;
            if let Some((first, level)) = set.drop {
                let group = made_id(SETS, &format!("import/{}/group", group(first)))?;
                members.extend(sessions::members(json!({ "groupKey": group, "level": level })));
            }
            members.extend([("id".to_owned(), json!(record.id)), ("workoutLogId".to_owned(), json!(found.workout_id))]);
            stamp(&mut members, session.workout.stamp_ms);
            self.records.push((Origin { line: set.line, of: OriginKind::Set }, SETS, members));
        }
        self.missing.extend(found.left.iter().map(|set| MissingRecord::set(set, &session.workout.start)));
        Ok(())
    }

    /// Lists a missing workout and its sets.
    fn leave(&mut self, gone: &Gone) {
        let name = Some(text(&gone.workout, "name")).filter(|name| !name.is_empty()).map(|name| format!(" {name:?}")).unwrap_or_default();
        let what = format!("the workout{name} of {}", shown(&gone.start));
        self.missing.push(MissingRecord { collection: WORKOUTS, id: text(&gone.workout, "id").to_owned(), what });
        self.missing.extend(gone.sets.iter().map(|set| MissingRecord::set(set, &gone.start)));
    }

    fn workout(&mut self, session: &Session, found: &Match) {
        let workout = &session.workout;
        let mut record = members(json!({
            "id": found.workout_id, "startTime": workout.start_ms, "endTime": workout.end_ms,
            "durationMs": workout.end_ms - workout.start_ms,
        }));
        record.extend(workout.name.iter().map(|name| ("name".to_owned(), json!(name))));
        record.extend(workout.notes.iter().map(|notes| ("notes".to_owned(), json!(notes))));
        stamp(&mut record, workout.stamp_ms);
        self.records.push((Origin { line: session.line, of: OriginKind::Workout(workout.key.clone()) }, WORKOUTS, record));
    }

    /// A set without its ids. It keeps the place and exercise of the device's version, unless the file says otherwise.
    fn set(&mut self, session: &Session, set: &Set, found: &Found, is_written: bool) -> Outcome<Map<String, Value>> {
        let mut record = set.members.clone();
        record.extend(members(json!({ "orderInWorkout": set.in_workout, "orderInExercise": set.in_exercise })));
        let device = found.record().unwrap_or_default();
        if self.options.on_conflict != OnConflict::Replace {
            let places = ["orderInWorkout", "orderInExercise"].into_iter();
            record.extend(places.filter_map(|member| Some((member.to_owned(), device.get(member)?.clone()))));
        }
        self.rename(session, set)?;
        let exercise = match (self.exercises.get(&set.key), device.get("exerciseDefinitionId")) {
            (Some(id), _) => json!(id),
            (None, Some(id)) => id.clone(),
            (None, None) => json!(self.exercise(session, set, is_written)?),
        };
        record.insert("exerciseDefinitionId".to_owned(), exercise);
        Ok(record)
    }

    /// Gives an exercise with another name on the device the name in the file.
    fn rename(&mut self, session: &Session, set: &Set) -> Outcome<()> {
        let Some(id) = self.exercises.get(&set.key).filter(|_| self.renamed.remove(&set.key)) else { return Ok(()) };
        let device = Found { known: self.known.presence(EXERCISES, id)?, id: id.clone() };
        if let Some(mut record) = device.record() {
            record.insert("name".to_owned(), json!(set.exercise));
            record.insert("clientUpdatedAt".to_owned(), json!(session.workout.stamp_ms));
            self.records.push((Origin { line: set.line, of: OriginKind::Exercise(set.key.clone()) }, EXERCISES, record));
        }
        Ok(())
    }

    /// The id of an exercise that the device does not have, or no longer has. It is created or restored if a set is written.
    fn exercise(&mut self, session: &Session, set: &Set, is_written: bool) -> Outcome<String> {
        let id = made_id(EXERCISES, &set.exercise)?;
        if !is_written || !self.made.insert(set.key.clone()) {
            return Ok(id);
        }
        let mut record = members(json!({ "id": id, "name": set.exercise, "isCustom": true }));
        let equipment = split(&set.exercise).1.map(|equipment| json!(equipment.to_lowercase()));
        record.extend(equipment.map(|equipment| ("equipment".to_owned(), equipment)));
        let muscles = set.category.iter().map(|category| ("primaryMuscleGroups".to_owned(), json!([category.to_lowercase()])));
        record.extend(muscles);
        let is_deleted = self.known.presence(EXERCISES, &id)? == Presence::Deleted;
        stamp(&mut record, if is_deleted { self.options.now_ms } else { session.workout.stamp_ms });
        self.records.push((Origin { line: set.line, of: OriginKind::Exercise(set.key.clone()) }, EXERCISES, record));
        self.exercises.insert(set.key.clone(), id.clone());
        Ok(id)
    }
}

impl MissingRecord {
    fn set(set: &Map<String, Value>, start: &str) -> Self {
        let what = format!("{} of the workout of {}", what(set), shown(start));
        MissingRecord { collection: SETS, id: text(set, "id").to_owned(), what }
    }
}

/// When a workout began, for people.
fn shown(start: &str) -> String {
    start.replace('T', " ")
}

/// A set of the device in words.
fn what(set: &Map<String, Value>) -> String {
    let number = |member: &str| set.get(member).and_then(Value::as_f64).unwrap_or_default();
    match number("loggedDurationSecs") {
        0.0 => format!("{} kg × {}", number("loggedWeightKg"), number("loggedReps")),
        seconds => format!("{seconds} s"),
    }
}

/// Sets the time of the workout as the time of the edit, so that an import never replaces later edits.
fn stamp(record: &mut Map<String, Value>, stamp_ms: i64) {
    record.extend(members(json!({ "clientCreatedAt": stamp_ms, "clientUpdatedAt": stamp_ms, "isDeleted": false })));
}

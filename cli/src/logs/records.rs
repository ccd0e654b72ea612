//! The records of a training log: workouts, their sets, and the exercises that the device does not have yet.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};
use stronglog_sync::api::CONTRACT;
use stronglog_sync::client::ImportOptions;
use stronglog_sync::{Client, Query};
use unicode_normalization::UnicodeNormalization;

use super::columns::Unit;
use super::{Kind, Line, Log, Workout};
use crate::exit::Outcome;

const EXERCISES: &str = "exercise-definitions";
const WORKOUTS: &str = "workout-logs";
const SETS: &str = "logged-sets";

/// The exercises that the device has, or that the file has named so far.
#[derive(Debug, Default)]
pub struct Known(Vec<Exercise>);

#[derive(Debug)]
struct Exercise {
    id: String,
    /// Folded, like the equipment.
    name: String,
    equipment: Option<String>,
}

impl Known {
    /// Reads the exercises of a device.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn of(client: &Client) -> Outcome<Self> {
        let exercise = |text: String| {
            let record: Value = serde_json::from_str(&text).ok()?;
            let text = |member: &str| record[member].as_str().map(str::to_owned);
            Some(Exercise { id: text("id")?, name: folded(&text("name")?), equipment: text("equipment").map(|text| folded(&text)) })
        };
        Ok(Known(client.json(EXERCISES)?.list(&Query::default())?.into_iter().filter_map(exercise).collect()))
    }

    /// The id of an exercise: one that an earlier import has made, one of this name, or one of this name with its equipment in
    /// parentheses, such as `Bench Press (Barbell)`.
    fn find(&self, name: &str, made_id: &str) -> Option<&str> {
        let name = folded(name);
        let (plain, equipment) = split(&name);
        let made = || self.0.iter().find(|known| known.id == made_id);
        let named = || self.0.iter().find(|known| known.name == name);
        let equipped = || self.0.iter().find(|known| equipment.is_some() && known.name == plain && known.equipment.as_deref() == equipment);
        made().or_else(named).or_else(equipped).map(|known| known.id.as_str())
    }
}

/// A name without the differences that people do not see or do not mean: case, and how an accent is encoded.
fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase()
}

/// A name and the equipment in parentheses after it.
fn split(name: &str) -> (&str, Option<&str>) {
    let parts = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    parts.map_or((name, None), |(plain, equipment)| (plain.trim_end(), Some(equipment)))
}

/// The records of a file.
pub struct Converted {
    /// Each with the line of the file that it comes from.
    records: Vec<(u64, &'static str, Map<String, Value>)>,
    /// The lines of the file that were not understood, with what is wrong.
    pub refused: Vec<(u64, String)>,
}

impl Converted {
    /// The lines for an import.
    pub fn text(&self) -> String {
        let count = self.records.len();
        lines(&self.records) + &json!({ "end": { "records": count, "quarantined": 0, "history": 0 } }).to_string()
    }

    /// For each of these lines, the line of the file that it comes from.
    pub fn origins(&self) -> Vec<u64> {
        self.records.iter().map(|(line, ..)| *line).collect()
    }

    /// Lets the exercises that were deleted on the device return if sets need them that the device does not have yet.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn revive(&mut self, client: &Client, options: ImportOptions) -> Outcome<()> {
        let mut tried = options;
        tried.dry_run = true;
        for index in 0..self.records.len() {
            let (_, collection, exercise) = &self.records[index];
            if *collection != EXERCISES
                || client.import(lines(&self.records[index..=index]).as_bytes(), tried, |_| {})?.total().kept_deleted == 0
            {
                continue;
            }
            let is_of = |set: &Map<String, Value>| set.get("exerciseDefinitionId").is_some_and(|id| Some(id) == exercise.get("id"));
            let sets: Vec<_> = self.records.iter().filter(|(_, collection, set)| *collection == SETS && is_of(set)).cloned().collect();
            if client.import(lines(&sets).as_bytes(), tried, |_| {})?.total().added > 0 {
                self.records[index].2.insert("clientUpdatedAt".to_owned(), json!(jiff::Timestamp::now().as_millisecond()));
            }
        }
        Ok(())
    }

    /// The number of sets that the device has in workouts of the file, and that the file does not have.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn left_over(&self, client: &Client) -> Outcome<u64> {
        let ids = |collection: &str| -> HashSet<&str> {
            let records = self.records.iter().filter(|(_, of, _)| *of == collection);
            records.filter_map(|(.., record)| record.get("id").and_then(Value::as_str)).collect()
        };
        let (workouts, sets) = (ids(WORKOUTS), ids(SETS));
        let mut left_over = 0;
        for set in client.json(SETS)?.list(&Query::default())? {
            let set: Value = serde_json::from_str(&set).unwrap_or_default();
            let is_in = |known: &HashSet<&str>, member: &str| set[member].as_str().is_some_and(|id| known.contains(id));
            left_over += u64::from(is_in(&workouts, "workoutLogId") && !is_in(&sets, "id"));
        }
        Ok(left_over)
    }
}

fn lines(records: &[(u64, &'static str, Map<String, Value>)]) -> String {
    records.iter().map(|(_, collection, record)| json!({ "collection": collection, "record": record }).to_string() + "\n").collect()
}

pub fn convert(log: Log, unit: Unit, known: Known) -> Converted {
    let mut making = Making {
        app: log.app.argument(),
        unit,
        known,
        records: Vec::new(),
        exercises: HashMap::new(),
        named: HashMap::new(),
        workouts: HashMap::new(),
        refused: HashMap::new(),
    };
    let mut refused = log.refused;
    for line in log.lines {
        let number = line.number;
        if let Err(message) = making.take(line) {
            refused.push((number, message));
        }
    }
    Converted { records: making.records, refused }
}

/// A workout whose lines are being read.
#[derive(Default)]
struct Done {
    /// The names of the exercises in their order.
    exercises: Vec<String>,
    /// How many sets each exercise has, and which of the records is the last.
    sets: HashMap<String, (u64, usize)>,
    /// The drop set that the last set was a part of, and how many parts it has.
    drop: Option<(String, u64)>,
    /// A note about an exercise that came before its first set.
    note: Option<String>,
    /// Which of the records is the workout's.
    place: usize,
}

struct Making {
    app: &'static str,
    unit: Unit,
    known: Known,
    /// Each with the line that it comes from.
    records: Vec<(u64, &'static str, Map<String, Value>)>,
    /// The ids of exercises by name.
    exercises: HashMap<String, String>,
    /// The name of the first workout of each key.
    named: HashMap<String, Option<String>>,
    /// By key.
    workouts: HashMap<String, Done>,
    /// How many sets were not understood, by workout and exercise.
    refused: HashMap<(String, String), u64>,
}

impl Making {
    fn take(&mut self, mut line: Line) -> Result<(), String> {
        // A workout is known by its start, so that it stays the same when it is given another name. Two that start together have two names.
        let first = self.named.entry(line.workout.key.clone()).or_insert_with(|| line.workout.name.clone());
        if *first != line.workout.name {
            line.workout.key = format!("{}/{}", line.workout.key, line.workout.name.as_deref().unwrap_or_default());
        }
        match line.kind {
            Kind::Rest => return self.amend(&line, |set| _ = set.insert("restTimeSecs".to_owned(), json!(line.seconds.unwrap_or(0)))),
            Kind::Note => {
                let note = line.remarks.join("; ");
                if self.amend(&line, |set| append(set, &note)).is_err() {
                    self.workout(&line)?.note = Some(note);
                }
                return Ok(());
            }
            Kind::Refused => {
                *self.refused.entry((line.workout.key, line.exercise)).or_default() += 1;
                return Ok(());
            }
            Kind::Normal | Kind::WarmUp | Kind::Failure | Kind::Drop => {}
        }
        let exercise = self.exercise(&line)?;
        let workout_id = self.id(WORKOUTS, &line.workout.key)?;
        let (app, unit) = (self.app, line.unit.unwrap_or(self.unit));
        let place = self.records.len() + usize::from(!self.workouts.contains_key(&line.workout.key));
        let refused = self.refused.get(&(line.workout.key.clone(), line.exercise.clone())).copied().unwrap_or_default();
        let done = self.workout(&line)?;
        let read = done.sets.get(&line.exercise).map_or(0, |(count, _)| *count);
        let in_exercise = read + refused;
        // What tells a set apart from the other sets of the file.
        let key = format!("{}/{}/{in_exercise}", line.workout.key, line.exercise);
        let in_workout = done.exercises.iter().position(|name| *name == line.exercise).unwrap_or(done.exercises.len());
        if in_workout == done.exercises.len() {
            done.exercises.push(line.exercise.clone());
        }
        let mut set = set_of(&line, unit);
        if line.kind == Kind::Drop {
            let (group, level) = done.drop.take().unwrap_or_else(|| (key.clone(), 0));
            set.insert("groupKey".to_owned(), json!(made_id(SETS, &format!("import/{app}/{group}/group"))?));
            set.insert("level".to_owned(), json!(level + 1));
            done.drop = Some((group, level + 1));
        } else {
            done.drop = None;
        }
        let note = done.note.take();
        done.sets.insert(line.exercise.clone(), (read + 1, place));
        let id = self.id(SETS, &key)?;
        set.extend(members(json!({
            "id": id, "workoutLogId": workout_id, "exerciseDefinitionId": exercise,
            "orderInWorkout": in_workout, "orderInExercise": in_exercise,
        })));
        stamp(&mut set, line.workout.stamp_ms);
        line.remarks.iter().chain(&note).for_each(|remark| append(&mut set, remark));
        self.records.push((line.number, SETS, set));
        Ok(())
    }

    /// Changes the last set of an exercise in a workout.
    fn amend(&mut self, line: &Line, change: impl FnOnce(&mut Map<String, Value>)) -> Result<(), String> {
        let last = self.workouts.get(&line.workout.key).and_then(|done| done.sets.get(&line.exercise)).map(|(_, place)| *place);
        let set = last.and_then(|place| self.records.get_mut(place)).ok_or("the line belongs to a set, and none comes before it")?;
        change(&mut set.2);
        Ok(())
    }

    /// The workout of a line, whose record is made with its first line.
    fn workout(&mut self, line: &Line) -> Result<&mut Done, String> {
        let Workout { key, start_ms, end_ms, stamp_ms, name, notes } = &line.workout;
        if let Some(known) = self.workouts.get(key) {
            // Some apps write the notes on some of a workout's lines.
            let record = self.records.get_mut(known.place).map(|(.., record)| record);
            if let Some((record, notes)) = record.zip(notes.as_ref()).filter(|(record, _)| !record.contains_key("notes")) {
                record.insert("notes".to_owned(), json!(notes));
            }
        } else {
            let mut record = members(json!({
                "id": self.id(WORKOUTS, key)?, "startTime": start_ms, "endTime": end_ms, "durationMs": end_ms - start_ms,
            }));
            record.extend(name.iter().map(|name| ("name".to_owned(), json!(name))));
            record.extend(notes.iter().map(|notes| ("notes".to_owned(), json!(notes))));
            stamp(&mut record, *stamp_ms);
            self.workouts.insert(key.clone(), Done { place: self.records.len(), ..Done::default() });
            self.records.push((line.number, WORKOUTS, record));
        }
        Ok(self.workouts.entry(key.clone()).or_default())
    }

    /// The id of a line's exercise, which is made if the device does not have it.
    fn exercise(&mut self, line: &Line) -> Result<String, String> {
        if let Some(id) = self.exercises.get(&line.exercise) {
            return Ok(id.clone());
        }
        let made = made_id(EXERCISES, &line.exercise)?;
        let id = match self.known.find(&line.exercise, &made) {
            Some(id) => id.to_owned(),
            None => {
                let mut record = members(json!({ "id": made, "name": line.exercise, "isCustom": true }));
                let equipment = split(&line.exercise).1.map(|equipment| json!(equipment.to_lowercase()));
                record.extend(equipment.map(|equipment| ("equipment".to_owned(), equipment)));
                let muscles = line.category.iter().map(|category| ("primaryMuscleGroups".to_owned(), json!([category.to_lowercase()])));
                record.extend(muscles);
                stamp(&mut record, line.workout.stamp_ms);
                self.records.push((line.number, EXERCISES, record));
                self.known.0.push(Exercise { id: made.clone(), name: folded(&line.exercise), equipment: None });
                made
            }
        };
        self.exercises.insert(line.exercise.clone(), id.clone());
        Ok(id)
    }

    fn id(&self, collection: &str, key: &str) -> Result<String, String> {
        made_id(collection, &format!("import/{}/{key}", self.app))
    }
}

fn made_id(collection: &str, key: &str) -> Result<String, String> {
    CONTRACT.collection(collection).and_then(|collection| collection.deterministic_id(key)).ok_or_else(|| "cannot make an id".to_owned())
}

/// The members of a set that say what was done.
fn set_of(line: &Line, unit: Unit) -> Map<String, Value> {
    let (reps, weight_kg) = (line.reps.unwrap_or(0), unit.kilograms(line.weight));
    let mut set = members(match (line.kind, line.seconds) {
        (Kind::Failure, _) => json!({ "setType": "amrapReps" }),
        (Kind::Drop, _) => json!({ "setType": "dropSet" }),
        (_, Some(seconds)) if reps == 0 => {
            json!({ "setType": "amrapTime", "targetDurationSecs": seconds, "loggedDurationSecs": seconds })
        }
        _ => json!({ "setType": "standard" }),
    });
    set.extend(members(json!({ "loggedWeightKg": weight_kg.max(0.0), "loggedReps": reps })));
    let timed = set.contains_key("loggedDurationSecs");
    if let Some(seconds) = line.seconds.filter(|_| !timed) {
        append(&mut set, &format!("{seconds} s"));
    }
    if weight_kg < 0.0 {
        append(&mut set, &format!("assisted with {} kg", -weight_kg));
    }
    set
}

/// An import takes the time of the workout for the time of the edit, so that later edits are never replaced.
fn stamp(record: &mut Map<String, Value>, stamp_ms: i64) {
    record.extend(members(json!({ "clientCreatedAt": stamp_ms, "clientUpdatedAt": stamp_ms, "isDeleted": false })));
}

fn append(record: &mut Map<String, Value>, note: &str) {
    let notes = record.get("notes").and_then(Value::as_str).map_or_else(|| note.to_owned(), |notes| format!("{notes}; {note}"));
    record.insert("notes".to_owned(), json!(notes));
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

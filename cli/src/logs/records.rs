//! The records of a training log: workouts, their sets, and the exercises that the device does not have yet.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use stronglog_sync::api::CONTRACT;
use stronglog_sync::{Client, Query};

use super::columns::Unit;
use super::{Kind, Line, Log, Workout};
use crate::exit::Outcome;

const EXERCISES: &str = "exercise-definitions";
const WORKOUTS: &str = "workout-logs";
const SETS: &str = "logged-sets";

/// The exercises that the device has.
#[derive(Debug, Default)]
pub struct Known(Vec<Exercise>);

#[derive(Debug)]
struct Exercise {
    id: String,
    /// In lower case, like the equipment.
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
            Some(Exercise {
                id: text("id")?,
                name: text("name")?.to_lowercase(),
                equipment: text("equipment").map(|text| text.to_lowercase()),
            })
        };
        Ok(Known(client.json(EXERCISES)?.list(&Query::default())?.into_iter().filter_map(exercise).collect()))
    }

    /// The id of an exercise: one that an earlier import has made, one of this name, or one of this name with its equipment in
    /// parentheses, such as `Bench Press (Barbell)`.
    fn find(&self, name: &str, made_id: &str) -> Option<&str> {
        let name = name.to_lowercase();
        let (plain, equipment) = split(&name);
        let made = || self.0.iter().find(|known| known.id == made_id);
        let named = || self.0.iter().find(|known| known.name == name);
        let equipped = || self.0.iter().find(|known| equipment.is_some() && known.name == plain && known.equipment.as_deref() == equipment);
        made().or_else(named).or_else(equipped).map(|known| known.id.as_str())
    }
}

/// A name and the equipment in parentheses after it.
fn split(name: &str) -> (&str, Option<&str>) {
    let parts = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    parts.map_or((name, None), |(plain, equipment)| (plain.trim_end(), Some(equipment)))
}

/// The records of a file.
pub struct Converted {
    /// The lines for an import.
    pub text: String,
    /// For each of these lines, the line of the file that it comes from.
    pub origins: Vec<u64>,
    /// The lines of the file that were not understood, with what is wrong.
    pub refused: Vec<(u64, String)>,
}

pub fn convert(log: Log, unit: Unit, known: &Known) -> Converted {
    let app = log.app.argument();
    let mut making =
        Making { app, unit, known, records: Vec::new(), exercises: HashMap::new(), workouts: HashMap::new(), refused: HashMap::new() };
    let mut refused = log.refused;
    for line in log.lines {
        let number = line.number;
        if let Err(message) = making.take(line) {
            refused.push((number, message));
        }
    }
    let mut text = String::new();
    for (_, collection, record) in &making.records {
        text.push_str(&json!({ "collection": collection, "record": record }).to_string());
        text.push('\n');
    }
    let count = making.records.len();
    text.push_str(&json!({ "end": { "records": count, "quarantined": 0, "history": 0 } }).to_string());
    Converted { text, origins: making.records.into_iter().map(|(line, ..)| line).collect(), refused }
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

struct Making<'k> {
    app: &'static str,
    unit: Unit,
    known: &'k Known,
    /// Each with the line that it comes from.
    records: Vec<(u64, &'static str, Map<String, Value>)>,
    /// The ids of exercises by name.
    exercises: HashMap<String, String>,
    /// By key.
    workouts: HashMap<String, Done>,
    /// How many sets were not understood, by workout and exercise.
    refused: HashMap<(String, String), u64>,
}

impl Making<'_> {
    fn take(&mut self, line: Line) -> Result<(), String> {
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

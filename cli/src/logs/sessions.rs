//! The workouts of a file, each with its sets in order.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::columns::Unit;
use super::{Kind, Line, Workout, folded, times};

/// A workout with its sets.
#[derive(Debug)]
pub struct Session {
    /// The line that it comes from first.
    pub line: u64,
    pub workout: Workout,
    pub sets: Vec<Set>,
    /// The folded names of exercises with a rejected set.
    pub refused: Vec<String>,
    /// A note about an exercise that comes before a set.
    note: Option<String>,
}

/// A set.
#[derive(Debug)]
pub struct Set {
    pub line: u64,
    /// As the file names it.
    pub exercise: String,
    /// The name of the exercise, folded.
    pub key: String,
    pub category: Option<String>,
    /// The members with its content.
    pub members: Map<String, Value>,
    pub in_workout: usize,
    pub in_exercise: usize,
    /// If it is a part of a drop set: the index of the first part, and the number of this part.
    pub drop: Option<(usize, u64)>,
    is_refused: bool,
}

impl Set {
    /// The content of a set, which identifies the same set anywhere in the workout.
    pub fn signature(members: &Map<String, Value>) -> String {
        let member = |name: &str| members.get(name).and_then(Value::as_f64).unwrap_or_default();
        let (kg, reps, secs) = (member("loggedWeightKg"), member("loggedReps"), member("loggedDurationSecs"));
        format!("{}/{kg:.2}/{reps}/{secs}", members.get("setType").and_then(Value::as_str).unwrap_or_default())
    }
}

/// The workouts of the lines, and the lines that belong to no set.
pub fn of(lines: &[Line], unit: Unit) -> (Vec<Session>, Vec<(u64, String)>) {
    let (mut sessions, mut places, mut refused) = (Vec::<Session>::new(), HashMap::<&str, usize>::new(), Vec::new());
    for line in lines {
        let place = *places.entry(&line.workout.key).or_insert(sessions.len());
        if place == sessions.len() {
            let workout = Workout { notes: None, ..line.workout.clone() };
            sessions.push(Session { line: line.number, workout, sets: Vec::new(), refused: Vec::new(), note: None });
        }
        // Some apps write the notes on some of a workout's lines.
        let session = &mut sessions[place];
        session.workout.notes = session.workout.notes.take().or_else(|| line.workout.notes.clone());
        if let Err(message) = session.take(line, unit) {
            refused.push((line.number, message));
        }
    }
    sessions.iter_mut().for_each(Session::finish);
    sessions.retain(|session| !session.sets.is_empty() || session.workout.notes.is_some() && session.refused.is_empty());
    (sessions, refused)
}

impl Session {
    /// Keeps the start of the workout's record, if both read the file's wall clock, in two zones. An import in another zone therefore moves
    /// no workout.
    pub fn keep_start(&mut self, known_ms: Option<i64>) {
        let workout = &mut self.workout;
        let may_be_same_local_time = |ms: &i64| workout.is_wall_clock && times::may_be_same_local_time(workout.stamp_ms, *ms);
        if let Some(start_ms) = known_ms.filter(may_be_same_local_time) {
            workout.end_ms = start_ms.saturating_add(workout.end_ms - workout.start_ms);
            workout.start_ms = start_ms;
        }
    }

    fn take(&mut self, line: &Line, unit: Unit) -> Result<(), String> {
        match line.kind {
            Kind::Rest => {
                let rest = json!(line.seconds.unwrap_or(0));
                let set = self.last_of(line).ok_or("the line belongs to a set, but no set precedes it")?;
                set.members.insert("restTimeSecs".to_owned(), rest);
            }
            Kind::Note => {
                let note = line.remarks.join("; ");
                match self.last_of(line) {
                    Some(set) => append(&mut set.members, &note),
                    None => self.note = Some(self.note.take().map_or_else(|| note.clone(), |earlier| format!("{earlier}; {note}"))),
                }
            }
            Kind::Refused => {
                self.refused.push(folded(&line.exercise));
                self.push(line, Map::new());
            }
            Kind::Normal | Kind::WarmUp | Kind::Failure | Kind::Drop => {
                let mut members = set_of(line, line.unit.unwrap_or(unit));
                let note = self.note.take();
                line.remarks.iter().chain(&note).for_each(|remark| append(&mut members, remark));
                self.push(line, members);
            }
        }
        Ok(())
    }

    fn push(&mut self, line: &Line, members: Map<String, Value>) {
        let key = folded(&line.exercise);
        let is_same = |set: &&Set| set.key == key;
        let last = self.sets.last();
        // An exercise that comes again after another one has a second place in the workout, as in a circuit.
        let in_workout = last.map_or(0, |last| last.in_workout + usize::from(!is_same(&last)));
        let drop = (line.kind == Kind::Drop).then(|| match last.filter(is_same).and_then(|last| last.drop) {
            Some((first, level)) => (first, level + 1),
            None => (self.sets.len(), 1),
        });
        let in_exercise = self.sets.iter().filter(is_same).count();
        let (exercise, category) = (line.exercise.clone(), line.category.clone());
        let is_refused = line.kind == Kind::Refused;
        self.sets.push(Set { line: line.number, exercise, key, category, members, in_workout, in_exercise, drop, is_refused });
    }

    /// The last set of a line's exercise.
    fn last_of(&mut self, line: &Line) -> Option<&mut Set> {
        let key = folded(&line.exercise);
        self.sets.iter_mut().rfind(|set| set.key == key)
    }

    /// Drops the rejected sets. The other sets already have the places that they will have once the file is corrected.
    fn finish(&mut self) {
        if let Some(note) = self.note.take() {
            let notes = self.workout.notes.take();
            self.workout.notes = Some(notes.map_or_else(|| note.clone(), |notes| format!("{notes}; {note}")));
        }
        let kept: Vec<usize> = (0..self.sets.len()).filter(|place| !self.sets[*place].is_refused).collect();
        self.sets.retain(|set| !set.is_refused);
        for set in &mut self.sets {
            set.drop = set.drop.map(|(first, level)| (kept.partition_point(|place| *place < first), level));
        }
    }
}

/// The members of a set with its content.
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

pub fn append(record: &mut Map<String, Value>, note: &str) {
    let notes = record.get("notes").and_then(Value::as_str).map_or_else(|| note.to_owned(), |notes| format!("{notes}; {note}"));
    record.insert("notes".to_owned(), json!(notes));
}

pub fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

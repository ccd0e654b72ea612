//! Matches the workouts and sets of a file with records.
//!
//! A workout is identified by its start, so it may be renamed. A set is identified by its exercise and its content, so other sets before it
//! may be removed. A remaining set counts as corrected in the other app, if the device has a set that is missing from the file.

use std::collections::{HashMap, HashSet};

use clap::ValueEnum;
use serde_json::{Value, json};
use stronglog_sync::client::Presence;

use super::App;
use super::collections::{EXERCISES, SETS, WORKOUTS, made_id};
use super::known::{Known, Members, text};
use super::sessions::{Session, Set};
use super::times::Spelling;
use crate::exit::Outcome;

/// A workout of the file as a record.
pub struct Match {
    pub workout_id: String,
    pub workout: Presence,
    /// For each of its sets.
    pub sets: Vec<Found>,
    /// The sets on the device that earlier imports created and that are missing from the file.
    pub left: Vec<Members>,
    /// Such sets that were deleted, with their content before the deletion.
    deleted: Vec<Members>,
}

/// A workout on the device from an earlier import that is missing from the file.
pub struct Gone {
    pub workout: Members,
    /// When it began, according to the earlier file.
    pub start: String,
    /// Its sets from earlier imports.
    pub sets: Vec<Members>,
}

/// A set of the file as a record.
pub struct Found {
    pub id: String,
    pub known: Presence,
}

/// All workouts of a file as records, and the exercises of the device.
pub struct Matched {
    pub matches: Vec<Match>,
    /// The ids of the exercises that the device has, by their folded names in the file.
    pub exercises: HashMap<String, String>,
    /// The exercises among them with another name on the device.
    pub renamed: HashSet<String>,
}

/// Finds the records of a file.
///
/// # Errors
/// Returns an error if the database cannot be read.
pub fn find(app: &str, sessions: &[Session], known: &Known<'_>) -> Outcome<Matched> {
    let workouts = workouts(app, sessions, known)?;
    let mut matches = Vec::new();
    for (session, (workout_id, workout)) in sessions.iter().zip(workouts) {
        matches.push(Match::of(session, workout_id, workout, known)?);
    }
    let mut exercises = HashMap::new();
    for set in sessions.iter().flat_map(|session| &session.sets) {
        if !exercises.contains_key(&set.key)
            && let Some(id) = known.exercise(&set.exercise, &made_id(EXERCISES, &set.exercise)?)
        {
            exercises.insert(set.key.clone(), id);
        }
    }
    let renamed = renamed(sessions, &matches, &exercises, known);
    let names = renamed.keys().cloned().collect();
    exercises.extend(renamed);
    for (session, found) in sessions.iter().zip(&mut matches) {
        found.pair(session, &exercises);
    }
    Ok(Matched { matches, exercises, renamed: names })
}

/// The ids of the workouts. If several began at the same time, each is first matched by its name.
fn workouts(app: &str, sessions: &[Session], known: &Known<'_>) -> Outcome<Vec<(String, Presence)>> {
    let mut by_start: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, session) in sessions.iter().enumerate() {
        by_start.entry(&session.workout.start).or_default().push(place);
    }
    let mut found = vec![(String::new(), Presence::Missing); sessions.len()];
    for (start, places) in by_start {
        let mut candidates = Vec::new();
        for number in 0.. {
            let id = made_id(WORKOUTS, &format!("import/{app}/{start}/{number}"))?;
            let presence = known.presence(WORKOUTS, &id)?;
            if presence == Presence::Missing && number >= places.len() {
                break;
            }
            candidates.push((id, presence));
        }
        let name_of = |presence: &Presence| match presence {
            Presence::Live(record) => super::known::members(record).map(|record| text(&record, "name").to_owned()),
            _ => None,
        };
        let mut left = Vec::new();
        for place in places {
            let name = sessions[place].workout.name.clone().unwrap_or_default();
            match candidates.iter().position(|(_, presence)| name_of(presence).as_deref() == Some(name.as_str())) {
                Some(candidate) => found[place] = candidates.remove(candidate),
                None => left.push(place),
            }
        }
        for (place, candidate) in left.into_iter().zip(candidates) {
            found[place] = candidate;
        }
    }
    Ok(found)
}

/// The exercises whose name in the file differs from the name here: no exercise with the file's name is known, the sets match those of one
/// exercise, and no other exercise in the file matches that one.
fn renamed(sessions: &[Session], matches: &[Match], exercises: &HashMap<String, String>, known: &Known<'_>) -> HashMap<String, String> {
    let mut seen: HashMap<&str, HashSet<String>> = HashMap::new();
    for (session, found) in sessions.iter().zip(matches) {
        let mut left: Vec<&Members> = found.left.iter().collect();
        for (set, found) in session.sets.iter().zip(&found.sets).filter(|(set, _)| !exercises.contains_key(&set.key)) {
            let signature = Set::signature(&set.members);
            let mut same = || left.iter().position(|record| Set::signature(record) == signature).map(|place| left.remove(place).clone());
            let record = if found.is_new() { same() } else { found.record() };
            if let Some(record) = record {
                seen.entry(&set.key).or_default().insert(text(&record, "exerciseDefinitionId").to_owned());
            }
        }
    }
    let taken: HashSet<&String> = exercises.values().collect();
    let one = |(name, ids): (&str, HashSet<String>)| {
        let id = ids.iter().next().filter(|id| ids.len() == 1 && known.has_exercise(id) && !taken.contains(id))?;
        Some((name.to_owned(), id.clone()))
    };
    seen.into_iter().filter_map(one).collect()
}

/// The workouts of the device from an earlier file of this app that began between the first and the last workout of this file. Workouts
/// outside that range may have been left out on purpose.
///
/// # Errors
/// Returns an error if the database cannot be read.
pub fn gone(app: &'static str, sessions: &[Session], matches: &[Match], known: &Known<'_>) -> Outcome<Vec<Gone>> {
    let starts = || sessions.iter().map(|session| session.workout.start_ms);
    let Some((first, last)) = starts().min().zip(starts().max()) else { return Ok(Vec::new()) };
    let matched: HashSet<&str> = matches.iter().map(|found| found.workout_id.as_str()).collect();
    let (mut gone, mut spellings) = (Vec::new(), HashMap::new());
    for workout in known.imported_workouts(first, last)?.into_iter().filter(|workout| !matched.contains(text(workout, "id"))) {
        if let Some((found, start)) = start_in_file(app, &workout, &mut spellings)?
            && found == app
        {
            gone.push(Gone { start, sets: known.imported_sets(text(&workout, "id"))?, workout });
        }
    }
    Ok(gone)
}

/// From which app's file a workout was created, and when it began according to the file. `None` if it has been moved since. Most workouts
/// of an app have the spelling of the one before, which is tried first: there are hundreds of them. If it does not fit, the workout is first
/// tried as one of the apps whose spelling is known.
fn start_in_file(
    app: &'static str,
    workout: &Members,
    spellings: &mut HashMap<&'static str, Spelling>,
) -> Outcome<Option<(&'static str, String)>> {
    // More than two workouts at one time are a mistake of the app.
    const SAME_START_MAX: u32 = 4;
    let start_ms = workout.get("startTime").and_then(Value::as_i64).unwrap_or_default();
    let known: Vec<(&str, Spelling)> = spellings.iter().map(|(app, spelling)| (*app, *spelling)).collect();
    let others = App::value_variants().iter().map(|other| other.argument()).filter(|other| *other != app);
    let unknown = [app].into_iter().chain(others).flat_map(|app| Spelling::all().map(move |spelling| (app, spelling)));
    for (app, spelling) in known.into_iter().chain(unknown) {
        let Some(start) = spelling.name(start_ms) else { continue };
        for number in 0..SAME_START_MAX {
            if made_id(WORKOUTS, &format!("import/{app}/{start}/{number}"))? == text(workout, "id") {
                spellings.insert(app, spelling);
                return Ok(Some((app, start)));
            }
        }
    }
    Ok(None)
}

impl Found {
    pub fn is_new(&self) -> bool {
        self.known == Presence::Missing
    }

    /// The device's version.
    pub fn record(&self) -> Option<Members> {
        match &self.known {
            Presence::Live(text) => super::known::members(text),
            _ => None,
        }
    }
}

impl Match {
    /// When the workout began, according to the device's version.
    pub fn start_ms(&self) -> Option<i64> {
        match &self.workout {
            Presence::Live(record) => super::known::members(record)?.get("startTime")?.as_i64(),
            _ => None,
        }
    }

    fn of(session: &Session, workout_id: String, workout: Presence, known: &Known<'_>) -> Outcome<Self> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let mut sets = Vec::new();
        for set in &session.sets {
            let content = format!("{workout_id}/{}/{}", set.key, Set::signature(&set.members));
            let count = counts.entry(content.clone()).or_default();
            let id = made_id(SETS, &format!("import/{content}/{count}"))?;
            *count += 1;
            sets.push(Found { known: known.presence(SETS, &id)?, id });
        }
        let mut left = if workout == Presence::Missing { Vec::new() } else { known.imported_sets(&workout_id)? };
        let mut deleted = if workout == Presence::Missing { Vec::new() } else { known.deleted_sets(&workout_id)? };
        let ids: HashSet<&str> = sets.iter().map(|set| set.id.as_str()).collect();
        left.retain(|record| !ids.contains(text(record, "id")));
        deleted.retain(|record| !ids.contains(text(record, "id")));
        Ok(Match { workout_id, workout, sets, left, deleted })
    }

    /// Gives the new sets of an exercise the records of sets that are missing from the file. It first pairs sets with the same content, as
    /// in a renamed exercise, and then pairs in order, as for a corrected weight. A set in the place of a deleted one counts as that one.
    fn pair(&mut self, session: &Session, exercises: &HashMap<String, String>) {
        for same in [true, false] {
            for (set, found) in session.sets.iter().zip(&mut self.sets).filter(|(_, found)| found.known == Presence::Missing) {
                let signature = Set::signature(&set.members);
                let exercise = exercises.get(&set.key).map(String::as_str);
                let fits = |record: &Members| {
                    exercise == Some(text(record, "exerciseDefinitionId")) && (!same || Set::signature(record) == signature)
                };
                if let Some(place) = self.left.iter().position(fits) {
                    let record = self.left.remove(place);
                    *found = Found { id: text(&record, "id").to_owned(), known: Presence::Live(Value::Object(record).to_string()) };
                }
            }
        }
        for (set, found) in session.sets.iter().zip(&mut self.sets).filter(|(_, found)| found.known == Presence::Missing) {
            let exercise = exercises.get(&set.key).map(String::as_str);
            let is_there = |record: &Members| {
                exercise == Some(text(record, "exerciseDefinitionId")) && record.get("orderInExercise") == Some(&json!(set.in_exercise))
            };
            if let Some(place) = self.deleted.iter().position(is_there) {
                *found = Found { id: text(&self.deleted.remove(place), "id").to_owned(), known: Presence::Deleted };
            }
        }
        // A rejected line may be one of these.
        if !session.refused.is_empty() {
            self.left.clear();
        }
    }
}

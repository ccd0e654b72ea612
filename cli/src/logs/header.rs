//! The names of the columns in the export of each app.
//!
//! Strong writes its columns in the language of the app. Its German names are known from files.

pub(super) const DATE: &[&str] = &["Date", "start_time", "Datum"];
pub(super) const STRONG_EXERCISE: &[&str] = &["Exercise Name", "Name der Übung"];
pub(super) const STRONG_ORDER: &[&str] = &["Set Order", "Reihenfolge festlegen"];
pub(super) const EXERCISE: &[&str] = &["Exercise Name", "exercise_title", "Exercise", "Name der Übung"];
pub(super) const NAME: &[&str] = &["Workout Name", "title", "Workout-Name"];
pub(super) const DURATION: &[&str] = &["Duration", "Workout Duration", "Duration (sec)", "Dauer", "Workout-Dauer"];
pub(super) const KIND: &[&str] = &["Set Order", "set_type", "Reihenfolge festlegen"];
pub(super) const REPS: &[&str] = &["Reps", "Wiederh."];
pub(super) const SECONDS: &[&str] = &["Seconds", "duration_seconds", "Time", "Sekunden"];
pub(super) const NOTES: &[&str] = &["Notes", "exercise_notes", "Comment", "Notizen"];
pub(super) const WORKOUT_NOTES: &[&str] = &["Workout Notes", "description", "Workout-Notizen"];

/// Distances, with their unit if the name of the column has it.
pub(super) const DISTANCES: [(&str, Option<&str>); 6] = [
    ("Distance", None),
    ("Entfernung", None),
    ("Distance (meters)", Some("m")),
    ("distance_km", Some("km")),
    ("distance_miles", Some("mi")),
    ("distance_meters", Some("m")),
];

//! The exercises that the app ships, each with a beginner's starting weight and its growth over the year.

use stronglog_sync::api::ExerciseDefinition;
use stronglog_sync::api::types::{Id, Name, Notes, Tag, Timestamp};

use super::{Year, nothing_else, shipped_id};

/// An exercise with the figures that the generator needs.
#[derive(Clone, Debug)]
pub struct Exercise {
    pub id: Id,
    pub name: &'static str,
    /// The weight lifted for five repetitions in the first week, in kilograms. 0 means body weight.
    pub start_kg: f64,
    /// The increase over the year, as a fraction of the starting weight.
    pub growth: f64,
    /// The smallest difference between two weights.
    pub step_kg: f64,
}

/// Name, equipment, muscles, starting weight, growth over the year, step.
type Shipped = (&'static str, &'static str, &'static [&'static str], f64, f64, f64);

/// The first six are the main lifts.
const SHIPPED: &[Shipped] = &[
    ("Back squat", "barbell", &["quadriceps", "glutes"], 60.0, 0.75, 2.5),
    ("Bench press", "barbell", &["chest", "triceps"], 50.0, 0.5, 2.5),
    ("Deadlift", "barbell", &["hamstrings", "glutes", "lower back"], 80.0, 0.75, 2.5),
    ("Overhead press", "barbell", &["shoulders", "triceps"], 32.5, 0.45, 1.25),
    ("Barbell row", "barbell", &["lats", "upper back"], 45.0, 0.55, 2.5),
    ("Front squat", "barbell", &["quadriceps", "core"], 50.0, 0.6, 2.5),
    ("Romanian deadlift", "barbell", &["hamstrings", "glutes"], 60.0, 0.6, 2.5),
    ("Incline dumbbell press", "dumbbells", &["chest", "shoulders"], 18.0, 0.6, 2.0),
    ("Dumbbell row", "dumbbells", &["lats"], 22.0, 0.6, 2.0),
    ("Pull-up", "bar", &["lats", "biceps"], 0.0, 0.0, 2.5),
    ("Dip", "bars", &["chest", "triceps"], 0.0, 0.0, 2.5),
    ("Leg press", "machine", &["quadriceps"], 120.0, 0.6, 5.0),
    ("Leg curl", "machine", &["hamstrings"], 30.0, 0.5, 2.5),
    ("Leg extension", "machine", &["quadriceps"], 35.0, 0.5, 2.5),
    ("Lat pulldown", "cable", &["lats"], 45.0, 0.4, 2.5),
    ("Seated cable row", "cable", &["upper back"], 45.0, 0.4, 2.5),
    ("Face pull", "cable", &["rear delts"], 15.0, 0.5, 2.5),
    ("Lateral raise", "dumbbells", &["shoulders"], 6.0, 0.6, 1.0),
    ("Biceps curl", "dumbbells", &["biceps"], 10.0, 0.5, 1.0),
    ("Triceps pushdown", "cable", &["triceps"], 20.0, 0.5, 2.5),
    ("Calf raise", "machine", &["calves"], 60.0, 0.5, 5.0),
    ("Hip thrust", "barbell", &["glutes"], 70.0, 0.8, 5.0),
    ("Plank", "none", &["core"], 0.0, 0.0, 2.5),
    ("Kettlebell swing", "kettlebell", &["glutes", "hamstrings"], 16.0, 0.5, 4.0),
];

/// Adds the shipped exercises to the year, and returns the figures that the generator needs.
pub fn make(year: &mut Year) -> Vec<Exercise> {
    let mut catalogue = Vec::with_capacity(SHIPPED.len());
    for &(name, equipment, muscles, start_kg, growth, step_kg) in SHIPPED {
        let id = shipped_id::<ExerciseDefinition>(name);
        year.exercises.push(ExerciseDefinition {
            id: id.clone(),
            // The time 0 makes a shipped record older than any edit.
            client_created_at: Timestamp(0),
            client_updated_at: Timestamp(0),
            name: Name(name.to_owned()),
            is_custom: false,
            server_id: None,
            server_updated_at: None,
            equipment: Some(Tag(equipment.to_owned())),
            notes: (name == "Plank").then(|| Notes("Logged by time: hold until form breaks.".to_owned())),
            primary_muscle_groups: Some(muscles.iter().map(|muscle| Tag((*muscle).to_owned())).collect()),
            typical_advanced_set_type: (name == "Leg extension").then(|| Tag("dropSet".to_owned())),
            unknown: nothing_else(),
        });
        catalogue.push(Exercise { id, name, start_kg, growth, step_kg });
    }
    catalogue
}

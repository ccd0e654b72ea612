//! The sets of one exercise in one workout, of all six types.

use stronglog_sync::api::types::{
    AmrapRepsSet, AmrapTimeSet, DropSet, Id, LoggedSet, Order, PositiveReps, PositiveSeconds, PyramidSet, Reps, RepsForTimeSet, Seconds,
    StandardSet, WeightKg,
};

use super::catalogue::Exercise;
use super::plan::{Scheme, Slot};
use super::random::Random;
use super::{nothing_else, stamped};

/// The position of a set in the year.
pub struct Place<'a> {
    pub workout: &'a Id,
    pub exercise: &'a Exercise,
    /// When the exercise begins, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The number of exercises before this one in the workout.
    pub order: i64,
}

/// The result of an exercise.
pub struct Lifted {
    pub sets: Vec<LoggedSet>,
    /// The number of sets with missed repetitions.
    pub missed: usize,
}

/// The time of a set and the rest after it: two and a half minutes.
pub const SET_MS: i64 = 150_000;

/// A set of the given type, with the members that all types have.
macro_rules! set {
    ($kind:ident: $type:ident at $maker:ident, $weight:expr, { $($member:ident: $value:expr),* $(,)? }) => {{
        let order = $maker.made.len() as i64;
        let at_ms = $maker.place.at_ms + order * SET_MS;
        let (client_created_at, client_updated_at) = stamped(at_ms);
        let set = LoggedSet::$kind($type {
            id: $maker.random.id(at_ms),
            client_created_at,
            client_updated_at,
            workout_log_id: $maker.place.workout.clone(),
            exercise_definition_id: $maker.place.exercise.id.clone(),
            order_in_workout: Order($maker.place.order),
            order_in_exercise: Order(order),
            logged_weight_kg: WeightKg($weight),
            server_id: None,
            server_updated_at: None,
            notes: None,
            rest_time_secs: Some(Seconds($maker.random.between(60, 200))),
            target_weight_kg: Some(WeightKg($weight)),
            unknown: nothing_else(),
            $($member: $value),*
        });
        $maker.made.push(set);
    }};
}

/// Generates the sets of a slot at a working weight.
pub fn make(slot: &Slot, place: Place<'_>, weight_kg: f64, random: &mut Random) -> Lifted {
    let mut maker = Maker { place, random, made: Vec::new(), missed: 0 };
    match slot.scheme {
        Scheme::Main => maker.main(slot, weight_kg),
        Scheme::Straight => (0..slot.sets).for_each(|number| maker.standard(weight_kg, slot.reps, number)),
        Scheme::Pyramid => maker.pyramid(slot, weight_kg),
        Scheme::Drop => maker.drop_sets(slot, weight_kg),
        Scheme::Timed => maker.timed(slot, weight_kg),
        Scheme::ForTime => maker.for_time(slot, weight_kg),
    }
    Lifted { sets: maker.made, missed: maker.missed }
}

struct Maker<'a, 'r> {
    place: Place<'a>,
    random: &'r mut Random,
    made: Vec<LoggedSet>,
    missed: usize,
}

impl Maker<'_, '_> {
    fn main(&mut self, slot: &Slot, weight_kg: f64) {
        for (share, reps) in [(0.4, 5), (0.6, 5), (0.8, 3)] {
            let weight = round(weight_kg * share, self.place.exercise.step_kg);
            set!(Standard: StandardSet at self, weight, {
                logged_reps: Reps(reps), target_reps: Some(Reps(reps)), group_key: None, level: None,
            });
        }
        (1..slot.sets).for_each(|number| self.standard(weight_kg, slot.reps, number));
        let reps = self.random.between(slot.reps, slot.reps + 4);
        set!(AmrapReps: AmrapRepsSet at self, weight_kg, { logged_reps: Reps(reps), group_key: None, level: None });
    }

    /// Adds a straight set. Later sets are more likely to miss a repetition.
    fn standard(&mut self, weight_kg: f64, reps: i64, number: i64) {
        let missed = if self.random.chance(number.unsigned_abs()) { self.random.between(1, 2) } else { 0 };
        self.missed += usize::from(missed > 0);
        set!(Standard: StandardSet at self, weight_kg, {
            logged_reps: Reps((reps - missed).max(0)), target_reps: Some(Reps(reps)), group_key: None, level: None,
        });
    }

    fn pyramid(&mut self, slot: &Slot, weight_kg: f64) {
        let group = self.random.id(self.place.at_ms);
        for level in 1..=slot.sets {
            let weight = round(weight_kg * (0.7 + 0.08 * level as f64), self.place.exercise.step_kg);
            let reps = (slot.reps + 2 - 2 * level).max(1);
            set!(Pyramid: PyramidSet at self, weight, {
                logged_reps: Reps(reps), target_reps: Some(Reps(reps)), group_key: Some(group.clone()), level: Some(level),
            });
        }
    }

    fn drop_sets(&mut self, slot: &Slot, weight_kg: f64) {
        let group = self.random.id(self.place.at_ms);
        for level in 1..=slot.sets {
            let weight = round(weight_kg * (1.2 - 0.2 * level as f64), self.place.exercise.step_kg);
            let reps = self.random.between(slot.reps - 3, slot.reps + 1);
            set!(DropSet: DropSet at self, weight, {
                logged_reps: Reps(reps), target_reps: Some(Reps(slot.reps)), group_key: Some(group.clone()), level: Some(level),
            });
        }
    }

    fn timed(&mut self, slot: &Slot, weight_kg: f64) {
        for _ in 0..slot.sets {
            let lasted = self.random.between(45, 75);
            set!(AmrapTime: AmrapTimeSet at self, weight_kg, {
                target_duration_secs: PositiveSeconds(60), logged_reps: Reps(slot.reps),
                logged_duration_secs: Some(PositiveSeconds(lasted)), group_key: None, level: None,
            });
        }
    }

    fn for_time(&mut self, slot: &Slot, weight_kg: f64) {
        for _ in 0..slot.sets {
            let took = self.random.between(28, 45);
            set!(RepsForTime: RepsForTimeSet at self, weight_kg, {
                target_reps: PositiveReps(slot.reps), logged_time_taken_secs: PositiveSeconds(took),
                logged_reps: Some(PositiveReps(slot.reps)), group_key: None, level: None,
            });
        }
    }
}

/// The nearest weight that can be loaded.
pub fn round(weight_kg: f64, step_kg: f64) -> f64 {
    (weight_kg / step_kg).round().max(0.0) * step_kg
}

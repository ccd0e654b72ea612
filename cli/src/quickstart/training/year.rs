//! The training itself: workouts with their sets, the results of the progression rules, and body weights.

use std::collections::BTreeMap;

use stronglog_sync::api::types::{
    ActiveProgramInstanceStatus, BodyweightKg, CompletedWorkout, Id, Name, Notes, Order, ProgressionAdjustment, Timestamp, WeightKg,
};
use stronglog_sync::api::{ActiveProgramInstance, AppliedProgressionLog, UserBodyweightLog, WorkoutLog};

use super::catalogue::Exercise;
use super::plan::{Day, Plan, Scheme};
use super::random::Random;
use super::sets::{self, Lifted, Place, SET_MS, round};
use super::{DAY_MS, Year, nothing_else, stamped};

/// The number of workouts per week.
const WEEKLY: i64 = 5;
/// The average number of records per workout: the workout, its sets, and its share of body weights and rule results.
const RECORDS_EACH: u64 = 38;
/// Every eighth week is a light week.
const LIGHT_EVERY: i64 = 8;
/// 17:00.
const EVENING_MS: i64 = 61_200_000;
/// 06:30.
const MORNING_MS: i64 = 23_400_000;
/// The number of history entries that an active program keeps.
const HISTORY: usize = 250;

const REMARKS: [&str; 8] = [
    "Felt strong.",
    "Slept badly, still moved well.",
    "Left knee a little stiff in the warm-up.",
    "Gym was full, shortened the rests.",
    "Belt on from the third set.",
    "Grip gave out before the back did.",
    "Best session in weeks.",
    "Kept it easy, cold coming on.",
];

/// Generates as many workouts as needed for about `records` records in total.
pub fn make(year: &mut Year, plan: &Plan, catalogue: &[Exercise], random: &mut Random, records: u64) {
    let workouts = (records.saturating_sub(year.len()) / RECORDS_EACH).max(2).cast_signed();
    let weeks = (workouts + WEEKLY - 1) / WEEKLY;
    // Starts on a whole day, so that workouts are in the evening and weigh-ins in the morning.
    let first_ms = (random.end_ms - weeks * 7 * DAY_MS) / DAY_MS * DAY_MS;
    let instance = random.id(first_ms);
    let mut history = Vec::new();
    for number in 0..workouts {
        let (week, day_of_week) = (number / WEEKLY, number % WEEKLY);
        // Monday, Tuesday, Thursday, Friday and Saturday.
        let day = week * 7 + day_of_week + i64::from(day_of_week > 1);
        let start_ms = first_ms + day * DAY_MS + EVENING_MS + random.between(0, 5_400) * 1_000;
        let day = &plan.days[day_of_week as usize];
        let progress = Progress { years: week as f64 / 52.0, light: week % LIGHT_EVERY == LIGHT_EVERY - 1 };
        let workout = workout(year, plan, catalogue, random, Session { day, instance: &instance, start_ms, progress });
        history.push(CompletedWorkout {
            workout_log_id: workout,
            order_in_program: Order(day_of_week),
            completed_date: Timestamp(start_ms),
            unknown: nothing_else(),
        });
    }
    bodyweights(year, random, first_ms, weeks * 7);
    start_program(year, plan, catalogue, instance, first_ms, history);
}

/// The lifter's progress through the year.
#[derive(Clone, Copy)]
struct Progress {
    years: f64,
    light: bool,
}

impl Progress {
    /// The working weight: fast gains at first, slower ones later, some noise, and ten percent less in a light week.
    fn weight(self, exercise: &Exercise, random: &mut Random) -> f64 {
        let gained = exercise.growth * (1.0 - (-2.0 * self.years).exp()) / (1.0 - (-2.0_f64).exp());
        let light = if self.light { 0.9 } else { 1.0 };
        round(exercise.start_kg * (1.0 + gained) * light * (1.0 + 0.015 * random.around()), exercise.step_kg)
    }
}

struct Session<'a> {
    day: &'a Day,
    instance: &'a Id,
    start_ms: i64,
    progress: Progress,
}

fn workout(year: &mut Year, plan: &Plan, catalogue: &[Exercise], random: &mut Random, session: Session<'_>) -> Id {
    let Session { day, instance, start_ms, progress } = session;
    let id = random.id(start_ms);
    let mut done = 0;
    for (order, slot) in day.slots.iter().enumerate() {
        let exercise = &catalogue[slot.exercise];
        let weight_kg = progress.weight(exercise, random);
        let at_ms = start_ms + done * SET_MS;
        let Lifted { sets, missed } = sets::make(slot, Place { workout: &id, exercise, at_ms, order: order as i64 }, weight_kg, random);
        done += sets.len() as i64;
        year.sets.extend(sets);
        if slot.scheme == Scheme::Main && !progress.light {
            progression(year, plan, random, Applied { workout: &id, instance, exercise, at_ms: start_ms, weight_kg, missed });
        }
    }
    let duration_ms = done * SET_MS + random.between(2, 12) * 60_000;
    let (client_created_at, client_updated_at) = stamped(start_ms);
    year.workouts.push(WorkoutLog {
        id: id.clone(),
        client_created_at,
        client_updated_at,
        start_time: Timestamp(start_ms),
        end_time: Timestamp(start_ms + duration_ms),
        duration_ms,
        server_id: None,
        server_updated_at: None,
        name: Some(Name(format!("{} day", day.name))),
        notes: random.chance(30).then(|| Notes((*random.pick(&REMARKS)).to_owned())),
        program_definition_id: Some(plan.program.clone()),
        program_instance_id: Some(instance.clone()),
        workout_template_id: Some(day.template.clone()),
        unknown: nothing_else(),
    });
    id
}

struct Applied<'a> {
    workout: &'a Id,
    instance: &'a Id,
    exercise: &'a Exercise,
    at_ms: i64,
    weight_kg: f64,
    missed: usize,
}

/// Logs the progression rule applied to the main lift of a workout. No rule is applied in a third of the workouts without missed
/// repetitions.
fn progression(year: &mut Year, plan: &Plan, random: &mut Random, applied: Applied<'_>) {
    let Applied { workout, instance, exercise, at_ms, weight_kg, missed } = applied;
    if missed == 0 && random.chance(33) {
        return;
    }
    let next_kg = weight_kg + exercise.step_kg;
    let (rule, action, change) = match missed {
        0 => (&plan.add_weight, "increaseWeight", format!("{}: {weight_kg} kg to {next_kg} kg", exercise.name)),
        _ => (&plan.hold, "hold", format!("{}: stay at {weight_kg} kg", exercise.name)),
    };
    let (client_created_at, client_updated_at) = stamped(at_ms);
    year.progressions.push(AppliedProgressionLog {
        id: random.id(at_ms),
        client_created_at,
        client_updated_at,
        date: Timestamp(at_ms),
        rule_id: rule.0.clone(),
        rule_name: Name(rule.1.to_owned()),
        change_description: change,
        action_taken: BTreeMap::from([("actionType".to_owned(), action.into()), ("fromKg".to_owned(), weight_kg.into())]),
        server_id: None,
        server_updated_at: None,
        exercise_definition_id: Some(exercise.id.clone()),
        program_instance_id: Some(instance.clone()),
        user_override: random.chance(5).then_some(true),
        workout_log_id: Some(workout.clone()),
        unknown: nothing_else(),
    });
}

/// Adds body weights for most mornings, with a slow upward trend.
fn bodyweights(year: &mut Year, random: &mut Random, first_ms: i64, days: i64) {
    for day in (0..days).filter(|day| day % 9 != 4) {
        let at_ms = first_ms + day * DAY_MS + MORNING_MS + random.between(0, 1_800) * 1_000;
        let weight_kg = 79.0 + 4.0 * (day as f64 / 365.0).min(1.0) + 0.7 * random.around();
        let (client_created_at, client_updated_at) = stamped(at_ms);
        year.bodyweights.push(UserBodyweightLog {
            id: random.id(at_ms),
            client_created_at,
            client_updated_at,
            date: Timestamp(at_ms),
            weight_kg: BodyweightKg((weight_kg * 10.0).round() / 10.0),
            server_id: None,
            server_updated_at: None,
            unknown: nothing_else(),
        });
    }
}

fn start_program(year: &mut Year, plan: &Plan, catalogue: &[Exercise], id: Id, at_ms: i64, mut history: Vec<CompletedWorkout>) {
    let last = history.last().map(|last| (last.workout_log_id.clone(), last.completed_date, last.order_in_program));
    let (last_workout, last_date, last_order) = last.map_or((None, None, 0), |(id, date, order)| (Some(id), Some(date), *order));
    history.drain(..history.len().saturating_sub(HISTORY));
    let main = &catalogue[plan.days[0].slots[0].exercise];
    let adjustment = ProgressionAdjustment {
        notes: Some(Notes("After two missed sets.".to_owned())),
        target_reps: None,
        target_weight_kg: Some(WeightKg(round(main.start_kg * 1.5, main.step_kg))),
        unknown: nothing_else(),
    };
    let (client_created_at, client_updated_at) = stamped(at_ms);
    year.instances.push(ActiveProgramInstance {
        id,
        client_created_at,
        client_updated_at,
        program_definition_id: plan.program.clone(),
        user_id: "local-user".to_owned(),
        start_date: Timestamp(at_ms),
        status: ActiveProgramInstanceStatus::Active,
        current_workout_order_in_program: Order((last_order + 1) % WEEKLY),
        server_id: None,
        server_updated_at: None,
        carried_over_exercises: None,
        completed_workout_history: Some(history),
        last_completed_workout_date: last_date,
        last_workout_log_id: last_workout,
        progression_adjustments: Some(BTreeMap::from([(format!("0.{}", main.id.as_str()), adjustment)])),
        unknown: nothing_else(),
    });
}

//! The training plan: five templates in a program, the progression rules, the goals, and the settings.

use stronglog_sync::api::types::{
    AllCondition, BodyweightKg, Condition, ExercisePrescription, Id, LeafCondition, LinkedProgressionRule, LinkedProgressionRuleScope,
    Name, Notes, Order, PositiveReps, PositiveSeconds, ProgramWorkout, ProgressionAction, ProgressionActionActionType, ProgressionEvent,
    Reps, RepsTarget, RepsText, Seconds, SetType, Tag, TargetFrequency, TargetFrequencyType, TargetSetDefinition, TargetWeightNotes,
    Timestamp, UserGoalFieldsStatus, UserSettingsPreferredWeightUnit, UserSettingsTheme, WeightKg,
};
use stronglog_sync::api::{
    BodyweightTargetGoal, LiftTargetGoal, ProgramCompletionGoal, ProgramDefinition, ProgressionRule, UserGoal, UserSettings,
    WorkoutTemplate, WorkoutTemplateExerciseInstance,
};

use super::catalogue::Exercise;
use super::random::Random;
use super::{DAY_MS, Year, nothing_else, shipped_id, stamped};

/// How the sets of an exercise are performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Warm-ups, straight sets, and one set to the limit.
    Main,
    Straight,
    Pyramid,
    Drop,
    /// As many repetitions as possible in a given time.
    Timed,
    /// A given number of repetitions, as fast as possible.
    ForTime,
}

/// An exercise in a template: its index in the catalogue, its scheme, the number of sets, and the repetitions.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub exercise: usize,
    pub scheme: Scheme,
    pub sets: i64,
    pub reps: i64,
}

/// A template with its exercises.
#[derive(Clone, Debug)]
pub struct Day {
    pub template: Id,
    pub name: &'static str,
    pub slots: Vec<Slot>,
}

/// The training plan of the year.
#[derive(Debug)]
pub struct Plan {
    pub days: Vec<Day>,
    pub program: Id,
    pub add_weight: (Id, &'static str),
    pub hold: (Id, &'static str),
}

const ADD_WEIGHT: &str = "Add weight when every set is done";
const HOLD: &str = "Hold after a missed set";

/// Exercise, scheme, sets, repetitions.
type Planned = (usize, Scheme, i64, i64);

#[rustfmt::skip]
const DAYS: [(&str, &[Planned]); 5] = {
    use Scheme::{Drop, ForTime, Main, Pyramid, Straight, Timed};
    [
        ("Squat", &[(0, Main, 5, 5), (6, Straight, 5, 8), (11, Straight, 5, 10), (12, Straight, 5, 10), (13, Drop, 4, 10), (20, Straight, 5, 12), (22, Timed, 4, 1)]),
        ("Bench", &[(1, Main, 5, 5), (7, Straight, 5, 8), (8, Straight, 5, 10), (10, Straight, 4, 8), (17, Straight, 5, 12), (19, Drop, 4, 10), (18, Straight, 5, 10)]),
        ("Deadlift", &[(2, Main, 5, 5), (5, Straight, 5, 6), (9, Straight, 5, 6), (15, Pyramid, 5, 10), (12, Straight, 5, 10), (20, Straight, 5, 12), (22, Timed, 4, 1)]),
        ("Press", &[(3, Main, 5, 5), (1, Pyramid, 5, 8), (14, Straight, 5, 10), (16, Straight, 5, 15), (17, Straight, 5, 12), (18, Straight, 4, 10), (10, Straight, 4, 8)]),
        ("Volume", &[(4, Main, 5, 8), (0, Straight, 5, 8), (1, Straight, 5, 8), (21, Straight, 5, 10), (9, Straight, 4, 6), (23, ForTime, 4, 20), (16, Straight, 5, 15)]),
    ]
};

/// Creates the plan as it was on the first day.
pub fn make(year: &mut Year, catalogue: &[Exercise], random: &mut Random) -> Plan {
    let at = random.end_ms - 365 * DAY_MS;
    settings(year, at);
    let add_weight = rule(year, random, at, ADD_WEIGHT, ("allSetsCompleted", "equal"), ProgressionActionActionType::IncreaseWeight);
    let hold = rule(year, random, at, HOLD, ("missedSets", "greaterThanInclusive"), ProgressionActionActionType::Hold);
    rule(
        year,
        random,
        at,
        "Deload after three misses",
        ("missesInARow", "greaterThanInclusive"),
        ProgressionActionActionType::SuggestDeload,
    );
    let days: Vec<Day> = DAYS.iter().map(|(name, planned)| day(year, catalogue, random, at, name, planned)).collect();
    let program = program(year, random, at, &days, &add_weight);
    goals(year, catalogue, random, at, &program);
    Plan { days, program, add_weight: (add_weight, ADD_WEIGHT), hold: (hold, HOLD) }
}

fn settings(year: &mut Year, at: i64) {
    let (client_created_at, client_updated_at) = stamped(at);
    year.settings.push(UserSettings {
        id: shipped_id::<UserSettings>("settings"),
        client_created_at,
        client_updated_at,
        preferred_weight_unit: UserSettingsPreferredWeightUnit::Kg,
        theme: UserSettingsTheme::System,
        default_rest_timer_secs: 120,
        server_id: None,
        server_updated_at: None,
        unknown: nothing_else(),
    });
}

fn rule(year: &mut Year, random: &mut Random, at: i64, name: &str, leaf: (&str, &str), action: ProgressionActionActionType) -> Id {
    let id = random.id(at);
    let (client_created_at, client_updated_at) = stamped(at);
    let increases = action == ProgressionActionActionType::IncreaseWeight;
    let condition = LeafCondition {
        fact: Tag(leaf.0.to_owned()),
        operator: Tag(leaf.1.to_owned()),
        value: if increases { true.into() } else { 3.into() },
        params: None,
        path: None,
    };
    year.rules.push(ProgressionRule {
        id: id.clone(),
        client_created_at,
        client_updated_at,
        name: Name(name.to_owned()),
        is_active: true,
        conditions: Condition::AllCondition(AllCondition { all: vec![Condition::LeafCondition(condition)] }),
        event: ProgressionEvent {
            type_: Tag("progression".to_owned()),
            params: ProgressionAction {
                action_type: action,
                amount_kg: increases.then_some(2.5),
                amount_lbs: None,
                amount_percent: None,
                exercise_name: None,
                reps_to_add: None,
                suggestion_text: None,
                unknown: nothing_else(),
            },
            unknown: nothing_else(),
        },
        server_id: None,
        server_updated_at: None,
        description: None,
        unknown: nothing_else(),
    });
    id
}

fn day(year: &mut Year, catalogue: &[Exercise], random: &mut Random, at: i64, name: &'static str, planned: &[Planned]) -> Day {
    let template = random.id(at);
    let (client_created_at, client_updated_at) = stamped(at);
    year.templates.push(WorkoutTemplate {
        id: template.clone(),
        client_created_at,
        client_updated_at,
        name: Name(format!("{name} day")),
        server_id: None,
        server_updated_at: None,
        description: Some(Notes(format!("Heavy {} first, assistance after.", name.to_lowercase()))),
        notes: None,
        unknown: nothing_else(),
    });
    let slots: Vec<Slot> = planned.iter().map(|&(exercise, scheme, sets, reps)| Slot { exercise, scheme, sets, reps }).collect();
    for (order, slot) in slots.iter().enumerate() {
        let ExercisePrescription { exercise_definition_id, order_in_template, target_set_definitions, target_reps, target_sets, .. } =
            prescription(slot, &catalogue[slot.exercise], order);
        year.template_exercises.push(WorkoutTemplateExerciseInstance {
            id: random.id(at),
            client_created_at,
            client_updated_at,
            exercise_definition_id,
            order_in_template,
            target_set_definitions,
            workout_template_id: template.clone(),
            server_id: None,
            server_updated_at: None,
            rest_time_secs: Some(Seconds(if slot.scheme == Scheme::Main { 180 } else { 90 })),
            target_reps,
            target_sets,
            target_weight_notes: (slot.scheme == Scheme::Main).then(|| TargetWeightNotes("last week's weight and a step".to_owned())),
            unknown: nothing_else(),
        });
    }
    Day { template, name, slots }
}

fn prescription(slot: &Slot, exercise: &Exercise, order: usize) -> ExercisePrescription {
    let set_type = match slot.scheme {
        Scheme::Main | Scheme::Straight => SetType::Standard,
        Scheme::Pyramid => SetType::Pyramid,
        Scheme::Drop => SetType::DropSet,
        Scheme::Timed => SetType::AmrapTime,
        Scheme::ForTime => SetType::RepsForTime,
    };
    let definition = |order: i64| TargetSetDefinition {
        order: Order(order),
        set_type: if slot.scheme == Scheme::Main && order == slot.sets - 1 { SetType::AmrapReps } else { set_type },
        target_duration_secs: (slot.scheme == Scheme::Timed).then_some(PositiveSeconds(60)),
        target_reps: Some(RepsTarget::Reps(Reps(slot.reps))),
        target_weight_notes: None,
        unknown: nothing_else(),
    };
    ExercisePrescription {
        exercise_definition_id: exercise.id.clone(),
        order_in_template: Order(order as i64),
        target_set_definitions: (0..slot.sets).map(definition).collect(),
        rest_time_secs: None,
        target_reps: Some(RepsText(if slot.scheme == Scheme::Straight {
            format!("{}-{}", slot.reps, slot.reps + 2)
        } else {
            slot.reps.to_string()
        })),
        target_sets: Some(slot.sets),
        target_weight_notes: None,
        unknown: nothing_else(),
    }
}

fn program(year: &mut Year, random: &mut Random, at: i64, days: &[Day], add_weight: &Id) -> Id {
    let id = random.id(at);
    let (client_created_at, client_updated_at) = stamped(at);
    let workouts = days.iter().enumerate().map(|(order, day)| ProgramWorkout {
        order_in_program: Order(order as i64),
        ad_hoc_exercises: None,
        day_tag: Some(Tag(day.name.to_owned())),
        notes: None,
        workout_template_id: Some(day.template.clone()),
        unknown: nothing_else(),
    });
    year.programs.push(ProgramDefinition {
        id: id.clone(),
        client_created_at,
        client_updated_at,
        name: Name("Five days of strength".to_owned()),
        target_frequency: TargetFrequency { type_: TargetFrequencyType::PerWeek, value: 5.0, unknown: nothing_else() },
        workout_sequence: workouts.collect(),
        server_id: None,
        server_updated_at: None,
        description: Some(Notes("A main lift a day, every eighth week light.".to_owned())),
        linked_progression_rule_ids: Some(vec![LinkedProgressionRule {
            rule_id: add_weight.clone(),
            scope: LinkedProgressionRuleScope::Program,
            scope_identifier: None,
            unknown: nothing_else(),
        }]),
        unknown: nothing_else(),
    });
    id
}

fn goals(year: &mut Year, catalogue: &[Exercise], random: &mut Random, at: i64, program: &Id) {
    for (exercise, weight_kg) in [(0, 100.0), (1, 80.0), (2, 140.0)] {
        let exercise: &Exercise = &catalogue[exercise];
        let (client_created_at, client_updated_at) = stamped(at);
        year.goals.push(UserGoal::LiftTarget(LiftTargetGoal {
            id: random.id(at),
            client_created_at,
            client_updated_at,
            name: Name(format!("{} {weight_kg} kg", exercise.name)),
            status: UserGoalFieldsStatus::Active,
            creation_date: Timestamp(at),
            target_exercise_definition_id: exercise.id.clone(),
            target_weight_kg: WeightKg(weight_kg),
            server_id: None,
            server_updated_at: None,
            achieved_date: None,
            current_value: Some(exercise.start_kg),
            progress_notes: None,
            target_date: Some(Timestamp(random.end_ms + 30 * DAY_MS)),
            target_reps: Some(PositiveReps(5)),
            unknown: nothing_else(),
        }));
    }
    let (client_created_at, client_updated_at) = stamped(at);
    year.goals.push(UserGoal::ProgramCompletion(ProgramCompletionGoal {
        id: random.id(at),
        client_created_at,
        client_updated_at,
        name: Name("A whole year of the program".to_owned()),
        status: UserGoalFieldsStatus::Achieved,
        creation_date: Timestamp(at),
        target_program_definition_id: program.clone(),
        server_id: None,
        server_updated_at: None,
        achieved_date: Some(Timestamp(random.end_ms)),
        current_value: None,
        progress_notes: Some(Notes("Missed two weeks in summer.".to_owned())),
        target_date: None,
        unknown: nothing_else(),
    }));
    year.goals.push(UserGoal::BodyweightTarget(BodyweightTargetGoal {
        id: random.id(at),
        client_created_at,
        client_updated_at,
        name: Name("85 kg".to_owned()),
        status: UserGoalFieldsStatus::Active,
        creation_date: Timestamp(at),
        target_bodyweight_kg: BodyweightKg(85.0),
        server_id: None,
        server_updated_at: None,
        achieved_date: None,
        current_value: None,
        progress_notes: None,
        target_date: None,
        unknown: nothing_else(),
    }));
}

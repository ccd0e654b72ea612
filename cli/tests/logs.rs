//! The logs of other training apps: what is imported, what is reported, and that the same file twice changes nothing.

mod support;

use serde_json::{Value, json};
use support::Desk;

const STRONG: &str = include_str!("logs/strong.csv");
const HEVY: &str = include_str!("logs/hevy.csv");
const FITNOTES: &str = include_str!("logs/fitnotes.csv");

fn listed(desk: &Desk, collection: &str) -> Vec<Value> {
    desk.run("phone", &["list", collection, "--json"]).ok().lines()
}

/// The sets of an exercise, in order.
fn sets(desk: &Desk, exercise: &str) -> Vec<Value> {
    let exercises = listed(desk, "exercise-definitions");
    let exercise = exercises.iter().find(|record| record["name"] == exercise).unwrap_or_else(|| panic!("{exercise} in {exercises:?}"));
    let arguments = ["list", "logged-sets", "--by", "exerciseDefinitionId", "--equal", exercise["id"].as_str().expect("an id"), "--json"];
    let mut sets = desk.run("phone", &arguments).ok().lines();
    sets.sort_by_key(|set| (set["clientCreatedAt"].as_i64(), set["orderInExercise"].as_i64()));
    sets
}

fn read(desk: &Desk, from: &str, more: &[&str], file: &str) -> Value {
    desk.feed("phone", &[&["import", "-", "--from", from, "--json"], more].concat(), file).ok().json()
}

#[test]
fn a_log_of_strong_becomes_workouts_sets_and_exercises_once() {
    let desk = Desk::new();
    let known = json!({ "name": "Bench press", "equipment": "barbell", "isCustom": false }).to_string();
    desk.feed("phone", &["put", "exercise-definitions"], &known).ok();
    desk.feed("phone", &["import", "-", "--from", "strong"], STRONG).failed(2, &["unit of its weights", "--unit kg or --unit lb"]);
    read(&desk, "strong", &["--unit", "lb", "--dry-run"], STRONG);
    assert_eq!(listed(&desk, "workout-logs").len(), 0, "a dry run writes nothing");

    let imported = read(&desk, "strong", &["--unit", "lb"], STRONG);
    assert_eq!(imported["refused"], json!([]), "{imported}");
    let names: Vec<Value> = listed(&desk, "exercise-definitions").iter().map(|record| record["name"].clone()).collect();
    assert_eq!(names.len(), 3, "the bench press is the one that was there: {names:?}");
    let workouts = listed(&desk, "workout-logs");
    let push = workouts.iter().find(|record| record["name"] == "Push, heavy").expect("the workout");
    assert_eq!((&push["durationMs"], &push["notes"]), (&json!(3_900_000), &json!("Slept well")));
    let bench = sets(&desk, "Bench press");
    let shown: Vec<_> = bench.iter().map(|set| (&set["loggedWeightKg"], &set["loggedReps"], &set["notes"], &set["restTimeSecs"])).collect();
    let none = Value::Null;
    assert_eq!(
        shown,
        [
            (&json!(43.09), &json!(10), &json!("warm-up"), &none),
            (&json!(83.91), &json!(5), &json!("felt light; RPE 8"), &json!(180)),
            (&json!(83.91), &json!(5), &none, &none),
        ]
    );
    let plank = &sets(&desk, "Plank")[0];
    assert_eq!((&plank["setType"], &plank["loggedDurationSecs"], &plank["orderInWorkout"]), (&json!("amrapTime"), &json!(90), &json!(1)));
    assert_eq!(sets(&desk, "Running (Treadmill)")[0]["notes"], "distance 5.2");

    let pending = |desk: &Desk| desk.run("phone", &["status", "--json"]).ok().json()["pending"].clone();
    let before = pending(&desk);
    desk.run("phone", &["put", "workout-logs", "--id", push["id"].as_str().expect("an id"), "--set", "name=Renamed"]).ok();
    let again = desk.feed("phone", &["import", "-", "--from", "strong", "--unit", "lb"], STRONG).ok();
    again.says(&["imported 0 records"]);
    assert_eq!(pending(&desk), before, "the same file twice changes nothing, and no later edit is undone");
    assert!(listed(&desk, "workout-logs").iter().any(|record| record["name"] == "Renamed"));
    let semicolons = "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps\n2026-04-01 09:00:00;Pull;Row;1;82,5;kg;8\n";
    read(&desk, "strong", &[], semicolons);
    assert_eq!(sets(&desk, "Row")[0]["loggedWeightKg"], 82.5);
}

#[test]
fn a_log_of_hevy_keeps_the_kinds_of_its_sets() {
    let desk = Desk::new();
    read(&desk, "hevy", &[], &format!("\u{feff}{HEVY}"));
    let workout = &listed(&desk, "workout-logs")[0];
    assert_eq!((&workout["name"], &workout["durationMs"]), (&json!("Legs"), &json!(4_200_000)));
    let squats = sets(&desk, "Squat (Barbell)");
    assert_eq!(squats.iter().map(|set| set["notes"].clone()).collect::<Vec<_>>(), [json!("warm-up; belt on"), json!("RPE 8.5")]);
    let extensions = sets(&desk, "Leg Extension (Machine)");
    let kinds: Vec<_> = extensions.iter().map(|set| (set["setType"].as_str().expect("a kind"), set["level"].as_i64())).collect();
    assert_eq!(kinds, [("standard", None), ("dropSet", Some(1)), ("dropSet", Some(2)), ("amrapReps", None)]);
    assert_eq!(extensions[1]["groupKey"], extensions[2]["groupKey"]);
    let made = listed(&desk, "exercise-definitions");
    let equipment: Vec<_> = made.iter().map(|record| (record["equipment"].clone(), record["isCustom"].clone())).collect();
    assert!(equipment.contains(&(json!("barbell"), json!(true))), "{equipment:?}");
    desk.feed("phone", &["import", "-", "--from", "hevy"], HEVY).ok().says(&["imported 0 records"]);
}

#[test]
fn times_of_an_unknown_zone_are_not_taken_for_utc() {
    let desk = Desk::new();
    let output = desk.feed_with("phone", &["import", "-", "--from", "hevy"], HEVY, &[("TZ", "Nowhere/Bad")]);
    output.failed(2, &["this machine's zone is unknown", "--zone Europe/Berlin"]);
    // A file whose times all name their offset needs no zone.
    let named = "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE\n\
        2026-11-28 18:05:00 +0500,Day,45m,Squat (Barbell),1,50,5,0,0,,,\n";
    let words = ["import", "-", "--from", "strong", "--unit", "kg"];
    desk.feed_with("phone", &words, named, &[("TZ", "Nowhere/Bad")]).ok().says(&["imported 3 records"]);
}

#[test]
fn the_drop_sets_of_two_exercises_are_two_groups() {
    let desk = Desk::new();
    let head = "title,start_time,end_time,exercise_title,set_index,set_type,weight_kg,reps\n";
    let line = |exercise: &str, index: u32, kind: &str| format!("Push,2026-04-02 18:00,2026-04-02 19:00,{exercise},{index},{kind},60,8\n");
    let lines = [line("Press", 0, "normal"), line("Press", 1, "dropset"), line("Curl", 0, "dropset"), line("Curl", 1, "dropset")];
    read(&desk, "hevy", &[], &format!("{head}{}", lines.concat()));
    let (presses, curls) = (sets(&desk, "Press"), sets(&desk, "Curl"));
    assert_eq!((&presses[1]["level"], &curls[0]["level"], &curls[1]["level"]), (&json!(1), &json!(1), &json!(2)));
    assert_eq!(curls[0]["groupKey"], curls[1]["groupKey"]);
    assert_ne!(presses[1]["groupKey"], curls[0]["groupKey"]);
}

#[test]
fn a_log_of_fitnotes_has_a_workout_a_day() {
    let desk = Desk::new();
    read(&desk, "fitnotes", &[], FITNOTES);
    assert_eq!(listed(&desk, "workout-logs").len(), 2);
    let weights: Vec<Value> = sets(&desk, "Deadlift").iter().map(|set| set["loggedWeightKg"].clone()).collect();
    assert_eq!(weights, [json!(140.0), json!(142.88), json!(142.5)], "pounds are converted, line by line");
    let exercises = listed(&desk, "exercise-definitions");
    let deadlift = exercises.iter().find(|record| record["name"] == "Deadlift").expect("the exercise");
    assert_eq!(deadlift["primaryMuscleGroups"], json!(["back"]));
    desk.feed("phone", &["import", "-", "--from", "fitnotes"], FITNOTES).ok().says(&["imported 0 records"]);
}

#[test]
fn wrong_lines_are_reported_by_number_and_nothing_is_half_done() {
    let desk = Desk::new();
    let head = "Date,Exercise,Category,Weight (kg),Weight (lbs),Reps,Distance,Distance Unit,Time,Notes";
    let file = format!(
        "{head}\n2026-03-02,Row,Back,60,,8,,,,\nyesterday,Row,Back,60,,8,,,,\n2026-03-02,Row,Back,heavy,,8,,,,\n\n2026-03-02,,Back,60,,8,,,,\n\
         2026-03-02,Row,Back,60,,8,,,,a,b\n2026-03-03,Row,Back,5000,,8,,,,\n"
    );
    let wrong = [
        "line 3: cannot read the time \"yesterday\"",
        "line 4: the weight \"heavy\"",
        "line 6: the line names no exercise",
        "line 7: expected at most 10 cells, found 11",
        "line 8: cannot import logged-sets",
    ];
    desk.feed("phone", &["import", "-", "--from", "fitnotes"], &file).failed(1, &wrong);
    assert_eq!(listed(&desk, "logged-sets").len(), 0);
    let partial = desk.feed("phone", &["import", "-", "--from", "fitnotes", "--partial"], &file).failed(3, &wrong);
    partial.says(&["5 lines rejected"]);
    assert_eq!(listed(&desk, "logged-sets").len(), 1);

    desk.feed("phone", &["import", "-", "--from", "strong"], HEVY).failed(1, &["export of Strong", "--from hevy"]);
    desk.feed("phone", &["import", "-", "--from", "hevy"], "a,b\n1,2\n")
        .failed(1, &["its header is missing start_time, exercise_title", "found: a, b"]);
}

/// A log with the columns that all exports of Strong have, in kilograms.
fn strong(lines: &str) -> String {
    format!("Date;Workout Name;Exercise Name;Set Order;Weight (kg);Reps;Workout Notes\n{lines}")
}

fn weights(desk: &Desk, exercise: &str) -> Vec<Value> {
    sets(desk, exercise).iter().map(|set| set["loggedWeightKg"].clone()).collect()
}

#[test]
fn a_quotation_mark_that_is_not_closed_loses_no_lines() {
    let desk = Desk::new();
    let day = |day: u8, note: &str| format!("2026-04-0{day} 09:00:00;Legs;Squat;1;80;5;{note}\n");
    let never = strong(&[day(1, "\"deep"), day(2, ""), day(3, "")].concat());
    desk.feed("phone", &["import", "-", "--from", "strong"], &never).failed(1, &["line 2: unclosed quotation mark"]);
    let cut = strong(&[day(1, ""), day(2, "\"a note that is cut o")].concat());
    desk.feed("phone", &["import", "-", "--from", "strong"], cut.trim_end()).failed(1, &["line 3: unclosed quotation mark"]);
    let later = strong(&[day(1, "\"deep"), day(2, "\"good\""), day(3, "")].concat());
    desk.feed("phone", &["import", "-", "--from", "strong"], &later).failed(1, &["line 2: unbalanced quotation mark"]);
    assert_eq!(listed(&desk, "logged-sets").len(), 0);
    let whole = strong(&[day(1, "\"two\nlines, \"\"so\"\"\""), day(2, "8\" band"), day(3, "\"8\" band\"")].concat());
    read(&desk, "strong", &[], &whole);
    let mut notes: Vec<Value> = listed(&desk, "workout-logs").iter().map(|workout| workout["notes"].clone()).collect();
    notes.sort_by_key(Value::to_string);
    assert_eq!(notes, [json!("8 band\""), json!("8\" band"), json!("two\nlines, \"so\"")]);
}

#[test]
fn a_set_that_is_corrected_after_a_partial_import_is_added_in_its_place() {
    let desk = Desk::new();
    let file = |second: &str| strong(&["80", second, "90"].map(|kg| format!("2026-04-01 09:00:00;Legs;Squat;1;{kg};5;\n")).concat());
    desk.feed("phone", &["import", "-", "--from", "strong", "--partial"], &file("heavy")).failed(3, &["line 3: the weight"]);
    assert_eq!(weights(&desk, "Squat"), [json!(80.0), json!(90.0)]);
    read(&desk, "strong", &[], &file("85"));
    assert_eq!(weights(&desk, "Squat"), [json!(80.0), json!(85.0), json!(90.0)]);
}

#[test]
fn blank_rows_and_empty_cells_of_a_spreadsheet_are_nothing() {
    let desk = Desk::new();
    let file = strong("2026-04-01 09:00:00;Legs;Squat;1;80;5;;;;\n;;;;;;\n ;;;\n2026-04-01 09:00:00;Legs;Squat;2;80;5;;\n;;;;;;;;;;\n");
    read(&desk, "strong", &[], &file);
    assert_eq!(weights(&desk, "Squat").len(), 2);
}

#[test]
fn what_has_two_meanings_is_asked_for_unless_the_file_shows_it() {
    let desk = Desk::new();
    let shown = strong("2026-04-01 09:00:00;Legs;Leg Press;1;1,082;8;\n2026-04-01 09:00:00;Legs;Squat;1;82,5;8;\n");
    read(&desk, "strong", &[], &shown);
    assert_eq!((weights(&desk, "Leg Press"), weights(&desk, "Squat")), (vec![json!(1.082)], vec![json!(82.5)]));

    let unclear = strong("2026-04-02 09:00:00;Pull;Row;1;1,082;8;\n");
    desk.feed("phone", &["import", "-", "--from", "strong"], &unclear).failed(2, &["1,082 may be 1082 or 1.082", "--decimal point"]);
    read(&desk, "strong", &["--decimal", "point"], &unclear);
    assert_eq!(weights(&desk, "Row"), [json!(1082.0)]);

    let dates = strong("04/05/2026 09:00;Push;Bench;1;80;8;\n");
    desk.feed("phone", &["import", "-", "--from", "strong"], &dates).failed(2, &["the day and the month in 04/05/2026", "--dates"]);
    read(&desk, "strong", &["--dates", "month-first"], &dates);
    let workouts = listed(&desk, "workout-logs");
    let push = workouts.iter().find(|record| record["name"] == "Push").expect("the workout");
    let again = strong("2026-04-05 09:00:00;Push;Bench;1;80;8;\n");
    assert_eq!(read(&desk, "strong", &[], &again)["collections"]["workout-logs"]["unchanged"], 1, "another spelling of {push}");
}

#[test]
fn help_with_a_weight_and_late_notes_of_a_workout_are_kept() {
    let desk = Desk::new();
    let file = strong(
        "2026-04-01 09:00:00;Pull;Pull Up;1;-20;8;\n2026-04-01 09:00:00;Pull;Pull Up;2;0;5;good day\n2026-04-01 09:00:00;Pull;Row;1;135 lbs;5;\n",
    );
    read(&desk, "strong", &[], &file);
    let pulls = sets(&desk, "Pull Up");
    assert_eq!((&pulls[0]["loggedWeightKg"], &pulls[0]["notes"]), (&json!(0.0), &json!("assisted with 20 kg")));
    assert_eq!((&pulls[1]["loggedWeightKg"], &pulls[1]["notes"]), (&json!(0.0), &Value::Null));
    assert_eq!(weights(&desk, "Row"), [json!(61.23)]);
    assert_eq!(listed(&desk, "workout-logs")[0]["notes"], "good day");
}

#[test]
fn exports_in_other_languages_and_supersets_are_read() {
    let desk = Desk::new();
    let german = "Datum;Workout-Name;Name der Übung;Reihenfolge festlegen;Gewicht;Wiederh.;RPE;Entfernung;Sekunden;Notizen;Workout-Notizen;Dauer\n\
                  2026-04-01 09:00:00;Beine;Kniebeuge (Langhantel);1;82,5;5;8,5;0;0;tief;;1h 5m\n";
    read(&desk, "strong", &["--unit", "kg"], german);
    let squat = &sets(&desk, "Kniebeuge (Langhantel)")[0];
    assert_eq!((&squat["loggedWeightKg"], &squat["notes"]), (&json!(82.5), &json!("tief; RPE 8,5")));
    let hevy = HEVY.replace("4 Mar 2026", "4. März 2026").replace(r#""Squat (Barbell)",,"#, r#""Squat (Barbell)",0,"#);
    read(&desk, "hevy", &[], &hevy);
    let workouts = listed(&desk, "workout-logs");
    assert!(workouts.iter().any(|record| record["name"] == "Legs" && record["durationMs"] == 4_200_000), "{workouts:?}");
    assert_eq!(sets(&desk, "Squat (Barbell)")[1]["notes"], "RPE 8.5; superset 0");
    desk.feed("phone", &["import", "-", "--from", "hevy"], HEVY).ok().says(&["imported 0 records"]);
}

#[test]
fn the_same_file_changes_nothing_in_another_time_zone() {
    let desk = Desk::new();
    desk.feed_with("phone", &["import", "-", "--from", "hevy"], HEVY, &[("TZ", "Pacific/Honolulu")]).ok();
    let before = listed(&desk, "workout-logs");
    for zone in ["Asia/Tokyo", "UTC", "Europe/Berlin"] {
        for more in [&[][..], &["--on-conflict", "replace"]] {
            let arguments = [&["import", "-", "--from", "hevy"], more].concat();
            let again = desk.feed_with("phone", &arguments, HEVY, &[("TZ", zone)]).ok().says(&["imported 0 records"]);
            assert!(!again.stdout.contains("kept"), "{}", again.stdout);
            again.says(&[&format!("times are read as {zone}")]);
        }
    }
    assert_eq!(listed(&desk, "workout-logs"), before);
}

#[test]
fn a_wall_clock_is_read_in_the_zone_that_the_user_names() {
    const HOUR_MS: i64 = 3_600_000;
    let desk = Desk::new();
    let start = |desk: &Desk| listed(desk, "workout-logs")[0]["startTime"].as_i64().expect("a time");
    read(&desk, "hevy", &[], HEVY);
    let utc = start(&desk);
    let again = read(&desk, "hevy", &["--zone", "asia/tokyo"], HEVY);
    assert_eq!((&again["zone"], &again["written"], start(&desk)), (&json!("Asia/Tokyo"), &json!(0), utc));
    read(&desk, "hevy", &["--zone", "Asia/Tokyo", "--on-conflict", "replace"], HEVY);
    assert_eq!(start(&desk), utc - 9 * HOUR_MS, "who names the zone and replaces moves what was read in another one");

    let id = listed(&desk, "workout-logs")[0]["id"].clone();
    let (id, start) = (id.as_str().expect("an id"), format!("startTime={}", start(&desk) + 60_000));
    desk.run("phone", &["put", "workout-logs", "--id", id, "--set", &start, "--set", "durationMs=4140000"]).ok();
    desk.feed("phone", &["import", "-", "--from", "hevy"], HEVY).ok().says(&["1 record kept"]);

    let named = desk.feed_with("laptop", &["import", "-", "--from", "hevy", "--zone", "Asia/Tokyo"], HEVY, &[("TZ", "Nowhere/Bad")]);
    named.ok().says(&["times are read as Asia/Tokyo"]);
    for zone in ["Nowhere/Bad", "", "+01:00"] {
        let output = desk.feed("phone", &["import", "-", "--from", "hevy", "--zone", zone], HEVY);
        output.failed(2, &[&format!("cannot use {zone:?} as a time zone"), "such as Europe/Berlin"]);
    }
    let with_offset = HEVY.replace("18:00", "18:00 +0100").replace("19:10", "19:10 +0100");
    let output = desk.feed("tablet", &["import", "-", "--from", "hevy"], &with_offset).ok();
    assert!(!output.stdout.contains("times are read"), "the file names the offset itself: {}", output.stdout);
}

#[test]
fn a_workout_that_a_later_file_lacks_is_reported_in_every_zone() {
    let desk = Desk::new();
    let days =
        [4, 5, 6].map(|day| HEVY.lines().skip(1).map(|line| line.replace("4 Mar", &format!("{day} Mar")) + "\n").collect::<String>());
    let head = HEVY.lines().next().expect("a header");
    let [first, second, third] = &days;
    desk.feed("phone", &["import", "-", "--from", "hevy"], &format!("{head}\n{first}{second}{third}")).ok();
    let later = format!("{head}\n{first}{third}");
    let output = desk.feed_with("phone", &["import", "-", "--from", "hevy"], &later, &[("TZ", "Asia/Tokyo")]);
    output.failed(3, &["missing from the file", "2026-03-05 18:00:00"]);
}

const FITNOTES_HEAD: &str = "Date,Exercise,Category,Weight,Weight Unit,Reps,Distance,Distance Unit,Time,Comment\n";

#[test]
fn an_exercise_that_was_deleted_returns_only_with_a_new_set() {
    let desk = Desk::new();
    let workout = |day: &str| format!("{FITNOTES_HEAD}{day},Bench Press,Chest,60.0,kgs,10,,,,\n");
    read(&desk, "fitnotes", &[], &workout("2024-01-02"));
    let id = listed(&desk, "exercise-definitions")[0]["id"].as_str().expect("an id").to_owned();
    desk.run("phone", &["delete", "exercise-definitions", &id]).ok();
    read(&desk, "fitnotes", &[], &workout("2024-01-02"));
    assert_eq!(listed(&desk, "exercise-definitions").len(), 0, "nothing of the file is new");
    let later = read(&desk, "fitnotes", &[], &workout("2024-02-02"));
    assert_eq!(later["collections"]["exercise-definitions"]["replaced"], 1, "{later}");
    assert_eq!(sets(&desk, "Bench Press").len(), 2);
}

#[test]
fn one_exercise_has_one_record_however_the_file_spells_it() {
    let desk = Desk::new();
    let names = ["Bench Press", "bench press", "Caf\u{e9}", "Cafe\u{301}", "Bench Press (Barbell)"];
    let rows: String = names.iter().map(|name| format!("2024-01-02,{name},Chest,60.0,kgs,10,,,,\n")).collect();
    read(&desk, "fitnotes", &[], &format!("{FITNOTES_HEAD}{rows}"));
    let names: Vec<Value> = listed(&desk, "exercise-definitions").iter().map(|record| record["name"].clone()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(sets(&desk, "Bench Press").len(), 2);
}

#[test]
fn a_workout_is_known_by_its_start_and_what_a_later_file_lacks_is_reported() {
    let desk = Desk::new();
    let head = "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE\n";
    let file = |name: &str, weights: &[u32]| {
        let set = |(index, kg): (usize, &u32)| format!("2025-07-23 19:16:49,{name},29m,Squat,{},{kg},5,0,0,,,\n", index + 1);
        head.to_owned() + &weights.iter().enumerate().map(set).collect::<String>()
    };
    let import = |file: &str| desk.feed("phone", &["import", "-", "--from", "strong", "--unit", "kg"], file);
    import(&file("Legs", &[30, 40, 45])).ok();
    import(&file("Heavy legs", &[40, 45])).failed(3, &["1 record from earlier imports is missing from the file", "30 kg × 5"]);
    assert_eq!((listed(&desk, "workout-logs").len(), sets(&desk, "Squat").len()), (1, 3));
    import(&(file("Other", &[1]) + &file("Legs", &[30])[head.len()..]))
        .failed(3, &["2 records from earlier imports are missing from the file"]);
    assert_eq!(listed(&desk, "workout-logs").len(), 2, "two that start together are two");
}

#[test]
fn a_workout_in_the_night_in_which_clocks_change_is_no_error() {
    let desk = Desk::new();
    let head = HEVY.lines().next().expect("a header");
    let row = |start: &str, end: &str| format!("\"A\",\"{start}\",\"{end}\",\"\",\"Bench\",,\"\",0,\"normal\",80,8,,,\n");
    let file = format!("{head}\n{}{}", row("26 Oct 2025, 02:50", "26 Oct 2025, 02:10"), row("30 Mar 2025, 02:30", "30 Mar 2025, 03:10"));
    desk.feed_with("phone", &["import", "-", "--from", "hevy"], &file, &[("TZ", "Europe/Berlin")]).ok();
    let mut lengths: Vec<_> = listed(&desk, "workout-logs").iter().map(|record| record["durationMs"].as_i64()).collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [Some(20 * 60_000), Some(40 * 60_000)]);
    let turned = format!("{head}\n{}", row("26 Oct 2025, 03:50", "26 Oct 2025, 03:10"));
    desk.feed_with("phone", &["import", "-", "--from", "hevy"], &turned, &[("TZ", "Europe/Berlin")]).failed(1, &["ends before it starts"]);
}

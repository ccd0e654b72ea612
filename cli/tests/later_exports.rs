//! Repeated imports of another app's export, with records renamed, corrected and deleted in between, in that app and here.

mod support;

use serde_json::{Value, json};
use support::{Desk, Ran};

/// An export of Strong, in kilograms.
fn strong(lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("Date;Workout Name;Exercise Name;Set Order;Weight (kg);Reps;Duration\n{lines}")
}

/// An export of FitNotes.
fn fitnotes(lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line},,,,\n")).collect();
    format!("Date,Exercise,Category,Weight,Weight Unit,Reps,Distance,Distance Unit,Time,Comment\n{lines}")
}

fn import(desk: &Desk, from: &str, file: &str, more: &[&str]) -> Ran {
    desk.feed("phone", &[&["import", "-", "--from", from], more].concat(), file)
}

fn listed(desk: &Desk, collection: &str) -> Vec<Value> {
    desk.run("phone", &["list", collection, "--json"]).ok().lines()
}

fn text(record: &Value, member: &str) -> String {
    record[member].as_str().unwrap_or_else(|| panic!("{member} in {record}")).to_owned()
}

/// The weights of all sets, ascending.
fn weights(desk: &Desk) -> Vec<f64> {
    let mut weights: Vec<f64> = listed(desk, "logged-sets").iter().filter_map(|set| set["loggedWeightKg"].as_f64()).collect();
    weights.sort_by(f64::total_cmp);
    weights
}

/// The id of the set with this weight.
fn set_of(desk: &Desk, kg: f64) -> String {
    text(listed(desk, "logged-sets").iter().find(|set| set["loggedWeightKg"] == kg).expect("the set"), "id")
}

fn names(desk: &Desk, collection: &str) -> Vec<String> {
    let mut names: Vec<String> = listed(desk, collection).iter().map(|record| text(record, "name")).collect();
    names.sort();
    names
}

const MONDAY: [&str; 3] =
    ["2025-07-23 19:16:49;A;Squat;1;30;5;29m", "2025-07-23 19:16:49;A;Squat;2;40;5;29m", "2025-07-23 19:16:49;A;Squat;3;45;5;29m"];

#[test]
fn a_set_that_was_removed_there_is_reported_and_the_others_stay_what_they_are() {
    let desk = Desk::new();
    import(&desk, "strong", &strong(&MONDAY), &[]).ok();
    let lightest = set_of(&desk, 30.0);
    for rule in ["newer", "replace"] {
        let output = import(&desk, "strong", &strong(&MONDAY[1..]), &["--on-conflict", rule]);
        output.failed(3, &["1 record from earlier imports", &format!("logged-sets {lightest}"), "30 kg × 5", "2025-07-23 19:16:49"]);
        assert_eq!(weights(&desk), [30.0, 40.0, 45.0]);
    }
    let json = import(&desk, "strong", &strong(&MONDAY[1..]), &["--json"]).ended(3).json();
    assert_eq!((&json["written"], &json["noLongerInFile"][0]["id"]), (&json!(0), &json!(lightest)));
    desk.run("phone", &["delete", "logged-sets", &lightest]).ok();
    import(&desk, "strong", &strong(&MONDAY[1..]), &[]).ok().says(&["imported 0 records"]);
    let more = [MONDAY[1], MONDAY[2], "2025-07-23 19:16:49;A;Squat;3;47;5;29m"];
    import(&desk, "strong", &strong(&more), &[]).ok().says(&["imported 1 record"]);
    assert_eq!(weights(&desk), [40.0, 45.0, 47.0]);
    import(&desk, "strong", &strong(&MONDAY), &[]).failed(3, &["47 kg × 5"]).says(&["1 record kept deleted"]);
}

#[test]
fn a_workout_that_was_removed_there_is_reported_with_its_sets() {
    let desk = Desk::new();
    let day = |day: u8, kg: u8| format!("2025-07-{day:02} 19:00:00;Day {day};Squat;1;{kg};5;29m");
    let (first, second, third) = (day(1, 30), day(8, 40), day(15, 50));
    import(&desk, "strong", &strong(&[&first, &second, &third]), &[]).ok();
    let gone = import(&desk, "strong", &strong(&[&first, &third]), &["--json"]).ended(3).json();
    let named: Vec<(&Value, &Value)> =
        gone["noLongerInFile"].as_array().expect("a list").iter().map(|left| (&left["collection"], &left["what"])).collect();
    let (workout, set) = ("the workout \"Day 8\" of 2025-07-08 19:00:00", "40 kg × 5 of the workout of 2025-07-08 19:00:00");
    assert_eq!(named, [(&json!("workout-logs"), &json!(workout)), (&json!("logged-sets"), &json!(set))]);
    let moved = second.replace("19:00", "19:01");
    import(&desk, "strong", &strong(&[&first, &moved, &third]), &[]).failed(3, &["2 records from earlier imports", workout]);
    import(&desk, "strong", &strong(&[&first]), &[]).ok().says(&["imported 0 records"]);
    let hevy = "title,start_time,end_time,exercise_title,set_index,set_type,weight_kg,reps\n\
                A,\"1 Jul 2025, 10:00\",\"1 Jul 2025, 11:00\",Squat,0,normal,80,8\n\
                A,\"20 Jul 2025, 10:00\",\"20 Jul 2025, 11:00\",Squat,0,normal,80,8\n";
    import(&desk, "hevy", hevy, &[]).ok();
    let unreadable = third.replace(";50;", ";heavy;");
    let partial = import(&desk, "strong", &strong(&[&first, &unreadable, &day(22, 60)]), &["--partial"]).ended(3);
    assert!(!partial.stderr.contains("missing from the file"), "the unreadable line may be of the workout: {}", partial.stderr);
}

#[test]
fn a_set_that_was_deleted_here_and_then_corrected_there_stays_deleted() {
    let desk = Desk::new();
    import(&desk, "strong", &strong(&MONDAY), &[]).ok();
    desk.run("phone", &["delete", "logged-sets", &set_of(&desk, 40.0)]).ok();
    let corrected = MONDAY.map(|line| line.replace(";40;", ";42,5;"));
    let corrected: Vec<&str> = corrected.iter().map(String::as_str).collect();
    import(&desk, "strong", &strong(&corrected), &[]).ok().says(&["imported 0 records", "1 record kept deleted"]);
    assert_eq!(weights(&desk), [30.0, 45.0]);
    let longer: Vec<&str> = corrected.iter().copied().chain(["2025-07-23 19:16:49;A;Squat;4;50;5;29m"]).collect();
    import(&desk, "strong", &strong(&longer), &[]).ok().says(&["imported 1 record"]);
    assert_eq!(weights(&desk), [30.0, 45.0, 50.0], "a set that was added there is new");
    import(&desk, "strong", &strong(&longer), &["--on-conflict", "replace"]).ok();
    assert_eq!(weights(&desk), [30.0, 42.5, 45.0, 50.0]);
}

#[test]
fn a_workout_that_was_renamed_or_lengthened_there_is_the_same_workout() {
    let desk = Desk::new();
    import(&desk, "strong", &strong(&MONDAY), &[]).ok();
    let later: Vec<String> = MONDAY.iter().map(|line| line.replace(";A;", ";Leg day;").replace("29m", "35m")).collect();
    let later: Vec<&str> = later.iter().map(String::as_str).collect();
    import(&desk, "strong", &strong(&later), &[]).ok().says(&["imported 0 records", "1 record kept:", "--on-conflict replace"]);
    assert_eq!(names(&desk, "workout-logs"), ["A"]);
    import(&desk, "strong", &strong(&later), &["--on-conflict", "replace"]).ok().says(&["imported 1 record"]);
    assert_eq!((names(&desk, "workout-logs"), weights(&desk).len()), (vec!["Leg day".to_owned()], 3));
    let two = ["2025-07-23 19:16:49;Run;Running;1;0;1;1m", later[0], later[1], later[2]];
    import(&desk, "strong", &strong(&two), &[]).ok();
    assert_eq!(names(&desk, "workout-logs"), ["Leg day", "Run"], "two workouts that begin at the same time");
    import(&desk, "strong", &strong(&two), &[]).ok().says(&["imported 0 records"]);
}

#[test]
fn an_exercise_that_was_renamed_there_or_here_is_the_same_exercise() {
    let desk = Desk::new();
    import(&desk, "strong", &strong(&MONDAY), &[]).ok();
    let next = "2025-07-30 19:00:00;A;Squat (Barbell);1;50;5;29m";
    let renamed = MONDAY.map(|line| line.replace("Squat", "Squat (Barbell)"));
    let renamed: Vec<&str> = renamed.iter().map(String::as_str).chain([next]).collect();
    import(&desk, "strong", &strong(&renamed), &[]).ok().says(&["imported 2 records"]);
    assert_eq!((names(&desk, "exercise-definitions"), weights(&desk).len()), (vec!["Squat".to_owned()], 4));
    let id = text(&listed(&desk, "exercise-definitions")[0], "id");
    desk.run("phone", &["put", "exercise-definitions", "--id", &id, "--set", "name=Kniebeuge"]).ok();
    import(&desk, "strong", &strong(&renamed), &[]).ok().says(&["imported 0 records"]);
    assert_eq!(names(&desk, "exercise-definitions"), ["Kniebeuge"]);
    let moved = [MONDAY[0], MONDAY[1], &MONDAY[2].replace("Squat", "Lunge")];
    import(&desk, "strong", &strong(&moved), &[]).failed(3, &["45 kg × 5"]);
    assert_eq!(names(&desk, "exercise-definitions"), ["Kniebeuge", "Lunge"], "a set that was moved to another exercise renames none");
}

#[test]
fn an_exercise_that_was_renamed_there_gets_that_name_where_the_file_replaces() {
    let desk = Desk::new();
    import(&desk, "strong", &strong(&MONDAY), &[]).ok();
    let renamed = MONDAY.map(|line| line.replace("Squat", "Front squat"));
    let renamed: Vec<&str> = renamed.iter().map(String::as_str).collect();
    import(&desk, "strong", &strong(&renamed), &["--on-conflict", "replace"]).ok().says(&["imported 1 record"]);
    assert_eq!((names(&desk, "exercise-definitions"), weights(&desk).len()), (vec!["Front squat".to_owned()], 3));
    import(&desk, "strong", &strong(&renamed), &["--on-conflict", "replace"]).ok().says(&["imported 0 records"]);
}

#[test]
fn a_set_that_was_corrected_there_is_the_same_set() {
    let desk = Desk::new();
    import(&desk, "strong", &strong(&MONDAY), &[]).ok();
    let corrected = MONDAY.map(|line| line.replace(";40;", ";42,5;"));
    let corrected: Vec<&str> = corrected.iter().map(String::as_str).collect();
    import(&desk, "strong", &strong(&corrected), &[]).ok().says(&["imported 0 records", "1 record kept:"]);
    import(&desk, "strong", &strong(&corrected), &["--on-conflict", "replace"]).ok().says(&["imported 1 record"]);
    assert_eq!(weights(&desk), [30.0, 42.5, 45.0]);
    import(&desk, "strong", &strong(&corrected), &[]).ok().says(&["imported 0 records"]);
    let id = set_of(&desk, 45.0);
    desk.run("phone", &["put", "logged-sets", "--id", &id, "--set", "loggedWeightKg=46"]).ok();
    import(&desk, "strong", &strong(&corrected), &[]).ok().says(&["imported 0 records", "1 record kept:"]);
    assert_eq!(weights(&desk), [30.0, 42.5, 46.0], "an edit made here stays");
}

#[test]
fn a_new_set_brings_back_the_exercise_that_was_deleted_here_and_an_old_one_does_not() {
    let desk = Desk::new();
    let day = |day: u8| format!("2024-01-0{day},Bench Press,Chest,60.0,kgs,10");
    let (first, second) = (day(2), day(3));
    import(&desk, "fitnotes", &fitnotes(&[&first]), &[]).ok();
    let id = text(&listed(&desk, "exercise-definitions")[0], "id");
    desk.run("phone", &["delete", "exercise-definitions", &id]).ok();
    import(&desk, "fitnotes", &fitnotes(&[&first]), &[]).ok().says(&["imported 0 records"]);
    assert_eq!(listed(&desk, "exercise-definitions").len(), 0);
    import(&desk, "fitnotes", &fitnotes(&[&first, &second]), &[]).ok();
    let sets = listed(&desk, "logged-sets");
    assert!(sets.len() == 2 && sets.iter().all(|set| set["exerciseDefinitionId"] == id.as_str()), "{sets:?}");
    assert_eq!(names(&desk, "exercise-definitions"), ["Bench Press"]);
}

#[test]
fn a_workout_that_was_deleted_here_gets_no_new_sets() {
    let desk = Desk::new();
    import(&desk, "strong", &strong(&MONDAY[..2]), &[]).ok();
    let workout = text(&listed(&desk, "workout-logs")[0], "id");
    let ids = [set_of(&desk, 30.0), set_of(&desk, 40.0)];
    desk.run("phone", &["delete", "workout-logs", &workout]).ok();
    desk.run("phone", &["delete", "logged-sets", &ids[0], &ids[1]]).ok();
    import(&desk, "strong", &strong(&MONDAY), &[]).ok().says(&["imported 0 records", "4 records kept deleted"]);
    assert_eq!((listed(&desk, "workout-logs").len(), weights(&desk).len()), (0, 0));
    import(&desk, "strong", &strong(&MONDAY), &["--on-conflict", "replace"]).ok().says(&["imported 4 records"]);
    assert_eq!((listed(&desk, "workout-logs").len(), weights(&desk).len()), (1, 3));
}

#[test]
fn two_spellings_of_an_exercise_are_one_in_one_file_as_in_two() {
    let lines = [
        "2024-01-02,Bench Press,Chest,60.0,kgs,10",
        "2024-01-02,bench  press,Chest,60.0,kgs,10",
        "2024-01-03,Bench Press (Barbell),Chest,60.0,kgs,10",
        "2024-01-04,Caf\u{e9} Curl,Arms,10,kgs,10",
        "2024-01-05,Cafe\u{301} curl,Arms,10,kgs,10",
    ];
    let whole = Desk::new();
    import(&whole, "fitnotes", &fitnotes(&lines), &[]).ok();
    let parts = Desk::new();
    for line in lines {
        import(&parts, "fitnotes", &fitnotes(&[line]), &[]);
    }
    for desk in [&whole, &parts] {
        assert_eq!(names(desk, "exercise-definitions"), ["Bench Press", "Bench Press (Barbell)", "Caf\u{e9} Curl"]);
    }
    let day = listed(&whole, "logged-sets");
    let orders: Vec<_> = day.iter().filter(|set| set["loggedWeightKg"] == 60.0).map(|set| set["orderInExercise"].as_u64()).collect();
    assert!(orders.contains(&Some(1)), "two sets of one exercise in one workout: {orders:?}");
}

#[test]
fn lines_that_are_rejected_leave_no_workout_and_no_exercise() {
    let desk = Desk::new();
    let file = fitnotes(&[
        "2024-01-02,Row,Back,99999999,kgs,10",
        "2024-01-02,Curl,Arms,10,kgs,-3",
        "2024-01-03,Squat,Legs,100,kgs,5",
        &format!("2024-01-03,{},Legs,100,kgs,5", "Very long ".repeat(200)),
    ]);
    let output = import(&desk, "fitnotes", &file, &["--partial"]).failed(3, &["line 2: ", "line 3: ", "line 5: "]);
    output.says(&["imported 3 records", "3 lines rejected"]);
    assert_eq!((names(&desk, "exercise-definitions"), listed(&desk, "workout-logs").len()), (vec!["Squat".to_owned()], 1));
    assert_eq!(weights(&desk), [100.0]);
}

#[test]
fn a_night_in_which_the_clock_changes_stops_no_import() {
    const HEAD: &str = "title,start_time,end_time,exercise_title,set_index,set_type,weight_kg,reps\n";
    let file = format!(
        "{HEAD}Push,\"26 Oct 2025, 02:50\",\"26 Oct 2025, 02:10\",Bench,0,normal,80,8\n\
         Early,\"30 Mar 2025, 02:30\",\"30 Mar 2025, 03:10\",Bench,0,normal,80,8\n"
    );
    let desk = Desk::new();
    let arguments = ["import", "-", "--from", "hevy"];
    desk.feed_with("phone", &arguments, &file, &[("TZ", "Europe/Berlin")]).ok();
    let mut minutes: Vec<_> =
        listed(&desk, "workout-logs").iter().map(|workout| workout["durationMs"].as_u64().map(|ms| ms / 60_000)).collect();
    minutes.sort();
    assert_eq!(minutes, [Some(20), Some(40)]);
    desk.feed_with("phone", &arguments, &file, &[("TZ", "UTC")]).ok().says(&["imported 0 records"]);
}

#[test]
fn a_circuit_keeps_its_order_and_fractions_of_seconds_are_in_the_notes() {
    let desk = Desk::new();
    let line = |exercise: &str, time: &str| format!("2024-01-02,{exercise},Back,10,kgs,5,,,{time},\n");
    let lines = [line("Bench", ""), line("Row", ""), line("Bench", "45.5")].concat();
    import(&desk, "fitnotes", &format!("{}{lines}", fitnotes(&[])), &[]).ok();
    let mut sets = listed(&desk, "logged-sets");
    sets.sort_by_key(|set| set["orderInWorkout"].as_u64());
    let places: Vec<_> = sets.iter().map(|set| (set["orderInWorkout"].as_u64(), set["orderInExercise"].as_u64())).collect();
    assert_eq!(places, [(Some(0), Some(0)), (Some(1), Some(0)), (Some(2), Some(1))]);
    assert!(text(&sets[2], "notes").contains("45.5"), "{}", sets[2]);
}

//! The edits of both devices while they are offline: new records, deletions, and a conflict.

use std::time::Duration;

use stronglog_sync::api::registry::Collections;
use stronglog_sync::api::types::{BodyweightKg, Id, Notes, Timestamp};
use stronglog_sync::api::{Schema, UserBodyweightLog, WorkoutLog};
use stronglog_sync::store::Past;
use stronglog_sync::{Client, Query};

use super::story::Story;
use super::training;
use crate::exit::{Failure, Outcome};
use crate::output::{KeptOutput, WinnerOutput};
use crate::terminal::moment;

const PHONE_NOTES: &str = "Last set was a grind, keep the weight next week.";
const LAPTOP_NOTES: &str = "Add 2.5 kg next week.";

/// The record that both devices edited.
pub struct Edits {
    workout: Id,
}

/// Edits both devices.
///
/// # Errors
/// Returns an error if a database cannot be read or written.
pub async fn make(phone: &Client, laptop: &Client, story: &mut Story) -> Outcome<Edits> {
    let workout = last_workout(laptop)?;
    let called = format!("\"{}\" of {}", workout.name.as_deref().map_or("a workout", String::as_str), moment(*workout.start_time));

    laptop.workout_logs().put(&WorkoutLog { notes: Some(Notes(LAPTOP_NOTES.to_owned())), ..workout.clone() })?;
    story.edit("laptop", &format!("notes on {called}: \"{LAPTOP_NOTES}\""))?;
    let weighed = UserBodyweightLog {
        id: Id(laptop.new_id().to_string()),
        client_created_at: Timestamp(0),
        client_updated_at: Timestamp(0),
        date: Timestamp(jiff::Timestamp::now().as_millisecond()),
        weight_kg: BodyweightKg(83.4),
        server_id: None,
        server_updated_at: None,
        unknown: training::nothing_else(),
    };
    laptop.user_bodyweight_logs().put(&weighed)?;
    story.edit("laptop", "a new bodyweight: 83.4 kg")?;
    delete_first(laptop, "user-bodyweight-logs", 2)?;
    story.edit("laptop", "deletes 2 bodyweights")?;

    // Long enough to make the difference between the times easy to see.
    tokio::time::sleep(Duration::from_millis(120)).await;
    phone.workout_logs().put(&WorkoutLog { notes: Some(Notes(PHONE_NOTES.to_owned())), ..workout.clone() })?;
    story.edit("phone", &format!("notes on the same workout, a moment later: \"{PHONE_NOTES}\""))?;
    delete_first(phone, "logged-sets", 3)?;
    story.edit("phone", "deletes 3 sets")?;
    Ok(Edits { workout: workout.id })
}

fn last_workout(client: &Client) -> Outcome<WorkoutLog> {
    let query = Query { index: vec!["startTime".to_owned()], descending: true, limit: Some(1), ..Query::default() };
    let found = client.workout_logs().list(&query)?.pop();
    found.ok_or_else(|| Failure::new("cannot find a workout on the laptop, although it is in sync: this is a bug, please report it"))
}

fn delete_first(client: &Client, collection: &str, count: usize) -> Outcome<()> {
    let records = client.json(collection)?;
    for text in records.list(&Query { limit: Some(count), ..Query::default() })? {
        let id = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|record| record["id"].as_str().map(str::to_owned));
        records.delete(&id.unwrap_or_default())?;
    }
    Ok(())
}

/// Which edit won and why, derived from the version in the conflict history and the current version on both devices.
///
/// # Errors
/// Returns an error if the devices have different versions.
pub fn winner(edits: &Edits, phone: &Client, laptop: &Client) -> Outcome<WinnerOutput> {
    let unexpected = |what: &str| Failure::new(format!("cannot determine which edit won the conflict: {what}"));
    let read = |client: &Client| Ok::<_, Failure>(client.workout_logs().get(&edits.workout)?.map(|workout| workout.to_json()));
    let (now, on_laptop) = (read(phone)?, read(laptop)?);
    let now = now.filter(|now| on_laptop.as_ref() == Some(now)).ok_or_else(|| unexpected("phone and laptop have different versions"))?;
    let now = WorkoutLog::from_json(now.as_bytes()).map_err(|report| unexpected(&report.to_string()))?;
    let (winner, loser, keeper) = match now.notes.as_deref().map(String::as_str) {
        Some(PHONE_NOTES) => ("phone", "laptop", laptop),
        Some(LAPTOP_NOTES) => ("laptop", "phone", phone),
        _ => return Err(unexpected("both devices have a version that is neither of the two edits")),
    };
    let mut past = keeper.conflicts(usize::MAX)?.into_iter();
    let lost = past.find(|past| past.why == Past::Lost && past.record.id.to_string() == edits.workout.as_str());
    let kept = lost.as_ref().map(|lost| KeptOutput { device: loser.to_owned(), number: lost.number });
    let why = match lost.map(|lost| *now.client_updated_at - lost.record.stamp) {
        Some(later_ms) if later_ms > 0 => format!("it was made {later_ms} ms after the {loser}'s"),
        _ => "it was made on the server's version".to_owned(),
    };
    Ok(WinnerOutput { collection: "workout-logs".to_owned(), id: edits.workout.to_string(), winner: winner.to_owned(), why, kept })
}

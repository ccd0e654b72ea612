//! Bulk writes: many records written or imported in one transaction, all or none.

use serde_json::json;
use stronglog_sync::client::ImportOptions;
use stronglog_sync::{Client, Query};

/// A measurement. Weights of zero and below are invalid.
fn measurement(weight_kg: f64) -> String {
    json!({ "date": 1_700_000_000_000_i64, "weightKg": weight_kg }).to_string()
}

fn count(client: &Client) -> usize {
    client.json("user-bodyweight-logs").expect("a collection").list(&Query::default()).expect("the records can be read").len()
}

#[tokio::test]
async fn one_wrong_record_keeps_all_of_them_out() {
    let client = Client::builder().open().await.expect("a client in memory");
    let records = client.json("user-bodyweight-logs").expect("a collection");
    let refused = records.put_all(&[measurement(80.0), measurement(0.0)]).expect_err("no weight is zero");
    assert!(refused.is_invalid(), "{refused}");
    assert_eq!(count(&client), 0);

    records.put_all(&[measurement(80.0), measurement(80.5)]).expect("both are right");
    assert_eq!(count(&client), 2);
    assert_eq!(client.settled().await.expect("the client runs").pending, 2);
}

/// If ten thousand records were stamped a millisecond apart, their stamps would reach ten seconds into the future.
#[tokio::test]
async fn the_stamps_of_many_records_do_not_run_ahead_of_the_time() {
    let client = Client::builder().open().await.expect("a client in memory");
    let records = client.json("user-bodyweight-logs").expect("a collection");
    let texts: Vec<String> = (0..10_000).map(|_| measurement(80.0)).collect();
    texts.chunks(500).for_each(|chunk| assert_eq!(records.put_all(chunk).expect("all are right").len(), 500));
    let now = std::time::UNIX_EPOCH.elapsed().expect("it is later than 1970").as_millis();
    let stamps = records.list(&Query::default()).expect("the records can be read").into_iter().map(|text| {
        let record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        record["clientUpdatedAt"].as_u64().expect("a stamp")
    });
    let newest = u128::from(stamps.max().expect("some records"));
    assert!(newest <= now + 20, "the newest stamp is {} ms ahead of the time", newest.saturating_sub(now));
}

#[tokio::test]
async fn a_wrong_line_keeps_all_of_a_file_out_unless_the_import_is_partial() {
    let client = Client::builder().open().await.expect("a client in memory");
    let line = |weight_kg| format!("{{\"collection\":\"user-bodyweight-logs\",\"record\":{}}}\n", measurement(weight_kg));
    let lines = [line(80.0), line(0.0), "{\"collection\":\"no-such\",\"record\":{}}\n".to_owned(), line(81.0)].concat();
    let mut options = ImportOptions::default();
    for (partial, count_after) in [(false, 0), (true, 2)] {
        options.partial = partial;
        let imported = client.import(lines.as_bytes(), options, |_| {}).expect("the lines can be read");
        assert_eq!(imported.written, partial);
        assert_eq!(imported.refused.iter().map(|(line, _)| *line).filter(|line| *line == 3).count(), 1);
        assert_eq!(count(&client), count_after);
    }
    let again = client.import(lines.as_bytes(), options, |_| {}).expect("the lines can be read");
    assert_eq!((again.total().unchanged, again.total().written()), (2, 0));
}

#[tokio::test]
async fn an_imported_record_keeps_its_creation_time_even_if_its_stamp_is_older() {
    let client = Client::builder().open().await.expect("a client in memory");
    let record = json!({ "id": "018f4e2a-7c1b-7d3e-9a55-0c6f1b2d3e4f", "date": 1, "weightKg": 80,
        "clientCreatedAt": 1_577_836_800_000_i64, "clientUpdatedAt": 1, "isDeleted": false });
    let line = json!({ "collection": "user-bodyweight-logs", "record": record }).to_string();
    client.import(line.as_bytes(), ImportOptions::default(), |_| {}).expect("the line can be read");
    let records = client.json("user-bodyweight-logs").expect("a collection").list(&Query::default()).expect("the records can be read");
    let kept: serde_json::Value = serde_json::from_str(&records[0]).expect("JSON");
    assert_eq!((&kept["clientCreatedAt"], &kept["clientUpdatedAt"]), (&record["clientCreatedAt"], &record["clientUpdatedAt"]));
}

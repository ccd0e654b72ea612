//! Server-sent events: one table of streams and their events, which the parsers of both languages read. `tests/typescript/events.test.ts` is
//! the other half.

use serde_json::{Value, json};
use stronglog_sync::api::runtime::events::Events;

#[test]
fn streams_are_parsed_wherever_their_bytes_are_cut() {
    let table: Vec<Value> = serde_json::from_str(include_str!("events.json")).expect("the table is JSON");
    for row in &table {
        let bytes = match row["text"].as_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => serde_json::from_value(row["bytes"].clone()).expect("`bytes` is a list of bytes"),
        };
        for size in (1..=bytes.len().max(1)).take(8).chain([usize::MAX]) {
            let mut parser = Events::default();
            let found = bytes.chunks(size).flat_map(|chunk| parser.push(chunk));
            let found: Vec<Value> = found.map(|event| json!([event.event, event.id, event.data])).collect();
            let name = format!("{} in pieces of {size} bytes", row["name"]);
            assert_eq!(Value::from(found), row["events"], "{name}");
            if let Some(last) = row["lastId"].as_str() {
                assert_eq!(parser.last_id(), last, "{name}");
            }
            assert_eq!(parser.retry().map(|time| time.as_millis()), row["retryMs"].as_u64().map(u128::from), "{name}");
        }
    }
}

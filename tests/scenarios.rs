//! The conformance scenarios of `tests/scenarios/stores.json` on the memory and SQLite stores. Dexie runs the same scenarios in a browser:
//! see web/tests.

use std::path::Path;

use serde_json::Value;
use stronglog_sync::api::CONTRACT;
use stronglog_sync::api::collection::Collection;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::merge::{Op, Stored, Version};
use stronglog_sync::record::Record;
use stronglog_sync::store::memory::MemoryStore;
use stronglog_sync::store::sqlite::SqliteStore;
use stronglog_sync::store::{
    Edits, Key, Loaded, Meta, Past, PastVersion, Pending, Quarantined, Resync, Row, RowState, Select, Store, Write,
};
use uuid::Uuid;

const DEVICE: Uuid = Uuid::from_u128(7);

#[test]
fn every_scenario_on_every_store() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/stores.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON");
    let scenarios = file["scenarios"].as_array().expect("scenarios");
    assert!(scenarios.len() >= 6);
    for scenario in scenarios {
        let folder = tempfile::tempdir().expect("a folder");
        let stores: [(&str, Box<dyn Store>); 2] = [
            ("memory", Box::new(MemoryStore::new(DEVICE))),
            ("SQLite", Box::new(SqliteStore::open(&folder.path().join("device.db"), DEVICE, &CONTRACT, "").expect("a database"))),
        ];
        for (name, mut store) in stores {
            for (number, step) in scenario["steps"].as_array().expect("steps").iter().enumerate() {
                let place = format!("{}, on {name}, step {number}: {step}", scenario["name"]);
                take(&mut *store, step, &place);
            }
        }
    }
}

fn resync_in(json: &Value) -> Resync {
    let meta = Meta::read(&serde_json::json!({ "resync": json }).to_string()).expect("a resync");
    meta.resync.expect("a resync")
}

/// Runs a step, or checks what it expects.
fn take(store: &mut dyn Store, step: &Value, place: &str) {
    if let Some(writes) = step["write"].as_array() {
        let mut resync = step.get("resync").map(resync_in);
        let plan = &mut |loaded: &mut Loaded| {
            loaded.meta.resync = resync.take().or(loaded.meta.resync.take());
            Ok(writes.iter().map(write).collect())
        };
        store.update(&Select::Keys(Vec::new()), plan).expect(place);
    } else if step.get("select").is_some() {
        select(store, step, place);
    } else if let Some(id) = step.get("get") {
        let found = store.get(key(id)).expect(place);
        let expected = (!step["is"].is_null()).then(|| row(&step["is"]));
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{place}");
    } else if let Some(blocked) = step.get("blocked") {
        assert_eq!(ids(&store.blocked().expect(place)), numbers(blocked), "{place}");
    } else if let Some(limit) = step["pending"].as_u64() {
        let edits = match step["edits"].as_str() {
            Some("known") => Edits::Known,
            Some("deletions") => Edits::Deletions,
            _ => Edits::All,
        };
        assert_eq!(ids(&store.pending(edits, limit.try_into().expect(place)).expect(place)), numbers(&step["rows"]), "{place}");
    } else if let Some(limit) = step["history"].as_u64() {
        let history = store.history(limit.try_into().expect(place)).expect(place);
        let found: Vec<_> = history.iter().map(|past| Some(past.record.id.as_u128())).collect();
        assert_eq!(found, numbers(&step["rows"]), "{place}");
    } else if let Some(raws) = step["quarantined"].as_array() {
        let found: Vec<_> = store.quarantined().expect(place).into_iter().map(|quarantined| Value::from(quarantined.raw)).collect();
        assert_eq!(&found, raws, "{place}");
    } else if let Some(counts) = step.get("counts") {
        let found = store.counts().expect(place);
        let number = |name: &str| counts[name].as_u64().unwrap_or(0);
        let expected = (number("pending"), counts["pendingSince"].as_i64(), number("blocked"), number("quarantined"));
        assert_eq!((found.pending, found.pending_since, found.blocked, found.quarantined), expected, "{place}");
        assert_eq!((found.live, found.unseen), (number("live"), number("unseen")), "{place}");
    } else {
        panic!("unknown step: {place}");
    }
}

fn select(store: &mut dyn Store, step: &Value, place: &str) {
    let select = match &step["select"] {
        Value::Array(keys) => Select::Keys(keys.iter().map(key).collect()),
        Value::Object(unseen) => Select::Unseen { limit: unseen["unseen"].as_u64().expect(place).try_into().expect(place) },
        other => {
            assert_eq!(other, "unacknowledged", "{place}");
            Select::Unacknowledged
        }
    };
    let (mut rows, mut quarantined) = (Vec::new(), Vec::new());
    let plan = &mut |loaded: &mut Loaded| {
        rows = loaded.entries.iter().map(|entry| entry.row.as_ref().map(|row| row.record.id.as_u128())).collect();
        quarantined = loaded.entries.iter().map(|entry| entry.is_quarantined).collect();
        Ok(Vec::new())
    };
    store.update(&select, plan).expect(place);
    if let Some(expected) = step.get("unordered") {
        rows.sort_unstable();
        assert_eq!(rows, numbers(expected), "{place}");
    } else {
        assert_eq!(rows, numbers(&step["rows"]), "{place}");
        assert_eq!(Value::from(quarantined), step["quarantined"], "{place}");
    }
}

fn write(step: &Value) -> Write {
    let (name, what) = step.as_object().and_then(|step| step.iter().next()).expect("a write");
    match name.as_str() {
        "put" => Write::Put(row(what)),
        "remove" => Write::Remove(key(what)),
        "remember" => {
            let winner = Op { id: Uuid::from_u128(1), device: Uuid::from_u128(2), seq: 3 };
            let Row { collection, record, op, .. } = row(what);
            let at = what["at"].as_i64().expect("a time");
            let past = PastVersion { number: 0, collection, record, op, why: Past::Lost, winner, at };
            Write::Remember(past)
        }
        "quarantine" => {
            let version = Version { op: Op { id: Uuid::from_u128(5), device: DEVICE, seq: 1 }, stamp: 3, deleted: false };
            Write::Quarantine(Quarantined {
                collection: Some(CONTRACT.collections[0].path.to_owned()),
                id: what["id"].as_u64().map(|id| Uuid::from_u128(id.into())),
                stored: Some(Stored { version, rev: what["rev"].as_u64().expect("a revision") }),
                raw: what["raw"].as_str().expect("a change").to_owned(),
                reason: "unknown".to_owned(),
                at: 1,
                seen: 0,
            })
        }
        "release" => Write::Release(key(what)),
        "releaseRev" => Write::ReleaseRev(what.as_u64().expect("a revision")),
        other => panic!("there is no write {other}"),
    }
}

fn row(row: &Value) -> Row {
    let number = |name: &str| row[name].as_u64();
    let id = Uuid::from_u128(number("id").expect("an id").into());
    let deleted = row["deleted"] == true;
    let text = format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":5,"isDeleted":{deleted}}}"#);
    let record = Record::read(parse(text.as_bytes()).expect("JSON").root()).expect("a record");
    let seq = number("seq").unwrap_or(1);
    let pending = row["pending"].as_i64().map(|since| Pending {
        since,
        lost: row["lost"] == true,
        base_stamp: row["baseStamp"].as_i64(),
        known_rev: None,
    });
    let block = row.get("block").map(|block| serde_json::from_value(block.clone()).expect("a block"));
    let state = match (pending, block) {
        (None, _) => RowState::Clean,
        (Some(pending), None) => RowState::Pending(pending),
        (Some(pending), Some(block)) => RowState::Blocked(pending, block),
    };
    let op = Op { id: Uuid::from_u128(1_000 + u128::from(seq)), device: DEVICE, seq };
    Row { collection: collection(row), record, op, base_rev: number("baseRev"), state, seen: number("seen").unwrap_or(0) }
}

fn collection(row: &Value) -> &'static Collection {
    row["collection"].as_str().map_or(CONTRACT.collections[0], |path| CONTRACT.collection(path).expect("a collection"))
}

/// The key of a record of the first collection.
fn key(id: &Value) -> Key {
    Key { collection: CONTRACT.collections[0], id: Uuid::from_u128(id.as_u64().expect("an id").into()) }
}

fn ids(rows: &[Row]) -> Vec<Option<u128>> {
    rows.iter().map(|row| Some(row.record.id.as_u128())).collect()
}

fn numbers(list: &Value) -> Vec<Option<u128>> {
    list.as_array().expect("a list").iter().map(|id| id.as_u64().map(u128::from)).collect()
}

//! The conformance tests of the stores, all of which must behave alike. Tests that Dexie must also pass are in scenarios.rs; these tests
//! only apply to implementations of the trait `Store`.

use stronglog_sync::api::CONTRACT;
use stronglog_sync::api::collection::Collection;
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::clock::Clock;
use stronglog_sync::digest::{Difference, DifferenceState, Digest};
use stronglog_sync::merge::{Op, Stored, Version};
use stronglog_sync::record::Record;
use stronglog_sync::store::memory::MemoryStore;
use stronglog_sync::store::sqlite::SqliteStore;
use stronglog_sync::store::{Edits, Key, Meta, Pending, Quarantined, Query, Refused, Resync, Row, RowState, Select, Store, Write};
use stronglog_sync::{FailureCause, SyncFailure};
use uuid::Uuid;

const DEVICE: Uuid = Uuid::from_u128(7);

/// Runs a test on every store, with a folder of its own.
fn on_every_store(test: impl Fn(&mut dyn Store)) {
    test(&mut MemoryStore::new(DEVICE));
    let folder = tempfile::tempdir().expect("a folder");
    test(&mut SqliteStore::open(&folder.path().join("device.db"), DEVICE, &CONTRACT, "").expect("a database"));
}

/// A collection with a given kind of index: over one member, over several, or over the items of an array.
fn collection_with(index: impl Fn(&stronglog_sync::api::collection::Index) -> bool) -> &'static Collection {
    CONTRACT.collections.iter().copied().find(|collection| collection.indexes.iter().any(&index)).expect("a collection with such an index")
}

fn record(id: u128, extra: &str) -> Record {
    let id = Uuid::from_u128(id);
    let text = format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":5,"isDeleted":false{extra}}}"#);
    Record::read(parse(text.as_bytes()).expect("JSON").root()).expect("a record")
}

fn row(collection: &'static Collection, id: u128, seq: u64, state: RowState) -> Row {
    let op = Op { id: Uuid::from_u128(1_000 + u128::from(seq)), device: DEVICE, seq };
    Row { collection, record: record(id, ""), op, base_rev: Some(seq), state, seen: 0 }
}

fn pending(since: i64) -> RowState {
    RowState::Pending(Pending { since, lost: false, base_stamp: Some(since), known_rev: Some(4) })
}

fn write(store: &mut dyn Store, writes: Vec<Write>) {
    store.update(&Select::Keys(Vec::new()), &mut |_| Ok(writes.clone())).expect("written");
}

fn ids(rows: &[Row]) -> Vec<u128> {
    rows.iter().map(|row| row.record.id.as_u128()).collect()
}

#[test]
fn a_plan_sees_what_it_selects_and_a_rejection_changes_nothing() {
    on_every_store(|store| {
        let collection = CONTRACT.collections[0];
        write(store, vec![Write::Put(row(collection, 1, 2, pending(1))), Write::Put(row(collection, 2, 1, RowState::Clean))]);
        let before = store.meta().expect("read");
        let keys = [3, 1].map(|id| Key { collection, id: Uuid::from_u128(id) });
        let refused = store.update(&Select::Keys(keys.to_vec()), &mut |loaded| {
            let found: Vec<_> = loaded.entries.iter().map(|entry| entry.row.as_ref().map(|row| row.record.id.as_u128())).collect();
            assert_eq!(found, [None, Some(1)]);
            loaded.meta.seq = 99;
            Err(Refused)
        });
        refused.expect("a refusal is no error of the store");
        assert_eq!(store.meta().expect("read"), before);
        write(store, Vec::new());
        assert_eq!(store.meta().expect("read").version, before.version + 1, "every change counts");
        let deleted = record(2, "").tombstone(6).expect("a tombstone");
        write(store, vec![Write::Put(Row { record: deleted, ..row(collection, 2, 3, RowState::Clean) })]);
        assert_eq!(store.live().expect("counted"), 1, "tombstones are not live");
    });
}

#[test]
fn records_are_listed_by_the_indexes_of_the_contract() {
    on_every_store(|store| {
        let single = collection_with(|index| index.members.len() == 1 && !index.multi);
        let member = single.indexes.iter().find(|index| index.members.len() == 1 && !index.multi).expect("one").members[0];
        let put = |id: u128, value: &str| {
            Write::Put(Row { record: record(id, &format!(",\"{member}\":{value}")), ..row(single, id, 1, RowState::Clean) })
        };
        write(
            store,
            vec![put(1, "\"b\""), put(2, "\"a\""), put(3, "\"c\""), put(4, "\"b\""), Write::Put(row(single, 5, 1, RowState::Clean))],
        );
        let by = Query { index: vec![member.to_owned()], ..Query::default() };
        let list = |store: &mut dyn Store, query: &Query| ids(&store.list(single, query).expect("listed"));
        assert_eq!(list(store, &by), [2, 1, 4, 3], "in the index's order, without records that lack the member");
        assert_eq!(list(store, &Query { descending: true, limit: Some(2), offset: 1, ..by.clone() }), [4, 1]);
        assert_eq!(list(store, &Query { equal: vec!["b".into()], ..by.clone() }), [1, 4]);
        assert_eq!(list(store, &Query { from: Some("b".into()), until: Some("c".into()), ..by.clone() }), [1, 4]);
        assert_eq!(list(store, &Query::default()), [1, 2, 3, 4, 5], "by id without an index");
        assert!(store.list(single, &Query { index: vec!["nothing".to_owned()], ..by }).is_err());

        let several = collection_with(|index| index.members.len() == 2);
        let members = several.indexes.iter().find(|index| index.members.len() == 2).expect("one").members;
        let put = |id: u128, left: &str, right: &str| {
            let extra = format!(",\"{}\":{left},\"{}\":{right}", members[0], members[1]);
            Write::Put(Row { record: record(id, &extra), ..row(several, id, 1, RowState::Clean) })
        };
        write(store, vec![put(11, "\"x\"", "3"), put(12, "\"x\"", "1"), put(13, "\"y\"", "2")]);
        let by = Query { index: members.iter().map(|member| (*member).to_owned()).collect(), equal: vec!["x".into()], ..Query::default() };
        assert_eq!(ids(&store.list(several, &by).expect("listed")), [12, 11]);
        assert_eq!(ids(&store.list(several, &Query { from: Some(2.into()), ..by }).expect("listed")), [11]);

        let multi = collection_with(|index| index.multi);
        let member = multi.indexes.iter().find(|index| index.multi).expect("one").members[0];
        let put = |id: u128, items: &str| {
            Write::Put(Row { record: record(id, &format!(",\"{member}\":{items}")), ..row(multi, id, 1, RowState::Clean) })
        };
        write(store, vec![put(21, "[\"p\",\"q\"]"), put(22, "[\"q\"]"), put(23, "[]")]);
        let by = Query { index: vec![member.to_owned()], equal: vec!["q".into()], ..Query::default() };
        assert_eq!(ids(&store.list(multi, &by).expect("listed")), [21, 22]);
    });
}

/// The views that the compiler generates for those who read the database with SQL.
const VIEWS: &str = include_str!("../generated/sql/views.sql");

#[test]
fn views_have_no_names_of_tables_and_indexes() {
    let schema = include_str!("../src/store/sqlite/schema.sql");
    let word_behind = |start: &str| {
        let lines = schema.lines().filter_map(|line| line.strip_prefix(start)?.split_whitespace().next());
        lines.map(|name| name.replace('_', "-")).collect::<Vec<_>>()
    };
    let mut paths = [word_behind("CREATE TABLE "), word_behind("CREATE INDEX "), word_behind("CREATE UNIQUE INDEX ")].concat();
    assert!(paths.contains(&"history".to_owned()) && paths.len() > 6, "{paths:?}");
    paths.extend(["sqlite-master", "notes"].map(str::to_owned));
    let record = |(index, path): (usize, &String)| {
        format!(
            "    R{index}: {{ x-sync: {{ path: {path} }}, allOf: [{{ $ref: '#/components/schemas/SyncFields' }}], type: object, \
             properties: {{ text: {{ type: string }} }} }}\n"
        )
    };
    let records: String = paths.iter().enumerate().map(record).collect();
    let document = format!(
        "openapi: 3.1.0\ninfo: {{ title: Tables, version: 1.0.0 }}\nx-sync: {{ protocol: '1.1' }}\n\
         x-namespace: 4ab17229-0feb-42e9-b1f3-55a6236f6e6b\ncomponents:\n  schemas:\n{records}"
    );
    let compilation = contractc::Compilation::from_text("tables.yaml", document.as_bytes());
    let files = compilation.generate(&[contractc::emit::Target::Sql]).unwrap_or_else(|| panic!("{}", compilation.render()));
    let database = rusqlite::Connection::open_in_memory().expect("a database");
    database.execute_batch(schema).expect("the tables");
    for _ in 0..2 {
        database.execute_batch(&files[0].text).expect("the views, beside the tables");
    }
    let views: usize =
        database.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'view'", [], |row| row.get(0)).expect("a number");
    assert_eq!(views, paths.len());
}

#[test]
fn a_database_is_opened_again_with_everything_in_it_and_plain_sql_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.db");
    let collection = CONTRACT.collections[0];
    let mut store = SqliteStore::open(&path, DEVICE, &CONTRACT, VIEWS).expect("a database");
    let deleted = Row { record: Record { deleted: true, ..record(2, "") }, ..row(collection, 2, 2, RowState::Clean) };
    write(&mut store, vec![Write::Put(row(collection, 1, 1, pending(3))), Write::Put(deleted)]);
    drop(store);
    let mut store = SqliteStore::open(&path, Uuid::from_u128(8), &CONTRACT, VIEWS).expect("the database");
    assert_eq!(store.meta().expect("read").device, DEVICE, "a database keeps its device");
    assert_eq!(store.pending(Edits::All, 9).expect("read").len(), 1);
    let view = collection.path.replace('-', "_");
    let live: Vec<String> = {
        let mut statement = store.connection().prepare(&format!("SELECT id FROM {view}")).expect("a view");
        statement.query_map([], |row| row.get(0)).and_then(Iterator::collect).expect("rows")
    };
    assert_eq!(live, [Uuid::from_u128(1).to_string()], "live records only");
}

#[test]
fn a_file_that_is_no_database_or_of_a_later_version_is_rejected_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.db");
    std::fs::write(&path, "x".repeat(9_000)).expect("written");
    let error = SqliteStore::open(&path, DEVICE, &CONTRACT, "").expect_err("no database");
    assert!(error.message.contains("damaged or not a database"), "{error}");
    assert_eq!(std::fs::read(&path).expect("read").len(), 9_000);

    let path = folder.path().join("later.db");
    drop(SqliteStore::open(&path, DEVICE, &CONTRACT, "").expect("a database"));
    let later = rusqlite::Connection::open(&path).expect("the database");
    later.pragma_update(None, "user_version", 99).expect("written");
    drop(later);
    let error = SqliteStore::open(&path, DEVICE, &CONTRACT, "").expect_err("of a later version");
    assert!(error.message.contains("update the program"), "{error}");
}

#[test]
fn a_database_of_an_earlier_version_gets_the_digest_of_its_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.db");
    let collection = CONTRACT.collections[0];
    let mut store = SqliteStore::open(&path, DEVICE, &CONTRACT, "").expect("a database");
    assert_eq!(store.meta().expect("read").digest, Some(Digest::default()));
    let deleted = Row { record: Record { deleted: true, ..record(2, "") }, ..row(collection, 2, 2, RowState::Clean) };
    let clean = row(collection, 1, 7, RowState::Clean);
    write(&mut store, vec![Write::Put(clean), Write::Put(deleted), Write::Put(row(collection, 3, 9, pending(3)))]);
    let earlier = "ALTER TABLE records DROP COLUMN known_rev; ALTER TABLE quarantine DROP COLUMN seen;
                   UPDATE meta SET json = json_remove(json, '$.digest'); PRAGMA user_version = 2;";
    store.connection().execute_batch(earlier).expect("as the earlier version left it");
    drop(store);
    let mut store = SqliteStore::open(&path, DEVICE, &CONTRACT, "").expect("the database");
    let of = |id: u128, rev: u64| Digest::of(collection.path, Uuid::from_u128(id), rev);
    assert_eq!(store.meta().expect("read").digest, Some(of(1, 7).with(of(3, 9))), "the version that an edit was made on counts");
}

#[test]
fn a_quarantined_change_counts_instead_of_the_version_that_the_device_holds() {
    on_every_store(|store| {
        let collection = CONTRACT.collections[0];
        let change = |collection: &str, id: u128, rev: u64, seen: u64| {
            let op = Op { id: Uuid::from_u128(1), device: DEVICE, seq: 1 };
            let stored = Some(Stored { version: Version { op, stamp: 1, deleted: false }, rev });
            let (collection, id, raw) = (Some(collection.to_owned()), Some(Uuid::from_u128(id)), rev.to_string());
            Write::Quarantine(Quarantined { collection, id, stored, raw, reason: "unknown".to_owned(), at: 1, seen })
        };
        let counted = |store: &mut dyn Store| store.counts().expect("counted").quarantine_digest;
        assert_eq!(counted(store), Some(Digest::default()));
        write(store, vec![Write::Put(row(collection, 1, 7, RowState::Clean)), change(collection.path, 1, 8, 0), change("later", 2, 9, 0)]);
        let of = |collection: &str, id: u128, rev: u64| Digest::of(collection, Uuid::from_u128(id), rev);
        let expected = of(collection.path, 1, 8).with(of("later", 2, 9)).without(of(collection.path, 1, 7));
        assert_eq!(counted(store), Some(expected));
        store
            .update(&Select::Keys(Vec::new()), &mut |loaded| {
                loaded.meta.resyncs = 1;
                Ok(vec![change("later", 2, 9, 1)])
            })
            .expect("written");
        assert_eq!(counted(store), Some(of("later", 2, 9)), "what a resync has not met is not on the server");
    });
}

#[test]
fn the_state_of_a_device_is_read_as_it_was_written() {
    let id = |number: u128| Some(Uuid::from_u128(number));
    let mut clock = Clock::default();
    clock.learn(1, 9_000);
    clock.stamp(5, Some(77));
    let digest = Digest::of("a", Uuid::from_u128(1), 2);
    let resync = Resync {
        number: 3,
        restored_rev: Some(4),
        restored_in: 2,
        purge_watermark: Some(7),
        cursor: Some("v1.all.e1.5".to_owned()),
        pulled: true,
        confirmed: true,
        digest,
    };
    let mut failure = SyncFailure::default();
    (failure.at, failure.cause, failure.message) = (12, FailureCause::Full, "no room".to_owned());
    // Written out in full, so that a new member is not forgotten.
    let meta = Meta {
        version: 1,
        device: Uuid::from_u128(2),
        installation: id(3),
        owner: id(4),
        seq: 5,
        clock,
        cursor: Some("v1.all.e1.6".to_owned()),
        resync: Some(resync),
        resyncs: 7,
        last_pull_at: Some(8),
        last_push_at: [("a".to_owned(), 9)].into(),
        enabled: false,
        contract: "1.2.3".to_owned(),
        digest: Some(digest),
        difference: Some(Difference { found_at: 10, tried_at: 11, state: DifferenceState::Persistent }),
        names_account: true,
        failure: Some(failure),
    };
    let text = serde_json::to_string(&meta).expect("JSON");
    assert_eq!(Meta::read(&text).expect("what was written"), meta);
    assert_eq!(Meta::read("{}").expect("an earlier version's"), Meta::default());
    for damaged in ["[]", "{", r#"{"seq":-1}"#, r#"{"device":"x"}"#, r#"{"resync":7}"#, r#"{"lastPushAt":{"a":"b"}}"#] {
        assert!(Meta::read(damaged).is_err(), "{damaged}");
    }
}

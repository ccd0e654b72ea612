//! A second contract in the same program: the records of `examples/todo` on devices and a server, with the engine that StrongLog uses. The
//! contract has only schemas; the compiler adds the paths, messages and accounts.

use std::path::Path;

use serde_json::{Value, json};
use stronglog_server::config::Config;
use stronglog_server::serve::{Running, start};
use stronglog_sync::api::collection::{Contract, Handles};
use stronglog_sync::{Client, Query};

use generated::registry::Collections as _;
use generated::{Color, Due, Item, Schema};

#[rustfmt::skip]
#[path = "../examples/todo/generated/rust/mod.rs"]
#[allow(dead_code, unused_imports)]
pub(crate) mod generated;

const PASSWORD: &str = "correct horse battery staple";

/// A server that was not compiled with the contract.
async fn serve(folder: &Path) -> Running {
    let contract_file = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/todo/generated/contract.json"));
    start(Config { contract_file, ..Config::local(folder) }).await.expect("a server")
}

async fn device(contract: &'static Contract, server: &Running, database: &Path) -> Client {
    Client::builder().contract(contract).database(database).server(server.url()).open().await.expect("a device")
}

async fn synced(client: &Client) {
    let status = client.sync_now().await.expect("a status");
    assert!(status.is_synced(), "{status:?}");
}

fn put(client: &Client, collection: &str, record: Value) -> String {
    let stored = client.json(collection).and_then(|records| records.put(&record.to_string())).expect("a valid record");
    serde_json::from_str::<Value>(&stored).expect("JSON")["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_and_a_server_agree_about_the_records_of_a_second_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(&folder.path().join("server")).await;
    let phone = device(&generated::CONTRACT, &server, &folder.path().join("phone.db")).await;
    let laptop = device(&generated::CONTRACT, &server, &folder.path().join("laptop.db")).await;

    // A recursive filter, a union, references and the only record of a collection.
    let filter = json!({"any": [{"color": "red"}, {"not": {"all": [{"color": "blue"}]}}]});
    let list = put(&phone, "lists", json!({"title": "Garden", "color": "green", "filter": filter}));
    let tag = put(&phone, "tags", json!({"word": "spring"}));
    let due = json!({"kind": "weekly", "weekday": 6});
    let item = put(&phone, "items", json!({"listId": list, "title": "Sow", "position": 0, "due": due, "tagIds": [tag]}));
    put(&phone, "comments", json!({"itemId": item, "text": "Peas first."}));
    put(&phone, "attachments", json!({"itemId": item, "name": "plan.png", "bytes": 1200, "sha256": "0f".repeat(32)}));
    put(&phone, "preferences", json!({"theme": "dark"}));
    phone.account().register("ana@example.com", PASSWORD, Some("phone")).await.expect("an account");
    synced(&phone).await;

    laptop.account().login("ana@example.com", PASSWORD, Some("laptop")).await.expect("a sign-in");
    synced(&laptop).await;
    let lists = laptop.lists().list(&Query::default()).expect("lists");
    assert_eq!((lists.len(), lists[0].color), (1, Color::Green));
    let index = vec!["listId".to_owned(), "position".to_owned()];
    let items = laptop.items().list(&Query { index, equal: vec![list.into()], ..Query::default() }).expect("an index");
    assert!(matches!(items[..], [Item { due: Due::Weekly(_), .. }]), "{items:?}");
    assert_eq!(laptop.preferences().list(&Query::default()).expect("preferences").len(), 1);

    // Both edit one item. The later edit wins everywhere, and the other is in a history.
    let retitle = |client: &Client, title: &str| {
        let change = |item: &mut Item| item.title = generated::Title(title.to_owned());
        client.items().edit(&items[0].id, change).expect("an edit")
    };
    let first = retitle(&laptop, "Sow peas").client_updated_at.0;
    // If two edits are made in one millisecond, the ids decide.
    let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_millis();
    while now() <= u128::try_from(first).expect("a time after 1970") {
        std::hint::spin_loop();
    }
    retitle(&phone, "Sow peas and beans");
    synced(&laptop).await;
    synced(&phone).await;
    synced(&laptop).await;
    let title = |client: &Client| client.items().get(&items[0].id).expect("read").expect("an item").title.0;
    assert_eq!((title(&phone), title(&laptop)), ("Sow peas and beans".to_owned(), "Sow peas and beans".to_owned()));
    assert!(!laptop.conflicts(9).expect("a history").is_empty() || !phone.conflicts(9).expect("a history").is_empty());
    assert!(laptop.verify().await.expect("a comparison").differences.is_empty());
    server.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_breaks_a_rule_of_the_second_contract_is_rejected() {
    let client = Client::builder().contract(&generated::CONTRACT).open().await.expect("a device");
    let late = json!({"listId": "0197536f-69e0-7b1c-9d2e-3f4a5b6c7d8e", "title": "Sow", "position": 0, "due": {"kind": "never"},
        "startedAt": 2_000, "doneAt": 1_000});
    let error = client.json("items").and_then(|items| items.put(&late.to_string())).expect_err("it ends before it starts");
    assert_eq!(error.report().expect("a report").violations[0].keyword, "x-rules", "{error}");
    assert!(generated::Filter::from_json(br#"{"not": {}}"#).is_err(), "an empty condition");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_contracts_are_in_one_program_and_share_the_types_of_the_runtime() {
    let folder = tempfile::tempdir().expect("a folder");
    let todo = Client::builder().contract(&generated::CONTRACT).database(folder.path().join("todo.db")).open().await.expect("a device");
    let log = Client::builder().open().await.expect("a device of StrongLog");
    assert_ne!(todo.contract().collections.len(), log.contract().collections.len());
    put(&todo, "tags", json!({"word": "one"}));
    assert_eq!(todo.tags().list(&Query::default()).expect("tags").len(), 1);

    // A handle of the other contract's records is rejected, not treated as an empty collection.
    let error = log.tags().list(&Query::default()).expect_err("StrongLog has no tags");
    assert!(error.to_string().contains("another contract"), "{error}");
    let error = todo.collection::<stronglog_sync::api::UserGoal>().list(&Query::default()).expect_err("nor todo goals");
    assert!(error.to_string().contains("another contract"), "{error}");
    let report: stronglog_sync::api::Report = generated::Color::from_json(b"\"pink\"").expect_err("no such color");
    assert_eq!(report.violations.len(), 1);
}

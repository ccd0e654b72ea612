//! The contract of a run: StrongLog's, another one, or a random one, with the content of its records.

mod random;

use std::sync::LazyLock;

use stronglog_sync::api::SERVER_CONTRACT;
use stronglog_sync::api::collection::{Collection, ServerContract};
use stronglog_sync::api::runtime::schema::parse;
use stronglog_sync::contract::load;
use stronglog_sync::wire;
use uuid::Uuid;

pub struct TestContract {
    pub contract: &'static ServerContract,
    /// The collections that runs use, with the members of a record beside the common ones, as JSON text.
    records: Vec<(&'static Collection, String)>,
}

impl TestContract {
    pub fn stronglog() -> &'static TestContract {
        static CONTRACT: LazyLock<TestContract> = LazyLock::new(|| {
            let members = [
                r#""date":1,"weightKg":80"#,
                r#""preferredWeightUnit":"kg","theme":"dark","defaultRestTimerSecs":60"#,
                r#""name":"x","isCustom":false"#,
                r#""name":"x""#,
            ];
            TestContract::of(&SERVER_CONTRACT, &members)
        });
        &CONTRACT
    }

    /// The second contract of the repository, which this program is not compiled with.
    pub fn todo() -> &'static TestContract {
        static CONTRACT: LazyLock<TestContract> = LazyLock::new(|| {
            let contract = load(include_bytes!("../../examples/todo/generated/contract.json")).expect("a contract");
            TestContract::of(contract, &[r#""word":"x""#, r#""theme":"dark""#, r#""title":"x","color":"red""#])
        });
        &CONTRACT
    }

    /// Finds the members of a valid record for each collection.
    fn of(contract: &'static ServerContract, members: &[&str]) -> Self {
        let found = contract.contract.collections.iter().filter_map(|collection| {
            let fits = |members: &&&str| {
                let text = record(Uuid::nil(), "", members);
                wire::check_live(collection, parse(text.as_bytes()).expect("JSON").root()).is_ok()
            };
            Some((*collection, (*members.iter().find(fits)?).to_owned()))
        });
        TestContract { contract, records: found.collect() }
    }

    fn collection(&self, fits: impl Fn(&Collection) -> bool) -> &'static Collection {
        self.records.iter().map(|(collection, _)| *collection).find(|collection| fits(collection)).expect("a collection of each kind")
    }

    /// A collection with any number of records, which devices make.
    pub fn plain(&self) -> &'static Collection {
        self.collection(|known| known.singleton.is_none() && known.natural_key.is_none())
    }

    /// A collection of one record.
    pub fn singleton(&self) -> &'static Collection {
        self.collection(|known| known.singleton.is_some())
    }

    /// A collection with shipped records.
    pub fn seeded(&self) -> &'static Collection {
        self.collection(|known| known.natural_key.is_some())
    }

    /// A valid record with `value` in a member that no version of the contract knows.
    pub fn record(&self, collection: &Collection, id: Uuid, value: &str) -> String {
        let members = self.records.iter().find(|(known, _)| std::ptr::eq(*known, collection)).map(|(_, members)| members.as_str());
        record(id, value, members.expect("a collection that runs use"))
    }
}

fn record(id: Uuid, value: &str, members: &str) -> String {
    let separator = if members.is_empty() { "" } else { "," };
    format!(r#"{{"id":"{id}","clientCreatedAt":1,"clientUpdatedAt":1,"isDeleted":false,"v":"{value}"{separator}{members}}}"#)
}
